"""A shelf is one thing that is remembered; all shelves a call asks are answered by one script.

Every key has a time to live and a bound on what it holds: whoever sends calls must not fill the memory.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from guardrail.invocation import Invocation
from guardrail.memory.connection import run, tell
from guardrail.traces import Outcome, Traces
from policies.ruleset import Mode

log = structlog.get_logger(__name__)

# The keys and the arguments of one shelf's script. No key = nothing to ask.
Ask = tuple[Sequence[str], Sequence[str | int | bytes]]
NOTHING: Ask = ((), ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """Who asks: the call's traces, and what no trace may hold. `destinations` run along `traces.destinations`.

    `call_key` is `Invocation.call_key`; `holder` the step that may use a ticket; in monitor `mode` also those texts
    count that only monitored calls were found to follow. `limits` are the rate limits the call comes under, as (number
    of the restriction, calls a minute). `texts` are the long ones it would carry out, `things` what its deed is about.
    """

    traces: Traces
    destinations: tuple[str, ...]
    call_key: str
    holder: str
    mode: Mode
    limits: tuple[tuple[int, int], ...] = ()
    texts: tuple[str, ...] = ()
    things: tuple[str, ...] = ()


def asking(
    call: Invocation,
    traces: Traces,
    *,
    destinations: tuple[str, ...],
    holder: str,
    mode: Mode,
    limits: tuple[tuple[int, int], ...] = (),
    texts: tuple[str, ...] = (),
    things: tuple[str, ...] = (),
) -> Asking:
    """A call as the shelves are asked for it."""
    return Asking(
        traces=traces,
        destinations=destinations,
        call_key=call.call_key,
        holder=holder,
        mode=mode,
        limits=limits,
        texts=texts,
        things=things,
    )


def _nothing(_: Asking) -> Ask:
    return NOTHING


def _no_lesson(_: Traces, __: Outcome) -> Ask:
    return NOTHING


def _no_fields(_: Any, __: Asking) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """One thing that is remembered.

    `look` is the body of a Lua function of `keys`, `args`, `now` (Unix milliseconds of the call), `again` (the same
    step was delivered just before: read, and count nothing twice), `recall(field)` and `note(field, value)`: what all
    shelves keep of the conversation itself is read once and written once. It runs before the call is judged, with what
    `asks` gives, and its answer becomes fields of Past by `read`. Lua's fractions are cut off on the way: return text.
    What is the same with every call stands in the script, and is not sent.
    `learn` gives what `keep`, a body like `look`, is run with once the verdict is kept: most calls leave it nothing.
    A retry may keep twice: `keep` must bear it.
    `seconds` is how long it remembers: older verdicts need not be read to rebuild it. `from_traces` = `look` updates it
    from the traces alone, so that running it again rebuilds it.
    """

    name: str
    seconds: int
    look: str = ""
    asks: Callable[[Asking], Ask] = _nothing
    read: Callable[[Any, Asking], Mapping[str, Any]] = _no_fields
    keep: str = ""
    learn: Callable[[Traces, Outcome], Ask] = _no_lesson
    from_traces: bool = True


# How long anything is known of a conversation itself.
SESSION_SECONDS = 24 * 3600
# ARGV: the call's time, its step, the number of keys and of arguments of each shelf (2 bytes each), then all arguments
# in order; KEYS: the session, then all keys in order. A shelf that fails answers {0}, one that answered {1, answer}.
_ANSWERING = "return answers\n"
_COMPOSED = f"""
local now, again, known, news = tonumber(ARGV[1]), false, nil, {{}}
local function recall(field)
    if not known then
        known = {{}}
        local all = redis.call('HGETALL', KEYS[1])
        for i = 1, #all, 2 do known[all[i]] = all[i + 1] end
    end
    return known[field]
end
local function note(field, value)
    if recall(field) == value then return end
    local last = #news
    known[field], news[last + 1], news[last + 2] = value, field, value
end
if ARGV[2] ~= '' then
    again = recall('step') == ARGV[2]
    if not again then note('step', ARGV[2]) end
end
local shelves = {{
%s
}}
local answers, counts, key, argument = {{}}, ARGV[3], 1, 3
for i = 1, #shelves do
    local k, l, m, n = string.byte(counts, 4 * i - 3, 4 * i)
    local size, count = 256 * k + l, 256 * m + n
    if size == 0 then
        answers[i] = false
    else
        local keys, args = {{unpack(KEYS, key + 1, key + size)}}, {{unpack(ARGV, argument + 1, argument + count)}}
        local ok, answer = pcall(shelves[i], keys, args, now, again, recall, note)
        answers[i] = ok and {{1, answer}} or {{0}}
    end
    key, argument = key + size, argument + count
end
if #news > 0 then
    redis.call('HSET', KEYS[1], unpack(news))
    redis.call('EXPIRE', KEYS[1], {SESSION_SECONDS})
end
{_ANSWERING}"""


_FAILED = [0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What each shelf answered, None where it had nothing to ask or raised. `failed` names those that raised."""

    in_order: Sequence[Any]
    failed: tuple[str, ...]


class Composed:
    """Some shelves' scripts as one; `silent` does the same and answers nothing."""

    def __init__(self, shelves: Sequence[tuple[str, str]]) -> None:
        self.names = tuple(name for name, _ in shelves)
        self.script = _COMPOSED % ",\n".join(
            f"function(keys, args, now, again, recall, note)\n{body}\nend" for _, body in shelves
        )
        self.silent = self.script.removesuffix(_ANSWERING) + "return 0\n"
        self._counts = struct.Struct(f">{2 * len(shelves)}H")

    def arguments(self, asks: Sequence[Ask], *, traces: Traces, step: str) -> tuple[list[str], list[str | int | bytes]]:
        """The keys and arguments of the whole script; `asks` run along the shelves."""
        keys = [session_key(traces)]
        counts: list[int] = []
        arguments: list[str | int | bytes] = [traces.at, step, b""]
        for of_shelf, with_arguments in asks:
            keys += of_shelf
            counts += (len(of_shelf), len(with_arguments))
            arguments += with_arguments
        arguments[2] = self._counts.pack(*counts)
        return keys, arguments

    def answers(self, found: Sequence[Any]) -> Answers:
        """What Redis answered, along the shelves."""
        failed: tuple[str, ...] = ()
        if _FAILED in found:
            failed = tuple(name for name, answer in zip(self.names, found, strict=True) if answer == _FAILED)
            log.error("memory.shelf_failed", shelves=failed)
        return Answers(in_order=[answer[1] if answer and answer[0] else None for answer in found], failed=failed)

    def run(
        self, asks: Sequence[Ask], *, traces: Traces, step: str, meanwhile: Callable[[], None] = lambda: None
    ) -> Answers | None:
        """Ask Redis, and do `meanwhile` while it works; None when it does not answer in time."""
        keys, arguments = self.arguments(asks, traces=traces, step=step)
        found = run(self.script, keys, arguments, meanwhile=meanwhile)
        return None if found is None else self.answers(found)

    def tell(self, asks: Sequence[Ask], *, traces: Traces) -> bool:
        """Have Redis do it and do not wait; False when it is known to be away."""
        keys, arguments = self.arguments(asks, traces=traces, step="")
        return tell(self.script, keys, arguments)


def session_key(traces: Traces) -> str:
    """The key of what is known of the conversation itself."""
    return f"gr:s:{traces.session}"
