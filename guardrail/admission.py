"""Decides which calls of this process are judged now, which wait for their turn, and which cannot be judged in time.

So many are judged at once; whoever comes then waits. What waits costs what its caller's calls of that size took lately,
and where all of it is more than can be judged in the time a turn may take, somebody is shed: a call of the caller with
most waiting, in it of the agent with most waiting for its weight, in it of a tool that is not critical, the newest
first. Turns go the same way: to the caller, then the agent, that was judged least of late. So a flood sheds its own,
whatever it says its agents are. A burst is no crowd: where nobody waited long until just now, calls may wait longer.
In memory, of this process alone: needs no Redis and no Postgres. 20 us a call (2026-11).
See docs/decisions/0116-who-cannot-be-judged-in-time-is-answered-at-once.md.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

# Seconds a call takes whose caller was never judged here; and how much each call changes what is thought of its size.
_FIRST_COST = 0.01
_NEWS = 0.1
# Within so many seconds of a moment at which nobody had waited for a third of a turn, a call may wait for two turns.
_BURST_SECONDS, _SHORT_WAIT, _TURNS_OF_BURST = 0.5, 1 / 3, 2
# Callers or agents remembered; beyond these, who was judged least of late is taken for who never was.
_MOST_KNOWN = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A call that wants to be judged.

    `agent` is as the caller names it, `weight` what it counts for beside other agents of that caller. `arrived` is on
    the clock of the Turns, `until` when it must be judged.
    """

    caller: int
    agent: str
    weight: float
    critical: bool
    body_bytes: int
    arrived: float
    until: float


@dataclass(eq=False, kw_only=True, slots=True)
class _Waiting:
    claim: Claim
    cost: float
    decided: threading.Event = field(default_factory=threading.Event)
    is_its_turn: bool = False
    was_long: bool = False


class Turn:
    """Whether somebody's turn came, which is its truth; and its end, for whoever waits for others before the context
    ends. Of one thread."""

    def __init__(self, end: Callable[[], None] | None) -> None:
        self._comes, self._end = end is not None, end

    def __bool__(self) -> bool:
        return self._comes

    def end(self) -> None:
        """Let the next one have it. Safe to call again."""
        end, self._end = self._end, None
        if end is not None:
            end()


class _Shares:
    """Who was served how much. Whoever comes anew begins where the others are: nobody saves up turns."""

    def __init__(self) -> None:
        self._served: dict[object, float] = {}
        self._floor = 0.0

    def of(self, who: object) -> float:
        return max(self._served.get(who, 0.0), self._floor)

    def serve(self, who: object, cost: float) -> None:
        self._floor = self.of(who)
        self._served[who] = self._floor + cost
        if len(self._served) > _MOST_KNOWN:
            self._served = {known: served for known, served in self._served.items() if served > self._floor}
            if len(self._served) > _MOST_KNOWN:
                self._served = {}


class Turns:
    """The turns of one process: `at_once` calls are judged, others wait at most `turn_seconds` from their arrival.

    In a burst twice as long.
    """

    def __init__(self, *, at_once: int, turn_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once, self._turn_seconds, self._clock = at_once, turn_seconds, clock
        self._lock = threading.Lock()
        self._judged = 0
        self._long = 0
        self._waiting: list[_Waiting] = []
        self._calm_at = -math.inf
        self._costs: dict[int, dict[int, float]] = {}
        self._callers = _Shares()
        self._agents: dict[int, _Shares] = {}

    @contextmanager
    def take(self, claim: Claim) -> Iterator[Turn]:
        """Whether it is to be judged, once that is known; its turn ends with the context, or before."""
        mine = self._enter(claim)
        began = self._clock()
        turn = Turn((lambda: self._leave(mine, took=self._clock() - began)) if mine else None)
        try:
            yield turn
        finally:
            turn.end()

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    def _enter(self, claim: Claim) -> _Waiting | None:
        with self._lock:
            mine = _Waiting(claim=claim, cost=self._cost_of(claim))
            now = self._clock()
            patience = self._patience(now)
            latest = min(claim.arrived + patience, claim.until - mine.cost)
            # a call that takes longer than there is time for is judged all the same where nobody waits
            last = max(claim.until - mine.cost, claim.arrived + self._turn_seconds)
            if not self._waiting and self._fits(mine) and now <= last:
                self._begin(mine)
                return mine
            if now >= latest:
                return None
            self._waiting.append(mine)
            self._give_turns()
            self._shed_what_is_too_much(patience)
        mine.decided.wait(latest - now)
        with self._lock:
            if not mine.decided.is_set():
                self._waiting.remove(mine)
            return mine if mine.is_its_turn else None

    def _leave(self, mine: _Waiting, *, took: float) -> None:
        with self._lock:
            size = mine.claim.body_bytes.bit_length()
            costs = self._costs.setdefault(mine.claim.caller, {})
            before = costs.get(size, took)
            costs[size] = before + _NEWS * (took - before)
            self._judged -= 1
            self._long -= mine.was_long
            self._give_turns()

    def _give_turns(self) -> None:
        while fitting := [one for one in self._waiting if self._fits(one)]:
            mine = min(fitting, key=self._order)
            self._waiting.remove(mine)
            mine.is_its_turn = True
            self._begin(mine)
            mine.decided.set()

    def _fits(self, mine: _Waiting) -> bool:
        """Calls that take longer than a turn have half of the places, and leave one to others where there is only one:
        these would wait in vain for them to end."""
        if self._is_long(mine):
            return self._judged < self._at_once and self._long < max(1, self._at_once // 2)
        return self._judged < max(self._at_once, self._long + 1)

    def _is_long(self, mine: _Waiting) -> bool:
        return mine.cost > self._turn_seconds

    def _begin(self, mine: _Waiting) -> None:
        claim = mine.claim
        self._judged += 1
        mine.was_long = self._is_long(mine)
        self._long += mine.was_long
        self._callers.serve(claim.caller, mine.cost)
        if len(self._agents) > _MOST_KNOWN:
            self._agents = {}
        self._agents.setdefault(claim.caller, _Shares()).serve(claim.agent, mine.cost / claim.weight)

    def _order(self, mine: _Waiting) -> tuple[float, float, bool, float]:
        claim = mine.claim
        shares = self._agents.get(claim.caller)
        served = shares.of(claim.agent) if shares else 0.0
        return self._callers.of(claim.caller), served, not claim.critical, claim.arrived

    def _patience(self, now: float) -> float:
        """Seconds a call may wait for its turn."""
        if all(now - one.claim.arrived < self._turn_seconds * _SHORT_WAIT for one in self._waiting):
            self._calm_at = now
        return self._turn_seconds * (_TURNS_OF_BURST if now - self._calm_at < _BURST_SECONDS else 1)

    def _shed_what_is_too_much(self, patience: float) -> None:
        """INVARIANT: what waits can be judged while it may wait, as far as what calls took lately tells."""
        while len(self._waiting) > 1 and sum(one.cost for one in self._waiting) > self._at_once * patience:
            shed = self._least_wanted()
            self._waiting.remove(shed)
            shed.decided.set()

    def _least_wanted(self) -> _Waiting:
        of_callers = _added((one.claim.caller, one.cost) for one in self._waiting)
        caller = max(of_callers, key=lambda who: of_callers[who])
        theirs = [one for one in self._waiting if one.claim.caller == caller]
        of_agents = _added((one.claim.agent, one.cost / one.claim.weight) for one in theirs)
        agent = max(of_agents, key=lambda who: of_agents[who])
        its = [one for one in theirs if one.claim.agent == agent]
        return max(its, key=lambda one: (not one.claim.critical, one.claim.arrived))

    def _cost_of(self, claim: Claim) -> float:
        """Seconds of a turn for a body of this size: that of the nearest size of the caller that was judged here."""
        costs = self._costs.get(claim.caller)
        if not costs:
            return _FIRST_COST
        size = claim.body_bytes.bit_length()
        return costs[min(costs, key=lambda known: abs(known - size))]


def _added(costs: Iterable[tuple[T, float]]) -> dict[T, float]:
    added: dict[T, float] = {}
    for who, cost in costs:
        added[who] = added.get(who, 0.0) + cost
    return added
