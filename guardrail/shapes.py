"""The shape of a call's arguments: their names, types and how long the longest is, and no value. Pure."""

import hashlib
import re

from guardrail.invocation import Argument, Invocation

_INDEX = re.compile(r"\[\d{1,9}\]")
_MOST_ARGUMENTS = 400
# Longest text of the arguments; finer classes make two shapes of one habit.
_LENGTHS = (200, 2_000, 20_000)


def shape_of(call: Invocation) -> str:
    """8 hex digits: names without the places in lists, coarse types, and a class of length."""
    arguments = call.arguments[:_MOST_ARGUMENTS]
    named = sorted({f"{_plain(argument.path[:300])}:{_type_of(argument)}" for argument in arguments})
    longest = max((len(argument.value) for argument in arguments if isinstance(argument.value, str)), default=0)
    length = sum(longest > limit for limit in _LENGTHS)
    whole = "\x1f".join((*named, str(length)))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _plain(path: str) -> str:
    return _INDEX.sub("[]", path) if "[" in path else path


def _type_of(argument: Argument) -> str:
    value = argument.value
    if value is None or isinstance(value, bool):
        return "null" if value is None else "switch"
    return "number" if isinstance(value, int | float) else "text"
