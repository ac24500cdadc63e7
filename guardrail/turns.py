"""Leaves processes of a worker to other tasks: of each task only some may be under way in one worker at a time.

The beat sends a task again while a run of it still works, or hangs: without this one slow statement took all processes,
and the search and all else stood still behind it. See docs/decisions/0133-a-task-takes-a-third-of-a-worker.md.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import Error, connection

# The first of two numbers; the second tells the task, the worker and the turn.
_OURS = 7303
_FEWEST = 2
_SHARE = 3


@contextmanager
def turn(task: str, *, worker: str) -> Iterator[bool]:
    """Whether there was a turn left of this task in this worker; it is held until the end.

    By a session lock of Postgres: a process that is killed gives its turn back. Two statements of 0.1 ms.
    """
    held = _take(task, worker=worker)
    try:
        yield held is not None
    finally:
        if held is not None:
            _give_back(held)


def most_at_once() -> int:
    """Runs of one task in one worker."""
    return max(_FEWEST, settings.WORKER_PROCESSES // _SHARE)


def _take(task: str, *, worker: str) -> int | None:
    with connection.cursor() as cursor:
        for number in range(most_at_once()):
            lock = _number(f"{worker} {task} {number}")
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_OURS, lock])
            if cursor.fetchone()[0]:
                return lock
    return None


def _give_back(lock: int) -> None:
    """A connection that broke, or that the task closed, has given it back already."""
    if connection.connection is None:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_OURS, lock])
    except Error:
        connection.close()


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big", signed=True)
