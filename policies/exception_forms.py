"""Forms of exceptions: what is to pass, until when, and why."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings

from policies.exceptions import Scope
from policies.services.exceptions import LONGEST_REASON, WantedException

_NAMED = {"autocomplete": "off", "spellcheck": "false"}
_REASON = forms.Textarea({"rows": 2, "placeholder": "What you know, and whom you asked"})


class EndForm(forms.Form):
    """Until when. The choices end with the longest an exception may hold."""

    days = forms.TypedChoiceField(label="For", coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["days"] = forms.TypedChoiceField(label="For", coerce=int, choices=day_choices(), initial=_usual())

    def until(self, *, now: datetime) -> datetime:
        """When it ends; only after `is_valid`."""
        days: int = self.cleaned_data["days"]
        return now + timedelta(days=days)


class RenewForm(EndForm):
    """Let one go on, or end sooner."""

    reason = forms.CharField(label="Why", max_length=LONGEST_REASON, widget=_REASON)


class EndExceptionForm(forms.Form):
    """End one now."""

    reason = forms.CharField(label="Why", max_length=LONGEST_REASON, widget=_REASON)


class ExceptionForm(EndForm):
    """An exception by hand. The service checks the scope."""

    agent_id = forms.CharField(label="Agent id", max_length=200, required=False, widget=forms.TextInput(_NAMED))
    tool = forms.CharField(label="Tool id or name", max_length=500, required=False, widget=forms.TextInput(_NAMED))
    argument = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.TextInput(_NAMED),
        help_text="The path of the argument the finding is about, such as body.to.",
    )
    destinations = forms.CharField(
        required=False,
        max_length=10_000,
        widget=forms.Textarea({"rows": 2, "spellcheck": "false"}),
        help_text="One a line. All the call reaches outside must be among them.",
    )
    data_classes = forms.CharField(
        label="Data classes",
        required=False,
        max_length=2_000,
        help_text="Divided by commas. The call may carry no other.",
    )
    trigger_id = forms.CharField(label="Trigger", max_length=500, required=False, widget=forms.TextInput(_NAMED))
    signals = forms.CharField(
        label="Findings",
        required=False,
        max_length=4_000,
        widget=forms.TextInput(_NAMED),
        help_text="Their names, divided by commas. Empty: whatever may be lifted.",
    )
    owner = forms.CharField(max_length=200, help_text="Who answers for it.")
    reason = forms.CharField(label="Why", max_length=LONGEST_REASON, widget=_REASON)
    field_order = (
        "agent_id",
        "tool",
        "destinations",
        "argument",
        "data_classes",
        "trigger_id",
        "signals",
        "owner",
        "days",
    )

    def wanted(self, *, now: datetime) -> WantedException:
        """What was asked for; only after `is_valid`."""
        said = self.cleaned_data
        return WantedException(
            scope=Scope(
                agent_id=said["agent_id"],
                tool=said["tool"],
                argument=said["argument"],
                destinations=_lines(said["destinations"]),
                data_classes=_names(said["data_classes"]),
                trigger_id=said["trigger_id"],
                signals=_names(said["signals"]),
            ),
            owner=said["owner"],
            reason=said["reason"],
            until=self.until(now=now),
        )


def day_choices() -> list[tuple[int, str]]:
    """How long an exception may hold, up to the longest."""
    longest = settings.EXCEPTION_MAX_DAYS
    usual = [days for days in (1, 7, 14, 30, 90, 180) if days < longest]
    return [(days, f"{days} day{'s' if days > 1 else ''}") for days in (*usual, longest)]


def _usual() -> int:
    return min(30, settings.EXCEPTION_MAX_DAYS)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
