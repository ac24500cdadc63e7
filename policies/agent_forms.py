"""What people fill in about agents: a file of them, what an inventory says of one, and its charter."""

from django import forms

from policies.agent_queries import KINDS, AgentSearch
from policies.models import Agent, ModeChoice
from policies.services.agent_import import Choices

_ANY = ("", "Any")


class AgentSearchForm(forms.Form):
    """The filters of the list of agents, as its URL has them. What is no choice is as if it was not asked."""

    kind = forms.ChoiceField(required=False, choices=[("", "All"), *((name, name) for name in KINDS)])
    q = forms.CharField(required=False, max_length=200)
    owner = forms.CharField(required=False, max_length=200)
    environment = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    lifecycle = forms.ChoiceField(required=False, choices=[_ANY, *Agent.Lifecycle.choices])
    mode = forms.ChoiceField(required=False, choices=[_ANY, *ModeChoice.choices])
    criticality = forms.ChoiceField(required=False, choices=[_ANY, *Agent.Criticality.choices])
    after = forms.IntegerField(required=False, min_value=1, max_value=2**62)

    def search(self) -> AgentSearch:
        """What is asked for; only after `is_valid` was called."""
        asked = self.cleaned_data
        return AgentSearch(
            kind=asked.get("kind", ""),
            words=asked.get("q", ""),
            owner=asked.get("owner", ""),
            environment=asked.get("environment") or 0,
            lifecycle=asked.get("lifecycle", ""),
            mode=asked.get("mode", ""),
            criticality=asked.get("criticality", ""),
            after=asked.get("after") or 0,
        )


class AcknowledgeForm(forms.Form):
    """The newest change a person has looked at."""

    upto = forms.IntegerField(min_value=1, max_value=2**62)


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
