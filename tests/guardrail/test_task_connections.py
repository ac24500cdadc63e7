"""What a worker's connection to Postgres is after a task: run as Celery runs one, by its own tracer and signals."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from celery import signals
from celery.app.trace import build_tracer
from django.db import connection

from guardrail.celery import app

pytestmark = pytest.mark.django_db(transaction=True)
_SIGNALS = (signals.task_prerun, signals.task_postrun, signals.worker_process_init, signals.beat_embedded_init)
Run = Callable[[Callable[[], object]], None]


class _Worker:
    app = app
    pool_cls = "prefork"


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs a function as a task of a worker."""
    before = [list(signal.receivers or ()) for signal in _SIGNALS]
    signals.worker_init.send(sender=_Worker())

    def run_as_task(function: Callable[[], object]) -> None:
        def work() -> None:
            function()

        task = app.task(name=f"tests.{uuid.uuid4()}", shared=False)(work)
        app.finalize()
        number = str(uuid.uuid4())
        build_tracer(task.name, task, app=app)(number, [], {}, {"id": number, "task": task.name, "is_eager": False})
        del app.tasks[task.name]

    yield run_as_task
    for signal, receivers in zip(_SIGNALS, before, strict=True):
        signal.receivers = receivers


def _server_process() -> int:
    """Which process of Postgres answers us."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_it_keeps_the_connection_from_task_to_task(run: Run) -> None:
    seen: list[int] = []
    run(lambda: seen.append(_server_process()))
    run(lambda: seen.append(_server_process()))
    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_it_leaves_no_connection_and_so_no_lock_of_a_task_that_failed(run: Run) -> None:
    seen: list[int] = []

    def fail_with_a_lock() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(4711)")
        seen.append(_server_process())
        raise RuntimeError("made to fail")

    run(fail_with_a_lock)
    run(lambda: seen.append(_server_process()))
    assert len(seen) == 2
    assert seen[0] != seen[1]


def test_it_gets_another_connection_where_the_kept_one_broke(run: Run) -> None:
    seen: list[int] = []
    run(lambda: seen.append(_server_process()))
    # from beside, as a restart of Postgres does
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [seen[0]])
    other.close()
    run(lambda: seen.append(_server_process()))
    assert len(seen) == 2
    assert seen[0] != seen[1]
