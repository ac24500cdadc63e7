"""Builds memory anew from the verdicts in Postgres: runs the shelves' own scripts over the traces each verdict keeps.

Reads no transcript. What people decided is told again by `investigations.recollection`.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import hiredis
import psycopg
import redis
from django.conf import settings

from guardrail import database
from guardrail.attribution.recall import proven_by
from guardrail.memory.past import SHELVES
from guardrail.memory.shelf import NOTHING, Asking, Composed
from guardrail.traces import Outcome, Traces, unpacked
from guardrail.verdict_id import floor_id
from policies.ruleset import Mode

# Verdicts of a batch, and how many batches Redis has before it while the next is packed.
_AT_ONCE = 500
_BATCHES_UNREAD = 2
# Redis may be behind by those batches.
_PATIENCE_SECONDS = 60
_LOOKED_AT = tuple(shelf for shelf in SHELVES if shelf.look and shelf.from_traces)
_KEPT_BY = tuple(shelf for shelf in SHELVES if shelf.keep)
_LOOK = Composed(tuple((shelf.name, shelf.look) for shelf in _LOOKED_AT))
_KEEP = Composed(tuple((shelf.name, shelf.keep) for shelf in _KEPT_BY))
# Everything a shelf keeps. Tickets stay: the row in Postgres does not know yet that one was used a moment ago.
_OURS, _TICKETS = "gr:*", b"gr:t:"
# Oldest first, as they came. A repeated delivery taught nothing.
_ROWS = """
SELECT id, traces, action, would_have, deciding_signal, mode,
    CASE WHEN would_have = 'block' AND NOT failed THEN signals END
FROM guardrail_verdict
WHERE id >= %(since)s::uuid AND id < %(until)s::uuid AND duplicate_of IS NULL
ORDER BY id
"""


class MemoryAwayError(RuntimeError):
    """Redis did not answer; what was built so far is there, and another run begins anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuilt:
    """How many verdicts were read, and how many of them kept no traces."""

    verdicts: int
    without_traces: int


def rebuild(*, now: datetime, tell: Callable[[int], None]) -> Rebuilt:
    """Forget what memory holds and learn it again from every verdict before `now` that still counts.

    Calls may come meanwhile: they are remembered as always. `tell` is called with the number of verdicts read so far.
    Raises MemoryAwayError and psycopg.Error.
    """
    read = without = 0
    try:
        with _Replaying(now) as replaying:
            _forget(replaying.client)
            for rows in _batches(now):
                read += len(rows)
                without += replaying.replay(rows)
                tell(read)
            replaying.finish()
    except redis.RedisError as error:
        raise MemoryAwayError(f"the memory of calls (Redis) does not answer: {type(error).__name__}") from error
    return Rebuilt(verdicts=read, without_traces=without)


class _Replaying:
    """Replays calls in the order they came, on one connection, and packs the next while Redis works on those before.

    The scripts answer nothing: what is not read yet is a few bytes a call.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=_PATIENCE_SECONDS)
        pool = redis.ConnectionPool.from_url(settings.REDIS_URL, socket_timeout=_PATIENCE_SECONDS)
        self._connection: Any = pool.make_connection()
        self._unread: deque[int] = deque()

    def __enter__(self) -> "_Replaying":
        self._look = self.client.script_load(_LOOK.silent)
        self._keep = self.client.script_load(_KEEP.silent)
        self._connection.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.disconnect()
        self.client.close()

    def replay(self, rows: Sequence[tuple[Any, ...]]) -> int:
        """One batch, done when `finish` returns; the number of verdicts that kept no traces."""
        packed: list[bytes] = []
        without = 0
        for row in rows:
            traces = unpacked(bytes(row[1]))
            if traces is None:
                without += 1
            else:
                packed += self._commands(traces, row)
        if len(self._unread) >= _BATCHES_UNREAD:
            self._read()
        self._connection.send_packed_command([b"".join(packed)], check_health=False)
        self._unread.append(len(packed))
        return without

    def finish(self) -> None:
        """Return once Redis has done all of it. Raises redis.RedisError."""
        while self._unread:
            self._read()

    def _read(self) -> None:
        for _ in range(self._unread.popleft()):
            self._connection.read_response()

    def _commands(self, traces: Traces, row: tuple[Any, ...]) -> Iterator[bytes]:
        verdict_id, _, action, would_have, deciding, mode, signals = row
        outcome = Outcome(
            verdict_id=str(verdict_id),
            action=action,
            would_have=would_have,
            signal=deciding,
            monitored=mode == Mode.MONITOR.value,
            proven=proven_by(signals or ()),
        )
        age = self._now.timestamp() - traces.at / 1000
        asked = asking_from(traces)
        asks = [shelf.asks(asked) if age < shelf.seconds else NOTHING for shelf in _LOOKED_AT]
        if any(keys for keys, _ in asks):
            yield _command(self._look, *_LOOK.arguments(asks, traces=traces, step=""))
        lessons = [shelf.learn(traces, outcome) if age < shelf.seconds else NOTHING for shelf in _KEPT_BY]
        if any(keys for keys, _ in lessons):
            yield _command(self._keep, *_KEEP.arguments(lessons, traces=traces, step=""))


def _command(digest: str, keys: Sequence[str], arguments: Sequence[str | int | bytes]) -> bytes:
    # the client's own commands cost more than packing them
    command: tuple[Any, ...] = ("EVALSHA", digest, len(keys), *keys, *arguments)
    packed: bytes = hiredis.pack_command(command)
    return packed


def _forget(client: redis.Redis) -> None:
    keys: list[bytes] = []
    for key in client.scan_iter(_OURS, count=5_000):
        if not key.startswith(_TICKETS):
            keys.append(key)
        if len(keys) >= _AT_ONCE:
            client.unlink(*keys)
            keys.clear()
    if keys:
        client.unlink(*keys)


def _batches(now: datetime) -> Iterator[list[tuple[Any, ...]]]:
    """By a cursor of the server: a million rows are never all here."""
    longest = max(shelf.seconds for shelf in SHELVES)
    bounds = {"since": floor_id(now - timedelta(seconds=longest)), "until": floor_id(now)}
    with psycopg.connect(database.dsn()) as connection, connection.cursor(name="rebuild") as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(_ROWS, bounds)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield rows


def asking_from(traces: Traces) -> Asking:
    """As a shelf that learns from the traces alone is asked."""
    return Asking(traces=traces, destinations=(), call_key="", holder="", mode=Mode.ENFORCE)
