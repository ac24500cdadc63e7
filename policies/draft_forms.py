"""The forms of drafts and versions. Services check the rest."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from policies.draft_queries import PROFILES
from policies.policy_parts import MEMBERS, Change, part_of
from policies.ruleset import Action, FailPosture, Mode, Profile
from policies.services.drafts import LONGEST_REASON, LONGEST_TITLE

ACTIONS = [action.name.lower() for action in Action]


class RevisionForm(forms.Form):
    """Which revision of a draft somebody has read."""

    revision = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)


class NewDraftForm(forms.Form):
    """A draft that is begun."""

    title = forms.CharField(
        label="What it is about",
        max_length=LONGEST_TITLE,
        widget=forms.TextInput({"autocomplete": "off", "placeholder": "For example: stop the look-up too"}),
    )


class DefaultsForm(RevisionForm):
    """The title and the defaults of a draft."""

    title = forms.CharField(
        label="What it is about", max_length=LONGEST_TITLE, widget=forms.TextInput({"autocomplete": "off"})
    )
    mode = forms.ChoiceField(
        label="Mode",
        choices=[("enforce", "Enforce: stop what policy stops"), ("monitor", "Monitor: only watch")],
        help_text="Where neither agent nor environment says otherwise.",
    )
    profile = forms.ChoiceField(
        label="Profile",
        choices=[("strict", "Strict: stop what is suspected"), ("cautious", "Cautious: ask where people delegate")],
    )
    fail_posture = forms.ChoiceField(
        label="If judging fails", choices=[("block", "Block the call"), ("allow", "Let the call through")]
    )

    def defaults(self) -> dict[str, str]:
        """The member of the document; only after `is_valid`."""
        cleaned = self.cleaned_data
        return {
            "mode": Mode(cleaned["mode"]).value,
            "profile": Profile(cleaned["profile"]).value,
            "fail_posture": FailPosture(cleaned["fail_posture"]).value,
        }


class ReviewForm(RevisionForm):
    """Asking for a review."""

    reviewer = forms.IntegerField(required=False)
    reason = forms.CharField(max_length=LONGEST_REASON, widget=forms.Textarea({"rows": 3}))


class ReasonForm(RevisionForm):
    """Anything done with a draft for a reason."""

    reason = forms.CharField(max_length=LONGEST_REASON, widget=forms.Textarea({"rows": 3}))


class PublishForm(ReasonForm):
    """Publishing."""

    override = forms.CharField(required=False, max_length=LONGEST_REASON)
    lists = forms.ChoiceField(required=False, choices=[("leave", "leave"), ("apply", "apply")])
    lists_seen = forms.CharField(required=False, max_length=64)


class ImportForm(forms.Form):
    """A policy document that is taken in."""

    file = forms.FileField(label="File", help_text="YAML or JSON, in UTF-8.", allow_empty_file=True)
    title = forms.CharField(
        label="What it is about", max_length=LONGEST_TITLE, required=False, help_text="Empty: the document's own title."
    )


class RestoreForm(forms.Form):
    """Rolling back."""

    reason = forms.CharField(label="Why", max_length=LONGEST_REASON, widget=forms.Textarea({"rows": 2}))


def actions_of(
    posted: QueryDict, signals: Iterable[str], document: Mapping[str, Any]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The member `actions` as the table was filled in, and the fields that hold no action.

    A signal whose row was not on the page keeps what `document` says: somebody added it since the page was opened.
    """
    actions: dict[str, dict[str, str]] = {}
    wrong = []
    for signal in signals:
        for profile in PROFILES:
            field = f"action.{signal}.{profile}"
            said = posted.get(field, document.get("actions", {}).get(signal, {}).get(profile, ""))
            if said and said not in ACTIONS:
                wrong.append(field)
            elif said:
                actions.setdefault(signal, {})[profile] = said
    return actions, wrong


def packed(change: Change) -> Mapping[str, Any]:
    """A change for a hidden field; `unpacked` reads it."""
    return {"part": change.key, "after": change.after}


def unpacked(entries: Any) -> tuple[Change, ...]:
    """The changes of a hidden field. Raises ValueError when somebody else wrote it."""
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("part"), str) and "after" in entry for entry in entries
    ):
        raise ValueError("the changes are not readable, expected those of the form")
    changes = tuple(Change(part=part_of(entry["part"]), before=None, after=entry["after"]) for entry in entries)
    if any(change.member not in MEMBERS or not change.name for change in changes):
        raise ValueError(f"the changes are of something else, expected parts of {', '.join(MEMBERS)}")
    if any(change.member == "rules" and not isinstance(change.after, dict | None) for change in changes):
        raise ValueError("a rule is none, expected an object")
    return changes
