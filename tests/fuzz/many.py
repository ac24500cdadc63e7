"""Sends very many bodies over a few connections at once, and keeps of them what is wrong."""

import queue
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from tests.fuzz.asking import Answered, Wire, ask
from tests.fuzz.odd import Odd

# a platform gives up after this long, and allows
LATE_MS = 1_000.0
_MOST_KEPT = 20


@dataclass(kw_only=True, slots=True)
class Tally:
    """What was answered. `faulty` and `slowest` hold some of those worth a look, with their bodies."""

    asked: int = 0
    faults: int = 0
    late: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    faulty: list[Answered] = field(default_factory=list)
    slowest: list[Answered] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def add(self, answered: Answered) -> None:
        """Count one."""
        self.asked += 1
        self.times.append(answered.ms)
        self.decisions[str(answered.answer.get("decision", answered.answer.get("blockAction")))] += 1
        if answered.fault:
            self.faults += 1
            self.faulty = [*self.faulty, answered][:_MOST_KEPT]
        if answered.ms > LATE_MS:
            self.late += 1
            self.slowest = sorted([*self.slowest, answered], key=lambda one: -one.ms)[:_MOST_KEPT]

    def share(self, part: float) -> float:
        """The milliseconds in which this part of them was answered."""
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * part))] if self.times else 0.0


class Senders:
    """`number` threads that send what `put` is given; `end` waits for them and returns the tally."""

    def __init__(self, wire: Wire, *, url: str, token: str, number: int) -> None:
        self.tally = Tally()
        self._waiting: queue.Queue[Odd | None] = queue.Queue(maxsize=200)
        self._lock = threading.Lock()
        self._ask: Callable[[Odd], Answered] = lambda odd: ask(wire, odd, url=url, token=token)
        self._threads = [threading.Thread(target=self._send_on, daemon=True) for _ in range(number)]
        self.began = monotonic()
        for thread in self._threads:
            thread.start()

    def put(self, odd: Odd) -> None:
        """Send it when a thread is free; waits while very many wait."""
        self._waiting.put(odd)

    def end(self) -> Tally:
        """Everything put is answered when this returns."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()
        return self.tally

    def _send_on(self) -> None:
        while (odd := self._waiting.get()) is not None:
            answered = self._ask(odd)
            with self._lock:
                self.tally.add(answered)
