"""Writes what is stored of a tenant as tenant documents: what `import_tenant` reads back into the same."""

from typing import Any

from policies.models import Agent, ClassifiedFile, DataClass, Destination, Tool


def load_tenant_documents() -> tuple[dict[str, Any], dict[str, Any]]:
    """The organisation's document and that of its agents. Five queries.

    Two, since what a document says of tools holds for its own agents, or for all where it names none. Of an agent that
    nobody registered nothing is written: importing it would register it.
    """
    tools = list(Tool.objects.order_by("tool", "agent_id"))
    organisation = {
        "destinations": list(Destination.objects.order_by("value").values("value", "standing")),
        "data_classes": list(DataClass.objects.order_by("name").values("name", "may_leave", "terms", "labels")),
        "files": [_file(file) for file in ClassifiedFile.objects.select_related("data_class").order_by("pk")],
        "tools": [_tool(tool) for tool in tools if not tool.agent_id],
    }
    registered = Agent.objects.filter(registered=True).select_related("environment").order_by("agent_id")
    agents = {
        "agents": [_agent(agent, [tool for tool in tools if tool.agent_id == agent.agent_id]) for agent in registered]
    }
    return organisation, agents


def _agent(agent: Agent, tools: list[Tool]) -> dict[str, Any]:
    return _said(
        id=agent.agent_id,
        name=agent.name,
        tenantId=agent.tenant_id,
        environmentId=agent.environment.environment_id if agent.environment else "",
        owner=agent.owner,
        mode=agent.mode,
        profile=agent.profile,
        fail_posture=agent.fail_posture,
        tool_kinds=[_tool(tool) for tool in tools],
    )


def _tool(tool: Tool) -> dict[str, Any]:
    return {**_said(tool=tool.tool, kind=tool.kind), "critical": tool.critical}


def _file(file: ClassifiedFile) -> dict[str, Any]:
    data_class = file.data_class.name if file.data_class else ""
    return _said(name=file.name, id=file.file_id, owner=file.owner, data_class=data_class)


def _said(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}
