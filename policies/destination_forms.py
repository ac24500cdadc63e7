"""Forms of the page of destinations: text in, what a service wants out."""

from typing import Any

from django import forms

from policies.choices import Standing
from policies.destination_list import LONGEST_NOTE, MOST_BYTES, ReadList, read_list
from policies.listed_forms import ListedForm
from policies.models import Destination


class DestinationForm(forms.Form):
    """One entry. `seen` is the standing it had on the page. The service checks the rest."""

    value = forms.CharField(
        label="Destination",
        max_length=600,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="An address, domain or URL (each with all below it), an account or a handle.",
    )
    standing = forms.ChoiceField(choices=Destination.StandingChoice.choices, initial=Destination.StandingChoice.KNOWN)
    note = forms.CharField(max_length=LONGEST_NOTE, required=False, help_text="For whoever reads it later.")
    seen = forms.CharField(max_length=16, required=False, widget=forms.HiddenInput)

    def with_seen(self, standing: str) -> "DestinationForm":
        """The same form, refused, of which the next try knows what the list says; `errors` are kept."""
        again = DestinationForm({**{name: self.data.get(name, "") for name in self.fields}, "seen": standing})
        again.full_clean()
        again.errors.update(self.errors)
        return again


class ListForm(ListedForm):
    """Many entries, pasted or from a file. `found` is what was read; only after `is_valid`."""

    entry, most_bytes = "destination", MOST_BYTES

    text = forms.CharField(
        label="Pasted list",
        required=False,
        strip=False,
        widget=forms.Textarea(
            {"rows": 6, "spellcheck": "false", "placeholder": "kim@contoso.com\nfabrikam.example,partner"}
        ),
        help_text="One a line, or CSV with the columns value, standing, note.",
    )
    file = forms.FileField(
        label="Or a file",
        required=False,
        widget=forms.FileInput({"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=f"The same as CSV or text, at most {MOST_BYTES // 1_000_000} MB.",
    )
    standing = forms.ChoiceField(
        label="Where a line gives none",
        choices=Destination.StandingChoice.choices,
        initial=Destination.StandingChoice.KNOWN,
    )
    change = forms.BooleanField(label="Change entries that have another standing", required=False)
    found: ReadList | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "list-%s")  # the form beside it has a standing, too
        super().__init__(*args, **kwargs)

    def clean(self) -> None:
        """Read the list; a line that is none refuses all of it."""
        field, text = self.listed()
        if self.errors:
            return
        self.found = read_list(text, standing=Standing(self.cleaned_data["standing"]))
        self.refuse_bad(field, self.found)
