"""What is done to a running instance, one thing after the other."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from tests.guardrail.instances import RunningInstance, alive, wait_for

STOPPED_SECONDS = 6.0
# A machine that is busy otherwise starts a process in its own time
_AGAIN_SECONDS = 120.0
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """`inflict` returns when the fault is over and the supervisor has healed what it heals.

    `answers_in_time` = callers must notice nothing: whoever answers them goes on.
    """

    name: str
    inflict: Callable[[RunningInstance], None]
    answers_in_time: bool = False


def _kill_web_process(instance: RunningInstance) -> None:
    web = instance.pids()["web"]
    before = _children(web)
    os.kill(before[-1], signal.SIGKILL)
    wait_for(
        lambda: before[-1] not in _children(web) and len(_children(web)) >= len(before),
        what="a new web process",
        seconds=_AGAIN_SECONDS,
    )


def _end(name: str, how: signal.Signals) -> Callable[[RunningInstance], None]:
    def inflict(instance: RunningInstance) -> None:
        ended = instance.pids()[name]
        os.kill(ended, how)
        try:
            wait_for(lambda: not alive(ended), what=f"the end of {name}", seconds=_PATIENCE_SECONDS)
        except AssertionError:
            # as `up` does with what does not end in order
            os.kill(ended, signal.SIGKILL)
        wait_for(lambda: instance.pids().get(name, ended) != ended, what=f"a new {name}", seconds=_AGAIN_SECONDS)

    return inflict


def _kill(name: str) -> Callable[[RunningInstance], None]:
    return _end(name, signal.SIGKILL)


def _freeze(name: str) -> Callable[[RunningInstance], None]:
    """Stop it and all below it for a while, as a full disk or a dead storage does: connections stay, nobody answers."""

    def inflict(instance: RunningInstance) -> None:
        _freeze_all(list(_family(instance.pids()[name])))

    return inflict


def _freeze_web_process(instance: RunningInstance) -> None:
    """One of those that answer: what it holds waits, and what comes goes to the others, or waits for it."""
    _freeze_all(_children(instance.pids()["web"])[-1:])


def _freeze_all(pids: list[int]) -> None:
    _signal_all(pids, signal.SIGSTOP)
    try:
        sleep(STOPPED_SECONDS)
    finally:
        _signal_all(pids, signal.SIGCONT)


def _stop_postgres_and_kill_web(instance: RunningInstance) -> None:
    """The new web server finds no Postgres and must judge by its snapshot."""
    family = list(_family(instance.pids()["postgres"]))
    _signal_all(family, signal.SIGSTOP)
    try:
        _kill("web")(instance)
        sleep(2 * STOPPED_SECONDS)
    finally:
        _signal_all(family, signal.SIGCONT)


def _kill_everything(instance: RunningInstance) -> None:
    """As a machine short of memory may: supervisor and all it started at once. Then a start in the same folder."""
    web = _children(instance.pids()["web"])
    instance.process.kill()
    _signal_all([*instance.pids().values(), *web], signal.SIGKILL)
    instance.process.wait()
    instance.start()
    instance.wait(seconds=600)


FAULTS = (
    Fault(name="kill -9 one web process", inflict=_kill_web_process),
    Fault(name="kill -9 the web server", inflict=_kill("web")),
    Fault(name="kill -9 the worker", inflict=_kill("worker"), answers_in_time=True),
    Fault(name="kill -9 the clock", inflict=_kill("beat"), answers_in_time=True),
    Fault(name="kill -9 Valkey", inflict=_kill("valkey"), answers_in_time=True),
    Fault(name="kill -9 Postgres", inflict=_kill("postgres"), answers_in_time=True),
    Fault(name="freeze one web process", inflict=_freeze_web_process),
    Fault(name="freeze the web server", inflict=_freeze("web")),
    Fault(name="freeze the worker", inflict=_freeze("worker"), answers_in_time=True),
    Fault(name="freeze the clock", inflict=_freeze("beat"), answers_in_time=True),
    Fault(name="freeze Valkey", inflict=_freeze("valkey"), answers_in_time=True),
    Fault(name="freeze Postgres", inflict=_freeze("postgres"), answers_in_time=True),
    Fault(name="restart the web server", inflict=_end("web", signal.SIGTERM)),
    Fault(name="restart the worker", inflict=_end("worker", signal.SIGTERM), answers_in_time=True),
    Fault(name="restart the clock", inflict=_end("beat", signal.SIGTERM), answers_in_time=True),
    Fault(name="restart Valkey", inflict=_end("valkey", signal.SIGTERM), answers_in_time=True),
    Fault(name="restart Postgres", inflict=_end("postgres", signal.SIGINT), answers_in_time=True),
    Fault(name="freeze Postgres, kill web", inflict=_stop_postgres_and_kill_web),
    Fault(name="kill -9 everything", inflict=_kill_everything),
)


def _signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        if alive(pid):
            os.kill(pid, number)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in _children(pid):
        yield from _family(child)


def _children(pid: int) -> list[int]:
    try:
        return sorted(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    except OSError:
        return []
