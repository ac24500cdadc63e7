"""Texts that hijacked a call, remembered for an organisation by their digests: 30 days, 1,024 texts, 64 an agent.

One Redis hash an orchestrator and tenant, `gr:p:<hash>`: digest -> end (10 digits of Unix seconds), agent (8 hex digits
of its hash), how it is known (one letter); and `version`, new with each change, so that a call fetches the list only
when it has changed. Digests of text, no text. Beyond its share an agent's oldest goes, so that nobody who can make one
agent stop can push out what others have found; of the whole list what a person has cleared goes first, then the oldest.
"""

import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guardrail.memory.connection import run, tell
from guardrail.memory.shelf import Ask, Asking, Shelf
from guardrail.traces import hashed
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
_MOST_LISTS = 64
# Answers the version, and where it is another than args[1], the texts.
_LOOK = """
local version, texts = redis.call('HGET', keys[1], 'version') or '', ''
if version ~= '' and version ~= args[1] then texts = table.concat(redis.call('HGETALL', keys[1]), ' ') end
return {version, texts}
"""
# The same on its own: KEYS texts; ARGV the version that is known.
_LIST = _LOOK.replace("keys[", "KEYS[").replace("args[", "ARGV[")
# KEYS texts; ARGV now, end, agent, how, seconds, most, most an agent, new version, digests.
_REMEMBER = """
local now, how = tonumber(ARGV[1]), ARGV[4]
-- what is known so for about as long changes nothing: a new version would make every process fetch the list again
local news = false
for i = 9, #ARGV do
    local value = redis.call('HGET', KEYS[1], ARGV[i])
    if not value or string.sub(value, 19, 19) ~= how
        or tonumber(string.sub(value, 1, 10)) < tonumber(ARGV[2]) - 86400 then news = true break end
end
if not news then return {1} end
local by_person = how == 'p' or how == 'c'
local all, kept, own = redis.call('HGETALL', KEYS[1]), {}, {}
for i = 1, #all, 2 do
    local value = all[i + 1]
    if all[i] ~= 'version' then
        if tonumber(string.sub(value, 1, 10)) <= now then
            redis.call('HDEL', KEYS[1], all[i])
        else
            local entry = {all[i], value}
            kept[#kept + 1] = entry
            local known = string.sub(value, 19, 19)
            if string.sub(value, 11, 18) == ARGV[3] and (known == 's' or known == 'w') then own[#own + 1] = entry end
        end
    end
end
local function older(a, b)
    local spared, other = string.sub(a[2], 19, 19) ~= 'c', string.sub(b[2], 19, 19) ~= 'c'
    if spared ~= other then return other end
    return a[2] < b[2]
end
table.sort(kept, older)
table.sort(own, older)
local function drop(entries)
    while #entries > 0 do
        local oldest = table.remove(entries, 1)
        if redis.call('HDEL', KEYS[1], oldest[1]) == 1 then return end
    end
end
local mine, total = #own, redis.call('HLEN', KEYS[1])
for i = 9, #ARGV do
    local value = redis.call('HGET', KEYS[1], ARGV[i])
    local known = value and string.sub(value, 19, 19)
    if not value then
        if not by_person and mine >= tonumber(ARGV[7]) then drop(own)
        elseif total > tonumber(ARGV[6]) then drop(kept)
        else total = total + 1 end
        if not by_person then mine = mine + 1 end
    end
    if by_person or not value or (known == 's' and how == 's') or known == 'w' then
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[2] .. (value and string.sub(value, 11, 18) or ARGV[3]) .. how)
    end
end
redis.call('HSET', KEYS[1], 'version', ARGV[8])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return {1}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _List:
    """An organisation's texts as last fetched, each digest with when it ends, by the mode it counts in."""

    version: bytes
    ends: dict[Mode, dict[str, int]]
    first_end: int
    whole: dict[Mode, frozenset[str]]


_lists: OrderedDict[str, _List] = OrderedDict()


def key_of(orchestrator: str, tenant_id: str) -> str:
    """The key of an organisation's texts: what one agent of it was hijacked by is known to all of them."""
    return f"gr:p:{hashed(orchestrator, tenant_id)}"


def version_of(key: str) -> str:
    """The version this process has fetched, empty when none."""
    known = _lists.get(key)
    return known.version.decode("ascii", "replace") if known else ""


def digests(key: str, *, version: bytes, listed: bytes, mode: Mode) -> frozenset[str]:
    """The digests that count for a call, from what Redis answered: `listed` is empty where `version` is known here."""
    if not version:
        _lists.pop(key, None)
        return frozenset()
    if listed:
        _lists[key] = _read(listed, version=version)
        while len(_lists) > _MOST_LISTS:
            _lists.popitem(last=False)
    known = _lists.get(key)
    if known is None:
        return frozenset()
    now = time.time()
    if now < known.first_end:
        return known.whole[mode]
    return frozenset(digest for digest, end in known.ends[mode].items() if end > now)


def load(key: str, *, mode: Mode) -> frozenset[str] | None:
    """The digests that count, apart from a call; None when Redis is away."""
    seen = run(_LIST, [key], [version_of(key)])
    return None if seen is None else digests(key, version=seen[0], listed=seen[1], mode=mode)


def remember(key: str, found: Sequence[str], *, agent_id: str, mode: Mode) -> bool:
    """A stop proved these poisoned; in monitor mode for monitored calls only. False when Redis is away."""
    return _write(key, found, agent=hashed(agent_id)[:8], how=_how(mode))


def note(key: str, found: Sequence[str], *, agent_id: str, mode: Mode) -> None:
    """The same for a call somebody waits for: told, and not waited for."""
    if found:
        tell(_REMEMBER, [key], [*_bounds(agent=hashed(agent_id)[:8], how=_how(mode)), *found])


def _how(mode: Mode) -> str:
    return _STOPPED if mode is Mode.ENFORCE else _WOULD_STOP


def confirm(key: str, found: Sequence[str]) -> bool:
    """A person says it was an attack. False when Redis is away."""
    return _write(key, found, agent="0" * 8, how=_CONFIRMED)


def clear(key: str, found: Sequence[str]) -> bool:
    """A person says it was none: these count no more, whatever is found, until the entry ends. False as above."""
    return _write(key, found, agent="0" * 8, how=_CLEARED)


def forget() -> None:
    """Drop the fetched lists, as in a process that has just started."""
    _lists.clear()


def _write(key: str, found: Sequence[str], *, agent: str, how: str) -> bool:
    if not found:
        return True
    return run(_REMEMBER, [key], [*_bounds(agent=agent, how=how), *found]) is not None


def _bounds(*, agent: str, how: str) -> tuple[str | int, ...]:
    now = int(time.time())
    return now, now + SECONDS, agent, how, SECONDS, MOST, MOST_AN_AGENT, uuid.uuid4().hex


def _read(listed: bytes, *, version: bytes) -> _List:
    words = listed.decode("ascii", "replace").split(" ")
    entries = [
        (digest, int(value[:10]), value[18:])
        for digest, value in zip(words[::2], words[1::2], strict=False)
        if digest != "version" and value[:10].isdecimal()
    ]
    ends = {mode: {digest: end for digest, end, how in entries if how in counts} for mode, counts in _COUNTS.items()}
    return _List(
        version=version,
        ends=ends,
        first_end=min((end for _, end, _ in entries), default=0),
        whole={mode: frozenset(found) for mode, found in ends.items()},
    )


def _asks(asking: Asking) -> Ask:
    key = key_of(asking.orchestrator, asking.tenant_id)
    return [key], [version_of(key)]


def _read_answer(answer: Any, asking: Asking) -> Mapping[str, Any]:
    version, listed = answer
    key = key_of(asking.orchestrator, asking.tenant_id)
    return {"poisoned": digests(key, version=version, listed=listed, mode=asking.mode)}


SHELF = Shelf(name="poisoned", seconds=SECONDS, look=_LOOK, asks=_asks, read=_read_answer, from_traces=False)
