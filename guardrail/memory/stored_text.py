"""Classified text that calls stored, by its fingerprints: 30 days, 512 texts an organisation, 64 an agent.

`gr:k:<organisation>` is a hash: a fingerprint (12 hex digits) -> the number of the text it is of; `t` and that number
-> when (Unix milliseconds), how it is marked (`guardrail.stored_text`), conversation and agent (8 hex digits each),
verdict id, fingerprints, at most 64. `:t` has the texts by time, `:t:<agent>` those an agent stored. Beyond its share
an agent's oldest goes. A person who lets such a call pass vouches for the text: its fingerprints are forgotten.

Fingerprints of what leaves are taken only where anything is kept: a process that has never seen any asks whether there
is, and asks once more where there is.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from guardrail.document_lines import prints_of
from guardrail.invocation import Stored
from guardrail.memory.connection import run
from guardrail.memory.shelf import NOTHING, Ask, Asking, Shelf
from guardrail.stored_text import FEWEST, LONGEST_LOOKED_FOR, least, written
from guardrail.traces import Outcome, Traces
from policies.decision import ALLOWED_ONCE

SECONDS = 30 * 24 * 3600
MOST, MOST_AN_AGENT = 512, 64
_MOST_TOLD = 3
_MOST_ORGANISATIONS = 1_024
# keys: texts; args: the fewest, then fingerprints. Answers whether there is any; then of each text that has enough of
# them what is kept of it, and those fingerprints.
_LOOK = """
if redis.call('EXISTS', keys[1]) == 0 then return {0} end
local answer, shared, order = {1}, {}, {}
local found = #args > 1 and redis.call('HMGET', keys[1], unpack(args, 2)) or {}
for i = 1, #found do
    local text = found[i]
    if text then
        if not shared[text] then
            shared[text] = {}
            order[#order + 1] = text
        end
        table.insert(shared[text], args[i + 1])
    end
end
for _, text in ipairs(order) do
    if #shared[text] >= tonumber(args[1]) then
        answer[#answer + 1] = redis.call('HGET', keys[1], 't' .. text) or ''
        answer[#answer + 1] = table.concat(shared[text], ' ')
    end
end
return answer
"""
_ALONE = "local keys, args = KEYS, ARGV\n"
# KEYS texts; ARGV fingerprints.
_FORGET = "return {redis.call('HDEL', KEYS[1], unpack(ARGV))}"
# keys: texts, by time, by time of the agent; args: seconds, most, most an agent, when, the text's number, what is kept
# of it, its fingerprints. Without the number the fingerprints are forgotten.
_KEEP = """
if args[5] == '' then
    for i = 7, #args do redis.call('HDEL', keys[1], args[i]) end
    return 1
end
local function drop(text)
    local kept = redis.call('HGET', keys[1], 't' .. text)
    redis.call('ZREM', keys[2], text)
    redis.call('HDEL', keys[1], 't' .. text)
    for print in string.gmatch(kept and string.match(kept, '^%S+ %S+ %S+ %S+ %S+ (.*)$') or '', '%S+') do
        if redis.call('HGET', keys[1], print) == text then redis.call('HDEL', keys[1], print) end
    end
end
drop(args[5])
redis.call('HSET', keys[1], 't' .. args[5], args[6])
for i = 7, #args do redis.call('HSET', keys[1], args[i], args[5]) end
redis.call('ZADD', keys[2], args[4], args[5])
redis.call('ZADD', keys[3], args[4], args[5])
while redis.call('ZCARD', keys[3]) > tonumber(args[3]) do drop(redis.call('ZPOPMIN', keys[3])[1]) end
while redis.call('ZCARD', keys[2]) > tonumber(args[2]) do drop(redis.call('ZRANGE', keys[2], 0, 0)[1]) end
for i = 1, 3 do redis.call('EXPIRE', keys[i], args[1]) end
return 1
"""

# Organisations of which nothing was kept when they were asked last.
_empty: OrderedDict[str, None] = OrderedDict()


def forget() -> None:
    """Know of nobody whether anything is kept, as a process that has just started."""
    _empty.clear()


def vouch(traces: Traces) -> bool:
    """A person says that what this call carried may go: it is forgotten. False when Redis is away."""
    matched = traces.chain.matched if traces.chain else ()
    return not matched or run(_FORGET, _keys(traces)[:1], matched) is not None


def _keys(traces: Traces) -> list[str]:
    own = f"gr:k:{traces.organisation}"
    return [own, f"{own}:t", f"{own}:t:{traces.agent}"]


def _asks(asking: Asking) -> Ask:
    if not asking.texts:
        return NOTHING
    return _keys(asking.traces)[:1], [FEWEST, *(() if asking.traces.organisation in _empty else _prints(asking.texts))]


def _prints(texts: Sequence[str]) -> list[str]:
    """Those that stand for what leaves, as memory knows them."""
    numbers = (number for text in texts for number in prints_of(text))
    return list(map(written, least(numbers, LONGEST_LOOKED_FOR)))


def _read(answer: Any, asking: Asking) -> Mapping[str, Any]:
    organisation = asking.traces.organisation
    known = organisation in _empty
    if not answer[0]:
        _empty[organisation] = None
        while len(_empty) > _MOST_ORGANISATIONS:
            _empty.popitem(last=False)
        return {}
    _empty.pop(organisation, None)
    if known:
        answer = run(_ALONE + _LOOK, _keys(asking.traces)[:1], [FEWEST, *_prints(asking.texts)])
        if answer is None:
            raise LookupError(organisation)
    told = [_stored(kept, shared, asking.traces) for kept, shared in zip(answer[1::2], answer[2::2], strict=True)]
    found = [one for one in told if one is not None]
    return {"stored": tuple(sorted(found, key=lambda one: -len(one.shared)))[:_MOST_TOLD]}


def _stored(kept: bytes, shared: bytes, traces: Traces) -> Stored | None:
    """None where it is forgotten, or this conversation stored it: there the mark is still in view."""
    if not kept:
        return None
    at, marked, session, agent, call, *prints = kept.decode("ascii", "replace").split(" ")
    if int(at) < traces.at - SECONDS * 1000 or session == traces.session[:8]:
        return None
    return Stored(
        call=call,
        at=datetime.fromtimestamp(int(at) / 1000, tz=UTC),
        marked=marked,
        shared=frozenset(int(number, 16) for number in shared.split(b" ")),
        size=len(prints),
        by_this_agent=agent == traces.agent[:8],
    )


def _learn(traces: Traces, outcome: Outcome) -> Ask:
    stored = traces.chain.stored if traces.chain and not outcome.stopped else ()
    bounds = (SECONDS, MOST, MOST_AN_AGENT, traces.at)
    if stored and traces.chain:
        number = outcome.verdict_id.replace("-", "")[-12:]
        whose = f"{traces.session[:8]} {traces.agent[:8]} {outcome.verdict_id}"
        kept = f"{traces.at} {traces.chain.marked} {whose} {' '.join(stored)}"
        return _keys(traces), [*bounds, number, kept, *stored]
    if outcome.signal == ALLOWED_ONCE and traces.chain and traces.chain.matched:
        return _keys(traces), [*bounds, "", "", *traces.chain.matched]
    return NOTHING


SHELF = Shelf(name="stored_text", seconds=SECONDS, look=_LOOK, asks=_asks, read=_read, keep=_KEEP, learn=_learn)
