"""What one agent's page shows beside its settings: drift, tools granted and used, its charter, and its days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from policies.models import Agent, AgentChange, AgentDay, Charter, GrantedTool, SeenTool
from policies.scope import Person, of_environments

DAYS_SHOWN = 30
CHANGES_SHOWN = 20
TOOLS_SHOWN = 200
CHILDREN_SHOWN = 20
# A tool that was not used for so long is one the agent can do without.
UNUSED_DAYS = 90
_BAR, _WIDE, _HEIGHT = 9, 12, 72


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolUse:
    """One tool an agent was granted, or uses. `granted` and `used` are since when and when last, None = never.

    `first_used` tells what is new; `in_charter` is None where no charter is pinned.
    """

    tool: str
    name: str
    granted: datetime | None
    first_used: datetime | None
    used: datetime | None
    calls: int
    unused: bool
    in_charter: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolUses:
    """`unused` were granted and not used for UNUSED_DAYS, `ungranted` are used and no inventory granted them.

    `is_told` = an inventory says which tools the agent was granted. `more` are not shown.
    """

    rows: tuple[ToolUse, ...]
    unused: int
    ungranted: int
    is_told: bool
    more: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DayBar:
    """One day in a chart DAYS_SHOWN times 12 wide: calls from the bottom, those stopped in front of them."""

    day: date
    calls: int
    stopped: int
    x: int
    y: int
    height: int
    stopped_y: int
    stopped_height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Days:
    bars: tuple[DayBar, ...]
    calls: int
    stopped: int
    busiest: DayBar | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """The newest changes; `open_upto` is the newest nobody has looked at, 0 where all were."""

    rows: tuple[AgentChange, ...]
    still_open: int
    open_upto: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentRecord:
    charter: Charter | None
    drift: Drift
    tools: ToolUses
    days: Days
    parent: Agent | None
    children: tuple[Agent, ...]


def load_record(agent: Agent, *, now: datetime, person: Person) -> AgentRecord:
    """All of it, as far as the person sees who it belongs to. Six queries, however many calls the agent made."""
    charter = Charter.objects.select_related("pinned_by").filter(agent_id=agent.agent_id).first()
    related = _load_related(agent, person=person)
    parent_id = agent.parent_id or agent.seen_parent
    return AgentRecord(
        charter=charter,
        drift=_load_drift(agent),
        tools=load_tool_uses(agent, charter, now=now),
        days=_load_days(agent, today=now.date()),
        parent=next((other for other in related if other.agent_id == parent_id), None),
        children=tuple(other for other in related if other.agent_id != parent_id)[:CHILDREN_SHOWN],
    )


def load_tool_uses(agent: Agent, charter: Charter | None, *, now: datetime) -> ToolUses:
    """Tools granted beside tools used, those that could be taken away first. Two queries."""
    granted = {row.tool: row for row in GrantedTool.objects.filter(agent_id=agent.agent_id)}
    seen = list(SeenTool.objects.filter(agent_id=agent.agent_id).order_by("-calls", "tool")[: TOOLS_SHOWN * 3])
    pinned = set(charter.tools) if charter else None
    rows = []
    for use in seen:
        keys = (use.tool, use.name.lower())
        grant = next((granted.pop(key) for key in keys if key in granted), None)
        rows.append(_use(use.tool, grant=grant, use=use, pinned=pinned, now=now))
    rows += [_use(tool, grant=grant, use=None, pinned=pinned, now=now) for tool, grant in granted.items()]
    is_told = any(row.granted for row in rows)
    rows.sort(key=lambda row: (not row.unused, not (is_told and row.granted is None), -row.calls, row.tool))
    return ToolUses(
        rows=tuple(rows[:TOOLS_SHOWN]),
        unused=sum(row.unused for row in rows),
        ungranted=sum(row.granted is None for row in rows) if is_told else 0,
        is_told=is_told,
        more=max(0, len(rows) - TOOLS_SHOWN),
    )


def _use(
    tool: str, *, grant: GrantedTool | None, use: SeenTool | None, pinned: set[str] | None, now: datetime
) -> ToolUse:
    last = use.last_seen if use else None
    quiet_since = last or (grant.since if grant else now)
    keys = {tool, use.name.lower() if use else tool}
    return ToolUse(
        tool=tool,
        name=(use.name if use else "") or (grant.name if grant else "") or tool,
        granted=grant.since if grant else None,
        first_used=use.first_seen if use else None,
        used=last,
        calls=use.calls if use else 0,
        # one that was granted today has not gone unused yet, and one never used says so from the first day
        unused=grant is not None and (last is None or now - quiet_since >= timedelta(days=UNUSED_DAYS)),
        in_charter=None if pinned is None else bool(keys & pinned),
    )


def _load_related(agent: Agent, *, person: Person) -> list[Agent]:
    """Its parent and its children. One query."""
    parents = [name for name in (agent.parent_id, agent.seen_parent) if name]
    found = Agent.objects.filter(agent_id__in=parents) | Agent.objects.filter(parent_id=agent.agent_id)
    found |= Agent.objects.filter(seen_parent=agent.agent_id)
    return list(
        found.filter(of_environments(person)).exclude(pk=agent.pk).only("pk", "name", "agent_id")[: CHILDREN_SHOWN + 2]
    )


def _load_drift(agent: Agent) -> Drift:
    """One query."""
    changes = AgentChange.objects.filter(agent_id=agent.agent_id).select_related("acknowledged_by")
    rows = tuple(changes[:CHANGES_SHOWN])
    still_open = [row for row in rows if row.acknowledged_at is None]
    return Drift(rows=rows, still_open=len(still_open), open_upto=still_open[0].pk if still_open else 0)


def _load_days(agent: Agent, *, today: date) -> Days:
    """One query."""
    since = today - timedelta(days=DAYS_SHOWN - 1)
    rows = AgentDay.objects.filter(agent_id=agent.agent_id, day__gte=since, day__lte=today)
    counted = {day: (calls, stopped) for day, calls, stopped in rows.values_list("day", "calls", "stopped")}
    return _days(counted, [since + timedelta(days=place) for place in range(DAYS_SHOWN)])


def _days(counted: Mapping[date, tuple[int, int]], days: Sequence[date]) -> Days:
    most = max((calls for calls, _ in counted.values()), default=0) or 1
    bars = []
    for place, day in enumerate(days):
        calls, stopped = counted.get(day, (0, 0))
        height = max(1, round(_HEIGHT * calls / most))
        red = max(2, round(_HEIGHT * stopped / most)) if stopped else 0
        bars.append(
            DayBar(
                day=day,
                calls=calls,
                stopped=stopped,
                x=place * _WIDE,
                y=_HEIGHT - height,
                height=height,
                stopped_y=_HEIGHT - red,
                stopped_height=red,
            )
        )
    return Days(
        bars=tuple(bars),
        calls=sum(bar.calls for bar in bars),
        stopped=sum(bar.stopped for bar in bars),
        busiest=max(bars, key=lambda bar: bar.calls) if counted else None,
    )
