"""What an agent did in the last days, as a charter a person can pin: its tools, and where it reached.

Reads at most MOST_CALLS of its newest calls, through the index of one agent's calls. A verdict keeps the first
destination of a call and the hashes of all: of calls with several one transcript for each combination of them is read.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from guardrail.destinations import targets_of
from guardrail.invocation import Invocation
from guardrail.models import Orchestrator, Verdict
from guardrail.tool_kind import infer_kind
from guardrail.traces import unpacked
from guardrail.transcripts import load_call
from guardrail.verdict_id import floor_id
from policies.charters import LONGEST, STANDING
from policies.load import NoRuleset, active_ruleset
from policies.mail_providers import PUBLIC_MAIL
from policies.models import Agent, Charter
from policies.ruleset import Ruleset, Standing, host_of

DAYS = 30
MOST_CALLS = 5_000
MOST_SHOWN = 200
# Transcripts read for calls with several destinations: some 3 ms each.
MOST_READ = 200
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
    `first_only` counts calls of whose destinations only the first is among them.
    """

    since: datetime
    calls: int
    stopped: int
    complete: bool
    tools: tuple[Observed, ...]
    destinations: tuple[Observed, ...]
    first_only: int = 0


@dataclass(kw_only=True, slots=True)
class _Reading:
    """Where calls with several destinations went, by tool and destinations; `left` transcripts may still be read."""

    ruleset: Ruleset
    slugs: dict[int, str]
    left: int
    first_only: int = 0
    known: dict[tuple[str, ...], frozenset[str] | None] = field(default_factory=dict)

    def entries_of(self, verdict: Verdict) -> frozenset[str]:
        """What a charter would name for all places one call was for."""
        traces = unpacked(bytes(verdict.traces))
        several = traces.destinations if traces is not None and len(traces.destinations) > 1 else ()
        found = self._of_several(verdict, several) if several else None
        if found is None:
            self.first_only += bool(several)
            return frozenset((entry_of(verdict.destination, self.ruleset),)) if verdict.destination else frozenset()
        return found

    def _of_several(self, verdict: Verdict, several: tuple[str, ...]) -> frozenset[str] | None:
        key = (verdict.tool_id, verdict.tool_name, *several)
        if key not in self.known and self.left > 0:
            self.left -= 1
            call = load_call(verdict, orchestrator=self.slugs.get(verdict.orchestrator_id, ""))
            self.known[key] = None if call is None else self._named(call)
        return self.known.get(key)

    def _named(self, call: Invocation) -> frozenset[str]:
        """Those in arguments made for them, as charters are judged; any other where there is none."""
        kind = infer_kind(call.tool, self.ruleset, agent_id=call.agent_id)
        targets = targets_of(call, self.ruleset, kind)
        named = [target for target in targets if target.named] or targets[:1]
        return frozenset(entry_of(target.value, self.ruleset) for target in named)


def load_proposal(agent: Agent, pinned: Charter | None, *, now: datetime, days: int = DAYS) -> Proposal:
    """Two queries, and one for each transcript that is read."""
    since = now - timedelta(days=days)
    columns = ("tool_id", "tool_name", "destination", "would_have", "traces", "wire", "orchestrator_id")
    newest = Verdict.objects.filter(agent_id=agent.agent_id, id__gte=floor_id(since)).order_by("-id")
    rows = list(newest.only(*columns)[:MOST_CALLS])
    passed = [row for row in rows if row.would_have not in _STOPPED]
    names = {_tool(row): row.tool_name or row.tool_id for row in reversed(passed)}
    tools = Counter(tool for row in passed if (tool := _tool(row)))
    slugs = dict(Orchestrator.objects.values_list("pk", "slug"))
    reading = _Reading(ruleset=_ruleset(), slugs=slugs, left=MOST_READ)
    places = Counter(entry for row in passed for entry in reading.entries_of(row))
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
        first_only=reading.first_only,
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


def _tool(row: Verdict) -> str:
    return (row.tool_id or row.tool_name).lower()


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
