"""The inventory as CSV, in the columns an import reads: the same file again changes nothing."""

import csv
import io
import json
from collections.abc import Iterator

from policies.models import Agent, GrantedTool

COLUMNS = (
    "Agent ID", "Agent name", "Tenant ID", "Environment ID", "Environment", "Owner", "Authentication", "Is published",
    "Published at", "Channels", "Orchestration", "Parent agent ID", "Lifecycle", "Criticality", "Business process",
    "Tools", "Knowledge sources", "Topics", "Version", "Description", "Instructions digest",
)  # fmt: skip
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BETWEEN = frozenset(";|\r\n[{")
_CHUNK = 1_000


def export_agents() -> Iterator[str]:
    """Lines of CSV, the header first: registered agents, by id. Two queries, and one for each thousand agents."""
    # a spreadsheet takes a file without the mark for Windows-1252
    yield "\ufeff" + _line(COLUMNS)
    agents = Agent.objects.filter(registered=True).select_related("environment").order_by("agent_id")
    last = ""
    while chunk := list(agents.filter(agent_id__gt=last)[:_CHUNK]):
        tools: dict[str, list[str]] = {}
        granted = GrantedTool.objects.filter(agent_id__in=[agent.agent_id for agent in chunk])
        for agent_id, tool in granted.order_by("agent_id", "tool").values_list("agent_id", "tool"):
            tools.setdefault(agent_id, []).append(tool)
        for agent in chunk:
            yield _line(_cells(agent, tools.get(agent.agent_id, [])))
        last = chunk[-1].agent_id


def _cells(agent: Agent, tools: list[str]) -> tuple[str, ...]:
    environment = agent.environment
    return (
        agent.agent_id,
        agent.name,
        agent.tenant_id,
        environment.environment_id if environment else "",
        environment.name if environment else "",
        agent.owner,
        agent.authentication,
        "" if agent.published is None else "yes" if agent.published else "no",
        agent.published_at.isoformat() if agent.published_at else "",
        _list(agent.channels),
        agent.orchestration,
        agent.parent_id,
        agent.lifecycle,
        agent.criticality,
        agent.process,
        _list(tools),
        _list(agent.knowledge),
        _list(agent.topics),
        agent.version,
        agent.description,
        agent.instructions_digest,
    )


def _list(values: list[str]) -> str:
    """With `;` between, or as JSON where a value has what an import would take for the end of one."""
    return json.dumps(values) if any(_BETWEEN & set(value) for value in values) else ";".join(values)


def _line(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return line.getvalue()
