"""Texts that hijacked a call, remembered for an organisation by their digests: 30 days, 1,024 texts, 64 an agent.

Digests of text, no text. `gr:p:<organisation>` is a hash: digest -> end (10 digits of Unix seconds), agent (8 hex
digits of its hash), how it is known (one letter); and `version`, `<who began it>.<changes since>`. `:l` lists the last
changes, so that a call fetches only what is new since the version its process knows. `:o` has the digests by when they
end, `:a` by agent and end. Beyond its share an agent's oldest goes, so that nobody who can make one agent stop can push
out what others have found; of all of them what a person has cleared goes first, then the oldest.
"""

import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guardrail.memory.connection import run
from guardrail.memory.shelf import NOTHING, Ask, Asking, Shelf
from guardrail.traces import Outcome, Traces, hashed
from policies.ruleset import Mode

SECONDS = 30 * 24 * 3600
MOST = 1_024
MOST_AN_AGENT = 64
# How a text is known. A person's word outlasts every later finding until it ends.
_STOPPED, _WOULD_STOP, _CONFIRMED, _CLEARED = "s", "w", "p", "c"
_COUNTS = {
    Mode.ENFORCE: frozenset((_STOPPED, _CONFIRMED)),
    Mode.MONITOR: frozenset((_STOPPED, _WOULD_STOP, _CONFIRMED)),
}
# Changes that are kept for those who know what was before them.
_MOST_CHANGES = 256
_MOST_LISTS = 64
# When nothing ends.
_NEVER = float("inf")
# keys: texts, changes; args: the version that is known. Answers the version, and where it is another the changes since,
# behind the number of the one before them, or with no number all texts.
_LOOK = """
local version = redis.call('HGET', keys[1], 'version') or ''
if version == '' or version == args[1] then return {version, '', ''} end
local begun, number = string.match(version, '^(%x+)%.(%d+)$')
local known, before = string.match(args[1], '^(%x+)%.(%d+)$')
local news = begun and begun == known and number - before or 0
if news > 0 and news <= redis.call('LLEN', keys[2]) then
    return {version, before, table.concat(redis.call('LRANGE', keys[2], -news, -1), ' ')}
end
return {version, '', table.concat(redis.call('HGETALL', keys[1]), ' ')}
"""
# keys: texts, changes, by end, by agent; args: now, end, agent, how, seconds, most, most an agent, who begins it, the
# most changes, digests.
_KEEP = """
local texts, changes, by_end, by_agent = keys[1], keys[2], keys[3], keys[4]
local now, last, agent, how = tonumber(args[1]), args[2], args[3], args[4]
local function known_by(value) return string.sub(value, 19, 19) end
-- what is known so for about as long changes nothing: everybody would have to fetch it again
local news = false
for i = 10, #args do
    local value = redis.call('HGET', texts, args[i])
    if not value or known_by(value) ~= how or tonumber(string.sub(value, 1, 10)) < last - 86400 then news = true end
end
if not news then return {1} end
-- what was cleared stands before all others
local function place(value)
    local ends = tonumber(string.sub(value, 1, 10))
    return known_by(value) == 'c' and ends / 1000000 or ends
end
local function row(digest, value) return string.sub(value, 11, 18) .. string.sub(value, 1, 10) .. digest end
local function is_found(value) return known_by(value) == 's' or known_by(value) == 'w' end
local function file(digest, value)
    redis.call('ZADD', by_end, string.format('%.6f', place(value)), digest)
    if is_found(value) then redis.call('ZADD', by_agent, 0, row(digest, value)) end
end
local version = redis.call('HGET', texts, 'version')
local begun, number = string.match(version or '', '^(%x+)%.(%d+)$')
if not begun or redis.call('ZCARD', by_end) ~= redis.call('HLEN', texts) - 1 then
    begun, number = args[8], 0
    redis.call('DEL', changes, by_end, by_agent)
    local all = redis.call('HGETALL', texts)
    for i = 1, #all, 2 do if all[i] ~= 'version' then file(all[i], all[i + 1]) end end
end
local function change(digest, value)
    redis.call('RPUSH', changes, digest .. ' ' .. value)
    number = number + 1
end
local function drop(digest)
    local value = redis.call('HGET', texts, digest)
    redis.call('ZREM', by_end, digest)
    if not value then return end
    redis.call('HDEL', texts, digest)
    redis.call('ZREM', by_agent, row(digest, value))
    change(digest, '-')
end
local ended = {redis.call('ZRANGEBYSCORE', by_end, 0, now / 1000000, 'LIMIT', 0, 100),
    redis.call('ZRANGEBYSCORE', by_end, 1000000, now, 'LIMIT', 0, 100)}
for i = 1, 2 do for _, digest in ipairs(ended[i]) do drop(digest) end end
local found = how == 's' or how == 'w'
for i = 10, #args do
    local digest = args[i]
    local value = redis.call('HGET', texts, digest)
    if not value then
        local from, to = '[' .. agent, '(' .. agent .. '~'
        if found and redis.call('ZLEXCOUNT', by_agent, from, to) >= tonumber(args[7]) then
            drop(string.sub(redis.call('ZRANGEBYLEX', by_agent, from, to, 'LIMIT', 0, 1)[1], 19))
        elseif redis.call('ZCARD', by_end) >= tonumber(args[6]) then
            drop(redis.call('ZRANGE', by_end, 0, 0)[1])
        end
    end
    local stays = value and found and not (known_by(value) == 'w' or (known_by(value) == 's' and how == 's'))
    if not stays then
        local new = last .. (value and string.sub(value, 11, 18) or agent) .. how
        if value then redis.call('ZREM', by_agent, row(digest, value)) end
        redis.call('HSET', texts, digest, new)
        file(digest, new)
        change(digest, new)
    end
end
redis.call('HSET', texts, 'version', string.format('%s.%d', begun, number))
redis.call('LTRIM', changes, '-' .. args[9], -1)
for i = 1, 4 do redis.call('EXPIRE', keys[i], args[5]) end
return {1}
"""
# keys: texts, changes, by end; args: seconds, the most changes, digests. What people said of these goes.
_UNSAY = """
local texts, changes = KEYS[1], KEYS[2]
local begun, number = string.match(redis.call('HGET', texts, 'version') or '', '^(%x+)%.(%d+)$')
if not begun then return {1} end
for i = 3, #ARGV do
    local how = string.sub(redis.call('HGET', texts, ARGV[i]) or '', 19, 19)
    if how == 'p' or how == 'c' then
        redis.call('HDEL', texts, ARGV[i])
        redis.call('ZREM', KEYS[3], ARGV[i])
        redis.call('RPUSH', changes, ARGV[i] .. ' -')
        number = number + 1
    end
end
redis.call('HSET', texts, 'version', string.format('%s.%d', begun, number))
redis.call('LTRIM', changes, '-' .. ARGV[2], -1)
redis.call('EXPIRE', changes, ARGV[1])
return {1}
"""
# The same on their own.
_ALONE = "local keys, args = KEYS, ARGV\n"
_LIST, _REMEMBER = _ALONE + _LOOK, _ALONE + _KEEP


@dataclass(frozen=True, kw_only=True, slots=True)
class _List:
    """An organisation's texts as last fetched, each digest with when it ends, by the mode it counts in.

    None ends before `first_end`, most often later: what ends first also goes first, and looking for the next one among
    all of them with each change took as long as all else.
    """

    version: bytes
    ends: dict[Mode, dict[str, int]]
    first_end: float
    whole: dict[Mode, frozenset[str]]


_lists: OrderedDict[str, _List] = OrderedDict()


def key_of(orchestrator: str, tenant_id: str) -> str:
    """The key of an organisation's texts: what one agent of it was hijacked by is known to all of them."""
    return f"gr:p:{hashed(orchestrator, tenant_id)}"


def load(key: str, *, mode: Mode) -> frozenset[str] | None:
    """The digests that count, apart from a call; None when Redis is away."""
    seen = run(_LIST, _keys(key)[:2], [_version_of(key)])
    return None if seen is None else _digests(key, seen, mode=mode)


def confirm(key: str, found: Sequence[str]) -> bool:
    """A person says it was an attack. False when Redis is away."""
    return _write(key, found, agent="0" * 8, how=_CONFIRMED)


def clear(key: str, found: Sequence[str]) -> bool:
    """A person says it was none: these count no more, whatever is found, until the entry ends. False as above."""
    return _write(key, found, agent="0" * 8, how=_CLEARED)


def unsay(key: str, found: Sequence[str]) -> bool:
    """What a person said of these is open again: they are not known any more. False when Redis is away."""
    if not found:
        return True
    return run(_UNSAY, _keys(key)[:3], [SECONDS, _MOST_CHANGES, *found]) is not None


def forget() -> None:
    """Drop the fetched lists, as in a process that has just started."""
    _lists.clear()


def _write(key: str, found: Sequence[str], *, agent: str, how: str) -> bool:
    if not found:
        return True
    bounds = _bounds(now=int(time.time()), agent=agent, how=how)
    return run(_REMEMBER, _keys(key), [*bounds, *found]) is not None


def _keys(key: str) -> list[str]:
    return [key, f"{key}:l", f"{key}:o", f"{key}:a"]


def _bounds(*, now: int, agent: str, how: str) -> tuple[str | int, ...]:
    return now, now + SECONDS, agent, how, SECONDS, MOST, MOST_AN_AGENT, uuid.uuid4().hex, _MOST_CHANGES


def _version_of(key: str) -> str:
    """The version this process has fetched, empty when none."""
    known = _lists.get(key)
    return known.version.decode("ascii", "replace") if known else ""


def _digests(key: str, answer: Sequence[bytes], *, mode: Mode) -> frozenset[str]:
    """The digests that count for a call, from what Redis answered. Raises LookupError where it went away meanwhile."""
    version, before, listed = answer
    if not version:
        _lists.pop(key, None)
        return frozenset()
    known = _lists.get(key)
    if listed and not before:
        known = _read(listed, version=version)
    elif listed and known is not None:
        known = _changed(known, listed, version=version, before=int(before))
    if known is None:
        return _fetched(key, mode=mode)
    now = time.time()
    known = known if now < known.first_end else _still(known, now=now)
    _lists[key] = known
    while len(_lists) > _MOST_LISTS:
        _lists.popitem(last=False)
    return known.whole[mode]


def _fetched(key: str, *, mode: Mode) -> frozenset[str]:
    """All of them anew: another thread has dropped what this one had asked with, or fetched it from another server."""
    _lists.pop(key, None)
    found = run(_LIST, _keys(key)[:2], [""])
    if found is None:
        raise LookupError(key)
    return _digests(key, found, mode=mode)


def _read(listed: bytes, *, version: bytes) -> _List:
    return _listed({mode: {} for mode in _COUNTS}, listed.split(b" "), version=version, first_end=_NEVER)


def _changed(known: _List, listed: bytes, *, version: bytes, before: int) -> _List | None:
    """The list with its changes; None where it is another's. Another thread may have been faster: `before` is the
    number of the change before the first one listed."""
    begun, _, number = version.partition(b".")
    known_begun, _, known_number = known.version.partition(b".")
    if begun != known_begun or int(known_number) < before:
        return None
    if int(known_number) >= int(number):
        return known
    ends = {mode: dict(found) for mode, found in known.ends.items()}
    words = listed.split(b" ")[2 * (int(known_number) - before) :]
    return _listed(ends, words, version=version, first_end=known.first_end)


def _listed(ends: dict[Mode, dict[str, int]], words: Sequence[bytes], *, version: bytes, first_end: float) -> _List:
    """`ends`, of which none is before `first_end`, with what `words` say: digest, value, digest, value, ...; a dash for
    what has gone."""
    for word, value in zip(words[::2], words[1::2], strict=False):
        digest, how = word.decode("ascii", "replace"), value[18:].decode("ascii", "replace")
        for mode, counts in _COUNTS.items():
            ends[mode].pop(digest, None)
            if how in counts and value[:10].isdigit():
                ends[mode][digest] = int(value[:10])
                first_end = min(first_end, ends[mode][digest])
    return _List(
        version=version,
        ends=ends,
        first_end=first_end,
        whole={mode: frozenset(found) for mode, found in ends.items()},
    )


def _still(known: _List, *, now: float) -> _List:
    """The list without what has ended."""
    ends = {mode: {digest: end for digest, end in found.items() if end > now} for mode, found in known.ends.items()}
    return _List(
        version=known.version,
        ends=ends,
        first_end=min((end for found in ends.values() for end in found.values()), default=_NEVER),
        whole={mode: frozenset(found) for mode, found in ends.items()},
    )


def _asks(asking: Asking) -> Ask:
    key = _key_of(asking.traces)
    return _keys(key)[:2], [_version_of(key)]


def _key_of(traces: Traces) -> str:
    return f"gr:p:{traces.organisation}"


def _read_answer(answer: Any, asking: Asking) -> Mapping[str, Any]:
    return {"poisoned": _digests(_key_of(asking.traces), answer, mode=asking.mode)}


def _learn(traces: Traces, outcome: Outcome) -> Ask:
    """What a stop proved poisoned; in monitor mode for monitored calls only."""
    if not outcome.proven:
        return NOTHING
    how = _WOULD_STOP if outcome.monitored else _STOPPED
    return _keys(_key_of(traces)), [*_bounds(now=traces.at // 1000, agent=traces.agent[:8], how=how), *outcome.proven]


SHELF = Shelf(
    name="poisoned",
    seconds=SECONDS,
    look=_LOOK,
    asks=_asks,
    read=_read_answer,
    keep=_KEEP,
    learn=_learn,
    from_traces=False,
)
