"""What admins write in a playbook, and analysts at one of its steps. Everything is checked again by the services."""

from collections.abc import Container, Sequence
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory

from investigations.models import PlaybookStep
from investigations.playbook_versions import LONGEST_REASON
from investigations.playbooks import EVIDENCE, MOST_STEPS, Playbook, PlaybookError, read_playbook
from investigations.services import LONGEST_TEXT

CARRIER_WORDS = (
    ("", "anything"),
    ("mail", "a mail"),
    ("document", "a document"),
    ("campaign", "none: for every case of a campaign, beside its own playbook"),
)
EVIDENCE_WORDS = {
    "order": "the order, quoted",
    "author": "who wrote the text",
    "outcome": "what was done with the calls",
    "went_on": "what the conversation did afterwards",
    "destination": "how the destination is listed",
    "restricted": "what is restricted at present",
    "same_cause": "other cases like it",
    "campaign": "its campaign",
    "agent": "the agent and its owner",
    "user": "the user's other cases",
    "edit": "who edited the document",
    "drift": "what changed in the agent",
}


class MarkStepForm(forms.Form):
    """How a step stands and what was found."""

    state = forms.ChoiceField(choices=PlaybookStep.State.choices)
    note = forms.CharField(max_length=LONGEST_TEXT, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    seen = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)


class PlaybookForm(forms.Form):
    """A playbook without its steps."""

    title = forms.CharField(label="Title", max_length=120)
    purpose = forms.CharField(
        label="What it is for", required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )
    kinds = forms.CharField(
        label="For cases of these kinds",
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="Names of signals, as secret_leaving or rule.*, with spaces between; empty: every kind.",
    )
    carrier = forms.ChoiceField(label="Where the text came in by", required=False, choices=CARRIER_WORDS)
    retired = forms.BooleanField(label="Propose it for no new case", required=False)
    reason = forms.CharField(
        label="Why this change", max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 2})
    )
    seen = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False, widget=forms.HiddenInput)


class NewPlaybookForm(PlaybookForm):
    """The same with its name, which stays."""

    slug = forms.SlugField(
        label="Name", max_length=60, help_text="In addresses and in the audit trail; it stays as it is."
    )
    field_order = ("title", "slug")


class StepForm(forms.Form):
    """One step. `name` is hidden: what was done of a step is kept under it."""

    name = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    title = forms.CharField(label="Step", required=False, max_length=120)
    text = forms.CharField(
        label="What to do", required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )
    ask = forms.CharField(label="What to write down", required=False, max_length=200)
    evidence = forms.ChoiceField(
        label="Fills itself in with",
        required=False,
        choices=[("", "nothing"), *((name, EVIDENCE_WORDS[name]) for name in EVIDENCE)],
    )
    place = forms.IntegerField(label="Place", min_value=1, max_value=99, required=False)


StepForms = formset_factory(
    StepForm, extra=1, max_num=MOST_STEPS, absolute_max=MOST_STEPS + 1, validate_max=True, can_delete=True
)

# Of a step's fields those that people see.
_SEEN = frozenset(StepForm.base_fields) - {"name"}


def steps_initial(playbook: Playbook) -> list[dict[str, Any]]:
    """The steps of a playbook as the forms show them."""
    return [
        {"name": step.name, "title": step.title, "text": step.text, "ask": step.ask, "evidence": step.evidence,
         "place": number}
        for number, step in enumerate(playbook.steps, start=1)
    ]  # fmt: skip


def playbook_from(slug: str, form: PlaybookForm, steps: "BaseFormSet[StepForm]") -> Playbook | None:
    """The playbook two valid forms describe; None, with the error at its field, where it is refused."""
    said = form.cleaned_data
    rows = [one for one in steps.forms if one.cleaned_data.get("title") and not one.cleaned_data.get("DELETE")]
    rows.sort(key=lambda one: one.cleaned_data.get("place") or 99)
    entry = {
        "title": said["title"],
        "purpose": said["purpose"],
        "kinds": said["kinds"].split(),
        "carrier": said["carrier"],
        "steps": _entries([one.cleaned_data for one in rows]),
    }
    try:
        return read_playbook(slug, entry)
    except PlaybookError as error:
        if error.step:
            rows[error.step - 1].add_error(error.field if error.field in _SEEN else None, str(error))
        else:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        return None


def _entries(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of steps, each with a name of its own."""
    taken = {said["name"] for said in rows if said.get("name")}
    entries = []
    for said in rows:
        entries.append({"name": said.get("name") or _new_name(said["title"], taken=taken)})
        entries[-1] |= {part: said.get(part, "") for part in ("title", "text", "ask", "evidence")}
        taken.add(entries[-1]["name"])
    return entries


def _new_name(title: str, *, taken: Container[str]) -> str:
    """A new step is named by its first words."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in title.lower()).split()
    name = "-".join(words)[:50].strip("-") or "step"
    tries = (name if number == 1 else f"{name}-{number}" for number in range(1, MOST_STEPS + 3))
    return next(one for one in tries if one not in taken)
