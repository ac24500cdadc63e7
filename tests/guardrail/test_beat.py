"""Of several beats one sends: two of them in one process, on the tests' own Postgres and Valkey."""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from time import monotonic

import psycopg
import pytest
import redis
from celery import Celery
from django.conf import settings
from django.utils import timezone

from guardrail import database
from guardrail.beat import OneBeat
from guardrail.celery import app
from guardrail.embedded.processes import free_port
from guardrail.models import PendingIntake, PendingSearch, PendingValidation
from investigations.models import Investigation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("celery")
        yield client
        client.delete("celery")


@pytest.fixture
def first() -> Iterator[OneBeat]:
    with closing(OneBeat(app)) as beat:
        yield beat


@pytest.fixture
def second() -> Iterator[OneBeat]:
    with closing(OneBeat(app)) as beat:
        yield beat


def _turn(beat: OneBeat) -> None:
    """Let it send what is due now."""
    while beat.tick() <= 0:
        pass


def _turn_until(beat: OneBeat, happened: Callable[[], bool]) -> None:
    deadline = monotonic() + 20
    while not happened():
        assert monotonic() < deadline, "it did not happen"
        beat.tick()


def _turn_until_it_leads(beat: OneBeat) -> None:
    _turn_until(beat, lambda: beat.tick() <= 0)
    _turn(beat)


def _sent(broker: redis.Redis) -> Counter[str]:
    """How often each task waits in the broker."""
    return Counter(json.loads(message)["headers"]["task"] for message in broker.lrange("celery", 0, -1))


def _end_whoever_leads() -> None:
    """End its connection, as Postgres does when its process or machine is gone."""
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        # of this database: other tests have theirs on the same server
        here = "(SELECT oid FROM pg_database WHERE datname = current_database())"
        holders = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 7221120 AND database = {here}"  # noqa: S608 a constant
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({holders}) AS holder")  # noqa: S608 a constant


def test_it_sends_each_task_once_however_many_beats_there_are(
    first: OneBeat, second: OneBeat, broker: redis.Redis
) -> None:
    _turn_until_it_leads(first)
    _turn(second)
    sent = _sent(broker)
    assert sent["guardrail.make_partitions"] == sent["guardrail.forget_states"] == 1


def test_it_takes_over_when_the_first_is_gone_and_sends_no_daily_task_again(
    first: OneBeat, second: OneBeat, broker: redis.Redis
) -> None:
    _turn_until_it_leads(first)
    _turn(second)
    broker.delete("celery")
    _end_whoever_leads()
    _wait_in_intake()
    _turn_until(second, lambda: _sent(broker)["investigations.take_in"] > 0)
    assert "guardrail.forget_states" not in _sent(broker)


def test_it_sends_nothing_once_it_has_lost_the_lock(first: OneBeat, second: OneBeat, broker: redis.Redis) -> None:
    _turn_until_it_leads(first)
    _end_whoever_leads()
    _turn_until_it_leads(second)
    noticed = monotonic() + 1.1  # it looks once a second
    _turn_until(first, lambda: monotonic() > noticed)
    broker.delete("celery")
    due = monotonic() + 1.1
    _turn_until(first, lambda: monotonic() > due)
    assert not _sent(broker)


def test_it_leaves_the_lock_to_others_where_it_does_not_reach_the_broker(broker: redis.Redis) -> None:
    away = Celery("away", broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False)
    away.conf.beat_schedule = app.conf.beat_schedule
    with closing(OneBeat(away)) as alone, closing(OneBeat(app)) as other:
        alone.tick()
        _turn_until(other, lambda: bool(_sent(broker)))


def _wait_in_intake() -> None:
    PendingIntake.objects.create(id=uuid.uuid4())


def _wait_for_validation() -> None:
    PendingValidation.objects.create(id=uuid.uuid4())


def _wait_for_the_intake_of_what_was_found() -> None:
    PendingValidation.objects.create(id=uuid.uuid4(), found=True)


def _wait_for_the_search() -> None:
    PendingSearch.objects.create(id=uuid.uuid4())


def _open_an_investigation() -> None:
    now = timezone.now()
    Investigation.objects.create(
        kind="x", fingerprint="x", title="x", severity=2, outcome="noted", first_seen=now, last_seen=now, opened_at=now
    )


_QUEUES = [
    pytest.param(_wait_in_intake, {"investigations.take_in"}, id="a call that waits to be taken in"),
    pytest.param(_wait_for_validation, {"guardrail.validate_due"}, id="a call that waits to be judged in full"),
    pytest.param(_wait_for_the_intake_of_what_was_found, {"investigations.take_in"}, id="a late finding"),
    pytest.param(_wait_for_the_search, {"guardrail.index_calls"}, id="a call that waits for the search"),
    pytest.param(_open_an_investigation, {"investigations.set_clocks"}, id="an investigation without clocks"),
]


@pytest.mark.parametrize(("fill", "wanted"), _QUEUES)
def test_it_sends_a_task_when_its_queue_holds_something_and_no_other(
    first: OneBeat, broker: redis.Redis, fill: Callable[[], None], wanted: set[str]
) -> None:
    _turn_until_it_leads(first)
    broker.delete("celery")
    fill()
    _turn_until(first, lambda: wanted <= set(_sent(broker)))
    assert set(_sent(broker)) <= wanted | {"investigations.roll_back_rules", "investigations.number_changes"}


def test_it_sends_nothing_for_empty_queues(first: OneBeat, broker: redis.Redis) -> None:
    _turn_until_it_leads(first)
    broker.delete("celery")
    due = monotonic() + 1.2
    _turn_until(first, lambda: monotonic() > due)
    assert not _sent(broker)


def test_it_sends_every_task_where_postgres_cannot_say_what_waits(
    first: OneBeat, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first.schedule["take-in"].schedule, "waiting", "EXISTS (SELECT FROM not_there_yet)")
    _turn_until_it_leads(first)
    broker.delete("celery")
    _turn_until(first, lambda: {"guardrail.index_calls", "investigations.take_in"} <= set(_sent(broker)))
