"""The plain fields of a rule, as the editor shows them and as a policy document holds them."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms

from policies.restrictions import EFFECTS, Effect, Restricted
from policies.rules import Stage, Then
from policies.services.restrictions import LONGEST_DAYS, MOST_PER_MINUTE

THEN = (
    (Then.ALLOW.value, "Let through"),
    (Then.NOTICE.value, "Note"),
    (Then.MODIFY.value, "Blank arguments"),
    (Then.HOLD.value, "Hold for a person"),
    (Then.BLOCK.value, "Block"),
    (Then.RESPOND.value, "Restrict"),
)
STAGES = (
    (Stage.OFF.value, "Off: it is not asked"),
    (Stage.MONITOR.value, "Monitor: it only says what it would do"),
    (Stage.CANARY.value, "Canary: it acts in a share of the conversations"),
    (Stage.ENFORCE.value, "Enforce: it acts"),
)
SEVERITIES = (("low", "Low"), ("medium", "Medium"), ("high", "High"), ("critical", "Critical"))
_WORDS = {
    Effect.QUARANTINE: "quarantine",
    Effect.STEP_UP: "let a person agree to what it changes or sends",
    Effect.TIGHTEN: "tighten",
    Effect.RATE_LIMIT: "limit calls",
}
# What pages call it.
_CALLED = {Restricted.SESSION: "conversation"}
# A rule sees one call: its document is an investigation's to name.
RESPONSES = (
    ("", "choose"),
    *(
        (f"{kind.value}:{effect.value}", f"The {_CALLED.get(kind, kind.value)}: {_WORDS[effect]}")
        for kind, effects in EFFECTS.items()
        if kind is not Restricted.DOCUMENT
        for effect in effects
    ),
)
# Members of a rule's entry that this form holds; every other one is left as it is.
HELD = frozenset(
    "name title when then priority stage canary_percent severity explanation lifts modify response bounds tests".split()
)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SEPARATORS = re.compile(r"[,\n]")


class RuleForm(forms.Form):
    """Everything but the condition and the test cases."""

    title = forms.CharField(label="Title", max_length=200, help_text="What analysts read.")
    name = forms.CharField(
        label="Name",
        max_length=40,
        help_text="Its name in verdicts: lower case letters, digits and dashes.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    then = forms.ChoiceField(label="Then", choices=THEN, widget=forms.RadioSelect({"class": "form-check-input"}))
    severity = forms.ChoiceField(label="Severity", choices=SEVERITIES)
    priority = forms.IntegerField(
        label="Priority",
        min_value=0,
        max_value=10_000,
        help_text="0 is asked first; what lets through lifts what follows.",
    )
    explanation = forms.CharField(
        label="Explanation",
        max_length=1_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Shown to analysts with every call it matches.",
    )
    lifts = forms.CharField(
        label="Lets through in spite of",
        max_length=2_000,
        required=False,
        help_text="Names of findings, separated by commas; empty for all that may be lifted. For “Let through” only.",
    )
    modify = forms.CharField(
        label="Arguments to blank",
        max_length=2_000,
        required=False,
        help_text="Such as note or message.cc, separated by commas. For “Blank arguments” only.",
    )
    response = forms.ChoiceField(label="Restrict", choices=RESPONSES, required=False)
    response_minutes = forms.IntegerField(
        label="For, minutes", min_value=1, max_value=LONGEST_DAYS * 24 * 60, required=False
    )
    response_per_minute = forms.IntegerField(
        label="Calls a minute", min_value=1, max_value=MOST_PER_MINUTE, required=False, help_text="For a limit only."
    )
    stage = forms.ChoiceField(label="Stage", choices=STAGES)
    canary_percent = forms.IntegerField(label="Canary, % of conversations", min_value=1, max_value=99, required=False)
    max_stop_share = forms.FloatField(
        label="Stops more than, % of calls",
        min_value=0.01,
        max_value=100,
        required=False,
        help_text="Of an agent's, or of all.",
    )
    max_overturns = forms.IntegerField(
        label="Wrong more often than",
        min_value=0,
        max_value=10_000,
        required=False,
        help_text="Investigations of its stops closed as a false positive, or as benign.",
    )
    min_calls = forms.IntegerField(
        label="After so many calls",
        min_value=1,
        max_value=1_000_000_000,
        required=False,
        help_text="A share of fewer calls says nothing.",
    )

    def clean_name(self) -> str:
        """As verdicts can hold it."""
        name: str = self.cleaned_data["name"]
        if not _NAME.fullmatch(name):
            raise forms.ValidationError(
                f"`{name}` is no name, expected lower case letters, digits and dashes, e.g. `large-payments`"
            )
        return name

    def clean(self) -> dict[str, Any]:
        """What belongs to one action is asked for with it, and refused with another."""
        data: dict[str, Any] = super().clean() or {}
        then = data.get("then")
        for name, wanted in (("lifts", Then.ALLOW), ("modify", Then.MODIFY)):
            if data.get(name) and then != wanted.value:
                self.add_error(name, f"this is for “{dict(THEN)[wanted.value]}” only, expected it empty")
        if then == Then.MODIFY.value and not data.get("modify"):
            self.add_error("modify", "it is empty, expected the arguments to blank")
        if then == Then.RESPOND.value:
            self._clean_response(data)
        if data.get("stage") == Stage.CANARY.value and not data.get("canary_percent"):
            self.add_error("canary_percent", "it is empty, expected the share of the conversations, e.g. 10")
        return data

    def _clean_response(self, data: Mapping[str, Any]) -> None:
        limits = str(data.get("response", "")).endswith(f":{Effect.RATE_LIMIT.value}")
        if not data.get("response"):
            self.add_error("response", "nothing is chosen, expected what to restrict")
        if not data.get("response_minutes"):
            self.add_error("response_minutes", "it is empty, expected how long")
        if limits != bool(data.get("response_per_minute")):
            wanted = "how many calls" if limits else "it empty: this is no limit on calls"
            self.add_error("response_per_minute", f"expected {wanted}")

    def entry(self, *, when: str, tests: list[dict[str, Any]], before: Mapping[str, Any]) -> dict[str, Any]:
        """The rule as a policy document holds it; what is empty or usual is left out. Needs a valid form."""
        data = self.cleaned_data
        then = data["then"]
        entry = {name: value for name, value in before.items() if name not in HELD}
        entry |= {name: data[name] for name in ("name", "title", "severity", "priority", "stage")}
        entry |= {"when": when, "then": then}
        optional = {
            "explanation": data["explanation"],
            "canary_percent": data["canary_percent"] if data["stage"] == Stage.CANARY.value else None,
            "lifts": _names(data["lifts"]),
            "modify": _names(data["modify"]),
            "response": self._response() if then == Then.RESPOND.value else None,
            "bounds": self._bounds(),
            "tests": tests,
        }
        return entry | {name: value for name, value in optional.items() if value}

    def _response(self) -> dict[str, Any]:
        kind, _, effect = self.cleaned_data["response"].partition(":")
        found = {"kind": kind, "effect": effect, "minutes": self.cleaned_data["response_minutes"]}
        limit = self.cleaned_data["response_per_minute"]
        return {**found, "per_minute": limit} if limit else found

    def _bounds(self) -> dict[str, Any]:
        data = self.cleaned_data
        share = data["max_stop_share"]
        found = {
            "max_stop_share": None if share is None else round(share / 100, 6),
            "max_overturns": data["max_overturns"],
            "min_calls": data["min_calls"],
        }
        return {name: value for name, value in found.items() if value is not None}


def initial_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a stored rule."""
    response, bounds = _object(entry.get("response")), _object(entry.get("bounds"))
    share = bounds.get("max_stop_share")
    plain = ("name", "title", "severity", "priority", "stage", "explanation", "canary_percent")
    return {
        "severity": "medium",
        "priority": 100,
        "stage": Stage.ENFORCE.value,
        **{name: entry[name] for name in plain if name in entry},
        "then": "hold" if entry.get("then") == "ask" else entry.get("then"),
        "lifts": ", ".join(entry.get("lifts") or ()),
        "modify": ", ".join(entry.get("modify") or ()),
        "response": f"{response['kind']}:{response.get('effect', '')}" if response.get("kind") else "",
        "response_minutes": response.get("minutes"),
        "response_per_minute": response.get("per_minute"),
        "max_stop_share": round(share * 100, 4) if isinstance(share, int | float) else None,
        "max_overturns": bounds.get("max_overturns"),
        "min_calls": bounds.get("min_calls"),
    }


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in _SEPARATORS.split(text) if part.strip()))
