"""Builds memory anew from the verdicts in Postgres: runs the shelves' own scripts over the traces each verdict keeps.

Reads no transcript. What people decided is told again by `investigations.recollection`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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

# Verdicts one round trip to Redis carries.
_AT_ONCE = 1_000
_THREADS = 2
_LOOKED_AT = tuple(shelf for shelf in SHELVES if shelf.look and shelf.from_traces)
_KEPT_BY = tuple(shelf for shelf in SHELVES if shelf.keep)
_LOOK = Composed(tuple((shelf.name, shelf.look) for shelf in _LOOKED_AT))
_KEEP = Composed(tuple((shelf.name, shelf.keep) for shelf in _KEPT_BY))
# Everything a shelf keeps. Tickets stay: the row in Postgres does not know yet that one was used a moment ago.
_OURS, _TICKETS = "gr:*", b"gr:t:"
# Oldest first, as they came. A repeated delivery taught nothing.
_ROWS = """
SELECT id, traces, action, would_have, deciding_signal, mode, agent_id,
    CASE WHEN would_have = 'block' AND NOT failed THEN signals END
FROM guardrail_verdict
WHERE id >= %(since)s::uuid AND id < %(until)s::uuid AND duplicate_of IS NULL
ORDER BY id
"""
# The place of the agent in such a row.
_AGENT = 6


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
            _forget(replaying.clients[0])
            for rows in _batches(now):
                read += len(rows)
                without += replaying.replay(rows)
                tell(read)
    except redis.RedisError as error:
        raise MemoryAwayError(f"the memory of calls (Redis) does not answer: {type(error).__name__}") from error
    return Rebuilt(verdicts=read, without_traces=without)


class _Replaying:
    """Some threads that each replay the calls of their own agents, so that one packs while Redis works for another.

    An agent's calls stay in order; those of two agents are at most a batch apart.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.clients = [redis.Redis.from_url(settings.REDIS_URL, socket_timeout=60) for _ in range(_THREADS)]
        self._threads = ThreadPoolExecutor(_THREADS)

    def __enter__(self) -> "_Replaying":
        self._look = self.clients[0].script_load(_LOOK.script)
        self._keep = self.clients[0].script_load(_KEEP.script)
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()
        for client in self.clients:
            client.close()

    def replay(self, rows: Sequence[tuple[Any, ...]]) -> int:
        """One batch, done when this returns; the number of verdicts that kept no traces."""
        shares: list[list[tuple[Any, ...]]] = [[] for _ in self.clients]
        for row in rows:
            shares[hash(row[_AGENT]) % len(shares)].append(row)
        return sum(self._threads.map(self._replay, self.clients, shares))

    def _replay(self, client: redis.Redis, rows: Sequence[tuple[Any, ...]]) -> int:
        pipeline = client.pipeline(transaction=False)
        without = 0
        for verdict_id, kept, action, would_have, deciding, mode, _, signals in rows:
            traces = unpacked(bytes(kept))
            if traces is None:
                without += 1
                continue
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
                keys, arguments = _LOOK.arguments(asks, traces=traces, step="")
                pipeline.evalsha(self._look, len(keys), *keys, *arguments)
            lessons = [shelf.learn(traces, outcome) if age < shelf.seconds else NOTHING for shelf in _KEPT_BY]
            if any(keys for keys, _ in lessons):
                keys, arguments = _KEEP.arguments(lessons, traces=traces, step="")
                pipeline.evalsha(self._keep, len(keys), *keys, *arguments)
        pipeline.execute()
        return without


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
