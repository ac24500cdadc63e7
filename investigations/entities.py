"""What is known about one agent, user, conversation, destination or tool: its days, its calls, and what people did.

Counts come from the days the search counts (`guardrail.search.days`); lists are read by key from an index. Nothing here
counts over all verdicts.
"""

import enum
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum

from guardrail.kept import for_eyes
from guardrail.models import EntityDay, SearchEntry, Verdict
from guardrail.queries import BRIEF
from guardrail.search.days import tool_key
from guardrail.verdict_id import moment_of_id
from investigations.models import Investigation, InvestigationCall
from investigations.visibility import visible_to
from policies.access import is_narrowed
from policies.hosts import host_of
from policies.models import Agent, Destination, Indicator, KnowledgeDocument, PolicyException, Restriction, SeenTool

SPANS = (7, 30, 90)
PAGE = 25
# Calls the table of what it has to do with is made of.
_LOOKED_AT = 100
_STOPPED_LOOKED_AT = 200
_MOST_RELATED, _MOST_INVESTIGATIONS, _MOST_LISTED = 8, 20, 20
_OUTCOMES = ("blocked", "held", "watched", "noted")


class Kind(enum.Enum):
    """What a page can be about; the value stands in its address."""

    AGENT = "agent"
    USER = "user"
    SESSION = "session"
    DESTINATION = "destination"
    TOOL = "tool"
    DOCUMENT = "document"


WORDS = {
    Kind.AGENT: "Agent",
    Kind.USER: "User",
    Kind.SESSION: "Conversation",
    Kind.DESTINATION: "Destination",
    Kind.TOOL: "Tool",
    Kind.DOCUMENT: "Document",
}
# The column of the search that holds its key.
_COLUMN = {
    Kind.AGENT: "agent_id",
    Kind.USER: "user_id",
    Kind.SESSION: "conversation_id",
    Kind.DESTINATION: "destination",
    Kind.TOOL: "tool",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One day of the chart, in its units: `height` of all calls, of which `stopped` are in front."""

    day: date
    calls: int
    stopped: int
    x: float
    y: float
    height: float
    stopped_y: float
    stopped_height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Activity:
    """What its calls came to in a window. `share` of each outcome is in percent of all calls."""

    days: int
    bars: tuple[Bar, ...]
    width: float
    calls: int
    mix: tuple[tuple[str, int, float], ...]
    busiest: Bar | None

    @property
    def ends(self) -> date:
        """The last day."""
        return self.bars[-1].day

    @property
    def stopped(self) -> int:
        """Answered hold or block."""
        return sum(count for name, count, _ in self.mix if name in ("blocked", "held"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """Something it had to do with lately: `calls` of those looked at."""

    kind: Kind
    key: str
    name: str
    calls: int
    stopped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """Something people or lists said of it. `page` is the name of a page, `argument` what its address takes."""

    what: str
    text: str
    page: str
    argument: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """Everything the page shows beside the list of its calls."""

    kind: Kind
    key: str
    name: str
    activity: Activity
    first_seen: datetime | None
    last_seen: datetime | None
    related: tuple[tuple[str, tuple[Related, ...]], ...]
    looked_at: int
    investigations: tuple[Investigation, ...]
    restrictions: tuple[Restriction, ...]
    listings: tuple[Listing, ...]

    @property
    def word(self) -> str:
        """What kind of thing it is, in words."""
        return WORDS[self.kind]


@dataclass(frozen=True, kw_only=True, slots=True)
class Calls:
    """A page of its calls; `older` is where the next begins, None at the end."""

    verdicts: tuple[Verdict, ...]
    older: uuid.UUID | None


def load_entity(kind: Kind, key: str, *, days: int, today: date, person: User) -> Entity:
    """About fifteen queries, however many calls it made. One nobody has seen is an empty page, not an error."""
    newest = list(_calls(kind, key, person=person).order_by("-id")[:_LOOKED_AT])
    oldest = _calls(kind, key, person=person).order_by("id").values_list("id", flat=True).first()
    briefs = Verdict.objects.only(*BRIEF).in_bulk([entry.pk for entry in newest])
    looked_at = [briefs[entry.pk] for entry in newest if entry.pk in briefs]
    return Entity(
        kind=kind,
        key=key,
        name=_name(kind, key, looked_at),
        # days are counted for the whole house
        activity=_sessions_days(looked_at, days, today)
        if kind is Kind.SESSION or (is_narrowed(person) and kind is not Kind.AGENT)
        else _load_days(kind, key, days, today),
        first_seen=moment_of_id(oldest) if oldest else None,
        last_seen=moment_of_id(newest[0].pk) if newest else None,
        related=tuple(_related(kind, looked_at)),
        looked_at=len(looked_at),
        investigations=_load_investigations(kind, key, person=person),
        restrictions=() if is_narrowed(person) and kind is not Kind.AGENT else _load_restrictions(kind, key),
        listings=tuple(_listings_of_agent(key) if kind is Kind.AGENT else ())
        if is_narrowed(person)
        else tuple(_listings(kind, key)),
    )


def load_calls(kind: Kind, key: str, *, before: uuid.UUID | None, person: User) -> Calls:
    """A page of its calls that are for the person, newest first. Two queries, by an index."""
    rows = _calls(kind, key, person=person).order_by("-id")
    ids = list((rows.filter(id__lt=before) if before else rows).values_list("id", flat=True)[: PAGE + 1])
    known = Verdict.objects.only(*BRIEF).in_bulk(ids[:PAGE])
    verdicts = tuple(known[pk] for pk in ids[:PAGE] if pk in known)
    return Calls(verdicts=verdicts, older=ids[PAGE - 1] if len(ids) > PAGE else None)


def load_document_page(key: str) -> int | None:
    """The page of a document, which has one of its own, by its number, place, id or name; None where none is known."""
    if key.isdecimal() and len(key) < 19 and KnowledgeDocument.objects.filter(pk=int(key)).exists():
        return int(key)
    for column in ("place", "document_id", "name"):
        found = KnowledgeDocument.objects.filter(**{column: key}).order_by("pk").values_list("pk", flat=True).first()
        if found is not None:
            return found
    return None


def _calls(kind: Kind, key: str, *, person: User) -> QuerySet[SearchEntry]:
    return for_eyes(SearchEntry.objects.all(), person).filter(**{_COLUMN[kind]: _folded(kind, key)})


def _folded(kind: Kind, key: str) -> str:
    return key.lower() if kind in (Kind.DESTINATION, Kind.TOOL) else key


def _load_days(kind: Kind, key: str, days: int, today: date) -> Activity:
    since = today - timedelta(days=days - 1)
    found = EntityDay.objects.filter(kind=kind.value, key=_folded(kind, key), day__gte=since, day__lte=today)
    rows = found.order_by("day").values("day").annotate(**{f"all_{name}": Sum(name) for name in ("calls", *_OUTCOMES)})
    counts = {
        row["day"]: Counter({name: int(row[f"all_{name}"] or 0) for name in ("calls", *_OUTCOMES)}) for row in rows
    }
    return activity_of(counts, days, today)


def _sessions_days(calls: Sequence[Verdict], days: int, today: date) -> Activity:
    """A conversation is short: its days are counted from its newest calls."""
    counts: dict[date, Counter[str]] = {}
    for call in calls:
        one = counts.setdefault(call.received_at.date(), Counter())
        one["calls"] += 1
        if name := _outcome(call):
            one[name] += 1
    return activity_of(counts, days, today)


def _outcome(call: Verdict) -> str:
    if call.action in ("block", "hold"):
        return "blocked" if call.action == "block" else "held"
    if call.would_have in ("block", "hold"):
        return "watched"
    return "noted" if call.deciding_signal else ""


def activity_of(counts: Mapping[date, Counter[str]], days: int, today: date) -> Activity:
    """The chart of the `days` days up to `today`, from the counts of those that have any."""
    width = 720 / days
    most = max((one["calls"] for one in counts.values()), default=0)
    bars = []
    for number in range(days):
        day = today - timedelta(days=days - 1 - number)
        one = counts.get(day, Counter())
        stopped = one["blocked"] + one["held"] + one["watched"]
        height = round(max(2.0, 80 * one["calls"] / most), 2) if one["calls"] else 0.0
        front = round(max(2.0, 80 * stopped / most), 2) if stopped else 0.0
        bars.append(
            Bar(
                day=day,
                calls=one["calls"],
                stopped=stopped,
                x=round(number * width, 2),
                y=round(80 - height, 2),
                height=height,
                stopped_y=round(80 - front, 2),
                stopped_height=front,
            )
        )
    shown = [one for one in bars if one.calls]
    calls = sum(one.calls for one in bars)
    totals = Counter[str]()
    for bar in bars:
        totals.update(counts.get(bar.day, Counter()))
    rest = calls - sum(totals[name] for name in _OUTCOMES)
    mix = [(name, totals[name]) for name in _OUTCOMES] + [("allowed", rest)]
    return Activity(
        days=days,
        bars=tuple(bars),
        width=round(width * 0.8, 2),
        calls=calls,
        mix=tuple((name, count, 100 * count / calls) for name, count in mix if count),
        busiest=max(shown, key=lambda bar: bar.calls) if shown else None,
    )


def _name(kind: Kind, key: str, calls: Sequence[Verdict]) -> str:
    """What people call it; its key where they call it nothing else."""
    if kind is Kind.AGENT:
        known = Agent.objects.filter(agent_id=key).values_list("name", flat=True).first()
        return known or next((call.agent_name for call in calls if call.agent_name), "") or key
    if kind is Kind.TOOL:
        return next((call.tool_name for call in calls if call.tool_name), "") or key
    return key


def _related(kind: Kind, calls: Sequence[Verdict]) -> Iterable[tuple[str, tuple[Related, ...]]]:
    for other in (Kind.AGENT, Kind.USER, Kind.TOOL, Kind.DESTINATION, Kind.SESSION):
        if other is kind:
            continue
        counted: Counter[tuple[str, str]] = Counter()
        stopped: Counter[tuple[str, str]] = Counter()
        for call in calls:
            if whom := _whom(other, call):
                counted[whom] += 1
                stopped[whom] += call.would_have in ("block", "hold")
        found = sorted(counted, key=lambda whom: (-stopped[whom], -counted[whom], whom))[:_MOST_RELATED]
        if found:
            yield (
                f"{WORDS[other]}s",
                tuple(
                    Related(kind=other, key=whom[0], name=whom[1], calls=counted[whom], stopped=stopped[whom])
                    for whom in found
                ),
            )


def _whom(kind: Kind, call: Verdict) -> tuple[str, str] | None:
    match kind:
        case Kind.AGENT:
            found = (call.agent_id, call.agent_name or call.agent_id)
        case Kind.USER:
            found = (call.user_id, call.user_id)
        case Kind.TOOL:
            found = (tool_key(call.tool_id, call.tool_name), call.tool_name or call.tool_id)
        case Kind.DESTINATION:
            found = (call.destination.lower(), call.destination)
        case _:
            found = (call.conversation_id, call.conversation_id)
    return found if found[0] else None


def _load_investigations(kind: Kind, key: str, *, person: User) -> tuple[Investigation, ...]:
    """The newest its newest stopped calls are in, of those the person may see."""
    stopped = _calls(kind, key, person=person).filter(would_have__in=("hold", "block")).order_by("-id")
    ids = list(stopped.values_list("id", flat=True)[:_STOPPED_LOOKED_AT])
    found = InvestigationCall.objects.filter(verdict_id__in=ids).values("investigation_id")
    seen = Investigation.objects.filter(visible_to(person), pk__in=found)
    return tuple(seen.order_by("-last_seen")[:_MOST_INVESTIGATIONS])


def _load_restrictions(kind: Kind, key: str) -> tuple[Restriction, ...]:
    """Those in force, and the newest that are over."""
    if kind is Kind.TOOL:
        return ()
    rows = Restriction.objects.filter(kind=kind.value, subject__contains=[key]).select_related("made_by", "ended_by")
    return tuple(sorted(rows.order_by("-pk")[:_MOST_LISTED], key=lambda one: one.ended_at is not None))


def _listings_of_agent(key: str) -> Iterable[Listing]:
    agent = Agent.objects.filter(agent_id=key).first()
    if agent is not None:
        what = "registered" if agent.registered else "not registered: it was seen and nobody entered it"
        yield Listing(what="Inventory", text=what, page="agent", argument=agent.pk)


def _listings(kind: Kind, key: str) -> Iterable[Listing]:
    if kind is Kind.AGENT:
        yield from _listings_of_agent(key)
        yield from _exceptions(agent_id=key)
    if kind is Kind.TOOL:
        for seen in SeenTool.objects.filter(tool=key.lower()).order_by("-last_seen")[:_MOST_RELATED]:
            yield Listing(what="Tool", text=f"used by {seen.agent_id}", page="tool", argument=seen.pk)
        yield from _exceptions(tool=key)
    if kind is Kind.DESTINATION:
        names = {key.lower(), host_of(key)}
        for listed in Destination.objects.filter(value__in=names)[:_MOST_LISTED]:
            text = f"{listed.value} is {listed.standing}"
            yield Listing(what="List of destinations", text=text, page="policy_destinations", argument=None)
        for indicator in Indicator.objects.filter(value__in=names)[:_MOST_LISTED]:
            yield Listing(what="Threat intelligence", text=indicator.value, page="indicator", argument=indicator.pk)
        yield from _exceptions(destinations__contains=[key])


def _exceptions(**scope: object) -> Iterable[Listing]:
    for one in PolicyException.objects.filter(ended_at=None, **scope).order_by("-pk")[:_MOST_LISTED]:
        yield Listing(what=f"Exception {one.pk}", text=one.reason, page="policy_exceptions", argument=None)
