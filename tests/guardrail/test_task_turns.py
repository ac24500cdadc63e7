"""A task that hangs has some processes of a worker, and the others work on: run as Celery runs one."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from celery import Task
from django.db import connection

from guardrail import database
from guardrail.meters import TASKS
from guardrail.tasks import index_calls
from guardrail.turns import most_at_once
from investigations.tasks import take_in
from tests.guardrail.instances import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def run(task: "Task[[], None]") -> None:
    """As a worker does."""
    task.apply(throw=True)


def counted(task: "Task[[], None]") -> dict[str, float]:
    samples = [sample for metric in TASKS.collect() for sample in metric.samples]
    return {
        sample.labels["outcome"]: sample.value
        for sample in samples
        if sample.name == "guardrail_tasks_total" and sample.labels["task"] == task.name
    }


@pytest.fixture
def hanging() -> Iterator[psycopg.Connection]:
    """As many intakes as may be at once, each waiting for a table that somebody holds."""
    with psycopg.connect(database.dsn()) as holder, psycopg.connect(database.dsn(), autocommit=True) as looking:
        holder.execute("LOCK TABLE guardrail_pendingintake IN ACCESS EXCLUSIVE MODE")
        runs = [threading.Thread(target=run_and_close, args=(take_in,)) for _ in range(most_at_once())]
        for one in runs:
            one.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'guardrail_pendingintake'::regclass"
        wait_for(lambda: looking.execute(waiting).fetchall()[0][0] == len(runs), what="the intakes to hang")
        yield holder
        holder.rollback()
        for one in runs:
            one.join()


def run_and_close(task: "Task[[], None]") -> None:
    try:
        run(task)
    finally:
        connection.close()


def test_a_third_one_of_what_hangs_leaves_the_work_to_those_and_other_tasks_go_on(
    hanging: psycopg.Connection,
) -> None:
    before, others = counted(take_in), counted(index_calls)
    run(take_in)  # would wait for the table, too
    assert counted(take_in) == {**before, "left": before.get("left", 0) + 1}
    run(index_calls)
    assert counted(index_calls)["done"] == others.get("done", 0) + 1


def test_a_task_that_ended_gave_its_turn_back() -> None:
    before = counted(take_in)
    for _ in range(most_at_once() + 1):
        run(take_in)
    assert counted(take_in)["done"] == before.get("done", 0) + most_at_once() + 1
