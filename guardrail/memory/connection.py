"""The connection to what is remembered of earlier calls (Redis): scripts only, never waited for longer than a budget.

Redis away = nothing is remembered: the connection is given up after a few milliseconds, and for a moment nobody tries.
"""

import hashlib
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

_client: redis.Redis | None = None
_away_until = 0.0


def run(script: str, keys: Sequence[str], arguments: Sequence[str | int | bytes]) -> list[Any] | None:
    """What the script answers, an empty list where that is no list; None when Redis does not answer in time."""
    global _away_until  # noqa: PLW0603 a flag every thread of this process shares
    if time.monotonic() < _away_until:
        return None
    try:
        found = _evaluated(_connected(), script, keys, arguments)
    except redis.RedisError as error:
        # slow once is not away: under load one late answer cost 69 calls of 1,913 their memory (2026-11)
        slow = isinstance(error, redis.TimeoutError)
        _away_until = time.monotonic() + (0.1 if slow else 1.0)
        log.warning("memory.away", error=type(error).__name__)
        return None
    return found if isinstance(found, list) else []


def forget_connection() -> None:
    """Drop the client and the memory of a failure."""
    global _client, _away_until
    _client, _away_until = None, 0.0


def _evaluated(client: redis.Redis, script: str, keys: Sequence[str], arguments: Sequence[str | int | bytes]) -> Any:
    """By its digest: the scripts are long, and Redis knows each from its first time on."""
    try:
        return client.evalsha(_digest(script), len(keys), *keys, *arguments)
    except redis.exceptions.NoScriptError:
        return client.eval(script, len(keys), *keys, *arguments)


@lru_cache(maxsize=64)
def _digest(script: str) -> str:
    # what Redis calls a script by, no secret
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def _connected() -> redis.Redis:
    global _client  # noqa: PLW0603 see forget_connection
    if _client is None:
        seconds = settings.MEMORY_BUDGET_MS / 1000
        _client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=seconds, socket_connect_timeout=seconds, retry=None, retry_on_error=[]
        )
    return _client
