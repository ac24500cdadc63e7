"""A shelf is one thing that is remembered; all shelves a call asks are answered by one script.

Every key has a time to live and a bound on what it holds: whoever sends calls must not fill the memory.
"""

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
    of the restriction, calls a minute). `texts` are the long ones it would carry out.
    """

    traces: Traces
    destinations: tuple[str, ...]
    call_key: str
    holder: str
    mode: Mode
    limits: tuple[tuple[int, int], ...] = ()
    texts: tuple[str, ...] = ()


def asking(
    call: Invocation,
    traces: Traces,
    *,
    destinations: tuple[str, ...],
    holder: str,
    mode: Mode,
    limits: tuple[tuple[int, int], ...] = (),
    texts: tuple[str, ...] = (),
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

    `look` is the body of a Lua function of `keys`, `args`, `now` (Unix milliseconds of the call) and `again` (the same
    step was delivered just before: read, and count nothing twice). It runs before the call is judged, with what `asks`
    gives, and its answer becomes fields of Past by `read`. Lua's fractions are cut off on the way: return text.
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


# ARGV: the call's time, its step, then the number of keys and of arguments of each shelf, then all arguments in order;
# KEYS: the session, then all keys in order. A shelf that fails answers {0}, one that answered {1, answer}.
_COMPOSED = """
local now, again = tonumber(ARGV[1]), false
if ARGV[2] ~= '' then
    again = redis.call('HGET', KEYS[1], 'step') == ARGV[2]
    if not again then redis.call('HSET', KEYS[1], 'step', ARGV[2]) end
end
local shelves = {
%s
}
local answers, key, argument = {}, 1, 2 + 2 * #shelves
for i = 1, #shelves do
    local size, count = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
    local keys = {unpack(KEYS, key + 1, key + size)}
    local args = size > 0 and {unpack(ARGV, argument + 1, argument + count)}
    key, argument = key + size, argument + count
    if size == 0 then
        answers[i] = false
    else
        local ok, answer = pcall(shelves[i], keys, args, now, again)
        answers[i] = ok and {1, answer} or {0}
    end
end
return answers
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What the shelves answered, by name; those with nothing to ask are left out. `failed` names those that raised."""

    by_shelf: Mapping[str, Any]
    failed: tuple[str, ...]


class Composed:
    """Some shelves' scripts as one."""

    def __init__(self, shelves: Sequence[tuple[str, str]]) -> None:
        self.names = tuple(name for name, _ in shelves)
        self.script = _COMPOSED % ",\n".join(f"function(keys, args, now, again)\n{body}\nend" for _, body in shelves)

    def arguments(self, asks: Sequence[Ask], *, traces: Traces, step: str) -> tuple[list[str], list[str | int | bytes]]:
        """The keys and arguments of the whole script; `asks` run along the shelves."""
        keys = [session_key(traces)]
        counts: list[str | int | bytes] = [traces.at, step]
        arguments: list[str | int | bytes] = []
        for of_shelf, with_arguments in asks:
            keys += of_shelf
            counts += (len(of_shelf), len(with_arguments))
            arguments += with_arguments
        return keys, counts + arguments

    def answers(self, found: Sequence[Any]) -> Answers:
        """What Redis answered, by shelf."""
        failed = tuple(name for name, answer in zip(self.names, found, strict=True) if answer and not answer[0])
        if failed:
            log.error("memory.shelf_failed", shelves=failed)
        return Answers(
            by_shelf={
                name: answer[1] if len(answer) > 1 else None
                for name, answer in zip(self.names, found, strict=True)
                if answer and answer[0]
            },
            failed=failed,
        )

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
