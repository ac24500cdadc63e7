"""A call of another wire in Copilot Studio's shape: read back, it is the same call."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from guardrail.invocation import Invocation
from guardrail.wire import copilot_studio, evaluate
from guardrail.wire.members import canonical


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "agent": {
            "id": "helpdesk",
            "name": "Help Desk",
            "version": "3",
            "parent_id": "front",
            "tenant_id": "t",
            "environment_id": "e",
        },
        "user": {"id": "alex"},
        "conversation_id": "c-1",
        "plan_id": "p-1",
        "step_id": "s-1",
        "channel": "web",
        "client_ip": "203.0.113.9",
        "user_message": "Summarise the mail from Fabrikam for me",
        "thought": "I read it.",
        "history": [
            {"role": "user", "content": "Hello", "timestamp": "2026-11-03T06:00:05+00:00"},
            {
                "role": "assistant",
                "content": {"card": {"title": "Hi", "n": 3}},
                "timestamp": "2026-11-03T06:00:06+00:00",
            },
        ],
        "outputs": [
            {
                "tool": "read_mail",
                "tool_id": "mail.read",
                "content": {"from": "billing@fabrikam.example", "parts": [{"body": "Pay.\n“Now”"}, {"body": "5"}]},
            },
            {"tool": "note", "content": "plain text"},
        ],
        "tool": {
            "id": "send_mail",
            "name": "Send mail",
            "description": "Sends a mail",
            "parameters": [{"name": "to", "description": "Recipient"}],
        },
        "arguments": {"to": "alex@contoso.example", "cc": [], "n": 1.5, "deep": {"a": [None, True]}},
        **changes,
    }


def both_ways(body: dict[str, Any]) -> tuple[Invocation, Invocation]:
    """The call as our own wire reads it, and as it is read back from the other."""
    first = evaluate.parse(json.dumps(body).encode(), orchestrator="x")
    return first, copilot_studio.parse(copilot_studio.rendered(first), orchestrator="x")


def carried(call: Invocation) -> Invocation:
    """Without what this wire has no place for: the key of the step, refusals that were masked, unknown members.

    Arguments are sent in the order of their canonical JSON.
    """
    arguments = tuple(sorted(call.arguments, key=lambda argument: (argument.path, str(argument.value))))
    return replace(call, arguments=arguments, step_key="", refusals=0, unknown_members=())


def test_it_is_the_same_call_again() -> None:
    first, again = both_ways(asked())
    assert carried(again) == carried(first)
    assert again.unknown_members == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"user": None, "trigger": {"id": "t-1", "type": "WhenANewEmailArrives"}},
        {"user_message": {"subject": "Hi", "body": {"text": "there", "list": ["a", "b"]}}},
        {"user_message": None, "history": [], "outputs": []},
        {"history": [{"role": "user", "content": str(n)} for n in range(5)]},
        {"outputs": [{"tool": "t", "content": {"value": "x", "other": "y"}}]},
        {"outputs": [{"tool": "t", "content": '{"inner": {"said": "as a string"}}'}]},
        {"arguments": {}},
        {"arguments": {"text": '{"kept": "closed"}', "": "no name", "a.b": 1, "a": {"b": 2}}},
    ],
)
def test_it_is_the_same_call_in_odder_shapes(changes: dict[str, Any]) -> None:
    first, again = both_ways(asked(**changes))
    assert carried(again) == carried(first)


@pytest.mark.parametrize("arguments", ["a text", ["a", "list"], 5, None])
def test_arguments_that_are_no_object_are_there_all_the_same(arguments: Any) -> None:
    _, again = both_ways(asked(arguments=arguments))
    assert again.arguments_json == canonical({} if arguments is None else {"inputValues": arguments})


def test_two_places_written_alike_hide_no_text() -> None:
    _, again = both_ways(asked(outputs=[{"tool": "t", "content": {"a.b": "first", "a": {"b": "second"}}}]))
    assert {passage.text for passage in again.outputs[0].passages} == {"first", "second"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(content=_JSON, arguments=st.dictionaries(st.text(max_size=4), _JSON, max_size=3))
def test_no_text_of_any_output_and_no_argument_is_lost(content: Any, arguments: dict[str, Any]) -> None:
    first, again = both_ways(asked(outputs=[{"tool": "t", "content": content}], arguments=arguments))
    texts = [passage.text for output in first.outputs for passage in output.passages]
    assert [passage.text for output in again.outputs for passage in output.passages] == texts
    assert again.arguments_json == first.arguments_json
