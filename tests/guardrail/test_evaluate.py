"""Our own request: documented, tolerant, and explicit about what it could not read."""

from typing import Any

import pytest

from guardrail.models import Verdict
from guardrail.transcripts import load_call
from guardrail.wire import evaluate
from policies.decision import Decision
from policies.ruleset import Action, Mode, Profile
from tests.callers import Asking

REQUEST: dict[str, Any] = {
    "agent": {"id": "hello", "name": "Hello"},
    "user": {"id": "u-1"},
    "conversation_id": "c-1",
    "step_id": "s-1",
    "user_message": "Mail me the minutes of Monday",
    "history": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
    "outputs": [{"tool": "read_minutes", "content": {"title": "Monday", "text": "We met."}}],
    "tool": {"name": "list_minutes"},
    "arguments": {"day": "Monday"},
}


def test_it_allows_an_honest_call(asking: Asking) -> None:
    answer = asking.evaluate(REQUEST)
    verdict = Verdict.objects.get()
    allowed = {"decision": "allow", "reasons": [], "regime": "nothing", "findings": [], "verdict_id": str(verdict.pk)}
    assert (answer.status, answer.body) == (200, allowed)
    assert (verdict.wire, verdict.conversation_id, verdict.user_id) == ("evaluate", "c-1", "u-1")


def test_it_reads_the_lists_oldest_first(asking: Asking) -> None:
    asking.evaluate(REQUEST)
    call = load_call(Verdict.objects.get())
    assert call is not None
    assert [message.passages[0].text for message in call.history] == ["Hi", "Hello"]
    assert [(p.path, p.text) for p in call.outputs[0].passages] == [("title", "Monday"), ("text", "We met.")]


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (b"{", "is not JSON"),
        ({"tool": {"name": "x"}}, "`agent.id` is missing"),
        ({"agent": {"id": "a"}}, "`tool.id` and `tool.name` are missing"),
        ([1], "the body is `list`, expected an object"),
    ],
)
def test_it_blocks_what_it_cannot_read_and_says_why(asking: Asking, request_: Any, complaint: str) -> None:
    answer = asking.evaluate(request_)
    assert (answer.status, answer.body["decision"]) == (200, "block")
    assert complaint in answer.body["reasons"][0]


def test_it_refuses_a_stranger(asking: Asking) -> None:
    answer = asking.evaluate(REQUEST, authorization="Bearer gr_nobody")
    assert (answer.status, answer.body["httpStatus"]) == (401, 401)


@pytest.mark.parametrize(
    ("action", "word"),
    [
        (Action.ALLOW, "allow"),
        (Action.NOTICE, "allow"),
        (Action.MODIFY, "modify"),
        (Action.HOLD, "ask"),
        (Action.BLOCK, "block"),
    ],
)
def test_it_has_a_word_for_every_action_and_arguments_only_for_one(action: Action, word: str) -> None:
    decision = Decision(
        action=action,
        would_have=action,
        mode=Mode.ENFORCE,
        profile=Profile.STRICT,
        reason="because",
        severity=None,
        signals=(),
        deciding=None,
        degraded=(),
        failed=False,
        policy_version=1,
    )
    answer = evaluate.answer(decision, verdict_id="v", arguments={"to": ["a"]})
    assert answer["decision"] == word
    assert answer.get("modified_arguments") == ({"to": ["a"]} if action is Action.MODIFY else None)


def test_it_documents_the_request_in_the_openapi_schema(asking: Asking) -> None:

    response = asking.client.get("/api/schema?format=json", headers={"accept": "application/json"})
    schema = response.json()
    assert schema["openapi"].startswith("3.")
    assert "/v1/evaluate" in schema["paths"]
    properties = schema["components"]["schemas"]["EvaluateRequest"]["properties"]
    assert set(REQUEST) <= set(properties)
