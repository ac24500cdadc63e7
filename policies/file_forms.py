"""Forms of the page of classified files: text in, what a service wants out."""

from collections.abc import Sequence
from typing import Any

from django import forms

from policies.file_list import MOST_BYTES, ReadFiles, read_files
from policies.listed_forms import ListedForm

LONGEST_PASTE = 2_000_000


class FilesForm(ListedForm):
    """Files, typed or from a list. `found` is what was read; only after `is_valid`."""

    entry, most_bytes = "name", MOST_BYTES

    text = forms.CharField(
        label="Files and folders",
        required=False,
        strip=False,
        max_length=LONGEST_PASTE,
        widget=forms.Textarea(
            {"rows": 5, "spellcheck": "false", "placeholder": "/sites/Treasury/rates.xlsx\n/sites/Board/"}
        ),
        help_text="One a line: a name, a path, a folder with / at its end. Or CSV headed name, class, id, owner.",
    )
    file = forms.FileField(
        label="Or a file of them",
        required=False,
        widget=forms.FileInput({"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=f"The same as CSV or text, at most {MOST_BYTES // 1_000_000} MB.",
    )
    data_class = forms.ChoiceField(label="Class, where a line gives none")
    change = forms.BooleanField(label="Change files that have another class", required=False)
    found: ReadFiles | None = None

    def __init__(self, *args: Any, classes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.classes = classes
        self.fields["data_class"] = forms.ChoiceField(
            label="Class, where a line gives none", choices=[(name, name) for name in classes]
        )

    def clean(self) -> None:
        """Read the list; a line that is none refuses all of it."""
        field, text = self.listed()
        if self.errors:
            return
        otherwise = self.cleaned_data["data_class"]
        self.found = read_files(text, classes={name.lower(): name for name in self.classes}, otherwise=otherwise)
        self.refuse_bad(field, self.found)


class TickedFilesForm(forms.Form):
    """What is done with the files that are ticked."""

    data_class = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    do = forms.ChoiceField(choices=[("class", "class"), ("remove", "remove")])
