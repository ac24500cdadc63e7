"""What was stopped, so that it is known when it comes again: in the conversation, for the user, in the organisation.

`gr:stop:s:<session>` and `gr:stop:u:<agent and user>` are lists of stops, newest first: 8 for a day, 16 for 7 days; the
second is the agent's where nobody is signed in. `gr:stop:o:<organisation>:s` is a hash from a destination's hash to its
last two stops by different people (13 digits of time, verdict id, agent, user, `s`, `l` or `w`), with what ends when in
`:e`, and, of one agent, in `:e:<agent>`: 2,048 places, 64 an agent, 7 days. `:p` is a hash of what people said of a
destination: end (13 digits) and `p` or `c`, 30 days. `l` = found after it was let through; `w` = enforce mode would
have stopped it: counts for monitored calls only.

What only memory stopped teaches nothing: one finding would feed the next for ever.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from guardrail.invocation import Again, Elsewhere
from guardrail.likeness import (
    ENOUGH_WORDS,
    LEADING,
    SAME_WORDS,
    Aim,
    are_near,
    may_resemble,
    numbers_of,
    resemblance,
    words_in,
)
from guardrail.memory.connection import run
from guardrail.memory.shelf import NOTHING, Ask, Asking, Shelf
from guardrail.traces import Outcome, Traces, hashed
from policies.ruleset import Mode

SESSION_SECONDS = 24 * 3600
SECONDS = 7 * 24 * 3600
SAID_SECONDS = 30 * 24 * 3600
MOST_OF_SESSION, MOST_OF_USER = 8, 16
MOST_PLACES, MOST_PLACES_AN_AGENT = 2_048, 64
_MOST_SAID = 2_048
_MOST_TOLD = 4
_ID = 36
# These are about the words a call carries, not about where to.
ABOUT_WORDS = frozenset(("classified_data_leaving", "secret_leaving", "personal_data_leaving"))
# An instruction that was blocked speaks against its destination for everybody.
_FOR_ALL = frozenset(("instruction_marked", "instruction_followed", "tool_description_followed"))
_RANK = {"same": 3, "house": 2, "near": 1, "": 0}
# keys: session, user, places, said; args: hashes of the destinations.
_LOOK = """
local session, user = redis.call('LRANGE', keys[1], 0, -1), redis.call('LRANGE', keys[2], 0, -1)
if #args == 0 then return {session, user, {}, {}} end
return {session, user, redis.call('HMGET', keys[3], unpack(args)), redis.call('HMGET', keys[4], unpack(args))}
"""
# keys: session, user, places, ends, the agent's ends; args: the stop, session seconds, most, user seconds, most, the
# record of a place (98 characters), its end, most places, most an agent, then the places. Without keys[3] no places.
_KEEP = """
for i = 1, 2 do
    redis.call('LREM', keys[i], 0, args[1])
    local newest, id = redis.call('LINDEX', keys[i], 0), string.sub(args[1], 1, 36)
    if not newest or string.sub(newest, 1, 36) < id then
        redis.call('LPUSH', keys[i], args[1])
    else
        -- found late: what came after it must not be pushed out by it; an id begins with its time
        local older
        for _, other in ipairs(redis.call('LRANGE', keys[i], 1, -1)) do
            if not older and string.sub(other, 1, 36) < id then older = other end
        end
        if older then redis.call('LINSERT', keys[i], 'BEFORE', older, args[1])
        else redis.call('RPUSH', keys[i], args[1]) end
    end
    redis.call('LTRIM', keys[i], 0, tonumber(args[2 * i + 1]) - 1)
    redis.call('EXPIRE', keys[i], args[2 * i])
end
if not keys[3] then return 1 end
local record, size = args[6], #args[6]
for i = 10, #args do
    local known, value = redis.call('HGET', keys[3], args[i]) or '', record
    for at = 1, #known, size do
        local other = string.sub(known, at, at + size - 1)
        if string.sub(other, 50, 97) ~= string.sub(record, 50, 97) and #value < 2 * size then value = value .. other end
    end
    redis.call('HSET', keys[3], args[i], value)
    redis.call('ZADD', keys[4], args[7], args[i])
    redis.call('ZADD', keys[5], args[7], args[i])
end
local function drop(place)
    redis.call('HDEL', keys[3], place)
    redis.call('ZREM', keys[4], place)
end
for _, place in ipairs(redis.call('ZRANGEBYSCORE', keys[4], 0, now, 'LIMIT', 0, 200)) do drop(place) end
for _, place in ipairs(redis.call('ZRANGEBYSCORE', keys[5], 0, now, 'LIMIT', 0, 200)) do
    redis.call('ZREM', keys[5], place)
end
local over = redis.call('ZCARD', keys[5]) - tonumber(args[9])
if over > 0 then
    for _, place in ipairs(redis.call('ZRANGE', keys[5], 0, over - 1)) do
        redis.call('ZREM', keys[5], place)
        if #(redis.call('HGET', keys[3], place) or '') <= size then drop(place) end
    end
end
over = redis.call('ZCARD', keys[4]) - tonumber(args[8])
if over > 0 then
    for _, place in ipairs(redis.call('ZRANGE', keys[4], 0, over - 1)) do drop(place) end
end
for i = 3, 5 do redis.call('EXPIRE', keys[i], args[4]) end
return 1
"""
# KEYS session, user, places; ARGV verdict id, places. What stands there of this verdict goes.
_FORGET = """
for i = 1, 2 do
    for _, stop in ipairs(redis.call('LRANGE', KEYS[i], 0, -1)) do
        if string.sub(stop, 1, 36) == ARGV[1] then redis.call('LREM', KEYS[i], 0, stop) end
    end
end
for i = 2, #ARGV do
    local known, left = redis.call('HGET', KEYS[3], ARGV[i]) or '', ''
    for at = 1, #known, 98 do
        local record = string.sub(known, at, at + 97)
        if string.sub(record, 14, 49) ~= ARGV[1] then left = left .. record end
    end
    if left == '' then redis.call('HDEL', KEYS[3], ARGV[i]) else redis.call('HSET', KEYS[3], ARGV[i], left) end
end
return {1}
"""
# KEYS said; ARGV now, end, how ('' takes the word back), seconds, most, places.
_SAY = """
local kept = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
    if tonumber(string.sub(all[i + 1], 1, 13)) <= tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], all[i])
    else kept[#kept + 1] = {all[i], string.sub(all[i + 1], 14) .. string.sub(all[i + 1], 1, 13)} end
end
table.sort(kept, function(a, b) return a[2] < b[2] end)
for i = 6, #ARGV do
    if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[i])
    else
        local new = redis.call('HSET', KEYS[1], ARGV[i], ARGV[2] .. ARGV[3])
        if new == 1 and redis.call('HLEN', KEYS[1]) > tonumber(ARGV[5]) and #kept > 0 then
            redis.call('HDEL', KEYS[1], table.remove(kept, 1)[1])
        end
    end
end
redis.call('EXPIRE', KEYS[1], ARGV[4])
return {1}
"""


class _Stop(msgspec.Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True):
    """A stop as it lies in a list, behind its verdict id. `told` False = enforce mode would have stopped it; `late` =
    it was found after the call had been let through."""

    at: int
    session: str
    tool: str
    kind: str
    action: str
    told: bool
    signal: str
    step: str = ""
    aims: tuple[Aim, ...] = ()
    sketch: bytes = b""
    late: bool = False


_DECODER = msgspec.msgpack.Decoder(_Stop)


def confirm(organisation: str, places: Sequence[str]) -> bool:
    """A person says that calls were led to these by an attack. False when Redis is away."""
    return _say(organisation, places, how="p")


def clear(organisation: str, places: Sequence[str]) -> bool:
    """A person says that there is nothing against these, whatever is found later. False when Redis is away."""
    return _say(organisation, places, how="c")


def unsay(organisation: str, places: Sequence[str]) -> bool:
    """What a person said of these is open again. False when Redis is away."""
    return _say(organisation, places, how="")


def forget(traces: Traces, verdict_id: str) -> bool:
    """Forget one stop everywhere: a person found it harmless or let the call pass. False when Redis is away."""
    session, user, places, *_ = _keys(traces)
    return run(_FORGET, [session, user, places], [verdict_id, *_places(traces.aims)]) is not None


def looks_named(traces: Traces | None) -> tuple[str, ...]:
    """The looks of the destinations the user named."""
    return tuple(aim.look for aim in traces.aims if aim.named) if traces else ()


def _say(organisation: str, places: Sequence[str], *, how: str) -> bool:
    if not places:
        return True
    now = int(time.time() * 1000)
    bounds = (now, now + SAID_SECONDS * 1000, how, SAID_SECONDS, _MOST_SAID)
    return run(_SAY, [f"gr:stop:o:{organisation}:p"], [*bounds, *places]) is not None


def _keys(traces: Traces) -> tuple[str, str, str, str, str]:
    """Of the conversation, the user (the agent where nobody is signed in), the places, their ends, the agent's ends."""
    places = f"gr:stop:o:{traces.organisation}"
    return (
        f"gr:stop:s:{traces.session}",
        f"gr:stop:u:{hashed(traces.agent, traces.user)}",
        f"{places}:s",
        f"{places}:e",
        f"{places}:e:{traces.agent}",
    )


def _places(aims: Iterable[Aim]) -> list[str]:
    """The hashes by which everybody knows where a call reaches; a plain name means somebody else elsewhere."""
    return [place for aim in aims if not aim.loose for place in (aim.look, aim.house) if place]


def _asks(asking: Asking) -> Ask:
    traces = asking.traces
    if not traces.aims and not traces.sketch:
        return NOTHING
    session, user, places, *_ = _keys(traces)
    return [session, user, places, f"gr:stop:o:{traces.organisation}:p"], _places(traces.aims)


def _learn(traces: Traces, outcome: Outcome) -> Ask:
    if outcome.would_have not in ("hold", "block") or outcome.signal not in LEADING | ABOUT_WORDS:
        return NOTHING
    aims = tuple(aim for aim in traces.aims if aim.led and not aim.named)
    stop = _Stop(
        at=traces.at,
        session=traces.session,
        tool=traces.tool,
        kind=traces.kind,
        action=outcome.would_have,
        told=outcome.counts,
        signal=outcome.signal,
        step=traces.step,
        aims=aims,
        sketch=traces.sketch,
        late=outcome.late,
    )
    keys = _keys(traces)
    entry = outcome.verdict_id.encode() + msgspec.msgpack.encode(stop)
    bounds = (entry, SESSION_SECONDS, MOST_OF_SESSION, SECONDS, MOST_OF_USER)
    places = _places(aims) if outcome.would_have == "block" and outcome.signal in _FOR_ALL else []
    if not places:
        return keys[:2], bounds
    how = ("l" if outcome.late else "s") if outcome.counts else "w"
    record = f"{traces.at:013d}{outcome.verdict_id:36}{traces.agent:24}{traces.user:24}{how}"
    return keys, (*bounds, record, traces.at + SECONDS * 1000, MOST_PLACES, MOST_PLACES_AN_AGENT, *places)


def _read(answer: Any, asking: Asking) -> Mapping[str, Any]:
    session, user, places, said = answer
    traces = asking.traces
    hashes = _places(traces.aims)
    words = {place: word[13:] for place, word in zip(hashes, said, strict=False) if word and int(word[:13]) > traces.at}
    cleared = {place for place, word in words.items() if word == b"c"}
    confirmed = {place for place, word in words.items() if word == b"p"}
    again = _again(dict.fromkeys([*session, *user]), asking, cleared)
    elsewhere = _elsewhere(dict(zip(hashes, places, strict=False)), asking, cleared, confirmed)
    return {"again": again, "elsewhere": elsewhere}


def _again(stops: Iterable[bytes], asking: Asking, cleared: set[str]) -> tuple[Again, ...]:
    """The stops most like the call, the most alike first."""
    found: dict[str, _Like] = {}
    traces = asking.traces
    words, places = numbers_of(traces.sketch), _places_near(traces.aims)
    for entry in stops:
        known = _known(entry)
        if known is None:
            continue
        # most are of other calls altogether, and up to 24 of them are looked at with every call of a user
        near, reworded = not places.isdisjoint(known.places), may_resemble(words, known.words)
        if not (near or reworded) or known.verdict_id in found:
            continue
        stop = known.stop
        if traces.at - stop.at > SECONDS * 1000 or (stop.step and stop.step == traces.step):
            continue
        if not stop.told and asking.mode is Mode.ENFORCE:
            continue
        share = resemblance(known.words, words) if reworded else 0.0
        like = _compared(known, share, asking, cleared if near else None)
        if like is not None:
            found[known.verdict_id] = like
    alike = sorted(found.values(), key=_closeness, reverse=True)[:_MOST_TOLD]
    return tuple(_told(like, asking) for like in alike)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """A stop with what a call like it must share: hashes of its words, or of where it led."""

    verdict_id: str
    stop: _Stop
    words: frozenset[int]
    places: frozenset[str | int]


# what a user or agent was stopped for comes with each of its calls
@lru_cache(maxsize=4_096)
def _known(entry: bytes) -> _Known | None:
    """None = of a version to come, or of one before."""
    try:
        stop = _DECODER.decode(entry[_ID:])
    except msgspec.DecodeError:
        return None
    return _Known(
        verdict_id=entry[:_ID].decode("ascii", "replace"),
        stop=stop,
        words=numbers_of(stop.sketch),
        places=_places_near(stop.aims) if stop.signal in LEADING else frozenset(),
    )


def _places_near(aims: Iterable[Aim]) -> frozenset[str | int]:
    """The hashes of which two places that are alike in any way share one."""
    found: set[str | int] = set()
    for aim in aims:
        found.update((aim.look, aim.house) if aim.house else (aim.look,), numbers_of(aim.near))
    return frozenset(found)


class _Like(NamedTuple):
    """A stop the call is like: by a `destination` of its own, by the share of its `words`, 0.0 = not by those.

    `whole` = both say enough for their words to count.
    """

    known: _Known
    likeness: str
    destination: str
    words: float
    whole: bool


def _closeness(like: _Like) -> tuple[int, bool, float]:
    return _RANK[like.likeness], like.known.stop.action == "block", like.words


def _compared(known: _Known, words: float, asking: Asking, cleared: set[str] | None) -> _Like | None:
    """How alike the call is to one that was stopped; None where it is not.

    `words` is the share of them, `cleared` what people cleared, None where the two surely have no place in common.
    """
    traces, stop = asking.traces, known.stop
    likeness, destination = "", ""
    if cleared is not None:
        likeness, aim = _likeness(stop, traces.aims, cleared, same_session=stop.session == traces.session)
        destination = asking.destinations[aim.at] if aim and aim.at < len(asking.destinations) else ""
    if not destination and words < SAME_WORDS:
        return None
    whole = min(words_in(stop.sketch), words_in(traces.sketch)) >= ENOUGH_WORDS
    alike = words >= SAME_WORDS and (whole or (words == 1.0 and stop.tool == traces.tool))
    if not destination and not alike:
        return None
    return _Like(known, likeness if destination else "", destination, words if alike else 0.0, whole)


def _told(like: _Like, asking: Asking) -> Again:
    traces, stop = asking.traces, like.known.stop
    return Again(
        verdict_id=like.known.verdict_id,
        at=datetime.fromtimestamp(stop.at / 1000, tz=UTC),
        action=stop.action,
        signal=stop.signal,
        destination=like.destination,
        likeness=like.likeness,
        words=like.words,
        whole=like.whole,
        same_session=stop.session == traces.session,
        same_tool=stop.tool == traces.tool,
        same_kind=stop.kind == traces.kind,
        aimed=bool(stop.aims),
        late=stop.late,
    )


def _likeness(stop: _Stop, aims: Sequence[Aim], cleared: set[str], *, same_session: bool) -> tuple[str, Aim | None]:
    best: tuple[str, Aim | None] = ("", None)
    for aim in aims:
        if aim.look in cleared or (aim.loose and not same_session):
            continue
        for other in stop.aims:
            if aim.look == other.look:
                return "same", aim
            how = "house" if aim.house and aim.house == other.house else ""
            if not how and aim.near and other.near and are_near(aim.near, other.near):
                how = "near"
            if _RANK[how] > _RANK[best[0]]:
                best = (how, aim)
    return best


def _elsewhere(
    places: Mapping[str, bytes | None], asking: Asking, cleared: set[str], confirmed: set[str]
) -> tuple[Elsewhere, ...]:
    found = []
    for aim in asking.traces.aims:
        if aim.loose or aim.look in cleared or aim.at >= len(asking.destinations):
            continue
        known = [place for place in (aim.look, aim.house) if place and place not in cleared]
        records = [(place, record) for place in known if (record := _last_by_another(places.get(place), asking))]
        said = [place for place in known if place in confirmed]
        if not records and not said:
            continue
        place, record = records[0] if records else (said[0], b"")
        found.append(
            Elsewhere(
                destination=asking.destinations[aim.at],
                verdict_id=record[13:49].decode("ascii", "replace"),
                at=datetime.fromtimestamp(int(record[:13]) / 1000, tz=UTC) if record else None,
                exact=aim.look in (place, *said),
                late=record[97:] == b"l",
                confirmed=bool(said),
            )
        )
    return tuple(found)


def _last_by_another(known: bytes | None, asking: Asking) -> bytes | None:
    """The newest stop at a place by another agent or user that counts for this call."""
    traces = asking.traces
    own = f"{traces.agent:24}{traces.user:24}".encode()
    for at in range(0, len(known or b""), 98):
        record = (known or b"")[at : at + 98]
        counts = record[97:] in (b"s", b"l") or asking.mode is Mode.MONITOR
        if counts and record[49:97] != own and traces.at - int(record[:13]) <= SECONDS * 1000:
            return record
    return None


SHELF = Shelf(
    name="stops", seconds=SECONDS, look=_LOOK, asks=_asks, read=_read, keep=_KEEP, learn=_learn, from_traces=False
)
