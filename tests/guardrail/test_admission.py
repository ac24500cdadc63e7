"""Who is judged, who waits and who is shed where more calls come than can be judged."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import monotonic
from typing import Any

import pytest

from guardrail.admission import Claim, Turns
from guardrail.arrivals import WAITED, Arrivals
from tests.guardrail.instances import wait_for

FLOOD, HONEST = 1, 2


def claim(caller: int = HONEST, **changes: Any) -> Claim:
    wanted = {"agent": "desk", "weight": 2.0, "critical": True, "body_bytes": 6_000, **changes}
    now = monotonic()
    return Claim(caller=caller, arrived=now, until=now + 30, **wanted)


class Crowd:
    """Callers that wait for a turn of one at a time, which somebody has until `go`."""

    def __init__(self, *, turn_seconds: float = 20.0, clock: Callable[[], float] = monotonic) -> None:
        self.turns = Turns(at_once=1, turn_seconds=turn_seconds, clock=clock)
        self.judged: list[str] = []
        self.shed: list[str] = []
        self._first = ExitStack()
        self._first.enter_context(self.turns.take(claim(caller=FLOOD, agent="first")))
        self._pool = ThreadPoolExecutor(64)

    def comes(self, name: str, wanted: Claim) -> None:
        """Return once it waits, or somebody was shed for it."""
        before = self.turns.waiting, len(self.shed)
        self._pool.submit(self._ask, name, wanted)
        wait_for(lambda: (self.turns.waiting, len(self.shed)) != before, what=f"{name} to wait")

    def go(self) -> None:
        """Let all be judged one after the other."""
        self._first.close()
        self._pool.shutdown(wait=True)

    def _ask(self, name: str, wanted: Claim) -> None:
        with self.turns.take(wanted) as comes:
            (self.judged if comes else self.shed).append(name)


def test_whoever_waits_for_others_lets_the_next_one_be_judged() -> None:
    turns = Turns(at_once=1, turn_seconds=0.05)
    with turns.take(claim()) as waiting, ExitStack() as judged:
        assert waiting
        assert not judged.enter_context(turns.take(claim()))
        waiting.end()
        assert judged.enter_context(turns.take(claim()))
        # its own end gives nobody else's place away
        waiting.end()
        assert not judged.enter_context(turns.take(claim()))


def test_whoever_floods_waits_behind_a_caller_who_asks_once() -> None:
    crowd = Crowd()
    for number in range(10):
        # inventing agents gains nothing
        crowd.comes(f"flood {number}", claim(FLOOD, agent=f"made-up-{number}", weight=8.0))
    crowd.comes("honest", claim(HONEST))
    crowd.go()
    assert crowd.judged[0] == "honest"
    assert len(crowd.judged) == 11


def test_a_flood_sheds_its_own_calls_and_nobody_elses() -> None:
    # a call of a size never seen is taken for 10 ms, so ten of them fill the two turns of a burst
    crowd = Crowd(turn_seconds=0.05)
    until = {"arrived": monotonic() + 20}
    crowd.comes("honest", later(claim(HONEST), **until))
    for number in range(30):
        crowd.comes(f"flood {number}", later(claim(FLOOD, agent=f"made-up-{number}"), **until))
    crowd.go()
    assert "honest" in crowd.judged
    assert len(crowd.shed) == 21


def test_a_burst_may_wait_for_two_turns_and_a_crowd_that_stands_for_one() -> None:
    came = monotonic() - 4
    now = [came + 4]
    crowd = Crowd(turn_seconds=3.0, clock=lambda: now[0])
    crowd.comes("in a burst", later(claim(), arrived=came))
    now[0] += 0.1
    crowd.comes("in the same", later(claim(), arrived=came))
    now[0] += 0.5
    crowd.comes("in a crowd", later(claim(), arrived=came))
    crowd.go()
    assert crowd.judged == ["in a burst", "in the same"]
    assert crowd.shed == ["in a crowd"]


def later(wanted: Claim, *, arrived: float) -> Claim:
    """The same, with all the time of the test to wait."""
    return Claim(
        caller=wanted.caller,
        agent=wanted.agent,
        weight=wanted.weight,
        critical=wanted.critical,
        body_bytes=wanted.body_bytes,
        arrived=arrived,
        until=arrived + 30,
    )


def test_a_critical_agent_comes_first_and_does_not_keep_the_others_out() -> None:
    crowd = Crowd()
    for number in range(8):
        crowd.comes(f"usual {number}", claim(agent="usual", weight=2.0))
    for number in range(8):
        crowd.comes(f"critical {number}", claim(agent="critical", weight=8.0))
    crowd.go()
    first = [name.split()[0] for name in crowd.judged[:6]]
    assert first.count("critical") >= 4
    assert "usual" in first


def test_a_tool_that_is_not_critical_is_shed_first() -> None:
    crowd = Crowd(turn_seconds=0.01)
    arrived = monotonic() + 20
    crowd.comes("look-up", later(claim(critical=False), arrived=arrived))
    crowd.comes("payment", later(claim(), arrived=arrived))
    crowd.comes("another payment", later(claim(), arrived=arrived))
    crowd.go()
    assert crowd.shed == ["look-up"]
    assert sorted(crowd.judged) == ["another payment", "payment"]


def test_where_nobody_waits_a_call_is_judged_however_long_its_size_takes() -> None:
    turns = Turns(at_once=1, turn_seconds=0.0)
    for _ in range(3):
        with turns.take(claim()) as comes:
            assert comes


def test_a_call_whose_turn_cannot_come_in_time_is_told_at_once() -> None:
    turns = Turns(at_once=1, turn_seconds=0.15)
    came_long_ago = later(claim(), arrived=monotonic() - 0.4)
    with turns.take(claim()):
        began = monotonic()
        with turns.take(came_long_ago) as comes:
            assert not comes
        assert monotonic() - began < 0.1
    with turns.take(came_long_ago) as comes:
        assert comes


@pytest.mark.parametrize(("at_once", "long_ones"), [(4, 2), (1, 1)])
def test_calls_that_take_long_leave_places_for_the_others(at_once: int, long_ones: int) -> None:
    now = [0.0]
    turns = Turns(at_once=at_once, turn_seconds=0.1, clock=lambda: now[0])
    long, usual = claim(FLOOD, body_bytes=8_000_000), claim(HONEST)
    for wanted, seconds in ((long, 2.0), (usual, 0.005)):
        with turns.take(later(wanted, arrived=now[0])) as comes:
            assert comes
            now[0] += seconds
    with ExitStack() as judged:
        # so late that it would be shed rather than wait
        came = [judged.enter_context(turns.take(later(long, arrived=now[0] - 0.2))) for _ in range(4)]
        assert sum(map(bool, came)) == long_ones
        assert judged.enter_context(turns.take(later(usual, arrived=now[0])))


def test_what_may_have_waited_in_the_server_unseen_is_bounded_by_when_its_threads_became_busy() -> None:
    now, waited = [100.0], []

    def nested(depth: int) -> Callable[[], None]:
        def ask() -> None:
            asked(depth)

        return ask

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        waited.append(environ[WAITED])
        now[0] += 1.0
        if environ["depth"]:
            nested(environ["depth"] - 1)()
        return [b""]

    arrivals = Arrivals(application, threads=4, clock=lambda: now[0])

    def asked(depth: int) -> None:
        arrivals({"depth": depth}, lambda *_: None)

    asked(3)
    # the fourth keeps the last thread busy; whoever comes at that moment was not waiting
    assert waited == [0.0, 0.0, 0.0, 0.0]
    waited.clear()
    asked(5)
    assert waited == [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]
    waited.clear()
    asked(0)
    assert waited == [0.0]
