"""How often one caller asked in a minute: by Redis for every process, and by this process alone where Redis is away.

Costs nothing where a caller has no limit, else one question to Redis, of 0.2 ms; none once this process alone has seen
too many.
"""

import threading
from datetime import datetime

from guardrail.memory.connection import run

# Two minutes: the one that is counted, and clocks of web processes that differ.
_SECONDS = 120
_COUNT = """
local seen = redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return {seen}
"""
# By caller: the minute, and the calls this process has seen in it.
_here: dict[int, tuple[int, int]] = {}
_lock = threading.Lock()


def is_over(orchestrator_id: int, per_minute: int, *, at: datetime) -> bool:
    """Count one call, and say whether the caller has asked more than `per_minute` times this minute; 0 = no limit."""
    if not per_minute:
        return False
    minute = int(at.timestamp()) // 60
    if _count_here(orchestrator_id, minute) > per_minute:
        return True
    seen = run(_COUNT, [f"gr:cr:{orchestrator_id}:{minute}"], [_SECONDS])
    # where nobody can tell what others have seen, each process allows the whole
    return seen is not None and bool(seen) and int(seen[0]) > per_minute


def _count_here(orchestrator_id: int, minute: int) -> int:
    with _lock:
        last, count = _here.get(orchestrator_id, (minute, 0))
        count = count + 1 if last == minute else 1
        _here[orchestrator_id] = (minute, count)
        return count
