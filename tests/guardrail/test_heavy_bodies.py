"""Bodies that would use up memory, time or all threads: an explicit verdict, and nothing of them stays."""

import gc
import json
import threading
import tracemalloc
import weakref
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory, override_settings

from guardrail import large_calls, webhook
from guardrail.models import Transcript, Verdict
from guardrail.text.passages import MAX_OPENED_VALUES, Opening, cut_passages
from guardrail.wire import evaluate
from guardrail.wire.json_body import MAX_STRUCTURE
from tests.callers import Asking
from tests.guardrail.bodies import call, output


@pytest.fixture
def without_collector() -> Iterator[None]:
    """What is let go of is gone at once; what is held in a circle stays."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _planned(arguments: str) -> bytes:
    good = {"agent": {"id": "a"}, "tool": {"name": "list_notes"}, "arguments": "@"}
    return json.dumps(good).replace('"@"', arguments).encode()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param("[" + "1," * MAX_STRUCTURE + "1]", id="numbers"),
        pytest.param("[" + "[]," * MAX_STRUCTURE + "1]", id="empty lists"),
        pytest.param("{" + ",".join(f'"{n}":0' for n in range(MAX_STRUCTURE // 2)) + "}", id="names"),
        pytest.param('["a\\"b\\\\",' + "{}," * MAX_STRUCTURE + '"c"]', id="behind escaped quotes"),
    ],
)
def test_a_body_of_very_many_values_is_answered_by_the_fail_posture(asking: Asking, arguments: str) -> None:
    answer = asking.evaluate(_planned(arguments))
    assert (answer.status, answer.body["decision"]) == (200, "block")
    assert "commas, colons and brackets" in Verdict.objects.get().reason


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(json.dumps("a, b: [c] {d} \\ " * 200_000), id="a long text"),
        pytest.param(json.dumps('"a","b",' * 200_000), id="a table as text"),
        pytest.param(json.dumps([{"name": "Ann", "city": "Delft", "n": 1}] * 50_000), id="50,000 rows"),
    ],
)
def test_an_honest_body_of_megabytes_is_read(arguments: str) -> None:
    assert evaluate.parse(_planned(arguments), orchestrator="").agent_id == "a"


def test_json_in_texts_is_opened_as_long_as_a_call_holds_little_of_it() -> None:
    opening, text = Opening(), json.dumps([["a"]] * (MAX_OPENED_VALUES // 3))
    assert len(cut_passages(text, opening)) > 1
    assert cut_passages(text, opening)[0].text == text
    assert [passage.path for passage in cut_passages(text)][:1] == ["[0][0]"]


@override_settings(MAX_CALL_BYTES=3_000_000)
def test_large_calls_that_come_at_once_are_not_all_judged_and_small_ones_are(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = large_calls.Room(3_000_000)
    monkeypatch.setattr(webhook, "_room", room)
    large: dict[str, Any] = call(plannerContext__previousToolsOutputs=[output("The figures follow. " * 80_000)])
    with room.take(2_500_000) as fits:
        assert fits
        refused, small = asking.analyze(large), asking.analyze(call())
    assert (refused.status, refused.body["blockAction"]) == (200, True)
    assert small.body["blockAction"] is False
    kept = Transcript.objects.earliest("id")
    assert kept.body_bytes == len(json.dumps(large))
    assert "too many calls as large" in Verdict.objects.earliest("pk").reason
    assert asking.analyze(large).body["blockAction"] is False


def test_a_large_call_waits_a_moment_for_room_and_few_others_beside_it_do() -> None:
    room, inside, over = large_calls.Room(4_000_000), threading.Event(), threading.Event()

    def stay() -> None:
        with room.take(3_000_000):
            inside.set()
            over.wait(10)

    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait(10)
    with room.take(2_000_000) as fits:
        assert not fits
    with room.take(1_000_000) as fits:
        assert fits
    over.set()
    thread.join()
    with room.take(50_000_000) as fits:
        assert fits


def test_what_agents_call_themselves_does_not_add_up_in_memory(asking: Asking) -> None:
    def ask(number: int) -> None:
        named = f"agent {number} " + "a" * 300_000
        answer = asking.evaluate(json.dumps({"agent": {"id": named}, "tool": {"name": "list_notes"}}).encode())
        assert answer.status == 200

    for number in range(3):
        ask(number)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(3, 13):
            ask(number)
        gc.collect()
        kept = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, "*/tests/*")])
        assert sum(one.size for one in kept.statistics("filename")) < 1_000_000, "ten of them are 3 MB"
    finally:
        tracemalloc.stop()


def test_nothing_of_a_body_stays_in_memory_once_it_is_answered(asking: Asking, without_collector: None) -> None:
    headers = {"authorization": f"Bearer {asking.token}"}
    request = RequestFactory().post("/v1/evaluate", b"{}", content_type="application/json", headers=headers)
    body = BytesIO(b"{}")
    held, environ = weakref.ref(body), {**request.environ, "wsgi.input": body}
    begin: Any = lambda *_: None  # noqa: E731 what a server is told, nobody here wants to know
    response: Any = WSGIHandler()(environ, begin)
    assert b"".join(response).startswith(b'{"decision"')
    response.close()
    del body, environ, response
    assert held() is None
