"""How many calls without sign-in came this minute under each rate limit in force."""

from collections.abc import Mapping
from typing import Any

from guardrail.memory.shelf import NOTHING, Ask, Asking, Shelf

# Two minutes: the one that is counted, and clocks of web processes that differ.
_SECONDS = 120
# Answers how many calls each limit has seen this minute, this one included.
_LOOK = """
local seen = {}
for i = 1, #keys do
    if again then
        seen[i] = tonumber(redis.call('GET', keys[i]) or 1)
    else
        seen[i] = redis.call('INCR', keys[i])
        redis.call('EXPIRE', keys[i], args[1])
    end
end
return seen
"""


def _asks(asking: Asking) -> Ask:
    if not asking.limits:
        return NOTHING
    minute = asking.traces.at // 60_000
    return [f"gr:r:{number}:{minute}" for number, _ in asking.limits], [_SECONDS]


def _read(answer: Any, asking: Asking) -> Mapping[str, Any]:
    seen = zip(asking.limits, answer, strict=True)
    return {"over_rate": frozenset(number for (number, per_minute), calls in seen if calls > per_minute)}


SHELF = Shelf(name="rates", seconds=_SECONDS, look=_LOOK, asks=_asks, read=_read, from_traces=False)
