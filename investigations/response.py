"""Autonomous response: what rules restrict when an investigation is opened or grows, and what they would have.

Runs in the intake's transaction, after everything else of it that waits for other writers: it takes the lock under
which restrictions are made and ended (`policies.services.restrictions`), and holds it until the intake commits. Costs
a query or two where nothing is due. Stops that are a restriction's own doing do not count: one would feed itself.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Count, QuerySet

from guardrail.models import Orchestrator, Verdict
from guardrail.rehearsal.bodies import TENANT as REHEARSED
from guardrail.verdict_id import floor_id
from investigations.grouping import RESTRICTED
from investigations.models import Activity, Investigation, InvestigationCall
from investigations.vouching import may_be_quarantined
from policies.models import Agent, NotDone, Restriction
from policies.queries import load_defaults
from policies.response_rules import Rule, RuleMode
from policies.restrictions import Restricted, key_of
from policies.services.publish import changed
from policies.services.response import load_budget, load_rules
from policies.services.restrictions import RestrictionError, Wanted, open_ones, restrict_by_rule, serialise

log = structlog.get_logger(__name__)

Row = Mapping[str, Any]
Subject = tuple[str, ...]
# One intake looks at this many subjects of a rule, and writes down this many of what was not done.
_MOST_SUBJECTS = 200
_MOST_NOTES = 100
_MOST_CALLS = 2_000
# Newest stops one rule looks through: a flood must not hold up the intake that takes it in.
_MOST_STOPS = 20_000
_MOST_VERDICTS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Grown:
    """An investigation with the calls it has just been opened or extended by."""

    investigation: Investigation
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Due:
    """What a rule asks for: one subject, with the calls of this intake that led to it."""

    rule: Rule
    subject: Subject
    grown: Grown
    rows: tuple[Row, ...]

    @property
    def key(self) -> str:
        return key_of(self.rule.kind, self.subject)

    @property
    def monitored(self) -> bool:
        """Every one of these calls was only watched, or played in a rehearsal: nothing may be stopped for them."""
        return all(
            (row["action"] != row["would_have"] and not row.get("late")) or row["tenant_id"] == REHEARSED
            for row in self.rows
        )


def respond(grown: Sequence[Grown], *, now: datetime) -> None:
    """Do what the rules say about these investigations, or write down what they would have done and did not."""
    telling = [replace(one, rows=tuple(filter(_counts, one.rows))) for one in grown]
    telling = [one for one in telling if one.rows]
    if not telling:
        return
    due: list[_Due] = []
    for rule in load_rules():
        if rule.mode is not RuleMode.OFF:
            due += _reached(rule, _matching(rule, telling), now=now)
    due = _not_restricted_yet(due)
    doing = [one for one in due if one.rule.mode is RuleMode.ON and not one.monitored]
    not_done = [(one, _why_not(one)) for one in due if one not in doing]
    if doing:
        not_done += _do(doing, now=now)
    _note(not_done, now=now)


def _counts(row: Row) -> bool:
    return (
        row["would_have"] in ("hold", "block")
        and not row["failed"]
        and row["duplicate_of"] is None
        and row["deciding_signal"] not in RESTRICTED
    )


def _matching(rule: Rule, grown: Iterable[Grown]) -> list[_Due]:
    """Each subject the rule could restrict, with its calls of this intake."""
    slugs = dict(Orchestrator.objects.values_list("pk", "slug")) if rule.kind is Restricted.SESSION else {}
    found: dict[Subject, _Due] = {}
    for one in grown:
        for row in one.rows:
            if not _fits(rule, row):
                continue
            found_in = one.investigation
            subject = subject_of(rule.kind, row, slugs, document=found_in.document, destination=found_in.destination)
            if not subject or (subject not in found and len(found) >= _MOST_SUBJECTS):
                continue
            before = found.get(subject)
            rows = (*before.rows, row) if before else (row,)
            found[subject] = _Due(rule=rule, subject=subject, grown=before.grown if before else one, rows=rows)
    return _with_profile(rule, list(found.values()))


def _fits(rule: Rule, row: Row) -> bool:
    said = {signal["name"] for signal in row["signals"] if signal["action"] in ("hold", "block")}
    return (
        (row["severity"] or 0) >= rule.severity
        and (not rule.blocked_only or row["would_have"] == "block")
        and (not rule.signals or not rule.signals.isdisjoint(said | {row["deciding_signal"]}))
    )


def subject_of(kind: Restricted, row: Row, slugs: Mapping[int, str], *, document: str, destination: str) -> Subject:
    """What of this call could be restricted; empty where it has nothing of this kind. `slugs` are callers' by id."""
    match kind:
        case Restricted.AGENT:
            return (row["agent_id"],) if row["agent_id"] else ()
        case Restricted.USER:
            return (row["user_id"],) if row["user_id"] else ()
        case Restricted.SESSION:
            parts = (slugs.get(row["orchestrator_id"], ""), row["agent_id"], row["conversation_id"])
            return parts if all(parts) else ()
        case Restricted.CHANNEL:
            named = row["agent_id"] and row["channel_id"] and not row["user_id"]
            return (row["agent_id"], row["channel_id"]) if named else ()
        case Restricted.DOCUMENT:
            return (document,) if document else ()
        case Restricted.DESTINATION:
            return (destination,) if destination else ()


def _with_profile(rule: Rule, due: list[_Due]) -> list[_Due]:
    if not rule.profile or not due:
        return due
    agents = {row["agent_id"] for one in due for row in one.rows}
    profiles = dict(Agent.objects.filter(agent_id__in=agents).values_list("agent_id", "profile"))
    usual = load_defaults().profile
    return [one for one in due if any((profiles.get(row["agent_id"]) or usual) == rule.profile for row in one.rows)]


def _reached(rule: Rule, due: Sequence[_Due], *, now: datetime) -> list[_Due]:
    """Those whose subject had as many stopped calls of as many agents as the rule asks for."""
    if rule.kind is Restricted.DESTINATION:
        due = [one for one in due if may_be_quarantined(one.subject[0])]
    if not due or (rule.calls <= 1 and rule.agents <= 1):
        return list(due)
    since = now - timedelta(minutes=rule.minutes)
    calls, agents = _counted(rule, due, since=since)
    return [
        one
        for one in due
        if max(calls.get(one.subject, 0), sum(row["received_at"] >= since for row in one.rows)) >= rule.calls
        and max(agents.get(one.subject, 0), len({row["agent_id"] for row in one.rows})) >= rule.agents
    ]


def _counted(rule: Rule, due: Sequence[_Due], *, since: datetime) -> tuple[dict[Subject, int], dict[Subject, int]]:
    """Stopped calls, and agents, of each subject since then. Calls found late count with the intake that finds them."""
    stops = ["block"] if rule.blocked_only else ["hold", "block"]
    counted = Verdict.objects.filter(
        pk__gte=floor_id(since), would_have__in=stops, failed=False, duplicate_of=None, severity__gte=rule.severity
    ).exclude(deciding_signal__in=RESTRICTED)
    if rule.signals:
        counted = counted.filter(deciding_signal__in=rule.signals)
    if rule.kind in (Restricted.DOCUMENT, Restricted.DESTINATION):
        return _counted_by_investigation(rule.kind.value, due, counted, since=since)
    if rule.kind is Restricted.CHANNEL:
        columns = ["agent_id", "channel_id"]
        counted = _newest(counted).filter(user_id="", channel_id__in=[one.subject[1] for one in due])
    elif rule.kind is Restricted.SESSION:
        columns = ["orchestrator_id", "agent_id", "conversation_id"]
        counted = _newest(counted.filter(conversation_id__in=[one.subject[2] for one in due]))
    elif rule.kind is Restricted.AGENT:
        columns = ["agent_id"]
        counted = _newest(counted.filter(agent_id__in=[one.subject[0] for one in due]))
    else:
        columns = ["user_id"]
        counted = _newest(counted).filter(user_id__in=[one.subject[0] for one in due])
    rows = counted.order_by().values_list(*columns).annotate(n=Count("pk"), m=Count("agent_id", distinct=True))
    slugs = dict(Orchestrator.objects.values_list("pk", "slug")) if rule.kind is Restricted.SESSION else {}
    calls: dict[Subject, int] = {}
    agents: dict[Subject, int] = {}
    for *parts, n, m in rows:
        subject = (slugs.get(parts[0], ""), *parts[1:]) if rule.kind is Restricted.SESSION else tuple(parts)
        calls[subject], agents[subject] = n, m
    return calls, agents


def _newest(stops: QuerySet[Verdict]) -> QuerySet[Verdict]:
    """What an index finds by conversation or agent is narrowed before; users and channels are looked for in these."""
    return Verdict.objects.filter(pk__in=stops.order_by("-pk").values("pk")[:_MOST_STOPS])


def _counted_by_investigation(
    column: str, due: Sequence[_Due], counted: QuerySet[Verdict], *, since: datetime
) -> tuple[dict[Subject, int], dict[Subject, int]]:
    """By what the investigations of the calls say, for a document or destination is not in a verdict's own columns."""
    places = InvestigationCall.objects.filter(
        verdict_id__gte=floor_id(since), **{f"investigation__{column}__in": [one.subject[0] for one in due]}
    ).order_by("-verdict_id")
    found = list(places.values_list("verdict_id", f"investigation__{column}", "investigation__agent_id")[:_MOST_CALLS])
    valid = set(counted.filter(pk__in=[verdict_id for verdict_id, _, _ in found]).values_list("pk", flat=True))
    calls: Counter[Subject] = Counter()
    agents: Counter[Subject] = Counter()
    calls.update((value,) for pk, value, _ in found if pk in valid)
    agents.update((value,) for value, _ in {(value, agent) for pk, value, agent in found if pk in valid})
    return dict(calls), dict(agents)


def _not_restricted_yet(due: Sequence[_Due]) -> list[_Due]:
    restricted: set[tuple[str, str]] = set()
    for kind in {one.rule.kind for one in due}:
        here = open_ones(kind, [one.subject for one in due if one.rule.kind is kind])
        restricted |= set(here.values_list("effect", "key"))
    return [one for one in due if (one.rule.effect.value, one.key) not in restricted]


def _do(due: Sequence[_Due], *, now: datetime) -> list[tuple[_Due, str]]:
    """Restrict within the budget; returns what was not done after all, with why."""
    serialise()
    # read again, now that nobody else changes them: who switched a rule off must not see it act after that
    modes = {rule.slug: rule.mode for rule in load_rules()}
    budget = load_budget(now)
    left: list[tuple[_Due, str]] = []
    made = 0
    for one in due:
        if modes[one.rule.slug] is not RuleMode.ON:
            continue
        if not budget.enabled or not budget.allows(one.rule.kind):
            left.append((one, NotDone.Why.BUDGET if budget.enabled else NotDone.Why.SWITCHED_OFF))
            continue
        if _restrict(one, now=now):
            made += 1
            kind = one.rule.kind.value
            used_of = {**budget.used_of, kind: budget.used_of.get(kind, 0) + 1}
            budget = replace(budget, used=budget.used + 1, used_of=used_of)
    if made:
        changed()
    return left


def _restrict(one: _Due, *, now: datetime) -> bool:
    rule, pk = one.rule, one.grown.investigation.pk
    wanted = Wanted(
        kind=rule.kind,
        effect=rule.effect,
        subject=one.subject,
        reason=f"{_reason(rule)}.",
        until=now + timedelta(minutes=rule.for_minutes),
        per_minute=rule.per_minute,
        investigation=pk,
        verdicts=tuple(str(row["id"]) for row in one.rows[:_MOST_VERDICTS]),
    )
    try:
        restriction = restrict_by_rule(wanted, rule=rule.slug, now=now)
    except RestrictionError as error:
        log.warning("response.refused", rule=rule.slug, why=str(error)[:200])
        return False
    if restriction is None:
        return False
    log.info("response.restricted", rule=rule.slug, restriction=restriction.pk, investigation=pk)
    text = restricted_text(restriction, rule=rule.slug)
    Activity.objects.create(investigation_id=pk, kind="restricted_by_rule", text=text)
    return True


def _reason(rule: Rule) -> str:
    met = f"{rule.calls} stopped call{'s' if rule.calls > 1 else ''} within {rule.minutes} minutes"
    of = f" of {rule.agents} agents" if rule.agents > 1 else ""
    return f"{rule.name} ({met}{of})" if rule.calls > 1 else rule.name


def _why_not(one: _Due) -> str:
    return NotDone.Why.MONITOR if one.rule.mode is RuleMode.ON else NotDone.Why.DRY_RUN


def _note(not_done: Sequence[tuple[_Due, str]], *, now: datetime) -> None:
    """Write down what was not done, once for each investigation: it is locked, so nobody else writes it meanwhile."""
    rows = [
        NotDone(
            rule=one.rule.slug,
            kind=one.rule.kind.value,
            effect=one.rule.effect.value,
            subject=list(one.subject),
            key=one.key,
            reason=_reason(one.rule),
            why=why,
            investigation=one.grown.investigation.pk,
            at=now,
        )
        for one, why in not_done[:_MOST_NOTES]
    ]
    if not rows:
        return
    unique = ("investigation", "rule", "key", "effect", "why")
    known = set(NotDone.objects.filter(investigation__in={row.investigation for row in rows}).values_list(*unique))
    fresh = [row for row in rows if tuple(getattr(row, name) for name in unique) not in known]
    NotDone.objects.bulk_create(fresh)
    Activity.objects.bulk_create(
        Activity(investigation_id=row.investigation, kind="would_restrict", text=not_done_text(row))
        for row in fresh
        if row.investigation
    )


def restricted_text(made: Restriction, *, rule: str) -> str:
    """What a rule has restricted, as the investigation tells it."""
    what = f"{made.get_effect_display().lower()}, {_words(made.kind, made.label)}"
    return f"{made.pk}: {what}. Rule: {rule}"


def not_done_text(row: NotDone) -> str:
    """What a rule would have restricted, as the investigation tells it."""
    what = f"{row.get_effect_display().lower()}, {_words(row.kind, row.label)}"
    return f"{what}. {row.get_why_display()}. Rule: {row.rule}"


def _words(kind: str, label: str) -> str:
    return f"{'conversation' if kind == 'session' else kind} {label}"


def hits_of(rows: Iterable[Row]) -> dict[int, int]:
    """How many of these calls each restriction stopped, or would have."""
    numbers: Counter[int] = Counter()
    for row in rows:
        if row["would_have"] in ("hold", "block") and row["duplicate_of"] is None:
            facts = (fact for signal in row["signals"] if signal["name"] in RESTRICTED for fact in signal["facts"])
            numbers.update({int(value) for name, value in facts if name == "restriction"})
    return dict(numbers)
