"""Reads calls for pages: newest first, paged by id, through the indexes of the verdict table.

A question no index answers (a word in a destination, an author) looks at a bounded stretch of calls and says how far
it looked, so that no page is slower on ten million calls than on ten thousand.
"""

import enum
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from guardrail.kept import Person, for_eyes
from guardrail.models import ExecutedCall, LateFinding, Orchestrator, PendingValidation, Verdict
from guardrail.verdict_id import floor_id, moment_of_id
from policies.models import Agent

PAGE = 50
# Calls one page looks through for a word that has no index.
LOOK_THROUGH = 10_000
MOST_AGENTS = 20
CONVERSATION_CALLS = 100
# What a list shows of a verdict: without the wide columns.
BRIEF = (
    "id",
    "deferred",
    "received_at",
    "agent_id",
    "agent_name",
    "user_id",
    "conversation_id",
    "tool_id",
    "tool_name",
    "tool_kind",
    "destination",
    "duplicate_of",
    "action",
    "would_have",
    "mode",
    "severity",
    "deciding_signal",
    "failed",
    "degraded",
    "answer_ms",
)


class Found(enum.Enum):
    """How the words of a search were understood."""

    EVERYTHING = "everything"
    CONVERSATION = "conversation"
    VERDICT = "verdict"
    AGENT = "agent"
    TEXT = "text"


class Outcome(enum.Enum):
    """A choice of the list. STOPPED is what enforce mode stops, told or only marked."""

    ANY = ""
    STOPPED = "stopped"
    BLOCKED = "blocked"
    HELD = "held"
    FLAGGED = "flagged"
    ALLOWED = "allowed"
    DEGRADED = "degraded"


# Outcomes the partial index of stopped calls answers.
_INDEXED = frozenset({Outcome.ANY, Outcome.STOPPED, Outcome.BLOCKED, Outcome.HELD})


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What the list is asked for. `agent` is an exact agent id; `since` None = all time; `before` pages by id.

    `as_text` takes `words` for a piece of an address or an author even where an agent is called like that.
    """

    words: str = ""
    as_text: bool = False
    outcome: Outcome = Outcome.ANY
    agent: str = ""
    since: datetime | None = None
    before: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page of calls. `older` is where the next page goes on, None at the end.

    `looked_back_to` is set when only a stretch was looked through: older matches may exist behind `older`.
    """

    verdicts: Sequence[Verdict]
    found: Found
    older: uuid.UUID | None
    looked_back_to: datetime | None


def load_page(search: Search, *, person: Person) -> Page:
    """The newest matching calls before `search.before` that are for the person. One query, up to four with words."""
    rows = for_eyes(Verdict.objects.only(*BRIEF), person).order_by("-id")
    found, rows = _narrowed_by_words(rows, search)
    rows = _narrowed(rows, search)
    scans = found is Found.TEXT or search.outcome not in _INDEXED
    floor = _scan_floor(search) if scans else None
    if floor:
        rows = rows.filter(id__gte=floor)
    page = list(rows[: PAGE + 1])
    if len(page) > PAGE:
        return Page(verdicts=page[:PAGE], found=found, older=page[PAGE - 1].pk, looked_back_to=None)
    return Page(verdicts=page, found=found, older=floor, looked_back_to=moment_of_id(floor) if floor else None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Late:
    """What became of a call that was not judged in full at once; neither `waiting` nor a `finding` = nothing was found.

    `shed` = there was no time to judge it, else the quick checks answered it. `stopped` = it did not run.
    """

    waiting: bool
    finding: LateFinding | None
    after: str
    shed: bool
    stopped: bool


def load_late(verdict: Verdict) -> Late | None:
    """None for a call that was judged in full at once. No query for one, two for any other."""
    if not verdict.deferred:
        return None
    finding = LateFinding.objects.filter(pk=verdict.pk).first()
    waiting = finding is None and PendingValidation.objects.filter(pk=verdict.pk, found=False).exists()
    after = _stretch(finding.found_at - verdict.received_at) if finding else ""
    stopped = verdict.action in ("hold", "block")
    return Late(waiting=waiting, finding=finding, after=after, shed=verdict.failed, stopped=stopped)


def _stretch(time: timedelta) -> str:
    seconds = max(0.0, time.total_seconds())
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def load_conversation(verdict: Verdict, *, person: Person) -> list[Verdict]:
    """The calls of the verdict's conversation that are for the person, oldest first, at most the newest hundred.

    Itself where it has no conversation.
    """
    if not verdict.conversation_id:
        return [verdict]
    rows = for_eyes(Verdict.objects.only(*BRIEF), person)
    rows = rows.filter(conversation_id=verdict.conversation_id).order_by("-id")
    return list(rows[:CONVERSATION_CALLS])[::-1]


def load_briefs(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Verdict]:
    """The verdicts with these ids, without their wide columns."""
    return Verdict.objects.only(*BRIEF).in_bulk(ids)


def load_caller_name(orchestrator_id: int) -> str:
    """The name of the caller a verdict was told to, empty when it is gone."""
    return Orchestrator.objects.filter(pk=orchestrator_id).values_list("name", flat=True).first() or ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Faring:
    """How an engine fared with the newest calls: how often it was asked, objected and was missing, and its speed.

    `missing` counts by cause. `typical_ms` and `slow_ms` are the median and the 95th percentile of its answers.
    """

    asked: int
    objected: int
    missing: tuple[tuple[str, int], ...]
    typical_ms: float | None
    slow_ms: float | None

    @property
    def unanswered(self) -> int:
        """How often it gave no answer, for whatever cause."""
        return sum(count for _, count in self.missing)


def load_faring(signals: Sequence[str]) -> dict[str, Faring]:
    """How the engines with these signal names fared in the newest 500 calls. One query, by the primary key."""
    rows = list(Verdict.objects.order_by("-id").values_list("degraded", "signals", "timings")[:500])
    return {name: _faring(name, rows) for name in signals}


def _faring(name: str, rows: Sequence[tuple[Any, Any, Any]]) -> Faring:
    missing: Counter[str] = Counter()
    took: list[float] = []
    objected = 0
    for degraded, signals, timings in rows:
        why = next((str(part).partition(":")[2] for part in degraded if str(part).partition(":")[0] == name), None)
        if why is not None:
            missing[why] += 1
        elif name in timings:
            took.append(timings[name])
            objected += any(signal["name"] == name for signal in signals)
    took.sort()
    return Faring(
        asked=len(took) + missing.total(),
        objected=objected,
        missing=tuple(missing.most_common()),
        typical_ms=took[len(took) // 2] if took else None,
        slow_ms=took[int(len(took) * 0.95)] if took else None,
    )


def verdict_exists(verdict_id: uuid.UUID, *, person: Person) -> bool:
    """Whether a verdict has this id, and is for the person."""
    return for_eyes(Verdict.objects.all(), person).filter(pk=verdict_id).exists()


def as_verdict_id(words: str) -> uuid.UUID | None:
    """The words as a verdict id, None when they are none."""
    try:
        return uuid.UUID(words)
    except ValueError:
        return None


def _narrowed_by_words(rows: QuerySet[Verdict], search: Search) -> tuple[Found, QuerySet[Verdict]]:
    """What the words mean: an id first, then the beginning of an agent's name or id, then any piece of text."""
    words = search.words
    if not words:
        return Found.EVERYTHING, rows
    if not search.as_text:
        if rows.filter(conversation_id=words).exists():
            return Found.CONVERSATION, rows.filter(conversation_id=words)
        agents = _agents_called(words)
        if agents:
            return Found.AGENT, rows.filter(agent_id__in=agents)
    named = Q(destination__icontains=words) | Q(said__icontains=words) | Q(came_from__icontains=words)
    as_text = rows.alias(said=Cast("signals", TextField()), came_from=Cast("origins", TextField()))
    return Found.TEXT, as_text.filter(
        named | Q(user_id=words) | Q(correlation_id=words) | Q(tool_name__icontains=words)
    )


def _agents_called(words: str) -> list[str]:
    named = Agent.objects.filter(Q(name__istartswith=words) | Q(agent_id__istartswith=words))
    return list(named.order_by("pk").values_list("agent_id", flat=True)[:MOST_AGENTS])


def _narrowed(rows: QuerySet[Verdict], search: Search) -> QuerySet[Verdict]:
    if search.agent:
        rows = rows.filter(agent_id=search.agent)
    if search.since:
        rows = rows.filter(id__gte=floor_id(search.since))
    if search.before:
        rows = rows.filter(id__lt=search.before)
    match search.outcome:
        case Outcome.STOPPED:
            return rows.filter(would_have__in=("hold", "block"))
        case Outcome.BLOCKED:
            return rows.filter(would_have="block")
        case Outcome.HELD:
            return rows.filter(would_have="hold")
        case Outcome.FLAGGED:
            return rows.filter(would_have__in=("notice", "modify"))
        case Outcome.ALLOWED:
            return rows.filter(would_have="allow")
        case Outcome.DEGRADED:
            return rows.exclude(degraded=[])
        case Outcome.ANY:
            return rows


def _scan_floor(search: Search) -> uuid.UUID | None:
    """The id of the last call to look at, None when fewer than LOOK_THROUGH are left. Stopped ones reach far back."""
    indexed = search if search.outcome in _INDEXED else replace(search, outcome=Outcome.ANY)
    rows = _narrowed(Verdict.objects.order_by("-id"), indexed)
    return rows.values_list("id", flat=True)[LOOK_THROUGH : LOOK_THROUGH + 1].first()


def period_start(period: str, *, now: datetime) -> datetime | None:
    """The beginning of a named period (`1h`, `24h`, `7d`, `30d`), None for all time or another word."""
    hours = {"1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24}.get(period)
    return now - timedelta(hours=hours) if hours else None


def load_executed(verdict: Verdict) -> uuid.UUID | None:
    """The verdict in which the output of this stopped call came up all the same; None where none did.

    One query, none for a call that was let through.
    """
    if verdict.action not in ("hold", "block"):
        return None
    return ExecutedCall.objects.filter(pk=verdict.pk).values_list("seen_in", flat=True).first()
