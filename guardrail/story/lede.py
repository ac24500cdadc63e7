"""The one sentence a call's page begins with: who told which agent to do what."""

from collections.abc import Mapping, Sequence
from typing import Any

from policies.rules import IN_FORCE

_LONGEST_NAME = 90
_INSTRUCTIONS = frozenset({"instruction_marked", "instruction_followed", "instruction_delegated"})
_CARRIED = {
    "secret_leaving": "a secret",
    "personal_data_leaving": "personal data",
    "secret_in_pieces": "one more part of a secret",
    "pieces_leaving": "one more piece of something",
    "data_in_link": "data inside an address",
    "data_in_link_suspected": "data inside an address",
}
_RESTRICTED = {
    "session_quarantined": "in a conversation that is quarantined",
    "user_quarantined": "for a user who is quarantined",
    "document_quarantined": "on a document that is quarantined",
    "destination_quarantined": "to a destination that is quarantined",
    "step_up": "while every change and message of it waits for a person",
    "rate_limited": "for somebody not signed in, and there were too many such calls this minute",
}
_PLACES = {
    "indicator_matched": "which a list of threats names",
    "indicator_matched_low": "which a list of threats names",
    "lookalike_destination": "which poses as {resembled}",
    "destination_newly_registered": "which was registered only lately",
    "destination_outside_charter": "which its charter does not name",
    "tool_outside_charter": "which is outside its charter",
}
# What memory knows of such a call.
_BEFORE = {
    "double_request": "which was stopped before",
    "double_request_held": "much like a call that was stopped before",
    "destination_stopped_elsewhere": "where another agent was led by an instruction",
    "destination_confirmed_malicious": "where a confirmed attack leads",
}


def lede_of(
    *,
    signals: Sequence[Mapping[str, Any]],
    deciding: str,
    agent: str,
    tool: str,
    tool_kind: str,
    destination: str,
    signed_in: bool,
) -> str:
    """The sentence without its full stop. `agent` and `tool` are names as sent, empty where the call was unreadable."""
    agent = _cut(agent) or "An agent"
    signal = next((signal for signal in signals if signal.get("name") == deciding), None)
    facts = _first_facts(signal) if signal else {}
    target = _cut(facts.get("destination", "") or destination)
    if signal is not None and deciding in _INSTRUCTIONS:
        return f"{_carrier(signal, facts)} told {agent} to {_deed(tool_kind, tool, target, what='something')}"
    if deciding == "tool_description_followed":
        return f"The description of {_cut(tool) or 'a tool'} told {agent} what nobody asked for"
    if deciding == "insider_suspected":
        return f"A user had {agent} {_deed(tool_kind, tool, target, what='something')}, unlike what both usually do"
    if deciding in ("reconnaissance", "reconnaissance_spread"):
        spread = " over several conversations" if deciding == "reconnaissance_spread" else ""
        return f"{'A user' if signed_in else 'Somebody not signed in'} asked {agent} what it can reach{spread}"
    if deciding in ("classified_data_leaving", "stored_data_leaving"):
        data = f"{_cut(facts['data_class'])} data" if facts.get("data_class") else "classified data"
        return f"{agent} was about to {_deed(tool_kind, tool, target, what=data)}"
    if deciding in _CARRIED:
        return f"{agent} was about to {_deed(tool_kind, tool, target, what=_CARRIED[deciding])}"
    if deciding == "laundered_destination":
        deed = _deed(tool_kind, tool, target, what="something")
        return f"{agent} was about to {deed}, a destination from a stranger's text"
    if deciding == "laundered_order":
        return (
            f"{agent} was about to {_deed(tool_kind, tool, target, what='something')}, as a stranger's text had asked"
        )
    if deciding == "relayed_destination":
        return f"Another agent told {agent} to {_deed(tool_kind, tool, target, what='something')}"
    if deciding == "destination_denied":
        return f"{agent} was about to {_deed(tool_kind, tool, target, what='something')}, which is denied"
    if deciding in _PLACES:
        resembled = _cut(facts.get("resembles", "")) or "one of ours"
        said = _PLACES[deciding].format(resembled=resembled)
        return f"{agent} was about to {_deed(tool_kind, tool, target, what='something')}, {said}"
    if deciding in _BEFORE:
        return f"{agent} planned to {_deed(tool_kind, tool, target, what='something')}, {_BEFORE[deciding]}"
    if deciding == "agent_quarantined":
        return f"{agent} is quarantined and planned {_cut(tool) or 'a call'}"
    if deciding in _RESTRICTED:
        return f"{agent} planned {_cut(tool) or 'a call'} {_RESTRICTED[deciding]}"
    if deciding.startswith(IN_FORCE):
        deed = _deed(tool_kind, tool, target, what="something")
        return f"{agent} planned to {deed}, which meets the rule “{_cut(facts.get('rule_title', ''))}”"
    if not tool:
        return "A call came in that could not be read"
    return f"{agent} planned {_cut(tool)}" + (f" to {target}" if target else "")


def _first_facts(signal: Mapping[str, Any]) -> dict[str, str]:
    facts: dict[str, str] = {}
    for name, value in signal.get("facts", ()):
        facts.setdefault(str(name), str(value))
    return facts


def _carrier(signal: Mapping[str, Any], facts: Mapping[str, str]) -> str:
    """What held the instruction, and who wrote it, as far as the record says."""
    evidence = signal.get("evidence", ())
    source = next((str(i["source"]) for i in evidence if i.get("mark") in ("instruction", "signature", "hidden")), "")
    hidden = any(item.get("mark") == "hidden" for item in evidence)
    document, editor, author = (_cut(facts.get(name, "")) for name in ("document", "editor", "author"))
    if editor:
        text = f"the document “{document}”, last changed by {editor}," if document else f"a text by {editor}"
    elif source in ("trigger", "user") or source.startswith("history"):
        text = "a message that came in" if not author else f"a message from {author}"
    elif document:
        text = f"“{document}”" + (f" by {author}" if author else "")
    else:
        text = f"a text by {author}" if author else "a text the agent read"
    return f"Hidden words in {text}" if hidden else text[:1].upper() + text[1:]


def _deed(tool_kind: str, tool: str, target: str, *, what: str) -> str:
    to_target = f" to {target}" if target else ""
    match tool_kind:
        case "send":
            return f"send {what}{to_target}"
        case "pay":
            return f"pay {target}" if target else "pay somebody"
        case "share":
            return f"share {what} with {target}" if target else f"share {what}"
        case "delete":
            return f"delete something with {_cut(tool)}"
        case "read":
            return "look something up" + (f" for {target}" if target and "@" in target else "")
        case _:
            return f"use {_cut(tool) or 'a tool'}{to_target}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
