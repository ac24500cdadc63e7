"""How a case goes by its playbooks: what is proposed, what is done, what is written down for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from guardrail.models import Verdict
from investigations.grouping import is_file
from investigations.models import Activity, CasePlaybook, Investigation, PlaybookStep
from investigations.playbook_evidence import Evidence, Known, fill_in
from investigations.playbook_versions import Version, load_in_use
from investigations.playbooks import Step, propose, read_playbook
from investigations.related import Related
from investigations.services import LONGEST_TEXT, InvestigationError
from policies import audit
from policies.access import Permission, require
from policies.models import Restriction

OPEN = PlaybookStep.State.OPEN


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownStep:
    """A step of a case. `state` None = nobody has touched it; `is_next` = the first that is open."""

    step: Step
    state: PlaybookStep | None
    evidence: Evidence | None
    is_next: bool

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do of it."""
        return self.state is not None and self.state.state != OPEN

    @property
    def revision(self) -> int:
        """What the page saw, for the next change."""
        return self.state.revision if self.state else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownPlaybook:
    """A playbook of a case with its steps, in the version it goes by. `newer` = the number of a later one, or 0."""

    version: Version
    steps: tuple[ShownStep, ...]
    newer: int

    @property
    def done(self) -> int:
        """How many steps need nothing more."""
        return sum(step.is_done for step in self.steps)


@dataclass(frozen=True, kw_only=True, slots=True)
class Playbooks:
    """What the page of a case shows. `others` are playbooks that can be added, by slug and title."""

    shown: tuple[ShownPlaybook, ...]
    others: tuple[tuple[str, str], ...]


def load_playbooks(
    investigation: Investigation,
    *,
    verdict: Verdict | None,
    conversation: Sequence[Verdict],
    in_force: Sequence[Restriction],
    related: Related,
) -> Playbooks:
    """The playbooks of a case and how far it has come. Four queries, and one at most for each kind of evidence."""
    begun = {one.slug: one for one in CasePlaybook.objects.filter(investigation=investigation).order_by("pk")}
    states = _load_states(begun.values())
    newest = load_in_use()
    versions = {slug: _version_of(one) for slug, one in begun.items()}
    versions |= {slug: one for slug, one in _proposed(investigation).items() if slug not in versions}
    known = Known(
        investigation=investigation,
        verdict=verdict,
        conversation=conversation,
        in_force=in_force,
        related=related,
        now=timezone.now(),
    )
    filled = fill_in([step.evidence for one in versions.values() for step in one.playbook.steps], known)
    shown = tuple(
        ShownPlaybook(
            version=version,
            steps=_steps(version.playbook.steps, states.get(slug, {}), filled),
            newer=newest[slug].number if slug in newest and newest[slug].number > version.number else 0,
        )
        for slug, version in versions.items()
    )
    others = tuple(
        (slug, one.playbook.title) for slug, one in newest.items() if slug not in versions and not one.retired
    )
    return Playbooks(shown=shown, others=others)


def mark_step(
    investigation: Investigation, *, slug: str, name: str, state: str, note: str, seen: int, now: datetime, actor: User
) -> None:
    """Say how a step stands. `seen` is the revision the person saw. The first one pins the playbook's version.

    Raises InvestigationError when there is no such step, the investigation is closed or somebody was faster.
    """
    require(actor, Permission.INVESTIGATE)
    text = note.strip()
    if len(text) > LONGEST_TEXT or "\x00" in text:
        raise InvestigationError(f"the note has {len(text)} characters, expected at most {LONGEST_TEXT}")
    if state not in PlaybookStep.State.values:
        raise InvestigationError(f"the state is `{state[:40]}`, expected one of {', '.join(PlaybookStep.State.values)}")
    with transaction.atomic():
        playbook = _begin(investigation, slug, now=now)
        step = next((one for one in read_playbook(slug, playbook.content).steps if one.name == name), None)
        if step is None:
            raise InvestigationError(f"playbook `{slug}` has no step `{name[:80]}`")
        row, _ = PlaybookStep.objects.get_or_create(playbook=playbook, name=name, defaults={"at": now})
        changed = PlaybookStep.objects.filter(pk=row.pk, revision=seen).update(
            state=state, note=text, revision=seen + 1, by=actor, at=now
        )
        if not changed:
            row.refresh_from_db()
            who = row.by.get_username() if row.by else "nobody"
            raise InvestigationError(
                f"`{who}` changed this step meanwhile: it is {row.get_state_display().lower()} now; look at it again"
            )
        said = f"{step.title}: {PlaybookStep.State(state).label.lower()}{f'. {text}' if text else ''}"
        _log(investigation, "step_marked", said, actor=actor, playbook=slug, step=name, state=state)


def add_playbook(investigation: Investigation, *, slug: str, now: datetime, actor: User) -> None:
    """Go by another playbook as well, in the version in use now. Safe to run twice. Raises InvestigationError."""
    require(actor, Permission.INVESTIGATE)
    version = load_in_use().get(slug)
    if version is None or version.retired:
        raise InvestigationError(f"there is no playbook `{slug[:80]}` to go by")
    with transaction.atomic():
        _open_one(investigation)
        _, made = CasePlaybook.objects.get_or_create(
            investigation=investigation, slug=slug, defaults=_pinned(version, now)
        )
        if made:
            _log(
                investigation,
                "playbook_added",
                version.playbook.title,
                actor=actor,
                playbook=slug,
                number=version.number,
            )


def carrier_of(investigation: Investigation) -> str:
    """What carried the text behind it: `document`, `mail` or empty."""
    facts = {str(name) for name, _ in investigation.facts}
    if investigation.document and (facts & {"editor", "revision", "edit"} or is_file(investigation.document)):
        return "document"
    return "mail" if "@" in investigation.author else ""


def _proposed(investigation: Investigation) -> Mapping[str, Version]:
    """What a case goes by that nobody has begun with: the versions in use when it was opened."""
    in_use = {slug: one for slug, one in load_in_use(at=investigation.opened_at).items() if not one.retired}
    slugs = propose(
        [one.playbook for one in in_use.values()],
        kind=investigation.kind,
        carrier=carrier_of(investigation),
        in_campaign=getattr(investigation, "membership", None) is not None,
    )
    return {slug: in_use[slug] for slug in slugs}


def _version_of(begun: CasePlaybook) -> Version:
    return Version(playbook=read_playbook(begun.slug, begun.content), number=begun.number)


def _pinned(version: Version, now: datetime) -> dict[str, Any]:
    return {"number": version.number, "content": version.playbook.as_json(), "begun_at": now}


def _begin(investigation: Investigation, slug: str, *, now: datetime) -> CasePlaybook:
    """The playbook of the case, pinned from now on. Raises InvestigationError."""
    _open_one(investigation)
    begun = CasePlaybook.objects.filter(investigation=investigation, slug=slug).first()
    if begun is None:
        version = _proposed(investigation).get(slug)
        if version is None:
            raise InvestigationError(f"investigation {investigation.pk} does not go by playbook `{slug[:80]}`")
        begun, _ = CasePlaybook.objects.get_or_create(
            investigation=investigation, slug=slug, defaults=_pinned(version, now)
        )
    return begun


def _open_one(investigation: Investigation) -> None:
    """Hold the investigation for this transaction. Raises InvestigationError when it is closed."""
    status = Investigation.objects.select_for_update(no_key=True).values_list("status", flat=True)
    if status.get(pk=investigation.pk) == Investigation.Status.CLOSED:
        raise InvestigationError(f"investigation {investigation.pk} is closed, reopen it first")


def _load_states(begun: Iterable[CasePlaybook]) -> Mapping[str, dict[str, PlaybookStep]]:
    found = PlaybookStep.objects.filter(playbook__in=list(begun)).select_related("by", "playbook")
    states: dict[str, dict[str, PlaybookStep]] = {}
    for row in found:
        states.setdefault(row.playbook.slug, {})[row.name] = row
    return states


def _steps(
    steps: Sequence[Step], states: Mapping[str, PlaybookStep], filled: Mapping[str, Evidence]
) -> tuple[ShownStep, ...]:
    waiting = [step.name for step in steps if step.name not in states or states[step.name].state == OPEN]
    return tuple(
        ShownStep(
            step=step,
            state=states.get(step.name),
            evidence=filled.get(step.evidence),
            is_next=step.name in waiting[:1],
        )
        for step in steps
    )


def _log(investigation: Investigation, kind: str, text: str, *, actor: User, **audited: str | int) -> None:
    activity = Activity.objects.create(investigation=investigation, actor=actor, kind=kind, text=text)
    audit.record(
        actor=actor, action=f"investigation.{kind}", investigation=investigation.pk, activity=activity.pk, **audited
    )
