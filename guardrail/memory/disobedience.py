"""Which tools of a conversation were stopped, so that an output of theirs that appears all the same is noticed.

Every caller may fail open: the answer came late or was dropped, or the platform does not obey. There is no report of
that; the output of the stopped call in a later call of the conversation is the only trace. Outputs are counted, not
dated: two clocks do not agree, and some platforms send no time.
"""

from collections.abc import Mapping
from typing import Any

from guardrail.invocation import StoppedTool
from guardrail.memory.shelf import NOTHING, Ask, Asking, Shelf
from guardrail.traces import Outcome, Traces

_SECONDS = 24 * 3600
_MOST = 16
# args: tool. A tool's entry is `outputs in view when it was stopped, calls of it since, whether the last of these is
# counted and not yet judged, verdict`; a call since may have been allowed, and its output is no disobedience. Answers
# tool, entry, tool, entry, ... as they were before this call.
_LOOK = """
if redis.call('EXISTS', keys[1]) == 0 then return {} end
local known = redis.call('HGETALL', keys[1])
local entry = redis.call('HGET', keys[1], args[1])
if entry and not again then
    local outputs, since, verdict = string.match(entry, '^(%d+) (%d+) %d (.+)$')
    redis.call('HSET', keys[1], args[1], string.format('%d %d 1 %s', outputs, since + 1, verdict))
end
return known
"""
# args: tool, seconds, outputs, verdict, most. A stopped call is none since: what its own look counted is taken back,
# once, however often it is delivered.
_KEEP = """
local entry = redis.call('HGET', keys[1], args[1])
if entry then
    local outputs, since, counted, verdict = string.match(entry, '^(%d+) (%d+) (%d) (.+)$')
    redis.call('HSET', keys[1], args[1], string.format('%d %d 0 %s', outputs, since - counted, verdict))
elseif redis.call('HLEN', keys[1]) < tonumber(args[5]) then
    redis.call('HSET', keys[1], args[1], string.format('%d 0 0 %s', args[3], args[4]))
end
redis.call('EXPIRE', keys[1], args[2])
return 1
"""


def _key(traces: Traces) -> str:
    return f"gr:x:{traces.session}"


def _asks(asking: Asking) -> Ask:
    return [_key(asking.traces)], [asking.traces.tool]


def _read(known: Any, _: Asking) -> Mapping[str, Any]:
    words = [word.decode("ascii", "replace") for word in known]
    return {"stopped_tools": tuple(map(_stopped_tool, words[::2], words[1::2]))}


def _stopped_tool(tool: str, entry: str) -> StoppedTool:
    outputs, since, _, verdict = entry.split(" ", 3)
    return StoppedTool(tool=tool, outputs=int(outputs), calls_since=int(since), verdict_id=verdict)


def _learn(traces: Traces, outcome: Outcome) -> Ask:
    if not outcome.stopped:
        return NOTHING
    return [_key(traces)], [traces.tool, _SECONDS, traces.outputs_of_tool, outcome.verdict_id, _MOST]


SHELF = Shelf(name="disobedience", seconds=_SECONDS, look=_LOOK, asks=_asks, read=_read, keep=_KEEP, learn=_learn)
