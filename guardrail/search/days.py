"""What a call counts into: the days of whom and what it is about. Pure."""

import enum
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

LONGEST_KEY = 500
# Upper bounds of what answers took, in ms; the last holds all that were slower.
MS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 2_000, 5_000)
SLOWER = 100_000


class Kind(enum.Enum):
    """Whom or what days are counted of. The value is stored, and stands in the address of a page where it has one.

    `ALL` has the key of nothing, `MS` that of a bucket of MS, `RULE` the deciding signal, `DEGRADED` the missing part.
    """

    AGENT = "agent"
    USER = "user"
    TOOL = "tool"
    DESTINATION = "destination"
    DOCUMENT = "document"
    RULE = "rule"
    DEGRADED = "degraded"
    MS = "ms"
    ALL = "all"


# What says who did what: kept no longer than the verdicts it is of.
PERSONAL = frozenset({Kind.AGENT, Kind.USER, Kind.TOOL, Kind.DESTINATION, Kind.DOCUMENT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """One row: of what, and when."""

    kind: Kind
    key: str
    day: date


Counts = dict[Day, Counter[str]]


def tool_key(tool_id: str, tool_name: str) -> str:
    """What decisions about a tool are made by: its id, or the name of one without."""
    return (tool_id or tool_name).lower()


def count(row: Mapping[str, Any], counts: Counts) -> None:
    """Add the verdict `row` to `counts`."""
    came: datetime = row["received_at"]
    outcome = _outcome(row["action"], row["would_have"], row["deciding_signal"])
    for kind, key in set(_about(row)):
        one = counts.setdefault(Day(kind=kind, key=key[:LONGEST_KEY], day=came.astimezone(UTC).date()), Counter())
        one["calls"] += 1
        if outcome:
            one[outcome] += 1


def _about(row: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    yield Kind.ALL, ""
    yield Kind.MS, str(next((bound for bound in MS if row["answer_ms"] <= bound), SLOWER))
    named = (
        (Kind.AGENT, row["agent_id"]),
        (Kind.USER, row["user_id"]),
        (Kind.TOOL, tool_key(row["tool_id"], row["tool_name"])),
        (Kind.DESTINATION, row["destination"].lower()),
        (Kind.RULE, row["deciding_signal"]),
    )
    yield from ((kind, key) for kind, key in named if key)
    for document in row["documents"]:
        if name := str(document.get("place") or document.get("name") or document.get("document_id") or ""):
            yield Kind.DOCUMENT, name
    yield from ((Kind.DEGRADED, str(part).partition(":")[0]) for part in row["degraded"])


def _outcome(action: str, would_have: str, deciding: str) -> str:
    if action == "block":
        return "blocked"
    if action == "hold":
        return "held"
    if would_have in ("block", "hold"):
        return "watched"
    return "noted" if deciding else ""
