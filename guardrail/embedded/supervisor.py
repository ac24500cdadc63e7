"""Keeps children alive: one that dies is started again, after a pause that grows while it keeps dying."""

import os
import select
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from types import FrameType

from guardrail.embedded.binaries import BinariesMissing
from guardrail.embedded.processes import StartFailed, end, sweep

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 15.0
# A child that ran this long is healthy again: its next end starts with the first pause
_HEALTHY_SECONDS = 30.0
# What children of a killed process get to finish the requests they are in
_ORPHAN_PATIENCE_SECONDS = 3.0
# What a new process gets to load beside the old one, on a busy machine
_SUCCESSOR_SECONDS = 120.0

Say = Callable[[str], None]


@dataclass(kw_only=True, slots=True)
class Child:
    """One thing that must run. `start` spawns it and returns at once; it is called again after each end.

    `overlap_seconds` is how long the children of a killed process may go on beside its successor, at most: those of the
    web server keep answering on the shared port while the new one loads. They go once it `answers`.

    One that is `renewable` is replaced when that is asked. With `answers`, its successor runs beside it until that is
    true of the successor, and only then is the old one asked to stop; otherwise the old one is stopped first.
    """

    name: str
    start: Callable[[], "subprocess.Popen[bytes]"]
    ask: signal.Signals = signal.SIGTERM
    patience_seconds: float = 20.0
    overlap_seconds: float = 0.0
    renewable: bool = False
    answers: "Callable[[subprocess.Popen[bytes]], bool] | None" = None
    process: "subprocess.Popen[bytes] | None" = None
    successor: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    successor_until: float = field(default=0.0, init=False)
    pause_seconds: float = field(default=_FIRST_PAUSE_SECONDS, init=False)
    started_at: float = field(default=0.0, init=False)
    start_again_at: float = field(default=0.0, init=False)


@dataclass(kw_only=True, slots=True)
class _Orphans:
    """What a leader left in its session: asked to stop once its `heir` answers, or at `next_at`; then killed."""

    leader: "subprocess.Popen[bytes]"
    next_at: float
    heir: Child | None = None
    asked: bool = False

    def are_due(self, now: float) -> bool:
        """Whether they are to be asked, or killed, now."""
        if now >= self.next_at:
            return True
        heir = None if self.asked else self.heir
        return heir is not None and heir.process is not None and heir.answers is not None and heir.answers(heir.process)


class Supervisor:
    """Holds children in the order they were started; stops them in the opposite one.

    SIGTERM, SIGINT and SIGHUP ask for the stop: as KeyboardInterrupt while the caller starts things up, as the end of
    `watch` afterwards. SIGUSR1 asks `watch` to renew what is renewable.
    """

    def __init__(self, *, say: Say, note: Callable[[dict[str, int]], None]) -> None:
        self._say = say
        self._note = note
        self._children: list[Child] = []
        self._orphans: list[_Orphans] = []
        self._stop_asked = False
        self._renewal_asked = False
        self._interruptible = True
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        signal.signal(signal.SIGUSR1, self._ask_to_renew)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake `watch`

    def add(self, child: Child) -> "subprocess.Popen[bytes]":
        """Start a child and keep it from now on. Raises what its start raises, and KeyboardInterrupt as `go_on`."""
        self.go_on()
        self._interruptible = False  # a child spawned and not yet kept would be stopped by nobody
        try:
            child.process = child.start()
            child.started_at = monotonic()
            self._children.append(child)
            self._note_all()
        finally:
            self._interruptible = True
        self.go_on()
        return child.process

    def go_on(self) -> None:
        """Raise KeyboardInterrupt when a stop was asked: libraries may have swallowed the one of the signal."""
        if self._stop_asked:
            raise KeyboardInterrupt

    def watch(self) -> None:
        """Start again whatever ends, until a signal asks to stop."""
        self._interruptible = False
        while not self._stop_asked:
            if self._renewal_asked:
                self._renewal_asked = False
                self._renew()
            for child in self._children:
                self._tend_successor(child)
                self._tend(child)
            self._tend_orphans()
            select.select([self._woken], [], [], 0.5)
            self._drain()

    def stop(self, *groups: Sequence[str]) -> None:
        """Stop all children: the groups in the order given, each group at once. A further signal changes nothing."""
        self._interruptible = False
        for orphans in self._orphans:
            sweep(orphans.leader)
        for child in self._children:
            if child.successor:
                end(child.successor, ask=signal.SIGKILL, patience_seconds=1.0)
        for names in groups:
            members = [child for child in self._children if child.name in names and child.process]
            for child in members:
                if child.process and child.process.poll() is None:
                    child.process.send_signal(child.ask)
            for child in members:
                if child.process:
                    end(child.process, ask=child.ask, patience_seconds=child.patience_seconds)
                    self._say(f"{child.name} stopped")
        self._children.clear()
        self._note_all()

    def _tend(self, child: Child) -> None:
        now = monotonic()
        if child.process and child.process.poll() is not None:
            self._say(f"{child.name} ended {_how(child.process.returncode)}, starting it again")
            self._orphans.append(_Orphans(leader=child.process, next_at=now + child.overlap_seconds, heir=child))
            self._tend_orphans()
            child.process = None
            healthy = now - child.started_at > _HEALTHY_SECONDS
            child.pause_seconds = (
                _FIRST_PAUSE_SECONDS if healthy else min(child.pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
            )
            child.start_again_at = now + child.pause_seconds
        if child.process is None and now >= child.start_again_at:
            self._start_again(child)

    def _renew(self) -> None:
        for child in self._children:
            if not child.renewable or not child.process or child.successor:
                continue
            if child.answers is None:
                child.process.send_signal(child.ask)
                continue
            try:
                child.successor = child.start()
            except (StartFailed, BinariesMissing, OSError) as error:
                self._say(f"no new {child.name}, the one before goes on: {error}")
                continue
            child.successor_until = monotonic() + _SUCCESSOR_SECONDS
            self._say(f"starting a new {child.name} beside the one that runs")

    def _tend_successor(self, child: Child) -> None:
        """Put a successor in place once it answers; one that does not is ended, and the one before goes on."""
        fresh, old = child.successor, child.process
        if fresh is None or child.answers is None:
            return
        if fresh.poll() is not None or monotonic() > child.successor_until:
            how = "does not answer" if fresh.returncode is None else f"ended {_how(fresh.returncode)}"
            self._say(f"the new {child.name} {how}, the one before goes on")
            end(fresh, ask=signal.SIGKILL, patience_seconds=1.0)
            child.successor = None
        elif child.answers(fresh):
            child.process, child.successor, child.started_at = fresh, None, monotonic()
            self._note_all()
            self._say(f"{child.name} is process {fresh.pid} now")
            if old is not None:
                old.send_signal(child.ask)
                self._orphans.append(_Orphans(leader=old, next_at=monotonic() + child.patience_seconds))

    def _tend_orphans(self) -> None:
        now = monotonic()
        for orphans in self._orphans:
            orphans.leader.poll()  # or it stays among the processes
        for orphans in [orphans for orphans in self._orphans if orphans.are_due(now)]:
            if orphans.asked:
                sweep(orphans.leader)
                self._orphans.remove(orphans)
            else:
                sweep(orphans.leader, signal.SIGTERM)
                orphans.asked, orphans.next_at = True, now + _ORPHAN_PATIENCE_SECONDS

    def _start_again(self, child: Child) -> None:
        child.started_at = monotonic()
        try:
            child.process = child.start()
        except (StartFailed, BinariesMissing, OSError) as error:
            child.pause_seconds = min(child.pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
            child.start_again_at = monotonic() + child.pause_seconds
            self._say(f"{child.name} did not start, next try in {child.pause_seconds:.0f} s: {error}")
            return
        self._say(f"{child.name} runs again as process {child.process.pid}")
        self._note_all()

    def _note_all(self) -> None:
        self._note({child.name: child.process.pid for child in self._children if child.process})

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_asked = True
        if self._interruptible:
            raise KeyboardInterrupt

    def _ask_to_renew(self, _number: int, _frame: FrameType | None) -> None:
        self._renewal_asked = True

    def _drain(self) -> None:
        try:
            while os.read(self._woken, 4096):
                pass
        except BlockingIOError:
            return


def _how(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
