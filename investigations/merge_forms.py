"""What merging and parting investigations ask of a person."""

from typing import Any

from django import forms

from investigations.forms import PageForm
from investigations.models import Investigation
from investigations.services import LONGEST_TEXT


class MergeForm(PageForm):
    """Which of the picked ones the others become part of, and why."""

    reason = forms.CharField(
        label="Why they are one",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What they have in common"}),
    )

    def __init__(self, *args: Any, rows: list[Investigation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"] = forms.TypedChoiceField(
            label="They become part of",
            coerce=int,
            choices=[(row.pk, str(row.pk)) for row in rows],
            widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        )


class SplitForm(PageForm):
    """Which calls go into an investigation of their own, under which title, and why."""

    title = forms.CharField(label="Title of the new one", max_length=200)
    reason = forms.CharField(
        label="Why they are something else",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What tells them apart"}),
    )
