"""What taking over a file of agents would change: those added, changed, the same and gone."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policies.models import Agent, Environment, GrantedTool

# Columns of an agent an import may write, in the order pages name them.
WRITTEN = (
    "name", "tenant_id", "owner", "authentication", "published", "published_at", "channels", "orchestration",
    "parent_id", "lifecycle", "criticality", "process", "knowledge", "topics", "version", "description",
    "instructions_digest",
)  # fmt: skip
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One agent that a file would change. `fields` are (name, what is, what would be), `environment` its new one.

    `registers` = it is a shadow, or unknown, until then. `tools` are all it would be granted, None = as they are.
    """

    line: int
    agent: Agent
    is_new: bool
    registers: bool
    fields: tuple[tuple[str, Any, Any], ...]
    environment: tuple[str, str] | None = None
    tools: tuple[str, ...] | None = None
    tools_before: tuple[str, ...] = ()

    @property
    def tools_granted(self) -> tuple[str, ...]:
        """Tools it would have beside those it has."""
        return tuple(sorted(set(self.tools or ()) - set(self.tools_before)))

    @property
    def tools_withdrawn(self) -> tuple[str, ...]:
        """Tools it would have no more."""
        return () if self.tools is None else tuple(sorted(set(self.tools_before) - set(self.tools)))

    @property
    def told(self) -> tuple[tuple[str, str, str], ...]:
        """The fields in words."""
        return tuple((name.replace("_", " "), _told(was), _told(wanted)) for name, was, wanted in self.fields)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """`gone` are registered agents the file does not name and that are not retired. `same` counts the others.

    `digest` is another one as soon as anything would be changed otherwise.
    """

    added: tuple[Change, ...]
    changed: tuple[Change, ...]
    gone: tuple[Agent, ...]
    same: int
    digest: str


def compare(rows: Sequence[Row], *, locked: bool = False) -> Comparison:
    """Compare rows of `policies.agent_file` with the inventory. Four queries; `locked` needs a transaction."""
    agents = Agent.objects.select_related("environment").order_by("agent_id")
    if locked:
        # two imports at once wait for each other here, in one order
        agents = agents.select_for_update(of=("self",))
    known = {agent.agent_id: agent for agent in agents}
    environments = list(Environment.objects.all())
    granted: dict[str, list[str]] = {}
    for agent_id, tool in GrantedTool.objects.order_by("agent_id", "tool").values_list("agent_id", "tool"):
        granted.setdefault(agent_id, []).append(tool)
    by_name = _by_name(environments)
    names = {environment.environment_id: environment.name for environment in environments}
    changes = [
        change
        for row in rows
        if (change := _change(row, known.get(row["agent_id"]), granted.get(row["agent_id"], []), by_name, names))
    ]
    named = {row["agent_id"] for row in rows}
    gone = tuple(
        agent
        for agent in known.values()
        if agent.registered and agent.agent_id not in named and agent.lifecycle != Agent.Lifecycle.RETIRED
    )
    return Comparison(
        added=tuple(change for change in changes if change.is_new),
        changed=tuple(change for change in changes if not change.is_new),
        gone=gone,
        same=len(rows) - len(changes),
        digest=_digest(changes, gone),
    )


def _told(value: Any) -> str:
    if value is None or value in ("", []):
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value[:5]) + (f" and {len(value) - 5} more" if len(value) > 5 else "")
    return f"{value:%Y-%m-%d %H:%M} UTC" if isinstance(value, datetime) else str(value)[:200]


def _by_name(environments: Iterable[Environment]) -> dict[str, str]:
    """The id of each environment whose name only one has, by the name in lower case."""
    found: dict[str, list[str]] = {}
    for environment in environments:
        found.setdefault(environment.name.lower(), []).append(environment.environment_id)
    return {name: ids[0] for name, ids in found.items() if name and len(ids) == 1}


def _change(
    row: Row, agent: Agent | None, granted: Sequence[str], by_name: Mapping[str, str], names: Mapping[str, str]
) -> Change | None:
    """None where the row says nothing new."""
    is_new = agent is None
    agent = agent or Agent(agent_id=row["agent_id"])
    fields = tuple(_differences(row, agent))
    environment = _environment(row, agent, by_name, names)
    tools = tuple(sorted({tool.lower() for tool in row["tools"]})) if "tools" in row else None
    registers = not agent.registered
    if not (registers or fields or environment or (tools is not None and list(tools) != list(granted))):
        return None
    return Change(
        line=row["line"],
        agent=agent,
        is_new=is_new,
        registers=registers,
        fields=fields,
        environment=environment,
        tools=tools,
        tools_before=tuple(granted),
    )


def _differences(row: Row, agent: Agent) -> Iterator[tuple[str, Any, Any]]:
    for field in WRITTEN:
        if field not in row:
            continue
        was, wanted = getattr(agent, field), row[field]
        if field == "published_at":
            wanted = datetime.fromisoformat(wanted)
        if was != wanted:
            yield field, was, wanted


def _environment(
    row: Row, agent: Agent, by_name: Mapping[str, str], names: Mapping[str, str]
) -> tuple[str, str] | None:
    """(id, name) of the environment the agent would get, or whose missing name the row tells; None = as it is."""
    name = row.get("environment_name", "")
    wanted = row.get("environment_id", "") or by_name.get(name.lower(), "")
    if not wanted:
        return None
    has = agent.environment.environment_id if agent.environment else ""
    names_it = bool(name) and name != wanted and not names.get(wanted)
    return (wanted, name if names_it else "") if has != wanted or names_it else None


def _digest(changes: Sequence[Change], gone: Sequence[Agent]) -> str:
    told = [
        [change.agent.agent_id, change.registers, change.fields, change.environment, change.tools, change.tools_before]
        for change in changes
    ]
    sealed = json.dumps([told, [agent.agent_id for agent in gone]], default=str, separators=(",", ":"))
    return hashlib.sha256(sealed.encode()).hexdigest()
