"""Whether this process could do all of its work now: what `/readyz` answers by.

Not whether it judges: it does that without Postgres and Redis, too.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from guardrail.embedded.processes import StartFailed
from guardrail.embedded.tls import tls_of_settings
from guardrail.journal import waiting_files
from policies import load

log = structlog.get_logger(__name__)

# A look holds a thread that could judge, for seconds where a server is silent: so one at a time, and not each time.
_LOOK_EVERY_SECONDS = 2.0
_REDIS_SECONDS = 0.5
_STATEMENT_MS = 2000
# A verdict that waits longer than this in the journal has nobody who takes it out: what a crowd left waits for minutes.
JOURNAL_SECONDS = 300
JOURNAL_BYTES = 1_000_000_000
FREE_BYTES = 200_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that was looked at. `problem` is empty where it is as it should be."""

    name: str
    problem: str


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalState:
    """What waits in the journal of this machine. `seconds` is for how long the file written to longest ago waits."""

    files: int
    size_bytes: int
    seconds: float
    free_bytes: int


_looking = threading.Lock()
_last: tuple[float, tuple[Check, ...]] = (0.0, ())


def look() -> tuple[Check, ...]:
    """Every check, at most two seconds old; while another thread looks, what was found before. Never raises."""
    global _last  # noqa: PLW0603 what was found last, swapped whole
    at, found = _last
    if found and time.monotonic() - at < _LOOK_EVERY_SECONDS:
        return found
    if not _looking.acquire(blocking=False):
        return found or (Check(name="look", problem="nobody has looked yet"),)
    try:
        fresh = tuple(Check(name=name, problem=check()) for name, check in _CHECKS)
        _last = (time.monotonic(), fresh)
    finally:
        _looking.release()
    wrong = [check.name for check in fresh if check.problem]
    if wrong != [check.name for check in found if check.problem]:
        log.warning("instance.readiness", not_ready=wrong)
    return fresh


def forget() -> None:
    """Look anew when asked next."""
    global _last  # noqa: PLW0603 as in `look`
    _last = (0.0, ())


def journal_state() -> JournalState:
    """What waits in the journal, and how much room the data folder has. Raises OSError where it cannot be read."""
    sizes, ages = [], [0.0]
    for path in waiting_files(Path(settings.DATA_DIR) / "journal"):
        try:
            stat = path.stat()
        except FileNotFoundError:  # it is ingested by now
            continue
        sizes.append(stat.st_size)
        ages.append(time.time() - stat.st_mtime)
    room = os.statvfs(settings.DATA_DIR)
    return JournalState(
        files=len(sizes), size_bytes=sum(sizes), seconds=max(ages), free_bytes=room.f_bavail * room.f_frsize
    )


def impatient_redis() -> redis.Redis:
    """A connection of its own that gives up soon: whoever looks holds a thread that could judge."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS
    )


def _postgres() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [str(_STATEMENT_MS)])
            cursor.execute("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean")
            row = cursor.fetchone()
            cursor.execute("RESET statement_timeout")
    except DatabaseError as error:
        connection.close()
        return f"it does not answer: {type(error).__name__}"
    return "it takes no writes" if row and row[0] else ""


def _redis() -> str:
    try:
        with impatient_redis() as client:
            client.ping()
    except redis.RedisError as error:
        return f"it does not answer: {type(error).__name__}"
    return ""


def _policy() -> str:
    return "" if load.active() is not None else "no published policy is loaded"


def _journal() -> str:
    try:
        state = journal_state()
    except OSError as error:
        return f"the data folder cannot be read: {error.strerror}"
    if state.seconds > JOURNAL_SECONDS:
        return f"verdicts wait for {state.seconds:.0f} s, expected at most {JOURNAL_SECONDS}"
    if state.size_bytes > JOURNAL_BYTES:
        return f"{state.size_bytes} bytes wait, expected at most {JOURNAL_BYTES}"
    if state.free_bytes < FREE_BYTES:
        return f"{state.free_bytes} bytes are free in the data folder, expected at least {FREE_BYTES}"
    return ""


def _migrations() -> str:
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except DatabaseError as error:
        connection.close()
        return f"nobody can tell: {type(error).__name__}"
    missing = sorted(_written() - set(applied))
    return f"{len(missing)} are not applied, the first is `{'.'.join(missing[0])}`" if missing else ""


def _certificate() -> str:
    tls = tls_of_settings()
    try:
        if tls is not None:
            tls.check()
    except StartFailed as error:
        return f"what is served is the one before: {error}"
    return ""


@lru_cache(maxsize=1)
def _written() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)


_CHECKS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("postgres", _postgres),
    ("redis", _redis),
    ("policy", _policy),
    ("journal", _journal),
    ("migrations", _migrations),
    ("certificate", _certificate),
)
