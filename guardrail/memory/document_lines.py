"""Lines of classified documents that went to one house, by their fingerprints; 24 hours after the last, 512 of them.

`gr:l:<organisation>:<house>`: a set of fingerprints, 12 hex digits each.
"""

from collections.abc import Mapping
from typing import Any

from guardrail.memory.shelf import NOTHING, Ask, Asking, Shelf
from guardrail.traces import Outcome, Traces

SECONDS = 24 * 3600
_MOST = 512
_LOOK = "return redis.call('SUNION', unpack(keys))"
# ARGV seconds, most, fingerprints.
_KEEP = """
for i = 1, #keys do
    for j = 3, #args do
        if redis.call('SCARD', keys[i]) < tonumber(args[2]) then redis.call('SADD', keys[i], args[j]) end
    end
    redis.call('EXPIRE', keys[i], args[1])
end
return 1
"""


def _keys(traces: Traces) -> list[str]:
    chain = traces.chain
    return [f"gr:l:{traces.organisation}:{house}" for house in chain.houses] if chain is not None else []


def _asks(asking: Asking) -> Ask:
    return _keys(asking.traces), []


def _read(answer: Any, _: Asking) -> Mapping[str, Any]:
    return {"lines": frozenset(int(number, 16) << 16 for number in answer)}


def _learn(traces: Traces, outcome: Outcome) -> Ask:
    lines = traces.chain.lines if traces.chain is not None and not outcome.stopped else ()
    return (_keys(traces), [SECONDS, _MOST, *lines]) if lines else NOTHING


SHELF = Shelf(name="document_lines", seconds=SECONDS, look=_LOOK, asks=_asks, read=_read, keep=_KEEP, learn=_learn)
