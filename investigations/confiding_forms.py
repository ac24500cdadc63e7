"""Who may see an investigation, and what one opened by hand says."""

import re
import uuid
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from guardrail.badges import SEVERITIES
from investigations.forms import PageForm
from investigations.opening import KINDS, MOST_CALLS
from investigations.services import LONGEST_TEXT

_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class ConfideForm(PageForm):
    """The people who may see it, beside oneself and leads."""

    why = forms.CharField(label="Why only they", max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"] = forms.ModelMultipleChoiceField(
            label="Who may see it, beside you and leads",
            queryset=people,
            required=False,
            widget=forms.SelectMultiple(attrs={"size": 4}),
        )


class OpenForm(forms.Form):
    """An investigation opened by hand. Calls are ids or addresses of their pages, in any text."""

    title = forms.CharField(label="What happened, in a few words", max_length=200)
    kind = forms.ChoiceField(label="Kind", choices=KINDS)
    severity = forms.TypedChoiceField(
        label="Severity",
        coerce=int,
        choices=[(level, word) for level, (_, word) in sorted(SEVERITIES.items())],
        initial=2,
    )
    calls = forms.CharField(
        label="Calls it is about",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"Their ids, or the addresses of their pages, at most {MOST_CALLS}. None is fine.",
    )
    reason = forms.CharField(
        label="How it was found",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "Who told, or what was noticed"}),
    )

    def clean_calls(self) -> list[uuid.UUID]:
        """The ids named in the text."""
        text = self.cleaned_data["calls"]
        found = [uuid.UUID(one) for one in _ID.findall(text)]
        if text.strip() and not found:
            raise ValidationError("no id of a call is in it, expected e.g. 01a201fe-a9ad-7e8e-af7e-61c43647cb66")
        return found
