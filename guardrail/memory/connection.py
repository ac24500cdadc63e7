"""The connection to what is remembered of earlier calls (Redis): scripts only, never waited for longer than a budget.

Redis away = nothing is remembered: the connection is given up after a few milliseconds, and for a moment nobody tries.

A connection a thread, made by redis-py, which knows addresses, TLS and passwords; commands are packed and read on it
directly. Its pool and its command layer cost 0.1 ms a call, as much as the script itself (2026-11).
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import hiredis
import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

_own = threading.local()
# Counted up when every thread is to connect anew.
_generation = 0
_away_until = 0.0


def _at_once() -> None:
    """What there is to do while Redis works: nothing."""


def run(
    script: str,
    keys: Sequence[str],
    arguments: Sequence[str | int | bytes],
    *,
    meanwhile: Callable[[], None] = _at_once,
) -> list[Any] | None:
    """What the script answers, an empty list where that is no list; None when Redis does not answer in time.

    `meanwhile` is done while Redis works, and not at all where nobody is asked.
    """
    global _away_until  # noqa: PLW0603 a flag every thread of this process shares
    if time.monotonic() < _away_until:
        return None
    try:
        found = _evaluated(script, keys, arguments, meanwhile)
    except redis.RedisError as error:
        # slow once is not away: under load one late answer cost 69 calls of 1,913 their memory (2026-11)
        slow = isinstance(error, redis.TimeoutError)
        _away_until = time.monotonic() + (0.1 if slow else 1.0)
        log.warning("memory.away", error=type(error).__name__)
        return None
    return found if isinstance(found, list) else []


def forget_connection() -> None:
    """Let every thread connect anew, and forget a failure."""
    global _generation, _away_until
    _generation, _away_until = _generation + 1, 0.0


def _evaluated(
    script: str, keys: Sequence[str], arguments: Sequence[str | int | bytes], meanwhile: Callable[[], None]
) -> Any:
    """By its digest: the scripts are long, and Redis knows each from its first time on."""
    try:
        return _asked(meanwhile, "EVALSHA", _digest(script), len(keys), *keys, *arguments)
    except redis.exceptions.NoScriptError:
        return _asked(_at_once, "EVAL", script, len(keys), *keys, *arguments)


def _asked(meanwhile: Callable[[], None], *command: Any) -> Any:
    """Once more on a new connection where the one that was kept turns out to be closed, as after a restart of Redis."""
    packed = hiredis.pack_command(command)
    connection, is_new = _connection()
    try:
        return _answered(connection, packed, meanwhile)
    except redis.ConnectionError:
        if is_new:
            raise
    return _answered(_connection()[0], packed, _at_once)


def _answered(connection: Any, packed: bytes, meanwhile: Callable[[], None]) -> Any:
    try:
        connection.send_packed_command([packed], check_health=False)
        meanwhile()
        return connection.read_response()
    except redis.ResponseError:
        raise
    except BaseException:
        # an answer that comes late must never be read as the answer to the next question
        connection.disconnect()
        _own.connection = None
        raise


def _connection() -> tuple[Any, bool]:
    """This thread's connection, and whether it was made just now."""
    mark = (_generation, os.getpid())
    known: Any = getattr(_own, "connection", None)
    if known is not None and _own.mark == mark:
        return known, False
    seconds = settings.MEMORY_BUDGET_MS / 1000
    pool = redis.ConnectionPool.from_url(
        settings.REDIS_URL, socket_timeout=seconds, socket_connect_timeout=seconds, retry=None, retry_on_error=[]
    )
    connection: Any = pool.make_connection()
    connection.connect()
    _own.connection, _own.mark = connection, mark
    return connection, True


@lru_cache(maxsize=64)
def _digest(script: str) -> str:
    # what Redis calls a script by, no secret
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
