"""The form of an export: why the evidence is taken out."""

from django import forms

from investigations.evidence import LONGEST_REASON
from investigations.forms import PageForm


class EvidenceForm(PageForm):
    """A sentence that goes into the audit trail and into the bundle."""

    reason = forms.CharField(
        label="What it is for",
        max_length=LONGEST_REASON,
        help_text="Stands in the audit trail and in the file, with your name.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say what it is for."},
    )
