"""Microsoft Copilot Studio's external threat detection webhook, api-version 2025-05-01.

Source: the vendor's developer page and bodies of real traffic; docs/wire.md lists what differs between them.
Absent and null mean the same, ids are opaque strings, unknown members are counted and never refused.
"""

import hashlib
import json
import re
from datetime import datetime
from functools import partial
from typing import Any, TypedDict

import msgspec

from guardrail.invocation import Invocation, Message, Parameter, Passage, Tool, ToolOutput
from guardrail.text.passages import Opening, cut_arguments, cut_passages, cut_trigger
from guardrail.text.storable import opened_json
from guardrail.wire import Unreadable
from guardrail.wire.json_body import Closed, read_call
from guardrail.wire.members import (
    REFUSAL_MARKER,
    address_of,
    canonical,
    list_of,
    moment_of,
    object_of,
    oldest_first,
    output_of,
    step_key,
    text_of,
    without_refusals,
)
from guardrail.wire.outputs import Entry, open_entry
from policies.decision import Decision
from policies.ruleset import Action

NAME = "copilot_studio"

_KNOWN_MEMBERS = {
    "": {"plannerContext", "toolDefinition", "inputValues", "inputParameters", "conversationMetadata"},
    "plannerContext": {"userMessage", "thought", "chatHistory", "previousToolsOutputs", "previousToolOutputs"},
    "toolDefinition": {"id", "type", "name", "description", "inputParameters", "outputParameters"},
    "conversationMetadata": {
        "agent", "user", "trigger", "conversationId", "messageId", "channelId", "planId", "planStepId",
        "parentAgentComponentId", "incomingClientIp",
    },
}  # fmt: skip
_CLOSED: Closed = {"plannerContext": {"previousToolsOutputs": None, "previousToolOutputs": None}}
_NULL = msgspec.Raw(b"null")
_OUTPUT_MEMBERS = {"name", "description", "type", "value"}
_MAX_UNKNOWN = 20
# Codes of our own; the platform only shows them in its logs.
_REASON_CODES = {Action.MODIFY: 1, Action.HOLD: 2, Action.BLOCK: 1}
_FAILED_CODE = 3


class Answer(TypedDict, total=False):
    """The 200 body. `diagnostics` is a string even though it holds JSON."""

    blockAction: bool
    reasonCode: int
    reason: str
    diagnostics: str


def parse(body: bytes, *, orchestrator: str) -> Invocation:
    """Read one planned call. Raises Unreadable when there is no agent id or no tool to judge."""
    return read_call(body, partial(_call, orchestrator=orchestrator), closed=_CLOSED)


def _call(root: dict[str, Any], *, orchestrator: str) -> Invocation:
    planner = object_of(root.get("plannerContext"))
    meta = object_of(root.get("conversationMetadata"))
    agent = object_of(meta.get("agent"))
    trigger = object_of(meta.get("trigger"))
    tool = _tool(object_of(root.get("toolDefinition")))
    agent_id = text_of(agent.get("id"))
    if not agent_id:
        raise Unreadable("`conversationMetadata.agent.id` is missing, expected a string")
    if not tool.tool_id and not tool.name:
        raise Unreadable("`toolDefinition.id` and `.name` are missing, expected one of them")
    arguments = _arguments(root)
    arguments_json = canonical(arguments)
    conversation_id, plan_id = text_of(meta.get("conversationId")), text_of(meta.get("planId"))
    plan_step_id = text_of(meta.get("planStepId"))
    opening = Opening()
    history, refusals = without_refusals(_history(planner, opening))
    return Invocation(
        orchestrator=orchestrator,
        agent_id=agent_id,
        agent_name=text_of(agent.get("name")),
        agent_version=text_of(agent.get("version")),
        agent_published=agent["isPublished"] if isinstance(agent.get("isPublished"), bool) else None,
        parent_agent_id=text_of(meta.get("parentAgentComponentId")),
        tenant_id=text_of(agent.get("tenantId")),
        environment_id=text_of(agent.get("environmentId")),
        user_id=text_of(object_of(meta.get("user")).get("id")),
        conversation_id=conversation_id,
        plan_id=plan_id,
        plan_step_id=plan_step_id,
        message_id=text_of(meta.get("messageId")),
        channel_id=text_of(meta.get("channelId")),
        client_ip=address_of(meta.get("incomingClientIp")),
        trigger_id=text_of(trigger.get("id")),
        trigger_schema=text_of(trigger.get("schemaName")),
        thought=text_of(planner.get("thought")),
        user_passages=(cut_trigger if any(trigger.values()) else cut_passages)(planner.get("userMessage"), opening),
        history=history,
        refusals=refusals,
        outputs=_outputs(planner, opening),
        tool=tool,
        arguments=cut_arguments(arguments),
        arguments_json=arguments_json,
        step_key=step_key(conversation_id, plan_id, plan_step_id, tool.tool_id or tool.name, arguments_json)
        if conversation_id and plan_id
        else "",
        unknown_members=_unknown_members(root),
    )


def answer(decision: Decision, *, verdict_id: str) -> Answer:
    """The explicit verdict. This wire can only allow or block, so hold and modify stop the call as well."""
    diagnostics = json.dumps(
        {"verdict": verdict_id, "policy": decision.policy_version, "regime": decision.regime.value}
    )
    if decision.action <= Action.NOTICE:
        return {"blockAction": False, "diagnostics": diagnostics}
    return {
        "blockAction": True,
        "reasonCode": _FAILED_CODE if decision.failed else _REASON_CODES[decision.action],
        "reason": f"{REFUSAL_MARKER}{verdict_id}.",
        "diagnostics": diagnostics,
    }


def render(call: Invocation) -> dict[str, Any]:
    """The body this platform would send for a call of another wire, for an engine that knows only this one.

    `parse` reads the same call from it, as far as the wire can carry one: arguments that are no object come back under
    `inputValues`, and an output that stands there twice comes back once. Every text is there, under its path.
    """
    try:
        arguments = json.loads(call.arguments_json)
    except (ValueError, RecursionError):
        arguments = {argument.path: argument.value for argument in call.arguments}
    return {
        "plannerContext": {
            "userMessage": _written(call.user_passages),
            "thought": call.thought or None,
            "chatHistory": [
                {"role": message.role, "content": _written(message.passages), "timestamp": _moment(message.at)}
                for message in reversed(call.history)
            ],
            "previousToolsOutputs": [
                {
                    "toolId": output.tool_id,
                    "toolName": output.tool_name,
                    "outputs": _parts(output.passages),
                    "timestamp": _moment(output.at),
                }
                for output in call.outputs
            ],
        },
        "toolDefinition": {
            "id": call.tool.tool_id or None,
            "name": call.tool.name or None,
            "description": call.tool.description or None,
            "inputParameters": [{"name": p.name, "description": p.description} for p in call.tool.parameters],
        },
        "inputValues": arguments,
        "conversationMetadata": _metadata(call),
    }


def rendered(call: Invocation) -> bytes:
    """`render` as the bytes that are sent. Raises RecursionError for arguments nested too deeply."""
    return json.dumps(render(call)).encode()


def _metadata(call: Invocation) -> dict[str, Any]:
    return {
        "agent": {
            "id": call.agent_id,
            "tenantId": call.tenant_id or None,
            "environmentId": call.environment_id or None,
            "name": call.agent_name or None,
            "version": call.agent_version or None,
            "isPublished": call.agent_published,
        },
        "user": {"id": call.user_id or None},
        "trigger": {"id": call.trigger_id or None, "schemaName": call.trigger_schema or None},
        "conversationId": call.conversation_id or None,
        "messageId": call.message_id or None,
        "channelId": call.channel_id or None,
        "planId": call.plan_id or None,
        "planStepId": call.plan_step_id or None,
        "parentAgentComponentId": call.parent_agent_id or None,
        "incomingClientIp": call.client_ip or None,
    }


def _written(passages: tuple[Passage, ...]) -> str | None:
    """Passages as one string: the text itself, or JSON of path and text, which the next reader opens as we do."""
    if not passages:
        return None
    if len(passages) == 1 and not passages[0].path:
        return passages[0].text
    return json.dumps(_by_path(passages), ensure_ascii=False)


def _parts(passages: tuple[Passage, ...]) -> list[dict[str, str]] | str | None:
    """An output's passages as this platform lists them."""
    if len(passages) == 1 and not passages[0].path:
        return passages[0].text
    return [{"name": path, "value": text} for path, text in _by_path(passages).items()] or None


def _by_path(passages: tuple[Passage, ...]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for passage in passages:
        path = passage.path
        # two places may be written alike (`a.b` and a member `b` of `a`): neither text may hide the other
        while path in texts:
            path += "'"
        texts[path] = passage.text
    return texts


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def salvage(body: bytes) -> dict[str, str]:
    """Agent and conversation id of a body that cannot be parsed, for people searching; never used to decide."""
    found = {}
    for member, pattern in _SALVAGE.items():
        match = pattern.search(body)
        if match:
            found[member] = match.group(1).decode("utf-8", "replace")
    return found


_SALVAGE = {
    "agent_id": re.compile(rb'"agent"\s{0,20}:\s{0,20}\{\s{0,20}"id"\s{0,20}:\s{0,20}"([\w.:-]{1,200})"'),
    "conversation_id": re.compile(rb'"conversationId"\s{0,20}:\s{0,20}"([\w.:-]{1,200})"'),
}


def _tool(definition: dict[str, Any]) -> Tool:
    return Tool(
        tool_id=text_of(definition.get("id")),
        name=text_of(definition.get("name")),
        description=text_of(definition.get("description")),
        parameters=tuple(
            Parameter(name=text_of(entry.get("name")), description=text_of(entry.get("description")))
            for entry in map(object_of, list_of(definition.get("inputParameters")))
        ),
    )


def _arguments(root: dict[str, Any]) -> dict[str, Any]:
    """`inputValues`, or the list `inputParameters` some callers send; both when both come"""
    values = root.get("inputValues")
    if isinstance(values, str):
        values = _opened(values)
    arguments = values if isinstance(values, dict) else {} if values is None else {"inputValues": values}
    for index, entry in enumerate(list_of(root.get("inputParameters"))):
        name = text_of(entry.get("name")) if isinstance(entry, dict) else ""
        value = entry.get("value") if isinstance(entry, dict) and "value" in entry else entry
        key = name or f"inputParameters[{index}]"
        if key not in arguments:
            arguments = {**arguments, key: value}
        elif arguments[key] != value:
            arguments = {**arguments, f"inputParameters[{index}].{key}": value}
    return arguments


def _opened(text: str) -> Any:
    try:
        return opened_json(text)
    except (ValueError, RecursionError):
        return {"inputValues": text}


def _history(planner: dict[str, Any], opening: Opening) -> list[Message]:
    entries = [entry for entry in list_of(planner.get("chatHistory")) if entry is not None]
    moments = [moment_of(entry.get("timestamp")) if isinstance(entry, dict) else None for entry in entries]
    messages = [
        Message(
            role=text_of(entry.get("role")).lower() if isinstance(entry, dict) else "",
            passages=cut_passages(entry.get("content") if isinstance(entry, dict) else entry, opening),
            at=moment,
        )
        for entry, moment in zip(entries, moments, strict=True)
    ]
    return oldest_first(messages, moments, newest_first_by_default=True)


def _outputs(planner: dict[str, Any], opening: Opening) -> tuple[ToolOutput, ...]:
    both = list_of(planner.get("previousToolsOutputs")) + list_of(planner.get("previousToolOutputs"))
    opened = [open_entry(entry, _output, opening) for entry in both if entry is not None and entry != _NULL]
    # what stands there twice counts once
    entries = list({entry.seal: entry for entry in opened}.values())
    outputs, moments = [entry.output for entry in entries], [entry.at for entry in entries]
    return tuple(oldest_first(outputs, moments, newest_first_by_default=False))


def _output(entry: Any, opening: Opening) -> Entry:
    # whatever the order of its members
    seal = hashlib.sha256(canonical(entry).encode("utf-8", "surrogatepass")).digest()
    if not isinstance(entry, dict):
        output = output_of(tool_id="", tool_name="", value=entry, at=None, opening=opening)
        return Entry(output=output, at=None, seal=seal)
    moment = moment_of(entry.get("timestamp"))
    content = entry.get("outputs")
    if isinstance(content, dict) and "value" in content:
        content = [content]
    if isinstance(content, list):
        content = _named(content)
    output = output_of(
        tool_id=text_of(entry.get("toolId")),
        tool_name=text_of(entry.get("toolName")),
        value=content,
        at=moment,
        opening=opening,
    )
    return Entry(output=output, at=moment, seal=seal)


def _named(parts: list[Any]) -> dict[str, Any]:
    """`[{name, value}]` as `{name: value}`, so that a passage's path reads `results[0].text`; the rest stays a list."""
    named: dict[str, Any] = {}
    for index, part in enumerate(parts):
        if isinstance(part, dict) and "value" in part:
            name = text_of(part.get("name")) or f"[{index}]"
            name = name if name not in named else f"{name}[{index}]"
            extra = {key: item for key, item in part.items() if key not in _OUTPUT_MEMBERS}
            named[name] = part["value"]
            if extra:
                named[f"{name}#"] = extra
        else:
            named[f"[{index}]"] = part
    return named


def _unknown_members(root: dict[str, Any]) -> tuple[str, ...]:
    unknown = [
        f"{place}.{name}".lstrip(".")[:100]
        for place, known in _KNOWN_MEMBERS.items()
        for name in (object_of(root.get(place)) if place else root)
        if name not in known
    ]
    return tuple(unknown[:_MAX_UNKNOWN])
