"""What leaves in pieces: of a secret, wherever it goes, and to one house; until 24 hours after the last, 64 pieces.

One Redis hash a heap. Of a secret `gr:left:<hash>`: `start-end` -> its characters. Of a house
`gr:left:<organisation>:<hash>`: hash of a piece -> characters, how sure, when. In both `c:<verdict id>` -> when, for
the calls that were let through.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from guardrail.invocation import Heap
from guardrail.memory.shelf import NOTHING, Ask, Asking, Shelf
from guardrail.traces import Outcome, Traces

SECONDS = 24 * 3600
_MOST = 64
_MOST_CALLS = 16
# A full heap takes no more: it is far beyond what it takes to stop the next.
_LOOK = """
local at, heaps = 3, {}
for i = 1, #keys do
    local count = tonumber(args[at])
    at = at + 1
    for _ = 1, count do
        local room = redis.call('HLEN', keys[i]) < tonumber(args[2])
        if room then redis.call('HSETNX', keys[i], args[at], args[at + 1]) end
        at = at + 2
    end
    redis.call('EXPIRE', keys[i], args[1])
    heaps[i] = redis.call('HGETALL', keys[i])
end
return heaps
"""
# ARGV seconds, most, field, when.
_KEEP = """
for i = 1, #keys do
    if redis.call('HLEN', keys[i]) < tonumber(args[2]) then redis.call('HSETNX', keys[i], args[3], args[4]) end
    redis.call('EXPIRE', keys[i], args[1])
end
return 1
"""


def _heaps(traces: Traces) -> Iterator[tuple[str, list[str]]]:
    """The key of each heap this call adds to, with its fields and values."""
    chain = traces.chain
    if chain is None:
        return
    for secret in dict.fromkeys(part[0] for part in chain.parts):
        fields = []
        for of, size, start, end in chain.parts:
            fields += [f"{start}-{end}", str(size)] if of == secret else []
        yield f"gr:left:{secret}", fields
    for house in chain.houses if chain.pieces else ():
        fields = []
        for piece, size, sure in chain.pieces:
            fields += [piece, f"{size} {sure} {traces.at}"]
        yield f"gr:left:{traces.organisation}:{house}", fields


def _asks(asking: Asking) -> Ask:
    keys: list[str] = []
    arguments: list[str | int] = [SECONDS, _MOST]
    for key, fields in _heaps(asking.traces):
        keys.append(key)
        arguments += [len(fields) // 2, *fields]
    return (keys, arguments) if keys else NOTHING


def _read(answer: Any, asking: Asking) -> Mapping[str, Any]:
    since = asking.traces.at - SECONDS * 1000
    keys = [key for key, _ in _heaps(asking.traces)]
    return {"heaps": tuple(_heap(key, found, since=since) for key, found in zip(keys, answer, strict=True))}


def _heap(key: str, found: list[bytes], *, since: int) -> Heap:
    words = [item.decode("ascii", "replace") for item in found]
    pieces, parts, calls, size = [], [], [], 0
    for field, value in zip(words[::2], words[1::2], strict=True):
        if field.startswith("c:"):
            calls.append((value, field[2:]))
        elif "-" in field:
            start, _, end = field.partition("-")
            parts.append((int(start), int(end)))
            size = int(value)
        else:
            characters, sure, at = map(int, value.split(" "))
            if at >= since:
                pieces.append((field, characters, sure))
    return Heap(
        of=key.rpartition(":")[2],
        pieces=tuple(pieces),
        parts=tuple(parts),
        size=size,
        calls=tuple(call for _, call in sorted(calls)),
    )


def _learn(traces: Traces, outcome: Outcome) -> Ask:
    keys = [] if outcome.stopped else [key for key, _ in _heaps(traces)]
    return (keys, [SECONDS, _MOST + _MOST_CALLS, f"c:{outcome.verdict_id}", traces.at]) if keys else NOTHING


SHELF = Shelf(name="leaving", seconds=SECONDS, look=_LOOK, asks=_asks, read=_read, keep=_KEEP, learn=_learn)
