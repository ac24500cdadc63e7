"""What somebody chooses where calls like a stopped one are to pass."""

from dataclasses import replace
from typing import Any

from django import forms

from guardrail.words import signal_words
from investigations.allowing import Proposal
from policies.exception_forms import EndForm
from policies.exceptions import Scope
from policies.services.exceptions import LONGEST_REASON

_EXACT, _DOMAINS, _ANY = "exact", "domains", "any"
_TICKED = forms.CheckboxInput({"class": "form-check-input"})


class AllowForm(EndForm):
    """Each part of the narrowest scope, to be kept or left out; unticked is wider."""

    only_agent = forms.BooleanField(required=False)
    only_tool = forms.BooleanField(required=False)
    destinations = forms.ChoiceField(required=False)
    only_argument = forms.BooleanField(required=False)
    only_classes = forms.BooleanField(required=False)
    only_trigger = forms.BooleanField(required=False)
    only_signals = forms.BooleanField(required=False)
    owner = forms.CharField(max_length=200, help_text="Who answers for it.")
    reason = forms.CharField(
        label="Why",
        max_length=LONGEST_REASON,
        widget=forms.Textarea({"rows": 2, "placeholder": "Why these calls are right, and whom you asked"}),
    )

    def __init__(self, *args: Any, proposal: Proposal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.proposal, scope = proposal, proposal.scope
        labels = {
            "only_agent": ("Only this agent", scope.agent_id),
            "only_tool": ("Only this tool", scope.tool),
            "only_argument": ("Only what is found in this argument", scope.argument),
            "only_classes": ("Only with these data classes, and no other", ", ".join(scope.data_classes)),
            "only_trigger": ("Only started by this trigger", scope.trigger_id),
            "only_signals": ("Only these findings", ", ".join(signal_words(name) for name in scope.signals)),
        }
        for name, (label, value) in labels.items():
            if value:
                self.fields[name] = forms.BooleanField(
                    required=False, initial=True, label=label, help_text=value, widget=_TICKED
                )
            else:
                del self.fields[name]
        choices = [(_EXACT, f"Exactly {', '.join(scope.destinations)}")]
        if proposal.domains:
            choices.append((_DOMAINS, f"Anybody at {', '.join(proposal.domains)}"))
        if scope.destinations:
            choices.append((_ANY, "Anywhere"))
            self.fields["destinations"] = forms.ChoiceField(choices=choices, initial=_EXACT, label="To where")
        else:
            del self.fields["destinations"]

    @property
    def ticks(self) -> list[forms.BoundField]:
        """The parts that are ticked or not."""
        return [field for field in self if field.name.startswith("only_")]

    def scope(self) -> Scope:
        """What is to pass; only after `is_valid`."""
        said, scope = self.cleaned_data, self.proposal.scope
        where = said.get("destinations") or _EXACT
        wide = {_EXACT: scope.destinations, _DOMAINS: self.proposal.domains, _ANY: ()}[where]
        return replace(
            scope,
            agent_id=scope.agent_id if said.get("only_agent") else "",
            tool=scope.tool if said.get("only_tool") else "",
            argument=scope.argument if said.get("only_argument") else "",
            destinations=wide,
            data_classes=scope.data_classes if said.get("only_classes") else (),
            trigger_id=scope.trigger_id if said.get("only_trigger") else "",
            signals=scope.signals if said.get("only_signals") else (),
        )
