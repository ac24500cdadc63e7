"""Forms of the pages of data classes: text in, what a service wants out."""

from collections.abc import Sequence
from typing import Any

from django import forms

from policies.models import ClassDictionary, ClassPattern, DataClass
from policies.recognition.kinds import KINDS
from policies.recognition.patterns import LONGEST_PATTERN
from policies.services.class_recognisers import LONGEST_SAMPLE, MOST_WANTED, DictionarySettings, PatternSettings
from policies.services.classes import ClassSettings

LARGEST_LIST_BYTES = 3_000_000
LARGEST_DOCUMENT_BYTES = 10_000_000
LONGEST_PASTE = 500_000
LONGEST_TRIAL = 100_000
_CODE = {"spellcheck": "false", "autocomplete": "off"}


def _lines(rows: int, **attrs: str) -> forms.Textarea:
    return forms.Textarea({"rows": rows, **_CODE, **attrs})


class NewClassForm(forms.Form):
    """A class that is added; the rest is decided on its page."""

    name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    may_leave = forms.ChoiceField(
        label="Outside, where the table says nothing",
        choices=[("no", "It may not leave"), ("yes", "It may leave")],
        initial="no",
    )

    def settings(self) -> ClassSettings:
        """What was decided; only after `is_valid`."""
        return ClassSettings(name=self.cleaned_data["name"], may_leave=self.cleaned_data["may_leave"] == "yes")


class RevisionForm(forms.Form):
    """Which revision of a class somebody has read."""

    revision = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)


class ClassForm(RevisionForm):
    """Everything an admin decides for one class but its dictionaries and patterns. The services check the rest."""

    name = forms.CharField(max_length=100, help_text="Policies know it by a former name too.")
    may_leave = forms.ChoiceField(
        label="Outside, where the table says nothing", choices=[("no", "It may not leave"), ("yes", "It may leave")]
    )
    note = forms.CharField(max_length=300, required=False, label="What it is", help_text="For whoever reads it later.")
    places = forms.CharField(
        required=False,
        max_length=200_000,
        widget=_lines(5, placeholder="sites/finance/*"),
        help_text="One a line. * stands for anything in one part of a path, ** for any number of parts; what is below"
        " is covered. A document that lies there is of the class, and so is what is quoted from it.",
    )
    labels = forms.CharField(
        required=False,
        max_length=100_000,
        widget=_lines(3),
        label="Sensitivity labels",
        help_text="Names or ids, one a line, of Microsoft Purview or any other product.",
    )
    terms = forms.CharField(
        required=False,
        max_length=500_000,
        widget=_lines(3),
        label="Phrases",
        help_text="One a line; for many take a dictionary. They count in what leaves and mark what a tool returned.",
    )
    kinds = forms.MultipleChoiceField(
        required=False, choices=KINDS, label="What the product finds itself", widget=forms.CheckboxSelectMultiple
    )

    def settings(self) -> ClassSettings:
        """What was decided; only after `is_valid`."""
        said = self.cleaned_data
        return ClassSettings(
            name=said["name"],
            may_leave=said["may_leave"] == "yes",
            note=said["note"],
            terms=tuple(said["terms"].splitlines()),
            labels=tuple(said["labels"].splitlines()),
            places=tuple(said["places"].splitlines()),
            kinds=tuple(said["kinds"]),
        )


class DictionaryForm(RevisionForm):
    """A dictionary, typed or taken from a file."""

    name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    fewest = forms.IntegerField(
        label="Different ones needed",
        min_value=1,
        max_value=MOST_WANTED,
        initial=1,
        help_text="In what one call carries.",
    )
    phrases = forms.CharField(
        required=False,
        max_length=2_100_000,
        widget=_lines(6),
        help_text="One a line, at most 10,000. Case does not count.",
    )
    file = forms.FileField(
        required=False,
        label="Or a file of them",
        widget=forms.FileInput({"accept": ".txt,.csv,text/plain"}),
        help_text="UTF-8, one a line; takes the place of what is typed.",
    )

    def clean(self) -> dict[str, Any]:
        """The file's lines in the place of the typed ones."""
        cleaned = super().clean() or self.cleaned_data
        file = cleaned.get("file")
        if file is not None and file.size > LARGEST_LIST_BYTES:
            self.add_error("file", f"the file has {file.size} bytes, expected at most {LARGEST_LIST_BYTES}")
        elif file is not None:
            try:
                cleaned["phrases"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                self.add_error("file", f"the file has a byte at {error.start} that is not UTF-8, expected UTF-8 text")
        return cleaned

    def settings(self) -> DictionarySettings:
        """What was decided; only after `is_valid`."""
        said = self.cleaned_data
        return DictionarySettings(name=said["name"], phrases=said["phrases"], fewest=said["fewest"])


class PatternForm(RevisionForm):
    """A pattern with the sample it is tried on."""

    name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    pattern = forms.CharField(
        max_length=LONGEST_PATTERN,
        strip=False,
        widget=forms.TextInput({**_CODE, "placeholder": r"\bPRJ-\d{6}\b"}),
        help_text="RE2: no look-ahead, no back reference. Case does not count. \\b, \\d and \\w know ASCII only.",
    )
    sample = forms.CharField(
        max_length=LONGEST_SAMPLE,
        strip=False,
        widget=forms.Textarea({"rows": 2, "autocomplete": "off"}),
        help_text="A text it must be found in. It is also timed on text made to be slow.",
    )
    fewest = forms.IntegerField(
        label="Different ones needed",
        min_value=1,
        max_value=MOST_WANTED,
        initial=1,
        help_text="In what one call carries.",
    )

    def settings(self) -> PatternSettings:
        """What was decided; only after `is_valid`."""
        said = self.cleaned_data
        return PatternSettings(name=said["name"], pattern=said["pattern"], sample=said["sample"], fewest=said["fewest"])


class TrialForm(forms.Form):
    """A text to look for classes in."""

    text = forms.CharField(required=False, max_length=LONGEST_TRIAL, strip=False, widget=forms.Textarea({"rows": 5}))
    place = forms.CharField(
        required=False, max_length=2000, label="Path, file or link", widget=forms.TextInput({**_CODE})
    )

    def clean(self) -> dict[str, Any]:
        """Something to look at."""
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("text", "").strip() and not cleaned.get("place", "").strip() and not self.errors:
            self.add_error("text", "nothing was typed, expected a text, or a path below")
        return cleaned


class DocumentForm(forms.Form):
    """A document whose copies are to be known: uploaded, or its text pasted."""

    name = forms.CharField(
        max_length=1000, required=False, help_text="How people know it. Empty: the name of the file."
    )
    data_class = forms.ChoiceField(label="Class")
    file = forms.FileField(
        required=False,
        widget=forms.FileInput({"accept": ".txt,.md,.csv,.tsv,.html,.htm,.json,.log,.xml,.rst,.docx,.xlsx,.pptx"}),
        help_text="Text, HTML, CSV, JSON, Word, Excel or PowerPoint, at most 10 MB. No PDF: save it as text.",
    )
    text = forms.CharField(
        required=False,
        max_length=LONGEST_PASTE,
        strip=False,
        label="Or its text",
        widget=forms.Textarea({"rows": 5}),
        help_text="60 words or more. Kept are fingerprints; the text is not.",
    )

    def __init__(self, *args: Any, classes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["data_class"] = forms.ChoiceField(label="Class", choices=[(name, name) for name in classes])

    def clean(self) -> dict[str, Any]:
        """Either a file of bounded size or a text."""
        cleaned = super().clean() or self.cleaned_data
        file, text = cleaned.get("file"), cleaned.get("text", "")
        if file is not None and file.size > LARGEST_DOCUMENT_BYTES:
            self.add_error("file", f"the file has {file.size} bytes, expected at most {LARGEST_DOCUMENT_BYTES}")
        if file is not None and text.strip():
            self.add_error("text", "there is a file and a text, expected one of them")
        if file is None and not text.strip() and not self.errors:
            self.add_error("file", "there is no file and no text, expected one of them")
        if file is None and not cleaned.get("name", "").strip() and not self.errors:
            self.add_error("name", "the name is empty, expected how people know this text")
        return cleaned


def decided_of(found: DataClass) -> dict[str, Any]:
    """The initial data of ClassForm."""
    return {
        "revision": found.revision,
        "name": found.name,
        "may_leave": "yes" if found.may_leave else "no",
        "note": found.note,
        "places": "\n".join(found.places),
        "labels": "\n".join(found.labels),
        "terms": "\n".join(found.terms),
        "kinds": found.kinds,
    }


def decided_of_dictionary(row: ClassDictionary, revision: int) -> dict[str, Any]:
    """The initial data of DictionaryForm."""
    return {"revision": revision, "name": row.name, "fewest": row.fewest, "phrases": "\n".join(row.phrases)}


def decided_of_pattern(row: ClassPattern, revision: int) -> dict[str, Any]:
    """The initial data of PatternForm."""
    return {
        "revision": revision,
        "name": row.name,
        "pattern": row.pattern,
        "sample": row.sample,
        "fewest": row.fewest,
    }
