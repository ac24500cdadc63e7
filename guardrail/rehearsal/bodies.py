"""Composes calls: in the live shape of Microsoft Copilot Studio (newest message first, seven fractional digits, nulls)
and in that of `/v1/evaluate`.

Pure: the run's id and its start are passed in, so that a rehearsal can be played again and never repeats a step.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

TENANT = "6f0f5a3e-7d0c-5b52-9d4e-3f1f6f5f8a10"
ENVIRONMENT = "b0a7c9d2-52b1-57d6-8f0e-6d1f2f6e7c44"
COPILOT_STUDIO = "copilot_studio"
EVALUATE = "evaluate"
_TYPES = {"string": {"$kind": "String"}, "any": {"$kind": "Any"}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A tool as the platform describes it; `parameters` are names, all strings."""

    tool_id: str
    name: str
    description: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    """Who acts, for whom: `user` empty on a public channel, `trigger` set when an event starts its runs.

    `scenario` keeps agents of one name apart; `parent` names the agent that called this one.
    """

    name: str
    channel: str
    user: str = ""
    trigger: str = ""
    client_ip: str | None = None
    wire: str = COPILOT_STUDIO
    parent: str = ""
    scenario: str = ""

    @property
    def agent_id(self) -> str:
        name = f"{self.scenario}/{self.name}" if self.scenario else self.name
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"guardrail-rehearsal/{name}"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One conversation of one rehearsal. Ids derive from `run_id`: fresh in every run, shared by the steps of one."""

    run_id: uuid.UUID
    story: str
    started: datetime
    agent: Agent

    def call(
        self,
        tool: Tool,
        arguments: dict[str, Any],
        *,
        step: int,
        said: str,
        thought: str,
        turns: tuple[tuple[str, str], ...] = (),
        outputs: tuple[dict[str, Any], ...] = (),
    ) -> dict[str, Any]:
        """The body of one planned call in the agent's wire. `turns` are (role, text) from the first to the newest."""
        if self.agent.wire == EVALUATE:
            asked = self._evaluate(tool, arguments, step=step)
            history = [{"role": role, "content": text} for role, text in turns]
            return {**asked, "user_message": said, "thought": thought, "history": history, "outputs": list(outputs)}
        history = [
            {"id": self._id(f"turn-{number}"), "role": role, "content": text, "timestamp": stamp(self.at(number * 20))}
            for number, (role, text) in enumerate(turns)
        ]
        return {
            "plannerContext": {
                "userMessage": said,
                "thought": thought,
                "chatHistory": history[::-1],
                "previousToolsOutputs": list(outputs),
            },
            "toolDefinition": {
                "id": tool.tool_id,
                "type": "ToolDefinition",
                "name": tool.name,
                "description": tool.description,
                "inputParameters": [
                    {"name": name, "description": name, "type": _TYPES["string"]} for name in tool.parameters
                ],
                "outputParameters": [{"name": "body", "description": None, "type": _TYPES["any"]}],
            },
            "inputValues": arguments,
            "conversationMetadata": self._metadata(step),
        }

    def output(self, tool: Tool, value: Any, *, at: datetime, name: str) -> dict[str, Any]:
        """What a tool returned, as a later call carries it."""
        if self.agent.wire == EVALUATE:
            return {"tool_id": tool.tool_id, "tool": tool.name, "content": value, "timestamp": stamp(at)}
        return {
            "toolId": tool.tool_id,
            "toolName": tool.name,
            "timestamp": stamp(at),
            "outputs": [{"name": name, "description": None, "type": None, "value": value}],
        }

    @property
    def conversation_id(self) -> str:
        return self._id("conversation")

    def at(self, seconds: int) -> datetime:
        return self.started + timedelta(seconds=seconds)

    def _metadata(self, step: int) -> dict[str, Any]:
        agent = self.agent
        return {
            "agent": {
                "id": agent.agent_id,
                "tenantId": TENANT,
                "environmentId": ENVIRONMENT,
                "name": agent.name,
                "version": None,
                "isPublished": True,
            },
            "user": {
                "id": _person(agent.user) if agent.user else None,
                "tenantId": TENANT if agent.user else None,
            },
            "conversationId": self.conversation_id,
            "messageId": None,
            "channelId": agent.channel,
            "planId": self._id("plan"),
            "planStepId": self._id(f"step-{step}"),
            "parentAgentComponentId": agent.parent or None,
            "trigger": {"id": self._id("trigger") if agent.trigger else None, "schemaName": agent.trigger or None},
            "incomingClientIp": agent.client_ip,
        }

    def _evaluate(self, tool: Tool, arguments: dict[str, Any], *, step: int) -> dict[str, Any]:
        agent = self.agent
        return {
            "agent": {
                "id": agent.agent_id,
                "name": agent.name,
                "parent_id": agent.parent or None,
                "tenant_id": TENANT,
                "environment_id": ENVIRONMENT,
            },
            "user": {"id": _person(agent.user)} if agent.user else None,
            "conversation_id": self.conversation_id,
            "plan_id": self._id("plan"),
            "step_id": self._id(f"step-{step}"),
            "channel": agent.channel,
            "client_ip": agent.client_ip,
            "trigger": {"id": self._id("trigger"), "type": agent.trigger} if agent.trigger else None,
            "tool": {
                "id": tool.tool_id,
                "name": tool.name,
                "description": tool.description,
                "parameters": [{"name": name, "description": name} for name in tool.parameters],
            },
            "arguments": arguments,
        }

    def _id(self, name: str) -> str:
        return str(uuid.uuid5(self.run_id, f"{self.story}/{name}"))


def stamp(at: datetime) -> str:
    """As the platform writes it: seven fractional digits and a numeric offset."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}7+00:00"


def _person(address: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, address))
