"""Figures over a period: what was stopped and how it held up, how fast people and answers were, what is covered.

From days that were counted when calls came (`guardrail.search.days`, `AgentDay`) and from logged transitions; nothing
here goes over verdicts, so a year costs what a week costs. But for a part of the house: what was stopped there is
counted by an index of what was stopped.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Avg, Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast

from guardrail.kept import for_eyes
from guardrail.models import EntityDay, SearchEntry
from guardrail.search.days import SLOWER, Kind
from guardrail.verdict_id import floor_id
from investigations.entities import Activity, activity_of
from investigations.models import Investigation
from investigations.models.clocks import Transition
from investigations.visibility import visible_to
from policies.models import Agent, AgentDay, Environment
from policies.scope import Person, agents_of, of_agents, of_environments

LONGEST_DAYS = 366
# No call is older, and no id of a verdict later.
_YEARS = (2000, 2200)
_MOST_RULES, _MOST_TOP = 25, 10
_HEADINGS = {Kind.DESTINATION: "Destinations", Kind.DOCUMENT: "Documents", Kind.AGENT: "Agents", Kind.USER: "Users"}
# Of the search.
_COLUMNS = {Kind.DESTINATION: "destination", Kind.USER: "user_id"}
_OUTCOMES = ("blocked", "held", "watched", "noted")
_OVERTURNED = (Investigation.Disposition.FALSE_POSITIVE, Investigation.Disposition.BENIGN_EXPECTED)


class PeriodError(ValueError):
    """A period that cannot be reported on; the message says what was found and what was wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Whole days (UTC), both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time.min, tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        """The moment after its last day."""
        return datetime.combine(self.last + timedelta(days=1), time.min, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleFigures:
    """What one finding stopped, and what people said of it: `overturned` of `decided` were harmless."""

    rule: str
    stopped: int
    decided: int
    confirmed: int
    overturned: int

    @property
    def overturned_percent(self) -> float | None:
        """None where nobody has decided anything."""
        return 100 * self.overturned / self.decided if self.decided else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How long people took: means in seconds, by the clock on the wall and within working hours."""

    steps: int
    seconds: float
    worked_seconds: float
    late: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Top:
    """Something with many stops; `kind` is a word of an entity page."""

    kind: str
    key: str
    name: str
    calls: int | None
    stopped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """`silent` are registered and made no call in the period, `shadow` made some and nobody entered them."""

    registered: int
    seen: int
    shadow: int
    silent: int
    environments: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All figures of a period. `answer_ms` are upper bounds of the median, the 95th and the 99th percentile.

    `whole`: of the whole house; else of a part, and what is only counted for the whole is empty.
    """

    period: Period
    activity: Activity
    rules: tuple[RuleFigures, ...]
    acknowledged: Pace | None
    resolved: Pace | None
    answer_ms: tuple[int, ...]
    late: int
    executed: int
    degraded: tuple[tuple[str, int], ...]
    coverage: Coverage
    top: tuple[tuple[str, tuple[Top, ...]], ...]
    whole: bool

    @property
    def blocked_percent(self) -> float | None:
        """Of all calls, those answered block or hold; None where there was none."""
        return 100 * self.activity.stopped / self.activity.calls if self.activity.calls else None


def read_period(first: str, last: str, *, days: int, today: date) -> Period:
    """From two ISO days, or the last `days` days. Raises PeriodError."""
    try:
        end = date.fromisoformat(last) if last else today
        begin = date.fromisoformat(first) if first else end - timedelta(days=days - 1)
    except (ValueError, OverflowError):
        raise PeriodError(_unread(first, last)) from None
    if any(not _YEARS[0] <= day.year < _YEARS[1] for day in (begin, end)):
        raise PeriodError(_unread(first, last))
    if begin > end:
        raise PeriodError(f"the period begins on `{begin}` and ends on `{end}`, expected it to end later")
    if (end - begin).days >= LONGEST_DAYS:
        raise PeriodError(f"the period has {(end - begin).days + 1} days, expected at most {LONGEST_DAYS}")
    return Period(first=begin, last=end)


def _unread(first: str, last: str) -> str:
    return f"the period is `{first[:20]}` to `{last[:20]}`, expected days like `2026-11-01`"


def load_report(period: Period, *, person: Person) -> Report:
    """All of it in about fifteen queries; for somebody who sees some environments, of their agents only.

    Days of anything but agents are counted for the whole house. So for a part what was stopped is counted by call, and
    how fast answers were, with what missing, and which documents had to do with it is not told.
    """
    days = EntityDay.objects.filter(day__gte=period.first, day__lte=period.last)
    agents = AgentDay.objects.filter(of_agents(person), day__gte=period.first, day__lte=period.last)
    sums = agents.filter(Q(late__gt=0) | Q(executed__gt=0)).aggregate(late=Sum("late"), executed=Sum("executed"))
    steps = Transition.objects.filter(void=False, at__gte=period.begins, at__lt=period.ends)
    whole = agents_of(person) is None
    if not whole:
        steps = steps.filter(visible_to(person, prefix="investigation__"))
    stopped = _stopped_by_rule(period) if whole else _stopped_of_part(period, person, column="rule")
    return Report(
        period=period,
        activity=load_activity(period, person=person),
        rules=tuple(_rules(stopped, steps)),
        acknowledged=_pace(steps, Transition.Kind.ACKNOWLEDGED),
        resolved=_pace(steps, Transition.Kind.CLOSED),
        answer_ms=_answer_ms(dict(_by_key(days, Kind.MS))) if whole else (),
        late=sums["late"] or 0,
        executed=sums["executed"] or 0,
        degraded=tuple(_by_key(days, Kind.DEGRADED))[:_MOST_TOP] if whole else (),
        coverage=_coverage(period, person),
        top=tuple(_tops(period)) if whole else tuple(_tops_of_part(period, person)),
        whole=whole,
    )


def load_activity(period: Period, *, person: Person) -> Activity:
    """Its days, and what its calls came to, of the agents the person sees. One query."""
    agents = agents_of(person)
    whom = (
        Q(kind=Kind.ALL.value, key="") if agents is None else Q(of_agents(person, column="key"), kind=Kind.AGENT.value)
    )
    found = EntityDay.objects.filter(whom, day__gte=period.first, day__lte=period.last)
    names = ("calls", *_OUTCOMES)
    sums = {f"all_{name}": Sum(Cast(name, FloatField())) for name in names}
    counts = {
        row["day"]: Counter({name: int(row[f"all_{name}"] or 0) for name in names})
        for row in found.order_by("day").values("day").annotate(**sums)
    }
    return activity_of(counts, period.days, period.last)


def _stopped_by_rule(period: Period) -> dict[str, int]:
    """Those that stopped most first."""
    stops = EntityDay.objects.filter(kind=Kind.RULE.value, day__gte=period.first, day__lte=period.last)
    ranked = stops.filter(_STOPPED).values("key").annotate(stopped=_SUM_OF_STOPPED).order_by("-stopped", "key")
    return {row["key"]: int(row["stopped"] or 0) for row in ranked}


def _stopped_of_part(period: Period, person: Person, *, column: str, most: int | None = None) -> dict[str, int]:
    """How many calls for these eyes were stopped, or would have been, by what stands in a column of the search.

    By the index of those that were stopped, within the period: as many rows as were stopped in the whole house.
    """
    stops = for_eyes(SearchEntry.objects.all(), person).filter(
        id__gte=floor_id(period.begins), id__lt=floor_id(period.ends), would_have__in=("hold", "block")
    )
    ranked = stops.exclude(**{column: ""}).order_by().values(column).annotate(found=Count("pk"))
    return {row[column]: row["found"] for row in ranked.order_by("-found", column)[:most]}


def _rules(stopped: Mapping[str, int], steps: QuerySet[Transition]) -> Iterator[RuleFigures]:
    """Those that stopped most, and those people decided about."""
    closed = steps.filter(kind=Transition.Kind.CLOSED).exclude(disposition="")
    decided: dict[str, Counter[str]] = {}
    for row in closed.values("investigation__kind", "disposition").annotate(found=Count("id")):
        decided.setdefault(row["investigation__kind"], Counter())[row["disposition"]] += row["found"]
    for rule in list(dict.fromkeys([*stopped, *decided]))[:_MOST_RULES]:
        said = decided.get(rule, Counter())
        yield RuleFigures(
            rule=rule,
            stopped=stopped.get(rule, 0),
            decided=said.total() - said[Investigation.Disposition.UNDETERMINED],
            confirmed=said[Investigation.Disposition.TRUE_POSITIVE],
            overturned=sum(said[one] for one in _OVERTURNED),
        )


_STOPPED = Q(blocked__gt=0) | Q(held__gt=0) | Q(watched__gt=0)
# as floats, which are exact so far: sums of whole numbers of 64 bits are made in decimals, twice as slow (2026-11)
_SUM_OF_STOPPED = Sum(Cast(F("blocked") + F("held") + F("watched"), FloatField()))
_SUM_OF_CALLS = Sum(Cast("calls", FloatField()))


def _pace(steps: QuerySet[Transition], kind: str) -> Pace | None:
    found = steps.filter(kind=kind).aggregate(
        steps=Count("id"),
        mean=Avg("seconds"),
        worked=Avg("worked_seconds"),
        missed=Count("id", filter=Q(late=True)),
    )
    if not found["steps"]:
        return None
    return Pace(
        steps=found["steps"],
        seconds=float(found["mean"]),
        worked_seconds=float(found["worked"]),
        late=found["missed"],
    )


def _by_key(days: Any, kind: Kind) -> list[tuple[str, int]]:
    rows = days.filter(kind=kind.value).values("key").annotate(found=_SUM_OF_CALLS).order_by("-found", "key")
    return [(row["key"], int(row["found"] or 0)) for row in rows]


def _answer_ms(buckets: Mapping[str, int]) -> tuple[int, ...]:
    """By the buckets answers were counted in; empty where none was."""
    ordered = sorted((int(key), count) for key, count in buckets.items() if key.isdecimal())
    total = sum(count for _, count in ordered)
    if not total:
        return ()
    found = []
    for share in (0.5, 0.95, 0.99):
        seen = 0
        for bound, count in ordered:
            seen += count
            if seen >= share * total:
                found.append(bound)
                break
    return tuple(min(bound, SLOWER) for bound in found)


def _coverage(period: Period, person: Person) -> Coverage:
    """Who was seen is told by when they came last: of a period long ago it is a lower bound."""
    since = Q(last_seen__gte=period.begins)
    registered = Q(registered=True)
    found = Agent.objects.filter(of_environments(person)).aggregate(
        all_registered=Count("id", filter=registered),
        all_seen=Count("id", filter=since),
        all_shadow=Count("id", filter=since & ~registered),
        seen_registered=Count("id", filter=since & registered),
    )
    return Coverage(
        registered=found["all_registered"],
        seen=found["all_seen"],
        shadow=found["all_shadow"],
        silent=found["all_registered"] - found["seen_registered"],
        environments=Environment.objects.filter(
            of_environments(person, column="pk"), last_seen__gte=period.begins
        ).count(),
    )


def _tops(period: Period) -> Iterator[tuple[str, tuple[Top, ...]]]:
    for kind in (Kind.DESTINATION, Kind.DOCUMENT, Kind.AGENT, Kind.USER):
        rows = EntityDay.objects.filter(_STOPPED, kind=kind.value, day__gte=period.first, day__lte=period.last)
        yield _HEADINGS[kind], _ranked(kind, rows)


def _tops_of_part(period: Period, person: Person) -> Iterator[tuple[str, tuple[Top, ...]]]:
    """How many calls a destination or a user had is counted for the whole house, so only the stopped are told."""
    agents = EntityDay.objects.filter(_STOPPED, of_agents(person, column="key"), kind=Kind.AGENT.value)
    for kind in (Kind.DESTINATION, Kind.AGENT, Kind.USER):
        if kind is Kind.AGENT:
            found = _ranked(kind, agents.filter(day__gte=period.first, day__lte=period.last))
        else:
            counted = _stopped_of_part(period, person, column=_COLUMNS[kind], most=_MOST_TOP)
            found = tuple(Top(kind=kind.value, key=key, name=key, calls=None, stopped=n) for key, n in counted.items())
        yield _HEADINGS[kind], found


def _ranked(kind: Kind, rows: QuerySet[EntityDay]) -> tuple[Top, ...]:
    ranked = rows.order_by().values("key").annotate(stopped=_SUM_OF_STOPPED, seen=_SUM_OF_CALLS)
    found = list(ranked.order_by("-stopped", "key")[:_MOST_TOP])
    names = _names([row["key"] for row in found]) if kind is Kind.AGENT else {}
    return tuple(
        Top(
            kind=kind.value,
            key=row["key"],
            name=names.get(row["key"]) or row["key"],
            calls=int(row["seen"] or 0),
            stopped=int(row["stopped"] or 0),
        )
        for row in found
    )


def _names(ids: list[str]) -> dict[str, str]:
    return dict(Agent.objects.filter(agent_id__in=ids).values_list("agent_id", "name"))
