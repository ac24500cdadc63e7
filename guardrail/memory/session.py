"""How many calls a conversation made, how many were stopped, and what was found of it too late."""

import uuid
from collections.abc import Mapping
from typing import Any

from guardrail.memory.connection import run
from guardrail.memory.shelf import NOTHING, Ask, Asking, Shelf, session_key
from guardrail.traces import Outcome, Traces, session_hash

SECONDS = 24 * 3600
_LOOK = """
local calls = redis.call('HINCRBY', keys[1], 'calls', again and 0 or 1)
redis.call('EXPIRE', keys[1], args[1])
local known = redis.call('HMGET', keys[1], 'stopped', 'late')
return {calls - 1, tonumber(known[1] or 0), known[2] or ''}
"""
_KEEP = "redis.call('HINCRBY', keys[1], 'stopped', 1) redis.call('EXPIRE', keys[1], args[1]) return 1"
# KEYS session; ARGV verdict id, session seconds.
_FOUND_LATE = """
redis.call('HSET', KEYS[1], 'late', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return {1}
"""
# KEYS session. What is known of a late finding goes, its counters stay.
_LOOKED_INTO = "return {redis.call('HDEL', KEYS[1], 'late')}"


def remember_late_finding(session: str, verdict_id: uuid.UUID) -> bool:
    """Let the next calls of a conversation, by its hash, know that this one should have been stopped.

    False when Redis is away.
    """
    return run(_FOUND_LATE, [f"gr:s:{session}"], [str(verdict_id), SECONDS]) is not None


def forget_late_finding(*, orchestrator: str, agent_id: str, conversation_id: str) -> bool:
    """A person has looked into it: the conversation goes on as any other. False when Redis is away."""
    key = f"gr:s:{session_hash(orchestrator, agent_id, conversation_id)}"
    return run(_LOOKED_INTO, [key], []) is not None


def _asks(asking: Asking) -> Ask:
    return [session_key(asking.traces)], [SECONDS]


def _read(answer: Any, _: Asking) -> Mapping[str, Any]:
    calls, stopped, late = answer
    return {"session_calls": calls, "session_stopped": stopped, "late_finding": late.decode("ascii", "replace")}


def _learn(traces: Traces, outcome: Outcome) -> Ask:
    return ([session_key(traces)], [SECONDS]) if outcome.stopped else NOTHING


SHELF = Shelf(name="session", seconds=SECONDS, look=_LOOK, asks=_asks, read=_read, keep=_KEEP, learn=_learn)
