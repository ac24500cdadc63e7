"""What was stored from a text nobody vouched for, by organisation: 30 days, 4,096, 512 an agent.

Destinations, and what an outsider's order is about. `gr:c:<organisation>`: hash of one -> when (Unix milliseconds),
`c`, `n` or `o` (`guardrail.entered`), conversation and agent (8 hex digits each), verdict id; `gr:c:<organisation>:t`
has them by time, `:t:<agent>` those an agent stored. Beyond its share an agent's oldest goes: whoever makes one agent
store much pushes out nothing that others stored. A person who names a destination in own words, lets such a call pass
or finds such a stop harmless vouches for it: it is forgotten.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from guardrail.entered import CHANGED, thing_hash
from guardrail.invocation import Entered
from guardrail.memory.connection import run
from guardrail.memory.shelf import NOTHING, Ask, Asking, Shelf
from guardrail.traces import Outcome, Traces
from policies.decision import ALLOWED_ONCE
from policies.ruleset import ToolKind

SECONDS = 30 * 24 * 3600
MOST, MOST_AN_AGENT = 4_096, 512
_GIVING = frozenset((ToolKind.SEND.value, ToolKind.SHARE.value, ToolKind.PAY.value))
# ARGV how many are vouched for, those, then the destinations to look up.
_LOOK = """
local vouched = tonumber(args[1])
if vouched > 0 and redis.call('HDEL', keys[1], unpack(args, 2, 1 + vouched)) > 0 then
    redis.call('ZREM', keys[2], unpack(args, 2, 1 + vouched))
end
if #args == 1 + vouched then return {} end
return redis.call('HMGET', keys[1], unpack(args, 2 + vouched))
"""
# ARGV seconds, most, most an agent, agent, when, how many are vouched for, those, then destination, value for each that
# is stored.
_KEEP = """
local vouched = tonumber(args[6])
for i = 7, 6 + vouched do
    redis.call('HDEL', keys[1], args[i])
    redis.call('ZREM', keys[2], args[i])
end
for i = 7 + vouched, #args, 2 do
    redis.call('HSET', keys[1], args[i], args[i + 1])
    redis.call('ZADD', keys[2], args[5], args[i])
    redis.call('ZADD', keys[3], args[5], args[i])
end
while redis.call('ZCARD', keys[3]) > tonumber(args[3]) do
    local oldest = redis.call('ZPOPMIN', keys[3])[1]
    -- somebody else may have stored it since
    if string.match(redis.call('HGET', keys[1], oldest) or '', '^%S+ %S+ %S+ (%S+) ') == args[4] then
        redis.call('HDEL', keys[1], oldest)
        redis.call('ZREM', keys[2], oldest)
    end
end
while redis.call('ZCARD', keys[2]) > tonumber(args[2]) do
    redis.call('HDEL', keys[1], redis.call('ZPOPMIN', keys[2])[1])
end
for i = 1, 3 do redis.call('EXPIRE', keys[i], args[1]) end
return 1
"""


# KEYS destinations, by time; ARGV those that are vouched for.
_FORGET = """
for i = 1, #ARGV do
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('ZREM', KEYS[2], ARGV[i])
end
return {1}
"""


def vouch(traces: Traces) -> bool:
    """A person says that there is nothing against this call: where it goes is forgotten. False when Redis is away."""
    wanted = _wanted(traces)
    return not wanted or run(_FORGET, _keys(traces)[:2], wanted) is not None


def _wanted(traces: Traces) -> tuple[str, ...]:
    """What a person lets pass who lets this call pass."""
    reached = traces.destinations if traces.kind in _GIVING else ()
    return (*reached, *(traces.chain.things if traces.chain else ()))


def _keys(traces: Traces) -> list[str]:
    own = f"gr:c:{traces.organisation}:t"
    return [f"gr:c:{traces.organisation}", own, f"{own}:{traces.agent}"]


def _asks(asking: Asking) -> Ask:
    traces = asking.traces
    vouched = traces.chain.named if traces.chain else ()
    reached = traces.destinations if traces.kind in _GIVING else ()
    looked_up = (*reached, *map(thing_hash, asking.things))
    return (_keys(traces)[:2], [len(vouched), *vouched, *looked_up]) if vouched or looked_up else NOTHING


def _read(answer: Any, asking: Asking) -> Mapping[str, Any]:
    reached = asking.destinations if asking.traces.kind in _GIVING else ()
    return {
        "entered": _known(reached, answer[: len(reached)], asking.traces),
        "ordered": _known(asking.things, answer[len(reached) :], asking.traces),
    }


def _known(values: Sequence[str], kept: Sequence[Any], traces: Traces) -> tuple[Entered, ...]:
    found = []
    for value, entry in zip(values, kept, strict=True):
        known = _entered(value, entry.decode("ascii", "replace"), traces) if entry else None
        found += [known] if known else []
    return tuple(found)


def _entered(destination: str, value: str, traces: Traces) -> Entered | None:
    """None where it is forgotten, or this conversation stored it: there the text it came from is still in view."""
    at, how, session, agent, call = value.split(" ")
    if int(at) < traces.at - SECONDS * 1000 or session == traces.session[:8]:
        return None
    return Entered(
        destination=destination,
        changed=how == CHANGED,
        at=datetime.fromtimestamp(int(at) / 1000, tz=UTC),
        call=call,
        by_this_agent=agent == traces.agent[:8],
    )


def _learn(traces: Traces, outcome: Outcome) -> Ask:
    vouched = _wanted(traces) if outcome.signal == ALLOWED_ONCE else ()
    stored = traces.chain.entered if traces.chain and not outcome.stopped else ()
    if not vouched and not stored:
        return NOTHING
    bounds = (SECONDS, MOST, MOST_AN_AGENT, traces.agent[:8], traces.at)
    arguments: list[str | int] = [*bounds, len(vouched), *vouched]
    for destination, how in stored:
        value = f"{traces.at} {how} {traces.session[:8]} {traces.agent[:8]} {outcome.verdict_id}"
        arguments += [destination, value]
    return _keys(traces), arguments


SHELF = Shelf(name="carried", seconds=SECONDS, look=_LOOK, asks=_asks, read=_read, keep=_KEEP, learn=_learn)
