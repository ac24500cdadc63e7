"""What can be restricted on an investigation, what is already, and doing it: with its activity, in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from guardrail.models import Orchestrator, Verdict
from investigations.models import Activity, Investigation
from policies.models import Restriction
from policies.restrictions import LONGEST_NAME, Effect, Restricted, key_of
from policies.scope import agents_of
from policies.services.restrictions import RestrictionError, Wanted, restrict, undo

# What is proposed against probing: enough for a person at a keyboard, too little to walk through an agent's sources.
PROBING_PER_MINUTE = 6
PROBING_HOURS = "0.5"
_MOST_SHOWN = 20
_EFFECT_WORDS = {
    Effect.QUARANTINE: "Quarantine",
    Effect.STEP_UP: "Step up",
    Effect.TIGHTEN: "Tighten",
    Effect.RATE_LIMIT: "Limit calls without sign-in of",
}
_KIND_WORDS = {Restricted.SESSION: "conversation"}
# In the order they are offered: what reaches least far first.
_OFFERED = (
    (Restricted.SESSION, Effect.QUARANTINE),
    (Restricted.SESSION, Effect.STEP_UP),
    (Restricted.USER, Effect.QUARANTINE),
    (Restricted.USER, Effect.STEP_UP),
    (Restricted.DESTINATION, Effect.QUARANTINE),
    (Restricted.DOCUMENT, Effect.QUARANTINE),
    (Restricted.AGENT, Effect.STEP_UP),
    (Restricted.AGENT, Effect.TIGHTEN),
    (Restricted.AGENT, Effect.QUARANTINE),
    (Restricted.CHANNEL, Effect.RATE_LIMIT),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One thing that can be restricted. `value` stands for it in a form; the subject is looked up again from there."""

    kind: Restricted
    effect: Effect
    subject: tuple[str, ...]
    label: str

    @property
    def value(self) -> str:
        return value_of(self.kind, self.effect)

    @property
    def words(self) -> str:
        return f"{words_of(self.kind, self.effect)} {self.label}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Restricting:
    """What a page needs: what can be restricted, and what is in force on any of it or was made for the investigation.

    `channel` is the channel without sign-in that an investigation of probing came over, empty for every other.
    """

    choices: tuple[Choice, ...]
    in_force: tuple[Restriction, ...]
    channel: str = ""
    tool: str = ""
    limits: bool = False


def value_of(kind: Restricted, effect: Effect) -> str:
    """How a form names an effect on a kind of thing."""
    return f"{kind.value}.{effect.value}"


def words_of(kind: Restricted, effect: Effect) -> str:
    """The same for people."""
    return f"{_EFFECT_WORDS[effect]} the {_KIND_WORDS.get(kind, kind.value)}"


def load_restricting(investigation: Investigation, verdict: Verdict | None) -> Restricting:
    """What can be done about it, by the investigation and the call that is shown. Two queries at most."""
    subjects = _subjects(investigation, verdict)
    choices = tuple(
        Choice(kind=kind, effect=effect, subject=subjects[kind], label=_label(kind, subjects[kind], investigation))
        for kind, effect in _OFFERED
        if kind in subjects
    )
    on = Q(investigation=investigation.pk)
    for kind, subject in subjects.items():
        on |= Q(kind=kind.value, key=key_of(kind, subject))
    in_force = tuple(Restriction.objects.filter(on, ended_at=None).select_related("made_by")[:_MOST_SHOWN])
    probed = investigation.kind == "reconnaissance" and Restricted.CHANNEL in subjects
    return Restricting(
        choices=choices,
        in_force=in_force,
        channel=subjects[Restricted.CHANNEL][1] if probed else "",
        tool=(verdict.tool_name or verdict.tool_id) if verdict else "",
        limits=any(one.effect == Restriction.Effect.RATE_LIMIT for one in in_force),
    )


@transaction.atomic
def restrict_for(
    investigation: Investigation,
    choice: Choice,
    *,
    reason: str,
    hours: float | None,
    per_minute: int,
    verdict: Verdict | None,
    now: datetime,
    actor: User,
) -> Restriction:
    """Restrict one of its choices. Raises RestrictionError, PermissionDenied."""
    if not is_own(choice.kind.value, choice.subject, person=actor):
        told = f"`{choice.kind.value}` reaches beyond your environments"
        raise RestrictionError(f"{told}, expected an agent, a channel or a conversation of yours")
    _lock(investigation.pk)
    wanted = Wanted(
        kind=choice.kind,
        effect=choice.effect,
        subject=choice.subject,
        reason=reason,
        until=None if hours is None else now + timedelta(hours=hours),
        per_minute=per_minute if choice.effect is Effect.RATE_LIMIT else 0,
        investigation=investigation.pk,
        verdicts=(str(verdict.pk),) if verdict else (),
    )
    made = restrict(wanted, now=now, actor=actor)
    text = f"{made.pk}: {words_of(choice.kind, choice.effect).lower()} {made.label}. {made.reason}"
    Activity.objects.create(investigation_id=investigation.pk, actor=actor, kind="restricted", text=text)
    return made


@transaction.atomic
def undo_for(number: int, *, now: datetime, actor: User) -> Restriction:
    """End one, and say so where it was made. Raises RestrictionError when it is over, PermissionDenied."""
    made_for = Restriction.objects.filter(pk=number).values_list("investigation", flat=True).first()
    has_place = made_for is not None and _lock(made_for)
    ended = undo(number, now=now, actor=actor)
    if made_for is not None and has_place:
        text = f"{ended.pk}: {ended.get_effect_display().lower()}, {ended.label}"
        Activity.objects.create(investigation_id=made_for, actor=actor, kind="restriction_undone", text=text)
    return ended


def _lock(investigation: int) -> bool:
    """Hold the investigation before the lock of restrictions, as the intake does; False when it is gone.

    Its activity waits for it anyway: after that lock, for an intake that waits for us.
    """
    return Investigation.objects.select_for_update(no_key=True).filter(pk=investigation).first() is not None


def is_own(kind: str, subject: Sequence[str], *, person: User) -> bool:
    """Whether a restriction stops nobody else than the agents somebody sees. Users, destinations and documents are
    everybody's."""
    agents = agents_of(person)
    narrow = (Restricted.AGENT.value, Restricted.CHANNEL.value, Restricted.SESSION.value)
    return agents is None or (kind in narrow and not agents.isdisjoint(subject))


def choice_of(restricting: Restricting, value: str) -> Choice:
    """The choice a form named. Raises RestrictionError when the investigation has none of that kind."""
    found = next((choice for choice in restricting.choices if choice.value == value), None)
    if found is None:
        raise RestrictionError(f"`{value}` cannot be restricted here, expected one of the list")
    return found


def _subjects(investigation: Investigation, verdict: Verdict | None) -> dict[Restricted, tuple[str, ...]]:
    return {
        kind: subject
        for kind, subject in _all_subjects(investigation, verdict)
        if subject[-1].strip() and all(len(part) <= LONGEST_NAME for part in subject)
    }


def _all_subjects(
    investigation: Investigation, verdict: Verdict | None
) -> Iterator[tuple[Restricted, tuple[str, ...]]]:
    call = verdict or investigation
    if verdict is not None and call.agent_id:
        caller = Orchestrator.objects.filter(pk=verdict.orchestrator_id).values_list("slug", flat=True).first()
        if caller:
            yield Restricted.SESSION, (caller, call.agent_id, call.conversation_id)
        if verdict.channel_id and not verdict.user_id:
            yield Restricted.CHANNEL, (call.agent_id, verdict.channel_id)
    yield Restricted.USER, (call.user_id,)
    yield Restricted.DESTINATION, (investigation.destination or (verdict.destination if verdict else ""),)
    yield Restricted.DOCUMENT, (investigation.document,)
    yield Restricted.AGENT, (call.agent_id,)


def _label(kind: Restricted, subject: tuple[str, ...], investigation: Investigation) -> str:
    if kind is Restricted.AGENT and investigation.agent_name:
        return investigation.agent_name
    return f"{subject[1]} of {investigation.agent_name or subject[0]}" if kind is Restricted.CHANNEL else subject[-1]
