"""The clock of the periodic tasks: of all beats that run, on however many machines, one sends; the others wait.

Who sends holds a session lock of Postgres, on a connection of its own: Postgres frees it the moment its process ends,
and within seconds where its machine is gone without a word. When a task of a minute or longer was sent last stands in
Postgres, too, so whoever takes over, or starts on an empty disk, sends it neither again nor never.
What only looks into a queue is sent where the queue holds something (docs/decisions/0113-the-beat-looks-first.md).
See docs/decisions/0120-one-beat-by-a-lock-of-postgres.md.
"""

import time
from datetime import UTC, datetime
from typing import Any

import psycopg
import structlog
from celery.apps.beat import Beat
from celery.beat import ScheduleEntry, Scheduler
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from guardrail import database
from guardrail.queues import Polled

log = structlog.get_logger(__name__)

_LOCK = 7_221_120
# Between two looks whether the lock is free, or still ours.
_LOOK_SECONDS = 1.0
# For how long a beat that could not send lets others have the lock before it tries again.
_LEAVE_SECONDS = 3.0
# Tasks that come more often need no memory: whoever takes over sends them at once.
_KEPT_SECONDS = 60.0
# How long what was found in the queues counts: for all tasks that are due at one moment.
_FRESH_SECONDS = 0.3
# After so long a task is sent whatever its queue holds: a condition that is wrong delays work, and never loses any.
_ANYHOW_SECONDS = 30.0
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
# Postgres frees the lock of a machine that says nothing 5 s after it was heard last; that machine notices in 3 s. By
# both: no keepalive is sent while an answer is not acknowledged, and a machine may go silent in mid-question.
_SILENCE = "connect_timeout=2 tcp_user_timeout=3000 options='{}'".format(
    "-c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=5000 -c statement_timeout=2000"
)


class SendingByName(Beat):
    """The process of a beat. It does not load what it sends: that took 2 s of processor and 70 MB more (2026-11)."""

    def init_loader(self) -> None:
        """Instead of Celery's, which imports the module of every task."""
        if self.app is not None:
            self.app.finalize()


class OneBeat(Scheduler):
    """Celery's scheduler, which sends only while it holds the lock."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._holds = False
        self._looked_at = self._leave_until = float("-inf")
        self._told = ""
        self._waiting: frozenset[str] = frozenset()
        self._found_at = float("-inf")
        self._sent_at: dict[str, float] = {}
        super().__init__(*arguments, **named)

    def tick(self, *arguments: Any, **named: Any) -> float:
        """Send what is due, if it is ours to send. Returns after how many seconds to come again."""
        if not self._may_send():
            return _LOOK_SECONDS
        try:
            return float(super().tick(*arguments, **named))
        except (psycopg.Error, KombuError, RedisError, OSError) as error:
            # another machine may reach what this one does not
            self._leave_until = time.monotonic() + _LEAVE_SECONDS
            self._let_go(why=type(error).__name__)
            return _LOOK_SECONDS

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        """Send one task and note when, unless its queue is empty. Unlike Celery's, raises where that cannot be done."""
        if isinstance(entry.schedule, Polled) and not self._is_waited_for(str(entry.name)):
            return
        self.apply_async(entry, producer=producer, advance=False)
        if self._connection is not None and _period(entry) >= _KEPT_SECONDS:
            self._connection.execute(
                "INSERT INTO guardrail_beatrun (name, sent_at) VALUES (%s, now())"
                " ON CONFLICT (name) DO UPDATE SET sent_at = excluded.sent_at",
                [entry.name],
            )

    def _is_waited_for(self, name: str) -> bool:
        """Whether its queue holds something, or the task itself has not looked for long."""
        now = time.monotonic()
        if now - self._sent_at.setdefault(name, now) < _ANYHOW_SECONDS:
            if now - self._found_at > _FRESH_SECONDS:
                self._waiting, self._found_at = self._load_waiting(), now
            if name not in self._waiting:
                return False
        self._sent_at[name] = now
        return True

    def _load_waiting(self) -> frozenset[str]:
        """The names of the tasks whose queues hold something; all of them where Postgres cannot say. One statement."""
        polled = {
            name: entry.schedule.waiting for name, entry in self.schedule.items() if isinstance(entry.schedule, Polled)
        }
        if self._connection is None:
            return frozenset(polled)
        question = f"SELECT ARRAY[{', '.join(f'({waiting})' for waiting in polled.values())}]"
        try:
            row = self._connection.execute(question.encode()).fetchone()
        except psycopg.Error as error:
            if self._connection.closed:
                raise
            # a table that is locked, or not there yet: the tasks themselves wait, or say so
            self._tell("beat.looks_not", why=type(error).__name__)
            return frozenset(polled)
        found = row[0] if row else []
        return frozenset(name for name, holds in zip(polled, found, strict=True) if holds)

    def schedules_equal(self, *_: Any) -> bool:
        """Always: ours change with a new process only. To compare thirty entries at each tick was a third of a beat."""
        return True

    def close(self) -> None:
        """Let the next one have the lock."""
        self._let_go(why="it stops")

    def _ensure_connected(self) -> Any:
        # Celery's own tries a hundred times, with the lock in its hand
        return self.connection.ensure_connection(max_retries=1, interval_start=0)

    def _may_send(self) -> bool:
        """Whether the lock is ours, looked at once a second."""
        now = time.monotonic()
        if now < self._leave_until:
            return False
        if self._holds and now - self._looked_at < _LOOK_SECONDS:
            return True
        self._looked_at = now
        try:
            if self._holds and self._connection is not None:
                self._connection.execute("SELECT 1")
            else:
                self._try_to_lead()
        except psycopg.Error as error:
            self._let_go(why=type(error).__name__)
        return self._holds

    def _try_to_lead(self) -> None:
        if self._connection is None:
            self._connection = psycopg.connect(f"{database.dsn()} {_SILENCE}", autocommit=True)
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if not row or not row[0]:
            self._tell("beat.waits")
            return
        self._recall(dict(self._connection.execute("SELECT name, sent_at FROM guardrail_beatrun")))
        self._holds = True
        self._tell("beat.leads")

    def _recall(self, sent: dict[str, datetime]) -> None:
        """Go on where whoever had the lock before stopped."""
        now = datetime.now(UTC)
        for name, entry in self.schedule.items():
            if _period(entry) >= _KEPT_SECONDS:
                # one of a clock that is ahead would be waited for
                entry.last_run_at = min(sent.get(name, _LONG_AGO), now)
        self._heap = None

    def _let_go(self, *, why: str) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._holds, self._heap = None, False, None
        super().close()  # a connection to the broker that failed is not kept, either
        self._tell("beat.leads_not", why=why)

    def _tell(self, event: str, **more: str) -> None:
        """One line when something changed, none while it stays so."""
        if event != self._told:
            self._told = event
            log.info(event, **more)


def _period(entry: ScheduleEntry) -> float:
    """Seconds between two runs; all of ours are plain periods."""
    every: Any = entry.schedule
    return float(every.run_every.total_seconds())
