"""Intakes that need the same rows in another order: they wait for each other in one order, and none is given up."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from guardrail.models import PendingIntake
from investigations import intake, services
from investigations.models import Activity, Investigation, InvestigationCall
from policies.models import Agent
from policies.signal import Severity, Signal
from tests.factories import MORNING, instruction, record_verdict, signal

# real transactions: each intake is a worker of its own
pytestmark = pytest.mark.django_db(transaction=True)

ONE, OTHER, THIRD = (f"desk@{name}.example" for name in ("tarn-supplies", "marsh-trading", "fell-metals"))


class Worker:
    """One run of the intake in a thread; `error` is what ended it."""

    def __init__(self, work: Callable[[], Any] = lambda: intake.take_in(timezone.now())) -> None:
        self.error: OperationalError | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except OperationalError as error:
            self.error = error
        finally:
            connection.close()

    def wait_until_it_waits(self, others: int = 0) -> None:
        """Until it, and `others` before it, wait for a lock somebody else holds."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0] > others:
                    return
        raise AssertionError("nobody waits")

    def join(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()
        assert self.error is None


@contextmanager
def inventory_held() -> Iterator[None]:
    """Whoever has placed its verdicts waits at the row of its agent."""
    with transaction.atomic():
        list(Agent.objects.select_for_update())
        yield


def stop(author: str, *, minute: int) -> Any:
    return record_verdict(instruction(author=author), at=MORNING + timedelta(minutes=minute))


def again(author: str) -> Any:
    """The step that `author` led to, delivered once more."""
    return record_verdict(instruction(author=author), step_key=author, at=MORNING + timedelta(seconds=2))


def executed(verdict_id: Any) -> Signal:
    return Signal(
        name="stopped_call_executed",
        severity=Severity.CRITICAL,
        reason="The output of a stopped call is there.",
        facts=(("call", str(verdict_id)),),
    )


def of(author: str) -> Investigation:
    return Investigation.objects.exclude(status="closed").get(author=author)


def test_two_that_found_each_others_stopped_calls_made_wait_in_one_order() -> None:
    """Each extends one investigation and raises the other one."""
    first, second = stop(ONE, minute=0), stop(OTHER, minute=1)
    intake.take_in(timezone.now())
    with inventory_held():
        stop(ONE, minute=2)
        record_verdict(executed(second), conversation_id="c-2", at=MORNING + timedelta(minutes=3))
        one = Worker()
        one.wait_until_it_waits()
        stop(OTHER, minute=4)
        record_verdict(executed(first), conversation_id="c-3", at=MORNING + timedelta(minutes=5))
        other = Worker()
        other.wait_until_it_waits(others=1)
    one.join()
    other.join()
    assert [of(author).outcome for author in (ONE, OTHER)] == ["executed", "executed"]
    assert Activity.objects.filter(kind="executed_anyway").count() == 2
    assert not PendingIntake.objects.exists()


def test_two_that_place_repeats_in_each_others_investigation_wait_for_nobody() -> None:
    """A call is put beside its original without holding that investigation: its key is only looked at."""
    for author in (ONE, OTHER):
        record_verdict(instruction(author=author), step_key=author)
    intake.take_in(timezone.now())
    with inventory_held():
        stop(ONE, minute=2)
        again(OTHER)
        one = Worker()
        one.wait_until_it_waits()
        stop(OTHER, minute=4)
        again(ONE)
        other = Worker()
        other.wait_until_it_waits(others=1)
    one.join()
    other.join()
    assert InvestigationCall.objects.count() == 6
    assert [of(author).calls for author in (ONE, OTHER)] == [2, 2]


def test_one_that_begins_again_holds_nothing_another_waits_for() -> None:
    """A cause closed between two statements is opened anew, by whoever comes first."""
    for author in (ONE, OTHER, THIRD):
        stop(author, minute=0)
    intake.take_in(timezone.now())
    analyst = User.objects.create_superuser("mara")
    first, second, third = Investigation.objects.order_by("pk").values_list("author", flat=True)
    with transaction.atomic():
        list(Investigation.objects.filter(author=second).select_for_update())
        for author in (first, second, third):
            stop(author, minute=10)
        one = Worker()
        one.wait_until_it_waits()
        closing = Worker(
            lambda: services.close(
                of(third),
                disposition=Investigation.Disposition.TRUE_POSITIVE,
                reason="Seen",
                now=timezone.now(),
                actor=analyst,
            )
        )
        closing.join()
        stop(first, minute=20)
        stop(third, minute=21)
        other = Worker()
        other.wait_until_it_waits(others=1)
    one.join()
    other.join()
    assert [of(author).calls for author in (first, second, third)] == [3, 2, 2]


def test_one_that_takes_in_one_by_one_holds_nothing_of_the_verdict_before() -> None:
    """A verdict the database refuses, whose agent comes first, must not make the others wait for each other."""
    for author in (ONE, OTHER):
        stop(author, minute=0)
    intake.take_in(timezone.now())
    analyst = User.objects.create_superuser("mara")
    again, held = Investigation.objects.order_by("fingerprint")
    services.close(
        again, disposition=Investigation.Disposition.TRUE_POSITIVE, reason="Seen", now=timezone.now(), actor=analyst
    )
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE policies_agent ADD CONSTRAINT odd CHECK (agent_id <> 'a-quay-odd')")
    try:
        record_verdict(signal("secret_leaving"), agent_id="a-quay-odd", at=MORNING + timedelta(minutes=9))
        stop(held.author, minute=10)
        stop(again.author, minute=11)
        with inventory_held():
            one = Worker()
            one.wait_until_it_waits()
            stop(again.author, minute=20)
            stop(held.author, minute=21)
            other = Worker()
            other.wait_until_it_waits(others=1)
        one.join()
        other.join()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE policies_agent DROP CONSTRAINT odd")
    assert not PendingIntake.objects.exists()
    assert [of(author).calls for author in (held.author, again.author)] == [3, 2]
