"""What people write where they restrict something, or change what rules may."""

from typing import Any

from django import forms

from investigations.forms import PageForm
from investigations.restricting import Restricting, value_of, words_of
from policies.models import ResponseRule, Restriction
from policies.response_rules import Rule
from policies.restrictions import EFFECTS, LONGEST_NAME, PARTS, Effect, Restricted
from policies.services.response import RuleSettings
from policies.services.restrictions import LONGEST_DAYS, LONGEST_REASON, MOST_PER_MINUTE

HOURS = (
    ("0.5", "30 minutes"),
    ("1", "1 hour"),
    ("4", "4 hours"),
    ("24", "1 day"),
    ("168", "7 days"),
    ("720", "30 days"),
    ("none", "until somebody undoes it (an agent only)"),
)
# Typed by whoever ends everything that rules have made.
END_ALL = "end all"
_MOST_MINUTES = LONGEST_DAYS * 24 * 60


class _RestrictForm(PageForm):
    """For how long, how much, and why."""

    hours = forms.TypedChoiceField(
        label="For", choices=HOURS, coerce=lambda value: None if value == "none" else float(value), empty_value=None
    )
    per_minute = forms.IntegerField(
        label="Calls a minute",
        min_value=1,
        max_value=MOST_PER_MINUTE,
        required=False,
        initial=6,
        help_text="For a limit on calls only.",
    )
    reason = forms.CharField(
        label="Why",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What you know, and whom you asked"}),
        help_text="For people here; callers are not told it.",
    )


class RestrictInvestigationForm(_RestrictForm):
    """Which of the things an investigation is about."""

    what = forms.ChoiceField(label="What")
    field_order = ("what", "hours")

    def __init__(self, *args: Any, restricting: Restricting, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"] = forms.ChoiceField(
            label="What", choices=[(choice.value, _cut(choice.words)) for choice in restricting.choices]
        )
        self.order_fields(self.field_order)


class RestrictForm(_RestrictForm):
    """Anything by its name or id."""

    what = forms.ChoiceField(
        label="What",
        choices=[
            (value_of(kind, effect), words_of(kind, effect))
            for kind, effects in EFFECTS.items()
            for effect in effects
            if kind is not Restricted.SESSION
        ],
    )
    name = forms.CharField(
        label="Its name or id",
        max_length=LONGEST_NAME,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="A domain covers its addresses and all below it, an address only itself.",
    )
    agent = forms.CharField(
        label="Agent id",
        max_length=200,
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="Of a channel. Empty: of every agent.",
    )
    field_order = ("what", "name", "agent", "hours")

    def wanted(self) -> tuple[Restricted, Effect, tuple[str, ...]]:
        """What was asked for; only after `is_valid`."""
        kind, _, effect = self.cleaned_data["what"].partition(".")
        name = self.cleaned_data["name"]
        two = PARTS.get(Restricted(kind), 1) == 2
        return Restricted(kind), Effect(effect), (self.cleaned_data["agent"], name) if two else (name,)


class RuleForm(forms.Form):
    """A rule's mode and numbers. The fields' ids hold the rule's name: there is one form for each on the page."""

    mode = forms.ChoiceField(label="Mode", choices=ResponseRule.Mode.choices)
    calls = forms.IntegerField(label="Stopped calls", min_value=1, max_value=10_000)
    minutes = forms.IntegerField(label="Within minutes", min_value=1, max_value=_MOST_MINUTES)
    agents = forms.IntegerField(label="Of agents", min_value=1, max_value=1_000)
    per_minute = forms.IntegerField(label="Calls a minute then", min_value=1, max_value=MOST_PER_MINUTE)
    for_minutes = forms.IntegerField(label="For minutes", min_value=1, max_value=_MOST_MINUTES)

    def __init__(self, *args: Any, rule: Rule, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": _numbers_of(rule), "auto_id": f"{rule.slug}-%s", **kwargs})
        self.rule = rule
        if rule.effect is not Effect.RATE_LIMIT:
            del self.fields["per_minute"]

    def settings(self) -> RuleSettings:
        """What was decided; only after `is_valid`."""
        return RuleSettings(**{"per_minute": 0} | self.cleaned_data)


class BudgetForm(forms.Form):
    """How many automatic restrictions an hour may have."""

    per_hour = forms.IntegerField(label="In all", min_value=0, max_value=10_000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for value, label in Restriction.Kind.choices:
            self.fields[value] = forms.IntegerField(label=str(label), min_value=0, max_value=10_000)

    def per_kind(self) -> dict[str, int]:
        """Of each kind; only after `is_valid`."""
        return {value: self.cleaned_data[value] for value in Restriction.Kind.values}


class EndAllForm(forms.Form):
    """The words, typed: what rules have stopped goes on."""

    confirmation = forms.CharField(
        label=f"Type: {END_ALL}", max_length=20, widget=forms.TextInput({"autocomplete": "off"})
    )

    def clean_confirmation(self) -> str:
        """Refuse anything else."""
        typed: str = self.cleaned_data["confirmation"].strip().lower()
        if typed != END_ALL:
            raise forms.ValidationError(f"`{typed}` was typed, expected `{END_ALL}`")
        return typed


def _numbers_of(rule: Rule) -> dict[str, Any]:
    return {
        "mode": rule.mode.value,
        "calls": rule.calls,
        "minutes": rule.minutes,
        "agents": rule.agents,
        "per_minute": rule.per_minute,
        "for_minutes": rule.for_minutes,
    }


def _cut(words: str) -> str:
    clean = "".join(letter if letter.isprintable() else "�" for letter in words)
    return clean if len(clean) <= 90 else f"{clean[:89]}…"
