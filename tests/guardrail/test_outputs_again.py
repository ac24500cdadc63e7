"""A conversation's history comes again with each call: an output is opened once, and read as it was the first time."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from guardrail.invocation import Invocation
from guardrail.text.passages import MAX_OPENED_VALUES
from guardrail.wire import copilot_studio, evaluate
from guardrail.wire.outputs import forget_entries
from tests.guardrail.bodies import call, output

_AT = "2026-11-02T09:14:01+00:00"


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    forget_entries()
    yield
    forget_entries()


def of_copilot(*outputs: Any) -> bytes:
    return json.dumps(call(plannerContext__previousToolsOutputs=list(outputs))).encode()


def read(body: bytes) -> Invocation:
    return copilot_studio.parse(body, orchestrator="x")


def texts(invocation: Invocation) -> list[list[str]]:
    return [[passage.text for passage in out.passages] for out in invocation.outputs]


def test_it_reads_a_copilot_history_again_as_the_first_time() -> None:
    first, second = {**output("the offer"), "timestamp": _AT}, output(json.dumps({"rows": [{"a": 1}, {"a": 2}]}))
    alone = read(of_copilot(first))
    both = read(of_copilot(first, second))
    assert both.outputs[0] == alone.outputs[0]
    assert both == read(of_copilot(first, second))
    forget_entries()
    assert both == read(of_copilot(first, second))


def test_it_reads_a_history_of_our_own_request_again_as_the_first_time() -> None:
    outputs = [{"tool": "read", "content": {"rows": [1, 2]}, "timestamp": _AT}, "plain", None, 7]
    body = json.dumps({"agent": {"id": "a"}, "tool": {"name": "t"}, "outputs": outputs}).encode()
    first = evaluate.parse(body, orchestrator="x")
    assert texts(first) == [["1", "2"], ["plain"], [], ["7"]]
    assert evaluate.parse(body, orchestrator="x") == first


def test_it_takes_the_same_entry_on_two_wires_for_what_each_makes_of_it() -> None:
    entry = {"toolId": "c", "toolName": "C", "tool": "e", "outputs": "of copilot", "content": "of evaluate"}
    assert texts(read(of_copilot(entry))) == [["of copilot"]]
    body = json.dumps({"agent": {"id": "a"}, "tool": {"name": "t"}, "outputs": [entry]}).encode()
    assert texts(evaluate.parse(body, orchestrator="x")) == [["of evaluate"]]


def test_it_sees_a_change_of_one_letter_in_an_output_it_knows() -> None:
    assert texts(read(of_copilot(output("pay 100")))) == [["pay 100"]]
    assert texts(read(of_copilot(output("pay 900")))) == [["pay 900"]]


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param('{"toolName": "t", "outputs": [{"name": "v", "value": NaN}]}', id="NaN"),
        pytest.param('{"toolName": "t", "outputs": [{"name": "v", "value": "a\nb"}]}', id="a line break"),
        pytest.param('{"toolName": "t", "outputs": [{"name": "v", "value": "a\\ud800b"}]}', id="half a pair"),
        pytest.param('{"toolName": "t", "outputs": [{"name": "v", "value": "a\\u0000b"}]}', id="NUL"),
    ],
)
def test_one_entry_that_needs_a_tolerant_reader_hides_none_of_the_others(entry: str) -> None:
    known = json.dumps(output("known by heart"))
    read(of_copilot(output("known by heart")))
    body = of_copilot("@1", "@2").replace(b'"@1"', known.encode()).replace(b'"@2"', entry.encode())
    for _ in range(2):
        assert len(read(body).outputs) == 2
        assert texts(read(body))[0] == ["known by heart"]


def test_bad_letters_inside_of_an_output_are_read_as_everywhere() -> None:
    body = of_copilot(output("caf@")).replace(b"caf@", b"caf\xff")
    assert texts(read(body)) == texts(read(body)) == [["caf\ufffd"]]


def test_what_stands_twice_counts_once_whatever_the_order_of_its_members() -> None:
    entry = output("said once")
    turned = dict(reversed(entry.items()))
    assert texts(read(of_copilot(entry, turned, None))) == [["said once"]]


def test_what_is_known_takes_its_share_of_what_a_call_may_open() -> None:
    large = output(json.dumps([0] * (MAX_OPENED_VALUES - 10)))
    small = output(json.dumps(list(range(20))))
    for one in (large, small):
        read(of_copilot(one))
    together = read(of_copilot(large, small))
    # the second is left closed, as in a process that knew neither
    assert len(together.outputs[1].passages) == 1
    forget_entries()
    assert texts(read(of_copilot(large, small)))[1] == texts(together)[1]
    assert len(read(of_copilot(small)).outputs[0].passages) == 20
