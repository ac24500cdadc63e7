"""What is done to a running instance, one thing after the other."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from tests.guardrail.instances import RunningInstance, alive, wait_for

STOPPED_SECONDS = 6.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """`inflict` returns when the fault is over and the supervisor has healed what it heals."""

    name: str
    inflict: Callable[[RunningInstance], None]


def _kill_web_process(instance: RunningInstance) -> None:
    web = instance.pids()["web"]
    before = _children(web)
    os.kill(before[-1], signal.SIGKILL)
    wait_for(lambda: before[-1] not in _children(web) and len(_children(web)) >= len(before), what="a new web process")


def _kill(name: str) -> Callable[[RunningInstance], None]:
    def inflict(instance: RunningInstance) -> None:
        killed = instance.pids()[name]
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: instance.pids().get(name, killed) != killed, what=f"a new {name}")

    return inflict


def _stop_postgres(instance: RunningInstance) -> None:
    """Freeze every process of Postgres, as a full disk or a dead storage does: connections stay, nobody answers."""
    family = list(_family(instance.pids()["postgres"]))
    _signal_all(family, signal.SIGSTOP)
    try:
        sleep(STOPPED_SECONDS)
    finally:
        _signal_all(family, signal.SIGCONT)


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
    instance.wait()


FAULTS = (
    Fault(name="kill -9 one web process", inflict=_kill_web_process),
    Fault(name="kill -9 the web server", inflict=_kill("web")),
    Fault(name="kill -9 the worker", inflict=_kill("worker")),
    Fault(name="kill -9 the clock", inflict=_kill("beat")),
    Fault(name="kill -9 Valkey", inflict=_kill("valkey")),
    Fault(name="kill -9 Postgres", inflict=_kill("postgres")),
    Fault(name=f"freeze Postgres for {STOPPED_SECONDS:.0f} s", inflict=_stop_postgres),
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
