"""Pages read from a replica of Postgres where there is one, it is there, and it is not too far behind.

Only pages do, while they are made, and only what grows: calls, the search, investigations. Who may see what, policy,
sessions, every writer, every task and the hot path ask the primary: outside `reading` there is no replica.
See docs/decisions/0134-pages-read-from-a-replica.md.
"""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

from guardrail import meters
from guardrail.database import BudgetConnection, dsn

log = structlog.get_logger(__name__)

ALIAS = "replica"
# Between two looks, how long one may take, and after how long without one nothing is known.
_LOOK_SECONDS, _BUDGET_SECONDS, _KNOWN_SECONDS = 1.0, 2.0, 6.0
# After a page could not be read there.
_REST_SECONDS = 5.0
# From which on people are told how old it is what they see.
_TOLD_SECONDS = 2.0
_CALLS = frozenset(
    "verdict transcript latefinding searchentry entityday feedentry executedcall transcriptopened".split()
)
_PRIMARY = "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn, extract(epoch FROM clock_timestamp())"
_REPLICA = """
SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn() - '0/0'::pg_lsn,
    extract(epoch FROM pg_last_xact_replay_timestamp())
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What was seen of the replica at `at` (time.monotonic). `lag_s` is infinite where it is `away`, and why."""

    lag_s: float
    at: float
    away: str = ""


_reads_replica: ContextVar[bool] = ContextVar("reads_replica", default=False)
_standing = Standing(lag_s=math.inf, at=-math.inf)
_starting = threading.Lock()
_thread: threading.Thread | None = None
_over = threading.Event()


class Router:
    """Where Django asks for each model: the replica inside `reading` for what grows, else the primary."""

    def db_for_read(self, model: type[Model], **_: Any) -> str:
        """INVARIANT: never None: Django would then ask where a related object came from."""
        return ALIAS if _reads_replica.get() and _grows(model) else DEFAULT_DB_ALIAS

    def db_for_write(self, model: type[Model], **_: Any) -> str:
        """Also for rows that are locked."""
        return DEFAULT_DB_ALIAS

    def allow_relation(self, *_: Any, **__: Any) -> bool:
        """They hold the same rows."""
        return True

    def allow_migrate(self, db: str, *_: Any, **__: Any) -> bool:
        """What the primary does is done there, too."""
        return db == DEFAULT_DB_ALIAS


def is_there() -> bool:
    """Whether one is set."""
    return ALIAS in list(connections)


def usable() -> bool:
    """Whether pages may read there now. Asks nobody: a thread of this process looks each second."""
    _watch()
    now, seen = time.monotonic(), _standing
    if now - seen.at > _KNOWN_SECONDS or seen.away:
        meters.note_replica("away")
        return False
    fits = seen.lag_s <= settings.REPLICA_LAG_SECONDS
    meters.note_replica("read" if fits else "behind")
    return fits


@contextmanager
def reading() -> Iterator[None]:
    """In here what grows is read from the replica, by this thread."""
    token = _reads_replica.set(True)
    try:
        yield
    finally:
        _reads_replica.reset(token)


def is_read() -> bool:
    """Whether this thread is inside `reading`."""
    return _reads_replica.get()


def told_lag() -> int:
    """Seconds what is read here may be old, where people should know; else 0."""
    lag_s = _standing.lag_s
    return math.ceil(lag_s) if _reads_replica.get() and _TOLD_SECONDS < lag_s < math.inf else 0


def note_failed(error: Exception) -> None:
    """A page could not be read there: nobody else tries for some seconds."""
    global _standing  # noqa: PLW0603 what this process knows
    _standing = Standing(lag_s=math.inf, at=time.monotonic() + _REST_SECONDS - _KNOWN_SECONDS, away="failed")
    meters.note_replica("failed")
    log.warning("replica.page_failed", error=type(error).__name__)
    connections[ALIAS].close()


def forget() -> None:
    """Stop looking, and know nothing, as in a process that has just started."""
    global _standing, _thread
    if _thread is not None:
        _over.set()
        _thread.join()
    _thread, _standing = None, Standing(lag_s=math.inf, at=-math.inf)
    _over.clear()


def _grows(model: type[Model]) -> bool:
    options = model._meta
    return options.app_label == "investigations" or (options.app_label == "guardrail" and options.model_name in _CALLS)


def _watch() -> None:
    """Start this process's look at it, once: a page that asked itself would wait where the replica is silent."""
    global _thread  # noqa: PLW0603 one a process
    if _thread is None:
        with _starting:
            if _thread is None:
                _thread = threading.Thread(target=_look_for_ever, name="replica", daemon=True)
                _thread.start()


def _look_for_ever() -> None:
    global _standing  # noqa: PLW0603 what this process knows
    told, both = "", _Both()
    while not _over.is_set():
        rests = _standing.away == "failed" and time.monotonic() < _standing.at + _KNOWN_SECONDS
        if not rests:
            _standing = both.look()
            said = _standing.away or ("behind" if _standing.lag_s > settings.REPLICA_LAG_SECONDS else "read")
            if said != told:
                told = said
                log.warning("replica.standing", now=said) if said != "read" else log.info("replica.standing", now=said)
        _over.wait(_LOOK_SECONDS)
    both.close()


class _Both:
    """Connections to primary and replica, kept."""

    def __init__(self) -> None:
        self._kept: dict[str, BudgetConnection] = {}

    def look(self) -> Standing:
        """How far the replica is behind: nothing where it has all the primary had, else since its last commit."""
        try:
            head, now = self._ask(DEFAULT_DB_ALIAS, _PRIMARY)
            recovers, has, replayed_at = self._ask(ALIAS, _REPLICA)
        except psycopg.Error as error:
            return Standing(lag_s=math.inf, at=time.monotonic(), away=type(error).__name__)
        if not recovers:
            return Standing(lag_s=math.inf, at=time.monotonic(), away="no replica")
        if has is not None and has >= head:
            return Standing(lag_s=0.0, at=time.monotonic())
        lag_s = math.inf if replayed_at is None else max(0.0, float(now) - float(replayed_at))
        return Standing(lag_s=lag_s, at=time.monotonic())

    def close(self) -> None:
        for kept in self._kept.values():
            kept.close()

    def _ask(self, alias: str, question: str) -> tuple[Any, ...]:
        kept = self._kept.get(alias)
        if kept is None or kept.closed:
            kept = self._kept[alias] = BudgetConnection.connect(
                dsn(alias), autocommit=True, connect_timeout=2, tcp_user_timeout=3000
            )
        kept.deadline = time.monotonic() + _BUDGET_SECONDS
        try:
            row = kept.execute(question.encode()).fetchone()
        except psycopg.Error:
            kept.close()
            raise
        return row or ()
