"""What an agent did in the last days, as a charter a person can pin: its tools, and where it reached.

Reads at most MOST_CALLS of its newest calls, through the index of one agent's calls. A verdict keeps the first
destination of a call; others of the same call are not seen here.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from guardrail.models import Verdict
from guardrail.verdict_id import floor_id
from policies.charters import LONGEST, STANDING
from policies.load import NoRuleset, active_ruleset
from policies.mail_providers import PUBLIC_MAIL
from policies.models import Agent, Charter
from policies.ruleset import Ruleset, Standing, host_of

DAYS = 30
MOST_CALLS = 5_000
MOST_SHOWN = 200
_STOPPED = ("hold", "block")


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """One tool, or one destination as a charter would name it. `inside` = what is pinned has it, None = nothing is."""

    entry: str
    name: str
    calls: int
    inside: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What was seen in `calls` calls since `since`; those that were stopped, or would be, are left out as `stopped`.

    `complete` = no older calls of these days were left out. `tools` and `destinations` are the most used first.
    """

    since: datetime
    calls: int
    stopped: int
    complete: bool
    tools: tuple[Observed, ...]
    destinations: tuple[Observed, ...]


def load_proposal(agent: Agent, pinned: Charter | None, *, now: datetime, days: int = DAYS) -> Proposal:
    """One query."""
    since = now - timedelta(days=days)
    columns = ("tool_id", "tool_name", "destination", "would_have")
    newest = Verdict.objects.filter(agent_id=agent.agent_id, id__gte=floor_id(since)).order_by("-id")
    rows = list(newest.values_list(*columns)[:MOST_CALLS])
    passed = [row for row in rows if row[3] not in _STOPPED]
    names = {(tool_id or name).lower(): name or tool_id for tool_id, name, _, _ in reversed(passed)}
    tools = Counter((tool_id or name).lower() for tool_id, name, _, _ in passed if tool_id or name)
    ruleset = _ruleset()
    places = Counter(entry_of(destination, ruleset) for _, _, destination, _ in passed if destination)
    return Proposal(
        since=since,
        calls=len(rows),
        stopped=len(rows) - len(passed),
        complete=len(rows) < MOST_CALLS,
        tools=tuple(
            Observed(
                entry=tool,
                name=names[tool],
                calls=calls,
                inside=None if pinned is None else bool({tool, names[tool].lower()} & set(pinned.tools)),
            )
            for tool, calls in _most(tools.items())
        ),
        destinations=tuple(
            Observed(entry=place, name=place, calls=calls, inside=_inside(place, pinned))
            for place, calls in _most(places.items())
        ),
    )


def entry_of(destination: str, ruleset: Ruleset) -> str:
    """What a charter would name for it: everybody here as one, a house by its domain, a mailbox anybody can have as
    it is."""
    value = destination.strip().lower()
    if ruleset.standing_of(value) is Standing.INTERNAL:
        return f"{STANDING}{Standing.INTERNAL.value}"
    host = host_of(value)
    if "." in host and " " not in host and host not in PUBLIC_MAIL and len(host) <= LONGEST:
        return host
    return value[:LONGEST]


def _inside(place: str, pinned: Charter | None) -> bool | None:
    if pinned is None:
        return None
    if not pinned.limits_destinations or place in pinned.destinations:
        return True
    labels = host_of(place).split(".")
    return any(".".join(labels[start:]) in pinned.destinations for start in range(len(labels) - 1))


def _most(counted: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(counted, key=lambda item: (-item[1], item[0]))[:MOST_SHOWN]


def _ruleset() -> Ruleset:
    try:
        return active_ruleset()
    except NoRuleset:
        return Ruleset(version=0)
