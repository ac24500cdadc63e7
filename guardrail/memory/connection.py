"""The connection to what is remembered of earlier calls (Redis): scripts only, never waited for longer than a budget.

Redis away = nothing is remembered: the connection is given up after a few milliseconds, and for a moment nobody tries.
What only has to be kept is told and not waited for: its answer is read before the thread's next question.

A connection a thread, made by redis-py, which knows addresses, TLS and passwords; commands are packed and read on it
directly. Its pool and its command layer cost 0.1 ms a call, as much as the script itself (2026-11).
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import hiredis
import redis
import structlog
from django.conf import settings

from guardrail.meters import note_memory

log = structlog.get_logger(__name__)

_own = threading.local()
# Answers a thread has not read yet; beyond these it reads them first, before Redis has to keep them for it.
_MOST_UNREAD = 16
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
    if time.monotonic() < _away_until:
        return None
    try:
        found = _evaluated(script, keys, arguments, meanwhile)
    except redis.RedisError as error:
        _give_up(error)
        return None
    return found if isinstance(found, list) else []


def tell(script: str, keys: Sequence[str], arguments: Sequence[str | int | bytes]) -> bool:
    """Have Redis run the script, before anything this thread asks later; False when it is known to be away.

    Nobody waits for it: that it failed is logged when the answer is read. Only for the first of its kind on a
    connection, so that Redis knows the script.
    """
    if time.monotonic() < _away_until:
        return False
    try:
        _connection()
        if script not in _own.known:
            told = run(script, keys, arguments) is not None
            _own.known.add(script)
            return told
        _send(_Told(script=script, keys=tuple(keys), arguments=tuple(arguments)))
    except redis.RedisError as error:
        _give_up(error)
        return False
    return True


def _give_up(error: redis.RedisError) -> None:
    global _away_until  # noqa: PLW0603 a flag every thread of this process shares
    # slow once is not away: under load one late answer cost 69 calls of 1,913 their memory (2026-11)
    slow = isinstance(error, redis.TimeoutError)
    _away_until = time.monotonic() + (0.1 if slow else 1.0)
    note_memory("slow" if slow else "away")
    log.warning("memory.away", error=type(error).__name__)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """A script that was sent and whose answer is not read yet; once more in full where Redis did not know it."""

    script: str
    keys: tuple[str, ...]
    arguments: tuple[str | int | bytes, ...]
    in_full: bool = False

    def packed(self) -> bytes:
        how = ("EVAL", self.script) if self.in_full else ("EVALSHA", _digest(self.script))
        command: tuple[Any, ...] = (*how, len(self.keys), *self.keys, *self.arguments)
        found: bytes = hiredis.pack_command(command)
        return found


def _send(told: _Told) -> None:
    """Once more on a new connection where the one that was kept turns out to be closed."""
    connection, is_new = _connection()
    try:
        _send_on(connection, told)
    except redis.ConnectionError:
        if is_new:
            raise
        _send_on(_connection()[0], told)


def _send_on(connection: Any, told: _Told) -> None:
    try:
        if len(_own.unread) >= _MOST_UNREAD:
            _read_unread(connection)
        connection.send_packed_command([told.packed()], check_health=False)
    except BaseException as error:
        _disconnect(connection, error)
        raise
    _own.unread.append(told)


def _read_unread(connection: Any) -> None:
    """The answers to what was told, in order."""
    while _own.unread:
        try:
            connection.read_response()
        except redis.exceptions.NoScriptError:
            again = replace(_own.unread[0], in_full=True)
            connection.send_packed_command([again.packed()], check_health=False)
            _own.unread.append(again)
        except redis.ResponseError as error:
            log.error("memory.not_kept", error=type(error).__name__)
        del _own.unread[0]


def _disconnect(connection: Any, error: BaseException) -> None:
    """An answer that comes late must never be read as the answer to the next question."""
    connection.disconnect()
    _own.connection = None
    if not isinstance(error, redis.ConnectionError):
        # what a slow Redis did not answer may be done; what went with a closed connection is told again
        _own.unread = []


def _answered(connection: Any, packed: bytes, meanwhile: Callable[[], None]) -> Any:
    try:
        _read_unread(connection)
        connection.send_packed_command([packed], check_health=False)
        meanwhile()
        return connection.read_response()
    except redis.ResponseError:
        raise
    except BaseException as error:
        _disconnect(connection, error)
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
    if getattr(_own, "mark", None) != mark:
        _own.unread = []
    for told in _own.unread:
        connection.send_packed_command([told.packed()], check_health=False)
    _own.connection, _own.mark, _own.known = connection, mark, set()
    return connection, True


@lru_cache(maxsize=64)
def _digest(script: str) -> str:
    # what Redis calls a script by, no secret
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
