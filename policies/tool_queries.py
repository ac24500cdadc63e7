"""What the pages of tools show: each tool an agent has planned to use, with what is in force for it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q

from policies.models import Agent, AuditEntry, SeenTool, Tool
from policies.queries import ENTRIES_SHOWN, HistoryLine
from policies.scope import Person, of_agents

TOOLS_SHOWN = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolRow:
    """One tool of one agent. `kind` and `critical` are in force; `decided_for` says by whose decision.

    `decided_for` is `agent`, `all`, or empty where nobody decided: the kind is inferred and the tool critical.
    """

    seen: SeenTool
    agent_name: str
    agent_pk: int | None
    kind: str
    kind_is_given: bool
    critical: bool
    decided_for: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolPage:
    """Rows by tool; `total` counts all that fit, `rows` are at most TOOLS_SHOWN."""

    rows: tuple[ToolRow, ...]
    total: int


def load_tools(words: str, *, person: Person) -> ToolPage:
    """The tools whose id, name or agent holds `words`, all when empty. At most four queries."""
    found = SeenTool.objects.filter(of_agents(person))
    for word in words.split():
        agents = Agent.objects.filter(name__icontains=word).values("agent_id")
        found = found.filter(
            Q(tool__icontains=word) | Q(name__icontains=word) | Q(agent_id__icontains=word) | Q(agent_id__in=agents)
        )
    rows = tuple(_rows(found[:TOOLS_SHOWN]))
    return ToolPage(
        rows=rows,
        total=len(rows) if len(rows) < TOOLS_SHOWN else found.count(),
    )


def load_tool(seen: SeenTool) -> ToolRow:
    """One tool with what is in force. Two queries."""
    return next(_rows([seen]))


def load_decided(seen: SeenTool, *, agent_id: str) -> Tool | None:
    """What was decided for exactly this scope; an empty `agent_id` = for all agents. One query."""
    return Tool.objects.filter(tool=seen.tool, agent_id=agent_id).first()


def load_history(seen: SeenTool) -> tuple[HistoryLine, ...]:
    """The newest audit entries on this tool, of this agent or of all. One query."""
    entries = AuditEntry.objects.filter(
        action__startswith="tool.", detail__tool=seen.tool, detail__agent__in=["", seen.agent_id]
    )
    return tuple(
        HistoryLine(at=entry.at, actor=entry.actor_name, text=_sentence(entry)) for entry in entries[:ENTRIES_SHOWN]
    )


def _rows(seen: Iterable[SeenTool]) -> Iterator[ToolRow]:
    listed = list(seen)
    keys = {key for tool in listed for key in (tool.tool, tool.name.lower()) if key}
    decided = {(tool.agent_id, tool.tool): tool for tool in Tool.objects.filter(tool__in=keys)}
    agents = {
        agent_id: (name, pk)
        for agent_id, name, pk in Agent.objects.filter(agent_id__in={tool.agent_id for tool in listed}).values_list(
            "agent_id", "name", "pk"
        )
    }
    for tool in listed:
        # as `Ruleset.tool_kind` and `Ruleset.is_critical` decide
        known = [
            decided[agent, key]
            for agent in (tool.agent_id, "")
            for key in dict.fromkeys((tool.tool, tool.name.lower()))
            if (agent, key) in decided
        ]
        kind = next((row.kind for row in known if row.kind), "")
        name, pk = agents.get(tool.agent_id, ("", None))
        yield ToolRow(
            seen=tool,
            agent_name=name,
            agent_pk=pk,
            kind=kind or tool.kind,
            kind_is_given=bool(kind),
            critical=known[0].critical if known else True,
            decided_for=("agent" if known[0].agent_id else "all") if known else "",
        )


def _sentence(entry: AuditEntry) -> str:
    whose = "this agent" if entry.detail["agent"] else "all agents"
    if entry.action == "tool.follows_all":
        return "This agent follows what holds for all again"
    said = []
    for name, (_, now) in entry.detail["changes"].items():
        if name == "kind":
            said.append(f"kind {now or 'inferred'}")
        else:
            said.append("judged before the answer" if now else "judged after the answer")
    return f"For {whose}: {', '.join(said) or 'as it was'}"
