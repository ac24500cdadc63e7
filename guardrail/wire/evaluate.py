"""Our own request, `POST /v1/evaluate`, for every agent that has no wire of its own.

docs/wire.md and /api/schema document it. Lists are oldest first. Decisions are allow, block, modify and ask.
"""

from functools import partial
from typing import Any, NotRequired, TypedDict

from guardrail.invocation import Invocation, Message, Parameter, Tool, ToolOutput
from guardrail.text.passages import Opening, cut_arguments, cut_passages, cut_trigger
from guardrail.wire import Unreadable
from guardrail.wire.json_body import Closed, read_call, read_object
from guardrail.wire.members import (
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
from policies.taxonomy import tags_of

NAME = "evaluate"

_KNOWN_MEMBERS = {
    "agent", "user", "conversation_id", "plan_id", "step_id", "channel", "client_ip", "trigger", "user_message",
    "thought", "history", "outputs", "tool", "arguments",
}  # fmt: skip
_CLOSED: Closed = {"outputs": None}
_DECISIONS = {
    Action.ALLOW: "allow",
    Action.NOTICE: "allow",
    Action.MODIFY: "modify",
    Action.HOLD: "ask",
    Action.BLOCK: "block",
}


class Finding(TypedDict):
    """One signal. `tags` are ids of OWASP's lists and MITRE ATLAS."""

    signal: str
    severity: str
    tags: list[str]


class Answer(TypedDict):
    """The 200 body. `modified_arguments` only comes with the decision `modify`, `deferred` only where it is true.

    What would have let the call pass is for the people who read the verdict: an agent under somebody else's control
    would read it as a recipe.
    """

    decision: str
    reasons: list[str]
    regime: str
    findings: list[Finding]
    verdict_id: str
    deferred: NotRequired[bool]
    modified_arguments: NotRequired[Any]


def parse(body: bytes, *, orchestrator: str) -> Invocation:
    """Read one planned call. Raises Unreadable naming the member that is missing."""
    return read_call(body, partial(_call, orchestrator=orchestrator), closed=_CLOSED)


def _call(root: dict[str, Any], *, orchestrator: str) -> Invocation:
    agent, trigger = object_of(root.get("agent")), object_of(root.get("trigger"))
    agent_id = text_of(agent.get("id"))
    if not agent_id:
        raise Unreadable("`agent.id` is missing, expected a string")
    tool = _tool(object_of(root.get("tool")))
    if not tool.tool_id and not tool.name:
        raise Unreadable("`tool.id` and `tool.name` are missing, expected one of them")
    arguments = root.get("arguments")
    arguments_json = canonical(arguments)
    conversation_id, plan_id, step_id = (text_of(root.get(name)) for name in ("conversation_id", "plan_id", "step_id"))
    opening = Opening()
    history, refusals = without_refusals(_history(root, opening))
    return Invocation(
        orchestrator=orchestrator,
        agent_id=agent_id,
        agent_name=text_of(agent.get("name")),
        agent_version=text_of(agent.get("version")),
        parent_agent_id=text_of(agent.get("parent_id")),
        tenant_id=text_of(agent.get("tenant_id")),
        environment_id=text_of(agent.get("environment_id")),
        user_id=text_of(object_of(root.get("user")).get("id")),
        conversation_id=conversation_id,
        plan_id=plan_id,
        plan_step_id=step_id,
        channel_id=text_of(root.get("channel")),
        client_ip=address_of(root.get("client_ip")),
        trigger_id=text_of(trigger.get("id")),
        trigger_schema=text_of(trigger.get("type")),
        thought=text_of(root.get("thought")),
        user_passages=(cut_trigger if any(trigger.values()) else cut_passages)(root.get("user_message"), opening),
        history=history,
        refusals=refusals,
        outputs=_outputs(root, opening),
        tool=tool,
        arguments=cut_arguments(arguments),
        arguments_json=arguments_json,
        step_key=step_key(agent_id, conversation_id, plan_id, step_id, tool.tool_id or tool.name, arguments_json)
        if conversation_id and step_id
        else "",
        unknown_members=tuple(sorted(set(root) - _KNOWN_MEMBERS))[:20],
    )


def answer(decision: Decision, *, verdict_id: str, deferred: bool = False, arguments: Any = None) -> Answer:
    """The explicit verdict; `arguments` are those that may be sent where it is a `modify`.

    `deferred` = by the quick checks; the whole judgement follows and is not sent.
    """
    answered: Answer = {
        "decision": _DECISIONS[decision.action],
        "reasons": [decision.reason] if decision.action > Action.NOTICE else [],
        "regime": decision.regime.value,
        "findings": [
            {"signal": s.name, "severity": s.severity.name.lower(), "tags": [tag.id for tag in tags_of((s.name,))]}
            for s in decision.signals
        ],
        "verdict_id": verdict_id,
    }
    if deferred:
        answered["deferred"] = True
    if decision.action is Action.MODIFY:
        answered["modified_arguments"] = arguments
    return answered


def arguments_of(body: bytes) -> Any:
    """The planned arguments as they came, for an answer that modifies them."""
    return read_object(body).get("arguments")


def _tool(entry: dict[str, Any]) -> Tool:
    return Tool(
        tool_id=text_of(entry.get("id")),
        name=text_of(entry.get("name")),
        description=text_of(entry.get("description")),
        parameters=tuple(
            Parameter(name=text_of(item.get("name")), description=text_of(item.get("description")))
            for item in map(object_of, list_of(entry.get("parameters")))
        ),
    )


def _history(root: dict[str, Any], opening: Opening) -> list[Message]:
    entries = [object_of(entry) for entry in list_of(root.get("history"))]
    moments = [moment_of(entry.get("timestamp")) for entry in entries]
    messages = [
        Message(
            role=text_of(entry.get("role")).lower(), passages=cut_passages(entry.get("content"), opening), at=moment
        )
        for entry, moment in zip(entries, moments, strict=True)
    ]
    return oldest_first(messages, moments, newest_first_by_default=False)


def _outputs(root: dict[str, Any], opening: Opening) -> tuple[ToolOutput, ...]:
    entries = [open_entry(entry, _output, opening) for entry in list_of(root.get("outputs"))]
    outputs, moments = [entry.output for entry in entries], [entry.at for entry in entries]
    return tuple(oldest_first(outputs, moments, newest_first_by_default=False))


def _output(entry: Any, opening: Opening) -> Entry:
    entry = entry if isinstance(entry, dict) else {"content": entry}
    moment = moment_of(entry.get("timestamp"))
    output = output_of(
        tool_id=text_of(entry.get("tool_id")),
        tool_name=text_of(entry.get("tool")),
        value=entry.get("content"),
        at=moment,
        opening=opening,
    )
    return Entry(output=output, at=moment)
