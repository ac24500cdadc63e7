"""What a bulk action, and a saved view, ask of a person."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet

from investigations.models import BulkRun, Investigation
from investigations.services import LONGEST_TEXT

_PLACEHOLDERS = {
    BulkRun.Action.CLOSE: "What you checked and what it showed",
    BulkRun.Action.COMMENT: "What you did, or what somebody should know",
    BulkRun.Action.REOPEN: "What has come to light",
}


class BulkForm(forms.Form):
    """What one action needs before it begins; fields of other actions are left out."""

    disposition = forms.ChoiceField(
        label="Disposition",
        choices=Investigation.Disposition.choices,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    note = forms.CharField(
        label="Note, written into each of them", max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, action: str, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if action != BulkRun.Action.CLOSE:
            del self.fields["disposition"]
        if action == BulkRun.Action.ASSIGN:
            self.fields["assignee"] = forms.ModelChoiceField(
                label="Assign to", queryset=people, empty_label="nobody", required=False
            )
        note = self.fields["note"]
        note.required = action not in (BulkRun.Action.CLAIM, BulkRun.Action.ASSIGN)
        note.widget.attrs["placeholder"] = _PLACEHOLDERS.get(BulkRun.Action(action), "")
        if action == BulkRun.Action.CLOSE:
            note.label = "Reason, written into each of them"


class SaveViewForm(forms.Form):
    """A name for the filter one looks at."""

    name = forms.CharField(label="Name", max_length=60)
    shared = forms.BooleanField(label="For everybody", required=False)
    query = forms.CharField(max_length=2000, required=False, widget=forms.HiddenInput)
