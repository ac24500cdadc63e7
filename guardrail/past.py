"""What earlier calls of this conversation and agent tell, read and updated by one Redis script per call.

Keys hold hashes and counters only, no text of a call, and expire by themselves. Redis away = judged without memory:
the connection is given up after a few milliseconds, and for the next second nobody tries.
"""

import hashlib
import time
from collections.abc import Sequence

import redis
import structlog
from django.conf import settings

from guardrail.invocation import Invocation, Past

log = structlog.get_logger(__name__)

_SESSION_SECONDS = 24 * 3600
_AGENT_SECONDS = 90 * 24 * 3600
_MAX_DESTINATIONS = 20_000
# KEYS session, agent destinations; ARGV session seconds, agent seconds, maximum, destination hashes.
# Answers calls and stops of the session before this call, then one flag per destination: 1 = never seen.
_LOOK = """
local calls = redis.call('HINCRBY', KEYS[1], 'calls', 1) - 1
redis.call('EXPIRE', KEYS[1], ARGV[1])
local seen = {calls, tonumber(redis.call('HGET', KEYS[1], 'stopped') or 0)}
local room = redis.call('SCARD', KEYS[2]) < tonumber(ARGV[3])
for i = 4, #ARGV do
    local known = redis.call('SISMEMBER', KEYS[2], ARGV[i])
    seen[#seen + 1] = 1 - known
    if known == 0 and room then redis.call('SADD', KEYS[2], ARGV[i]) end
end
if #ARGV > 3 then redis.call('EXPIRE', KEYS[2], ARGV[2]) end
return seen
"""
# KEYS session; ARGV session seconds.
_STOPPED = "redis.call('HINCRBY', KEYS[1], 'stopped', 1) redis.call('EXPIRE', KEYS[1], ARGV[1])"

_client: redis.Redis | None = None
_away_until = 0.0


def load_past(call: Invocation, destinations: Sequence[str]) -> Past:
    """Read this call's past and count it in. One round trip; `Past(available=False)` when Redis does not answer."""
    arguments: list[str | int] = [_SESSION_SECONDS, _AGENT_SECONDS, _MAX_DESTINATIONS, *map(_hashed, destinations)]
    seen = _run(_LOOK, [_session_key(call), f"gr:a:{_hashed(call.agent_id)}:d"], arguments)
    if seen is None:
        return Past(available=False)
    calls, stopped, *flags = seen
    return Past(
        available=True,
        session_calls=calls,
        session_stopped=stopped,
        new_destinations=tuple(name for name, new in zip(destinations, flags, strict=True) if new),
    )


def remember_stop(call: Invocation) -> None:
    """Count a stopped call into its conversation; lost without harm when Redis is away."""
    _run(_STOPPED, [_session_key(call)], [_SESSION_SECONDS])


def forget_connection() -> None:
    """Drop the client and the memory of a failure: a new process, or a test with another server."""
    global _client, _away_until
    _client, _away_until = None, 0.0


def _run(script: str, keys: list[str], arguments: list[str | int]) -> list[int] | None:
    global _away_until  # noqa: PLW0603 a flag every thread of this process shares
    if time.monotonic() < _away_until:
        return None
    try:
        found = _connected().eval(script, len(keys), *keys, *arguments)
    except redis.RedisError as error:
        _away_until = time.monotonic() + 1.0
        log.warning("memory.away", error=type(error).__name__)
        return None
    return found if isinstance(found, list) else []


def _connected() -> redis.Redis:
    global _client  # noqa: PLW0603 see forget_connection
    if _client is None:
        seconds = settings.MEMORY_BUDGET_MS / 1000
        _client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=seconds, socket_connect_timeout=seconds, retry=None, retry_on_error=[]
        )
    return _client


def _session_key(call: Invocation) -> str:
    return f"gr:s:{_hashed(call.orchestrator, call.agent_id, call.conversation_id or call.step_key)}"


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
