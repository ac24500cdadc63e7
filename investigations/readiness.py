"""Whether an agent, or a whole environment, is ready to be enforced: what was watched, and what people found in it.

Each check says what was found, what is wanted, and whether that is met; none of them switches anything. Reads sums the
intake keeps and the investigations of the last days, never the calls.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet, Sum

from investigations.grouping import NOT_TAKEN_IN, UNJUDGED
from investigations.models import Investigation
from investigations.recollection import HARMLESS
from policies.models import Agent, AgentChange, AgentDay, Charter, Environment, SeenTool

DAYS = 30
DAYS_WANTED = 10
CALLS_WANTED = 200
# Of the stopped calls so many are looked at, or all of them.
LOOKED_AT_WANTED = 30
FALSE_BELOW = LATE_BELOW = 1 / 1_000
_OF_OURS = (UNJUDGED, NOT_TAKEN_IN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that should be so before calls are stopped. `do` says what to do where it is not."""

    what: str
    found: str
    wanted: str
    met: bool
    do: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """What enforcing would do, by what policy said of each of the calls of these days.

    A notice stops nothing; many of one kind are what a rule that is made stricter would stop.
    """

    calls: int
    blocked: int
    held: int
    noticed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    checks: tuple[Check, ...]
    foreseen: Foreseen

    @property
    def met(self) -> int:
        """How many are met."""
        return sum(check.met for check in self.checks)

    @property
    def is_ready(self) -> bool:
        """Whether all are."""
        return self.met == len(self.checks)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Watched:
    """What was watched: `stops` calls were stopped or would have been, `looked_at` of them are in closed
    investigations, and people called `harmless` of those honest."""

    days: int
    calls: int
    late: int
    blocked: int
    held: int
    noticed: int
    stops: int
    looked_at: int
    harmless: int


def load_agent_readiness(agent: Agent, *, now: datetime) -> Readiness:
    """One agent. Five queries."""
    since = now - timedelta(days=DAYS)
    watched = _load_watched(Q(agent_id=agent.agent_id), since=since)
    return Readiness(checks=(*_of_watched(watched), *_of_agent(agent, since=since)), foreseen=_foreseen(watched))


def load_environment_readiness(environment: Environment, *, now: datetime) -> Readiness:
    """All agents of one environment. Four queries."""
    since = now - timedelta(days=DAYS)
    agents = Agent.objects.filter(environment=environment)
    watched = _load_watched(Q(agent_id__in=agents.values("agent_id")), since=since)
    return Readiness(checks=(*_of_watched(watched), *_of_agents(agents)), foreseen=_foreseen(watched))


def _load_watched(whose: Q, *, since: datetime) -> _Watched:
    """Two queries."""
    days = AgentDay.objects.filter(whose, day__gt=since.date()).aggregate(
        days=Count("day", distinct=True),
        calls=Sum("calls"),
        late=Sum("late"),
        blocked=Sum("would_block"),
        held=Sum("would_hold"),
        noticed=Sum("noticed"),
    )
    closed = Q(status=Investigation.Status.CLOSED)
    found = (
        Investigation.objects.filter(whose, last_seen__gte=since)
        .exclude(Q(kind__in=_OF_OURS) | Q(outcome=Investigation.Outcome.NOTED))
        .aggregate(
            stops=Sum("calls"),
            looked_at=Sum("calls", filter=closed),
            harmless=Sum("calls", filter=closed & Q(disposition__in=HARMLESS)),
        )
    )
    return _Watched(**{name: number or 0 for name, number in (days | found).items()})


def _foreseen(watched: _Watched) -> Foreseen:
    return Foreseen(calls=watched.calls, blocked=watched.blocked, held=watched.held, noticed=watched.noticed)


def _of_watched(watched: _Watched) -> Iterator[Check]:
    yield Check(
        what="Days with calls, of the last 30",
        found=f"{watched.days}",
        wanted=f"at least {DAYS_WANTED}",
        met=watched.days >= DAYS_WANTED,
        do="watch it longer",
    )
    yield Check(
        what="Calls in these days",
        found=f"{watched.calls:,}",
        wanted=f"at least {CALLS_WANTED}",
        met=watched.calls >= CALLS_WANTED,
        do="watch it longer",
    )
    yield Check(
        what="Calls it would have stopped that an analyst looked at",
        found=f"{watched.looked_at:,} of {watched.stops:,}" if watched.stops else "none would have been stopped",
        wanted=f"all, or {LOOKED_AT_WANTED}",
        met=watched.looked_at >= min(watched.stops, LOOKED_AT_WANTED),
        do="close its investigations with what you found",
    )
    yield _false_positives(watched)
    late = watched.late / watched.calls if watched.calls else 0.0
    yield Check(
        what="Calls answered too late",
        found=f"{watched.late:,}",
        wanted="under 1 in 1,000",
        met=late < LATE_BELOW,
        do="a call answered late goes through whatever the answer: look at the ledger",
    )


def _false_positives(watched: _Watched) -> Check:
    """Honest calls among those looked at, taken for all that would have been stopped."""
    share = watched.harmless / watched.looked_at if watched.looked_at else 0.0
    rate = share * watched.stops / watched.calls if watched.calls else 0.0
    known = watched.looked_at > 0 or watched.stops == 0
    return Check(
        what="Honest calls it would have stopped",
        found=f"{watched.harmless:,} of {watched.looked_at:,} looked at, {1000 * rate:.1f} in 1,000 calls"
        if watched.looked_at
        else "not known yet"
        if watched.stops
        else "none would have been stopped",
        wanted="under 1 in 1,000 calls",
        met=known and rate < FALSE_BELOW,
        do="allow what is honest by an exception or a rule, then watch again" if known else "look at some first",
    )


def _of_agent(agent: Agent, *, since: datetime) -> Iterator[Check]:
    """Three queries."""
    yield Check(
        what="Somebody answers for it",
        found=agent.owner or "nobody",
        wanted="an owner",
        met=bool(agent.registered and agent.owner),
        do="register it with an owner",
    )
    charter = Charter.objects.filter(agent_id=agent.agent_id).first()
    used = SeenTool.objects.filter(agent_id=agent.agent_id, last_seen__gte=since).values_list("tool", "name")
    pinned = set(charter.tools) if charter else set()
    outside = sum(not {tool, name.lower()} & pinned for tool, name in used[:1000]) if charter else 0
    yield Check(
        what="Every tool in use is in its charter",
        found=("all are" if not outside else f"{outside} not") if charter else "no charter is pinned",
        wanted="all",
        met=charter is not None and not outside,
        do="add them to the charter, or find out why it uses them" if charter else "pin its charter",
    )
    yield _drift(AgentChange.objects.filter(agent_id=agent.agent_id))


def _of_agents(agents: QuerySet[Agent]) -> Iterator[Check]:
    """Two queries."""
    shadow = agents.filter(Q(registered=False) | Q(owner="")).count()
    yield Check(
        what="Somebody answers for each of its agents",
        found=f"{shadow:,} without an owner" if shadow else "all have an owner",
        wanted="all",
        met=not shadow,
        do="register them with an owner",
    )
    yield _drift(AgentChange.objects.filter(agent_id__in=agents.values("agent_id")))


def _drift(changes: QuerySet[AgentChange]) -> Check:
    still_open = changes.filter(acknowledged_at=None).count()
    return Check(
        what="Drift somebody has looked at",
        found=f"{still_open:,} not" if still_open else "all",
        wanted="all",
        met=not still_open,
        do="look at what changed",
    )
