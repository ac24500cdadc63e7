"""Who calls which tool, without reading the rest of a body: some 10 us, where `parse` takes hundreds (2026-11).

Enough to give a call its turn, and to stop one that there is no time for. Nobody is let through by it: a body may say
one thing twice, or to a tolerant reader something else.
"""

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, kw_only=True, slots=True)
class Glance:
    """Ids as the body gives them; `environment_id` and one of the tool's may be empty."""

    agent_id: str
    environment_id: str
    tool_id: str
    tool_name: str


class _Tool(msgspec.Struct):
    id: str | None = None
    name: str | None = None


class _PlatformAgent(msgspec.Struct, rename="camel"):
    id: str
    environment_id: str | None = None


class _Meta(msgspec.Struct):
    agent: _PlatformAgent


class _Platform(msgspec.Struct, rename="camel"):
    conversation_metadata: _Meta
    tool_definition: _Tool


class _OwnAgent(msgspec.Struct):
    id: str
    environment_id: str | None = None


class _Own(msgspec.Struct):
    agent: _OwnAgent
    tool: _Tool


_PLATFORM, _OWN = msgspec.json.Decoder(_Platform), msgspec.json.Decoder(_Own)


def at_platform_call(body: bytes) -> Glance | None:
    """Of a body of Microsoft Copilot Studio; None where a glance is not enough to tell."""
    try:
        read = _PLATFORM.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _glance(read.conversation_metadata.agent, read.tool_definition)


def at_own_call(body: bytes) -> Glance | None:
    """The same of a body of our own wire."""
    try:
        read = _OWN.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _glance(read.agent, read.tool)


def _glance(agent: _PlatformAgent | _OwnAgent, tool: _Tool) -> Glance | None:
    tool_id, tool_name = tool.id or "", tool.name or ""
    if not agent.id or not (tool_id or tool_name):
        return None
    return Glance(agent_id=agent.id, environment_id=agent.environment_id or "", tool_id=tool_id, tool_name=tool_name)
