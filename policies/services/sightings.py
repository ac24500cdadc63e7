"""Keeps the inventory by what calls show: agents, their environments, and the tools each plans to use.

An agent seen but never registered is a shadow agent.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import connection

from policies.services.drift import NewTool

# An admin's words win: of a registered agent only what is still empty is filled. A shadow is what its calls last said.
_ENVIRONMENTS = """
INSERT INTO policies_environment (environment_id, name, mode, first_seen, last_seen)
SELECT id, '', '', first_seen, last_seen
FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[]) AS seen (id, first_seen, last_seen)
ORDER BY id
ON CONFLICT (environment_id) DO UPDATE SET
    first_seen = LEAST(policies_environment.first_seen, EXCLUDED.first_seen),
    last_seen = GREATEST(policies_environment.last_seen, EXCLUDED.last_seen)
"""
_AGENTS = """
INSERT INTO policies_agent (
    agent_id, name, tenant_id, environment_id, owner, registered, mode, profile, fail_posture,
    first_seen, last_seen, calls, stopped
)
SELECT seen.agent_id, seen.name, seen.tenant_id, environment.id, '', false, '', '', '',
    seen.first_seen, seen.last_seen, seen.calls, seen.stopped
FROM unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::bigint[]
) AS seen (agent_id, name, tenant_id, environment_id, first_seen, last_seen, calls, stopped)
LEFT JOIN policies_environment environment ON environment.environment_id = seen.environment_id
ORDER BY seen.agent_id
ON CONFLICT (agent_id) DO UPDATE SET
    name = CASE WHEN policies_agent.registered AND policies_agent.name <> '' THEN policies_agent.name
        ELSE COALESCE(NULLIF(EXCLUDED.name, ''), policies_agent.name) END,
    tenant_id = COALESCE(NULLIF(policies_agent.tenant_id, ''), EXCLUDED.tenant_id),
    environment_id = CASE WHEN policies_agent.registered
        THEN COALESCE(policies_agent.environment_id, EXCLUDED.environment_id)
        ELSE COALESCE(EXCLUDED.environment_id, policies_agent.environment_id) END,
    first_seen = LEAST(policies_agent.first_seen, EXCLUDED.first_seen),
    last_seen = GREATEST(policies_agent.last_seen, EXCLUDED.last_seen),
    calls = policies_agent.calls + EXCLUDED.calls,
    stopped = policies_agent.stopped + EXCLUDED.stopped
"""
_TOOLS = """
INSERT INTO policies_seentool (agent_id, tool, name, kind, calls, first_seen, last_seen)
SELECT agent_id, tool, name, kind, calls, first_seen, last_seen
FROM unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[]
) AS seen (agent_id, tool, name, kind, calls, first_seen, last_seen)
ORDER BY tool, agent_id
ON CONFLICT (tool, agent_id) DO UPDATE SET
    name = COALESCE(NULLIF(EXCLUDED.name, ''), policies_seentool.name),
    kind = COALESCE(NULLIF(EXCLUDED.kind, ''), policies_seentool.kind),
    calls = policies_seentool.calls + EXCLUDED.calls,
    first_seen = LEAST(policies_seentool.first_seen, EXCLUDED.first_seen),
    last_seen = GREATEST(policies_seentool.last_seen, EXCLUDED.last_seen)
-- no version of the row was there before: it is new
RETURNING agent_id, tool, xmax = 0
"""
_DAYS = """
INSERT INTO policies_agentday (agent_id, day, calls, stopped, late, executed, would_block, would_hold, noticed)
SELECT agent_id, day, calls, stopped, late, executed, would_block, would_hold, noticed
FROM unnest(
    %s::text[], %s::date[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[]
) AS seen (agent_id, day, calls, stopped, late, executed, would_block, would_hold, noticed)
ORDER BY agent_id, day
ON CONFLICT (agent_id, day) DO UPDATE SET
    calls = policies_agentday.calls + EXCLUDED.calls,
    stopped = policies_agentday.stopped + EXCLUDED.stopped,
    late = policies_agentday.late + EXCLUDED.late,
    executed = policies_agentday.executed + EXCLUDED.executed,
    would_block = policies_agentday.would_block + EXCLUDED.would_block,
    would_hold = policies_agentday.would_hold + EXCLUDED.would_hold,
    noticed = policies_agentday.noticed + EXCLUDED.noticed
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """One call of an agent. `counts` False = the same step was delivered before. `late` = answered too late to be sure
    that the caller heard it. `would_have` is what policy said of it, as verdicts keep it.

    `tool` is the tool's id, or its name where it has none, in lower case; empty when the call was unreadable.
    """

    agent_id: str
    name: str
    tenant_id: str
    environment_id: str
    at: datetime
    stopped: bool
    counts: bool
    tool: str = ""
    tool_name: str = ""
    tool_kind: str = ""
    late: bool = False
    would_have: str = ""
    verdict_id: uuid.UUID | None = None


def record_executed(calls: Iterable[tuple[str, datetime]]) -> None:
    """Add stopped calls, each by its agent and when it came, that were made all the same. Needs a transaction."""
    counted = Counter((agent_id, at.astimezone(UTC).date()) for agent_id, at in calls if agent_id)
    if counted:
        nothing = [0] * len(counted)
        agents, days = zip(*counted, strict=True)
        with connection.cursor() as cursor:
            counts = [nothing, nothing, nothing, list(counted.values()), nothing, nothing, nothing]
            cursor.execute(_DAYS, [list(agents), list(days), *counts])


def record_sightings(sightings: Iterable[Sighting]) -> list[NewTool]:
    """Add calls to agents, their days, environments and tools. Four statements however many; needs a transaction.

    Returns the tools no call of their agent had planned to use before.

    Rows are taken in the order of their ids, so that two intakes at once wait for each other instead of deadlocking.
    """
    by_agent: dict[str, list[Sighting]] = {}
    by_environment: dict[str, list[datetime]] = {}
    by_tool: dict[tuple[str, str], list[Sighting]] = {}
    for sighting in sightings:
        if sighting.environment_id:
            by_environment.setdefault(sighting.environment_id, []).append(sighting.at)
        if sighting.agent_id:
            by_agent.setdefault(sighting.agent_id, []).append(sighting)
            if sighting.tool:
                by_tool.setdefault((sighting.tool, sighting.agent_id), []).append(sighting)
    with connection.cursor() as cursor:
        if by_environment:
            moments = by_environment.values()
            cursor.execute(
                _ENVIRONMENTS,
                [list(by_environment), [min(times) for times in moments], [max(times) for times in moments]],
            )
        if by_agent:
            cursor.execute(_AGENTS, _columns(list(by_agent.values())))
            cursor.execute(_DAYS, _day_columns(by_agent))
        if not by_tool:
            return []
        cursor.execute(_TOOLS, _tool_columns(list(by_tool.values())))
        return [_new(by_tool[tool, agent_id]) for agent_id, tool, is_new in cursor.fetchall() if is_new]


def _new(calls: Sequence[Sighting]) -> NewTool:
    first = min(calls, key=lambda call: call.at)
    return NewTool(
        agent_id=first.agent_id, tool=first.tool_name or first.tool, at=first.at, verdict_id=first.verdict_id
    )


def _columns(agents: Sequence[Sequence[Sighting]]) -> list[list[object]]:
    """Parallel arrays, one entry an agent; its newest call names it."""
    newest = [max(calls, key=lambda call: call.at) for calls in agents]
    return [
        [call.agent_id for call in newest],
        [call.name for call in newest],
        [call.tenant_id for call in newest],
        [call.environment_id for call in newest],
        [min(call.at for call in calls) for calls in agents],
        [call.at for call in newest],
        [sum(call.counts for call in calls) for calls in agents],
        [sum(call.counts and call.stopped for call in calls) for calls in agents],
    ]


def _tool_columns(tools: Sequence[Sequence[Sighting]]) -> list[list[object]]:
    newest = [max(calls, key=lambda call: call.at) for calls in tools]
    return [
        [call.agent_id for call in newest],
        [call.tool for call in newest],
        [call.tool_name for call in newest],
        [call.tool_kind for call in newest],
        [sum(call.counts for call in calls) for calls in tools],
        [min(call.at for call in calls) for calls in tools],
        [call.at for call in newest],
    ]


def _day_columns(agents: Mapping[str, Sequence[Sighting]]) -> list[list[object]]:
    """Parallel arrays, one entry an agent and day."""
    days: dict[tuple[str, date], list[Sighting]] = {}
    for agent_id, calls in agents.items():
        for call in calls:
            days.setdefault((agent_id, call.at.astimezone(UTC).date()), []).append(call)
    return [
        [agent_id for agent_id, _ in days],
        [day for _, day in days],
        [sum(call.counts for call in calls) for calls in days.values()],
        [sum(call.counts and call.stopped for call in calls) for calls in days.values()],
        [sum(call.counts and call.late for call in calls) for calls in days.values()],
        [0] * len(days),
        [_said(calls, "block") for calls in days.values()],
        [_said(calls, "hold", "modify") for calls in days.values()],
        [_said(calls, "notice") for calls in days.values()],
    ]


def _said(calls: Sequence[Sighting], *words: str) -> int:
    return sum(call.counts and call.would_have in words for call in calls)
