"""What each person sends out and reads through an agent by hour of the day, and what all its people do an hour.

Keys: `gr:u:<hash>` for a person with an agent, 90 days, 228 bytes; `gr:ud:<hash>` where that person was seen to reach,
at most 500 places; `gr:up:<agent>` the average hour of all of them. Hashes, counters and times only. As with habits,
all calls teach and those that were stopped are taken back.
"""

import struct
from collections.abc import Mapping
from typing import Any

from guardrail.memory.connection import run
from guardrail.memory.habits import learning_ms
from guardrail.memory.hours import TURN, hour_of
from guardrail.memory.shelf import NOTHING, Ask, Asking, Shelf
from guardrail.people import Peers, Person
from guardrail.traces import Outcome, Traces, hashed

SECONDS = 90 * 24 * 3600
_LEARNING_CALLS = 20
_MOST_PLACES = 500
_OUT = frozenset(("send", "share", "pay"))
# first call (ms), calls; the hour last counted in, what went out and what was read in it; their dispersions; averages
_HEAD = struct.Struct(">ddIIIff")
_MEANS = struct.Struct(">48f")
_PEERS = struct.Struct(">Idffff")
# keys: person, places, peers; args: 1 where it goes out, 1 where it reads, learning in ms, places.
_LOOK = (
    TURN
    + f"local seconds, learning_calls, most = {SECONDS}, {_LEARNING_CALLS}, {_MOST_PLACES}"
    + """
local HEAD, MEANS, PEERS = '>ddI4I4I4ff', '>' .. string.rep('f', 48), '>I4dffff'
local hour, turned = math.floor(now / 3600000), false
local raw, peers = unpack(redis.call('MGET', keys[1], keys[3]))
local p = peers and {struct.unpack(PEERS, peers)} or {0, 0, 0, 0, 0, 0}
local m
if raw then m = {struct.unpack(HEAD, raw)} else
    turned, m, p[1] = true, {now, 0, hour, 0, 0, 1, 1}, p[1] + 1
    raw = struct.pack(HEAD, unpack(m, 1, 7)) .. string.rep('\\0', 192)
end
local learning = now - m[1] < tonumber(args[3]) or m[2] < learning_calls
if hour > m[3] then
    local all = {struct.unpack(MEANS, string.sub(raw, 37))}
    local out, read = {unpack(all, 1, 24)}, {unpack(all, 25, 48)}
    m[6] = turn(out, m[3], hour, m[4], m[1], learning, m[6])
    m[7] = turn(read, m[3], hour, m[5], m[1], learning, m[7])
    -- one hour of one person's work moves what is usual for all a little
    if m[4] + m[5] > 0 then
        p[2] = p[2] + 1
        for i = 0, 1 do
            local mean, variance = p[3 + 2 * i], p[4 + 2 * i]
            local seen, weight = m[4 + i], math.max(1 / p[2], 0.002)
            if p[2] > 50 then seen = math.min(seen, mean + 4 * math.sqrt(variance) + 5) end
            p[4 + 2 * i] = variance + ((seen - mean) ^ 2 - variance) * weight
            p[3 + 2 * i] = mean + (seen - mean) * weight
        end
    end
    turned, m[3], m[4], m[5] = true, hour, 0, 0
    for i = 1, 24 do out[24 + i] = read[i] end
    raw = struct.pack(HEAD, unpack(m, 1, 7)) .. struct.pack(MEANS, unpack(out, 1, 48))
end
if turned then
    redis.call('SET', keys[1], raw, 'EX', seconds)
    redis.call('SET', keys[3], struct.pack(PEERS, unpack(p, 1, 6)), 'EX', seconds)
end
if not again then
    m[2], m[4], m[5] = m[2] + 1, m[4] + tonumber(args[1]), m[5] + tonumber(args[2])
    redis.call('SETRANGE', keys[1], 0, struct.pack(HEAD, unpack(m, 1, 7)))
end
local fresh = {}
if #args > 3 then
    local places = {unpack(args, 4)}
    local seen, room, news = redis.call('HMGET', keys[2], unpack(places)), nil, {}
    for i = 1, #places do
        local times = tonumber(seen[i] or 0)
        fresh[i] = (times == 0 or (again and times == 1)) and 1 or 0
        if times == 0 and room == nil then room = redis.call('HLEN', keys[2]) < most end
        if not again and (times > 0 or room) then
            news[#news + 1] = places[i]
            news[#news + 1] = times + 1
        end
    end
    if #news > 0 then redis.call('HSET', keys[2], unpack(news)) end
    redis.call('EXPIRE', keys[2], seconds)
end
return {raw, learning and 1 or 0, m[4], m[5], struct.pack(PEERS, unpack(p, 1, 6)), fresh}
"""
)
# keys: session, person, places; args: the verdict, 1 where it went out, 1 where it read, places.
_KEEP = """
if redis.call('HGET', keys[1], 'back_person') == args[1] then return 0 end
redis.call('HSET', keys[1], 'back_person', args[1])
redis.call('EXPIRE', keys[1], 86400)
local raw = redis.call('GET', keys[2])
if raw then
    local m = {struct.unpack('>ddI4I4I4ff', raw)}
    m[2] = math.max(0, m[2] - 1)
    if m[3] == math.floor(now / 3600000) then
        m[4], m[5] = math.max(0, m[4] - tonumber(args[2])), math.max(0, m[5] - tonumber(args[3]))
    end
    redis.call('SETRANGE', keys[2], 0, struct.pack('>ddI4I4I4ff', unpack(m, 1, 7)))
end
for i = 4, #args do
    if redis.call('HEXISTS', keys[3], args[i]) == 1 and redis.call('HINCRBY', keys[3], args[i], -1) <= 0 then
        redis.call('HDEL', keys[3], args[i])
    end
end
return 1
"""


def _keys(traces: Traces) -> list[str]:
    pair = hashed(traces.user, traces.agent)
    return [f"gr:u:{pair}", f"gr:ud:{pair}", f"gr:up:{traces.agent}"]


def _flags(traces: Traces) -> tuple[int, int]:
    return int(traces.outward and traces.kind in _OUT), int(traces.kind == "read")


def _places(traces: Traces) -> list[str]:
    return [place[:8] for place in traces.destinations]


def _asks(asking: Asking) -> Ask:
    traces = asking.traces
    if not traces.user:
        return NOTHING
    return _keys(traces), [*_flags(traces), learning_ms(), *_places(traces)]


def _learn(traces: Traces, outcome: Outcome) -> Ask:
    if not traces.user or outcome.would_have not in ("hold", "block"):
        return NOTHING
    person, places, _ = _keys(traces)
    return [f"gr:s:{traces.session}", person, places], [outcome.verdict_id, *_flags(traces), *_places(traces)]


def _read(answer: Any, asking: Asking) -> Mapping[str, Any]:
    raw, learning, out, read, peers, fresh = answer
    first, calls, _, _, _, out_dispersion, read_dispersion = _HEAD.unpack_from(raw)
    averages = _MEANS.unpack_from(raw, _HEAD.size)
    now = asking.traces.at
    days = (now - first) / (24 * 3_600_000)
    people, hours, out_mean, out_variance, read_mean, read_variance = _PEERS.unpack(peers)
    return {
        "person": Person(
            learning=bool(learning),
            calls=int(calls),
            days=days,
            out=hour_of(averages[:24], now=now, calls=out, dispersion=out_dispersion, days=days),
            read=hour_of(averages[24:], now=now, calls=read, dispersion=read_dispersion, days=days),
            peers=Peers(
                people=people,
                hours=hours,
                out_mean=out_mean,
                out_variance=out_variance,
                read_mean=read_mean,
                read_variance=read_variance,
            ),
            new_destinations=tuple(name for name, new in zip(asking.destinations, fresh, strict=True) if new),
        )
    }


SHELF = Shelf(name="people", seconds=SECONDS, look=_LOOK, asks=_asks, read=_read, keep=_KEEP, learn=_learn)


_FORGET = """
return {redis.call('DEL', KEYS[1], KEYS[2])}
"""


def forget(traces: Traces) -> bool:
    """Forget what is usual of the user of a call at its agent; False where memory is away. Safe to run twice."""
    person, places, _ = _keys(traces)
    return run(_FORGET, [person, places], []) is not None
