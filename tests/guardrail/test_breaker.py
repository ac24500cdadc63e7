"""When a failing service is left alone, and when it is tried again; the clock is ours."""

from guardrail.breaker import FIRST_REST_SECONDS, LONGEST_REST_SECONDS, TOLERATED, Breaker


def broken(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(TOLERATED):
        breaker.failed(now)
    return breaker


def test_it_bears_a_few_failures_and_forgets_them_with_the_first_success() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(TOLERATED - 1):
            breaker.failed(1.0)
        assert breaker.may_ask(1.0)
        breaker.succeeded()


def test_it_rests_after_too_many_in_a_row() -> None:
    breaker = broken()
    assert breaker.is_resting(0.5)
    assert not breaker.may_ask(0.5)


def test_one_call_tries_again_after_the_rest_and_the_others_wait_for_it() -> None:
    breaker = broken()
    after = FIRST_REST_SECONDS + 0.1
    assert breaker.may_ask(after)
    assert not breaker.may_ask(after)
    breaker.succeeded()
    assert breaker.may_ask(after)


def test_a_try_that_nobody_waited_for_leaves_the_next_one_to_another_call() -> None:
    breaker = broken()
    after = FIRST_REST_SECONDS + 0.1
    assert breaker.may_ask(after)
    breaker.gave_up()
    assert breaker.may_ask(after)


def test_each_rest_is_longer_than_the_last_up_to_a_limit() -> None:
    breaker, now, rests = broken(), 0.0, []
    for _ in range(12):
        started = now
        while not breaker.may_ask(now):
            now += 0.25
        rests.append(now - started)
        breaker.failed(now)
    assert rests[:3] == [1.0, 2.0, 4.0]
    assert max(rests) == LONGEST_REST_SECONDS


def test_calls_that_were_under_way_when_the_rest_began_make_it_no_longer() -> None:
    breaker = broken()
    for _ in range(50):
        breaker.failed(0.2)
    assert breaker.may_ask(FIRST_REST_SECONDS + 0.1)
