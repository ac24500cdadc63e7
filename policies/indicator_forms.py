"""Forms of the pages of threat intelligence: text in, what a service wants out."""

from typing import Any

from django import forms

from policies.models import Indicator, IndicatorSource
from policies.services.indicator_sources import SourceSettings
from policies.services.indicators import HandWritten

_LEVELS = [(101, "Never"), (100, "100"), (90, "90"), (80, "80"), (70, "70"), (60, "60"), (50, "50"), (40, "40"),
           (30, "30"), (20, "20"), (10, "10"), (0, "0: always")]  # fmt: skip
_EVERY = [(0, "Only when asked"), (15, "Every 15 minutes"), (60, "Every hour"), (360, "Every 6 hours"),
          (1440, "Every day")]  # fmt: skip


class SourceForm(forms.Form):
    """Everything an admin decides for a source. The services check the rest."""

    name = forms.CharField(max_length=100, help_text="Verdicts quote it by this name.")
    kind = forms.ChoiceField(
        label="What it is",
        choices=[choice for choice in IndicatorSource.KindChoice.choices if choice[0] != "manual"],
    )
    url = forms.CharField(
        label="Address",
        max_length=1000,
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
        help_text="https, or http inside this network. Empty: filled by files only.",
    )
    every_minutes = forms.TypedChoiceField(label="Fetched", coerce=int, choices=_EVERY, initial=1440)
    default_confidence = forms.IntegerField(
        label="Confidence where it gives none", min_value=0, max_value=100, initial=50
    )
    default_days = forms.IntegerField(
        label="Days an entry stays", min_value=0, max_value=3650, initial=30, help_text="0: for ever."
    )
    block_from = forms.TypedChoiceField(label="Blocks from a confidence of", coerce=int, choices=_LEVELS, initial=80)
    hold_from = forms.TypedChoiceField(label="Holds from a confidence of", coerce=int, choices=_LEVELS, initial=50)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # what a command or an earlier release set stays as it is
        for name in ("every_minutes", "block_from", "hold_from"):
            kept, field = self.initial.get(name), self.fields[name]
            if isinstance(field, forms.TypedChoiceField) and kept is not None:
                known = dict(_EVERY if name == "every_minutes" else _LEVELS)
                field.choices = list(({**known, kept: known.get(kept, str(kept))}).items())

    def settings(self) -> SourceSettings:
        """What was decided; only after `is_valid`."""
        return SourceSettings(**self.cleaned_data)


class UploadForm(forms.Form):
    """A file of indicators."""

    file = forms.FileField(
        widget=forms.FileInput({"accept": ".csv,.txt,.json,text/csv,application/json"}),
        help_text="CSV with a header, a list with one value a line, or a STIX 2.1 bundle. At most 50 MB.",
    )


class IndicatorForm(forms.Form):
    """One indicator by hand."""

    value = forms.CharField(
        max_length=600,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="A domain, mail address, URL, IP address or hash; hxxp and [.] are understood.",
    )
    kind = forms.ChoiceField(
        required=False, choices=[("", "What it looks like"), *Indicator.KindChoice.choices], label="Kind"
    )
    confidence = forms.TypedChoiceField(
        label="What is done",
        coerce=int,
        choices=[(90, "Block calls that reach it"), (60, "Hold them for a person"), (10, "Only note them")],
    )
    days = forms.TypedChoiceField(
        label="For",
        coerce=int,
        choices=[(30, "30 days"), (90, "90 days"), (365, "a year"), (7, "a week"), (0, "as long as it stands here")],
        initial=90,
    )
    description = forms.CharField(max_length=300, required=False, label="Why", help_text="For whoever reads it later.")
    confirmed = forms.BooleanField(
        required=False, label="It is ours, known or used by many, and should be stopped all the same"
    )

    def written(self) -> HandWritten:
        """What was said; only after `is_valid`."""
        return HandWritten(**self.cleaned_data)


def source_decided(source: IndicatorSource) -> dict[str, Any]:
    """The initial data of SourceForm."""
    names = ("name", "kind", "url", "every_minutes", "default_confidence", "default_days", "block_from", "hold_from")
    return {name: getattr(source, name) for name in names}
