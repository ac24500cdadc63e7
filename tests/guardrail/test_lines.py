"""Kept connections to a real server that closes, stalls, says too much or says it too early."""

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import h11
import httpx
import pytest

from guardrail.lines import Answer, Lines, TooMuch
from tests import engines
from tests.engines import OtherEngine

T = TypeVar("T")

ALLOW = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n{"blockAction": false}'
BLOCK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n{"blockAction": true}'


@pytest.fixture
def engine() -> Iterator[OtherEngine]:
    with OtherEngine(behave=engines.ALLOWS).serving() as serving:
        yield serving


def lines_to(engine: OtherEngine) -> Lines:
    return Lines(engine.url, trust=httpx.create_ssl_context(), most_bytes=65_536)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """On a thread of its own: this one's event loop is the browser's, whose tests may come next."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, coroutine).result()


def ask(engine: OtherEngine, times: int = 1) -> list[Answer]:
    """The answers to as many questions on one set of lines."""

    async def asking() -> list[Answer]:
        lines = lines_to(engine)
        answers = []
        for number in range(times):
            answers.append(await asyncio.wait_for(lines.post("/x?y=1", f"question {number}".encode(), {"A": "b"}), 20))
            await asyncio.sleep(0.05)  # what the server sends unasked, or its goodbye, arrives meanwhile
        lines.close()
        return answers

    return run(asking())


def test_it_sends_the_question_and_reads_the_answer(engine: OtherEngine) -> None:
    [answer] = ask(engine)
    assert (answer.status, answer.content_type, answer.body) == (200, "application/json", b'{"blockAction": false}')
    [request] = engine.requests
    assert (request.path, request.body, request.headers["a"]) == ("/guard/x?y=1", b"question 0", "b")
    assert request.headers["host"] == engine.url.split("/")[2]


def test_many_questions_share_a_connection(engine: OtherEngine) -> None:
    assert len(ask(engine, times=5)) == 5
    assert engine.connections == 1


def test_a_server_that_closes_after_each_answer_is_met_anew(engine: OtherEngine) -> None:
    def closing(connection: socket.socket, serving: OtherEngine) -> bool:
        connection.sendall(ALLOW)
        return False

    engine.behave = closing
    assert [answer.status for answer in ask(engine, times=3)] == [200] * 3
    assert engine.connections == 3


def test_a_question_is_asked_again_when_the_kept_connection_closes_under_it(engine: OtherEngine) -> None:
    def once_each(connection: socket.socket, serving: OtherEngine) -> bool:
        # the second question on a connection is read and never answered
        if serving.connections < len(serving.requests):
            serving.requests.pop()
            return False
        connection.sendall(ALLOW)
        return True

    engine.behave = once_each
    assert [answer.status for answer in ask(engine, times=3)] == [200] * 3


def test_a_server_that_never_answers_is_not_asked_for_ever(engine: OtherEngine) -> None:
    engine.behave = engines.hanging_up
    with pytest.raises(h11.RemoteProtocolError):
        ask(engine)
    assert len(engine.requests) == 1


def test_an_answer_nobody_asked_for_is_never_taken_for_the_next_one(engine: OtherEngine) -> None:
    def two_answers(connection: socket.socket, serving: OtherEngine) -> bool:
        connection.sendall(ALLOW + BLOCK if len(serving.requests) == 1 else ALLOW)
        return True

    engine.behave = two_answers
    assert [answer.body for answer in ask(engine, times=2)] == [b'{"blockAction": false}'] * 2
    assert engine.connections == 2


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, id="an endless header"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, id="endless headers"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 2000 + b"nonsense\r\n\r\n", id="preludes and nonsense"),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", id="another protocol"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ab", id="a header cut off"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\n\r\n", id="hints alone"),
        pytest.param(b"\x16\x03\x01\x02\x00" + b"\x00" * 600, id="TLS where none was spoken"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", id="a negative length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", id="less than promised"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="a broken chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 70_000, id="crumbs"),
    ],
)
def test_what_is_no_answer_is_an_error_and_never_an_endless_one(engine: OtherEngine, whole: bytes) -> None:
    def behave(connection: socket.socket, serving: OtherEngine) -> bool:
        connection.sendall(whole)
        return False

    engine.behave = behave
    with pytest.raises((OSError, h11.RemoteProtocolError, TooMuch)):
        ask(engine)


def test_after_many_questions_that_were_given_up_it_still_works(engine: OtherEngine) -> None:
    """A pool that loses a connection to each would be empty now, and an engine that hung once would never come back."""

    async def storm() -> Answer:
        lines = lines_to(engine)
        engine.behave = engines.hanging
        given_up = [asyncio.wait_for(lines.post("/x", b"?", {}), 0.001 * (number % 40)) for number in range(200)]
        outcomes = await asyncio.gather(*given_up, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {TimeoutError}
        engine.behave = engines.ALLOWS
        answer = await asyncio.wait_for(lines.post("/x", b"?", {}), 20)
        lines.close()
        return answer

    assert run(storm()).status == 200
