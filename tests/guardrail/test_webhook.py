"""Every trap of the wire, through the front door: after authentication the answer is 200 and explicit."""

import json
import time

import pytest
from django.db import DatabaseError, transaction
from django.test import Client, override_settings

from guardrail.models import Transcript, Verdict
from guardrail.transcripts import load_body, load_call
from policies.models import Agent
from policies.services.publish import changed
from tests.callers import Asking
from tests.guardrail.bodies import call, output


def newest() -> Verdict:
    verdict = Verdict.objects.first()
    assert verdict is not None
    return verdict


def test_it_allows_an_honest_call_and_keeps_the_whole_body(asking: Asking) -> None:
    body = json.dumps(call()).encode()
    answer = asking.analyze(body, **{"x-ms-correlation-id": "corr-7"})
    assert answer.status == 200
    assert answer.body["blockAction"] is False
    verdict = newest()
    assert (verdict.action, verdict.mode, verdict.policy_version) == ("allow", "enforce", 1)
    assert (verdict.correlation_id, verdict.api_version) == ("corr-7", "2025-05-01")
    assert (verdict.conversation_id, verdict.agent_name, verdict.client_ip) == ("c-1001", "Order Desk", "203.0.113.9")
    assert load_body(verdict.pk) == body
    assert str(verdict.pk) in answer.body["diagnostics"]


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[1, 2]", id="a list"),
        pytest.param(b'{"toolDefinition":', id="cut off"),
        pytest.param(b'{"a":' * 100_000, id="100,000 deep objects"),
        pytest.param(b"[" * 100_000, id="100,000 deep lists"),
        pytest.param(b"\xff\xfe\x00\x01", id="no text at all"),
        pytest.param(json.dumps(call(toolDefinition=None)).encode(), id="no tool"),
        pytest.param(json.dumps(call(conversationMetadata__agent=None)).encode(), id="no agent"),
        pytest.param(json.dumps(call(conversationMetadata="x")).encode(), id="metadata of another type"),
        pytest.param(b'{"inputValues":' + b'{"a":' * 900 + b"1" + b"}" * 901, id="900 deep"),
    ],
)
def test_it_answers_what_it_cannot_read_by_the_fail_posture_and_keeps_the_bytes(asking: Asking, spoiled: bytes) -> None:
    answer = asking.analyze(spoiled)
    assert answer.status == 200
    assert answer.body["blockAction"] is True
    assert answer.body["reasonCode"] == 3
    verdict = newest()
    assert verdict.failed
    assert verdict.degraded == ["wire"]
    assert load_body(verdict.pk) == spoiled
    assert load_call(verdict) is None


def test_it_names_the_conversation_of_a_body_it_cannot_read(asking: Asking) -> None:
    whole = json.dumps(call(), separators=(",", ":")).encode()
    asking.analyze(whole[:-40] + b"}}}}}")
    assert newest().conversation_id == "c-1001"


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(b"\xef\xbb\xbf" + json.dumps(call()).encode(), id="byte order mark"),
        pytest.param(b"\xff\xfe" + json.dumps(call()).encode("utf-16-le"), id="utf-16"),
        pytest.param(json.dumps(call(inputValues={"amount": float("nan")})).encode(), id="NaN"),
        pytest.param(json.dumps(call(inputValues={"amount": float("inf")})).encode(), id="Infinity"),
        pytest.param(json.dumps(call(inputValues={"note": "a\x00b"})).encode(), id="NUL"),
        pytest.param(json.dumps(call(inputValues={"note": "a\ud83db"})).encode(), id="lone surrogate"),
        pytest.param(json.dumps(call(conversationMetadata__conversationId="c\x00\udc00")).encode(), id="NUL in an id"),
        pytest.param(json.dumps(call()).encode().replace(b"open", b"op\xffen"), id="bad UTF-8"),
        pytest.param(json.dumps(call()).encode().replace(b"still open", b"still \x01 open"), id="control character"),
        pytest.param(json.dumps(call(brandNew={"x": 1})).encode(), id="unknown member"),
        pytest.param(json.dumps(call(plannerContext=None)).encode(), id="no planner context"),
        pytest.param(json.dumps(call(inputValues=None)).encode(), id="no arguments"),
        pytest.param(json.dumps(call(conversationMetadata__user=None)).encode(), id="no user"),
        pytest.param(json.dumps(call(plannerContext__chatHistory=[None])).encode(), id="null message"),
        pytest.param(json.dumps(call(plannerContext__chatHistory={"role": "user"})).encode(), id="history no list"),
        pytest.param(json.dumps(call(plannerContext__previousToolsOutputs=[None, 3, "x"])).encode(), id="odd outputs"),
    ],
)
def test_it_reads_and_stores_odd_bodies_all_the_same(asking: Asking, odd: bytes) -> None:
    answer = asking.analyze(odd)
    assert answer.status == 200
    assert answer.body["blockAction"] is False
    verdict = newest()
    assert not verdict.failed
    assert verdict.agent_name == "Order Desk"
    assert load_body(verdict.pk) == odd
    assert load_call(verdict) is not None


def test_it_counts_members_it_does_not_know(asking: Asking) -> None:
    asking.analyze(call(brandNew=1, plannerContext__mood="calm"))
    assert newest().unknown_members == ["brandNew", "plannerContext.mood"]


def test_it_judges_three_megabytes_within_the_deadline(asking: Asking) -> None:
    text = "The quarterly figures are as follows. " * 80_000
    asking.analyze(call())  # a first call pays for imports
    started = time.monotonic()
    answer = asking.analyze(call(plannerContext__previousToolsOutputs=[output(text)]))
    assert answer.status == 200
    assert isinstance(answer.body["blockAction"], bool)
    assert time.monotonic() - started < 5  # generous: a timing never decides; the figure is in docs/detection.md
    assert load_call(newest()) is not None


def test_it_answers_a_body_over_the_limit_and_keeps_its_beginning(asking: Asking) -> None:
    with override_settings(MAX_CALL_BYTES=100_000):
        answer = asking.analyze(b'{"x": "' + b"a" * 300_000)
    assert (answer.status, answer.body["blockAction"]) == (200, True)
    assert Transcript.objects.get().body_bytes == 300_007
    assert len(load_body(newest().pk) or b"") == 100_000


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data; boundary=x", "application/xml"])
def test_it_does_not_care_for_the_content_type(asking: Asking, content_type: str) -> None:
    response = asking.client.generic(
        "POST",
        "/copilot-studio/analyze-tool-execution",
        json.dumps(call()).encode(),
        content_type=content_type,
        headers={"authorization": f"Bearer {asking.token}"},
    )
    assert (response.status_code, response.json()["blockAction"]) == (200, False)


@pytest.mark.parametrize(
    "query",
    ["", "?api-version=2031-01-01", "?api-version=" + "9" * 300, "?x=1", "?" + "a&" * 1_100, "?api-version=%ff\u00e9"],
)
def test_it_accepts_any_api_version_or_none(asking: Asking, query: str) -> None:
    response = asking.client.post(
        "/copilot-studio/analyze-tool-execution" + query,
        json.dumps(call()),
        content_type="application/json",
        headers={"authorization": f"Bearer {asking.token}"},
    )
    assert (response.status_code, response.json()["blockAction"]) == (200, False)


def test_it_refuses_in_constant_words_that_quote_nothing(asking: Asking) -> None:
    answer = asking.analyze(b"not json: send it to evil@attacker.example")
    assert answer.body["reason"] == f"Stopped by Guardrail. Reference {newest().pk}."
    assert set(answer.body) == {"blockAction", "reasonCode", "reason", "diagnostics"}
    assert isinstance(answer.body["diagnostics"], str)


def test_it_recognises_a_repeated_delivery_of_the_same_step(asking: Asking) -> None:
    first = asking.analyze(call())
    again = asking.analyze(call())
    other = asking.analyze(call(conversationMetadata__planStepId="s-2"))
    assert first.body["blockAction"] == again.body["blockAction"] == other.body["blockAction"]
    third, second, original = Verdict.objects.all()
    assert (original.duplicate_of, second.duplicate_of, third.duplicate_of) == (None, original.pk, None)


def test_it_says_not_successful_before_a_policy_is_published(db: None, client: Client) -> None:
    asking = Asking.without_policy(client)
    answer = asking.validate()
    assert (answer.status, answer.body["isSuccessful"]) == (200, False)


def test_it_blocks_when_no_policy_was_ever_published(db: None, client: Client) -> None:
    answer = Asking.without_policy(client).analyze(b"{")
    assert (answer.status, answer.body["blockAction"]) == (200, True)


def test_it_validates_when_a_policy_is_published(asking: Asking) -> None:
    answer = asking.validate()
    assert (answer.status, answer.body) == (200, {"isSuccessful": True, "status": "OK"})


def test_it_follows_the_agents_own_fail_posture_only_where_an_admin_set_it(asking: Asking) -> None:
    assert asking.analyze(b"{").body["blockAction"] is True
    Agent.objects.create(agent_id=call()["conversationMetadata"]["agent"]["id"], registered=True, fail_posture="allow")
    changed()
    # the body names an agent, but nobody can vouch for bytes that cannot be read
    assert asking.analyze(json.dumps(call()).encode()[:-3]).body["blockAction"] is True


def test_it_is_insert_only(asking: Asking) -> None:
    asking.analyze(call())
    for change in (lambda: Verdict.objects.update(action="allow"), lambda: Transcript.objects.all().delete()):
        with pytest.raises(DatabaseError, match="insert only"), transaction.atomic():
            change()
