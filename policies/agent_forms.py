"""What people fill in about agents: a file of them, what an inventory says of one, and its charter."""

from django import forms

from policies.services.agent_import import Choices


class AgentFileForm(forms.Form):
    """A file of agents."""

    file = forms.FileField(
        widget=forms.FileInput({"accept": ".csv,.txt,.tsv,.json,text/csv,application/json"}),
        help_text="CSV with a header or JSON, at most 10 MB and 10,000 agents. You see what would change first.",
    )


class TakeOverForm(forms.Form):
    """What a person decides beside taking a file over. `seen` is the digest of the comparison on the page."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    leave_out_bad = forms.BooleanField(required=False, label="Leave out the rows with problems")
    retire_gone = forms.BooleanField(required=False, label="Mark those the file does not name as retired")

    def choices(self) -> Choices:
        """What was decided; only after `is_valid`."""
        return Choices(leave_out_bad=self.cleaned_data["leave_out_bad"], retire_gone=self.cleaned_data["retire_gone"])
