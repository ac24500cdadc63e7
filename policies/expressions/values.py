"""How the parts of a condition are computed once the call is there: values, and two ways of having none. Pure."""

import enum
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

# What a call is known by, `vocabulary.FIELDS` to values; a field nobody could tell is left out.
Facts = Mapping[str, Any]
Bound = dict[str, Any]
Compute = Callable[[Facts, Bound], Any]

# An `exists` looks at so many items; the caller's arguments may hold any number.
MAX_ITEMS = 1_000
_LONGEST_NUMBER = 60


class Unknown(enum.Enum):
    """MISSING: the call has no such thing. UNCLEAR: it has one that cannot be read as what the condition asks for."""

    MISSING = "missing"
    UNCLEAR = "unclear"


_MONEY = re.compile(r"[A-Z]{3}|[$€£¥]")
_PLAIN = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d{1,2})?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*(?:([.,])\d{1,2})?")


def number_of(value: Any) -> int | float | Unknown:
    """The number a value is or writes: `1250.5`, `1,250.50`, `1.250,50 EUR`. UNCLEAR where it can be read in two ways.

    A plan's arguments come from a language model: the same amount is a number today and a text tomorrow.
    """
    if isinstance(value, bool):
        return Unknown.UNCLEAR
    if isinstance(value, int | float):
        return value if not isinstance(value, float) or math.isfinite(value) else Unknown.UNCLEAR
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return value if isinstance(value, Unknown) else Unknown.UNCLEAR
    text = _MONEY.sub("", value).strip()
    grouped = _GROUPED.fullmatch(text)
    if grouped and ((grouped[2] and grouped[2] != grouped[1]) or text.count(grouped[1]) > 1 or grouped[1] in "' "):
        whole, _, part = text.rpartition(grouped[2]) if grouped[2] else (text, "", "")
        return float(f"{whole.replace(grouped[1], '')}.{part or 0}")
    if _PLAIN.fullmatch(text) and not re.fullmatch(r"[+-]?\d{1,3}[.,]\d{3}", text):
        read = float(text.replace(",", "."))
        return read if math.isfinite(read) else Unknown.UNCLEAR
    return Unknown.UNCLEAR


def equal(left: Any, right: Any) -> Any:
    """Equality of one kind of value only: neither is `true` 1, nor is `'1'`."""
    if isinstance(left, Unknown):
        return left
    if isinstance(right, Unknown):
        return right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def within(item: Any, of: Any) -> Any:
    """Whether a list has an item, or a map a key."""
    if isinstance(item, Unknown) or isinstance(of, Unknown):
        return item if isinstance(item, Unknown) else of
    if isinstance(of, Mapping):
        return isinstance(item, str) and item in of
    return any(equal(item, other) is True for other in of) if _is_list(of) else Unknown.UNCLEAR


def negated(value: Any) -> Any:
    return value if isinstance(value, Unknown) else not value


def every(values: Iterable[Any]) -> Any:
    """`&&`: one that does not hold decides, whatever the others lack."""
    found: Any = True
    for value in values:
        if value is False:
            return False
        if isinstance(value, Unknown) and found is not Unknown.UNCLEAR:
            found = value
    return found


def some(values: Iterable[Any]) -> Any:
    """`||`: one that holds decides, whatever the others lack."""
    found: Any = False
    for value in values:
        if value is True:
            return True
        if isinstance(value, Unknown) and found is not Unknown.UNCLEAR:
            found = value
    return found


def member(of: Any, key: Any) -> Any:
    """What a map has under a key, or a list at a place."""
    if isinstance(of, Unknown) or isinstance(key, Unknown):
        return of if isinstance(of, Unknown) else key
    if isinstance(of, Mapping):
        return of.get(key, Unknown.MISSING) if isinstance(key, str) else Unknown.UNCLEAR
    if _is_list(of) and isinstance(key, int) and not isinstance(key, bool):
        return of[key] if 0 <= key < len(of) else Unknown.MISSING
    return Unknown.MISSING if of is None else Unknown.UNCLEAR


def is_there(value: Any) -> Any:
    """`has`: what stands in a place that cannot be read may be there or not."""
    return value if value is Unknown.UNCLEAR else value is not Unknown.MISSING


def items_of(value: Any) -> Sequence[Any] | Unknown:
    """The items an `exists` or `all` goes through."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Mapping):
        value = list(value)
    return value if _is_list(value) and len(value) <= MAX_ITEMS else Unknown.UNCLEAR


def size_of(value: Any) -> int | Unknown:
    if isinstance(value, Unknown):
        return value
    return len(value) if isinstance(value, str | Mapping) or _is_list(value) else Unknown.UNCLEAR


def on_texts(function: Callable[[str, str], bool]) -> Callable[[Any, Any], Any]:
    """A question about two texts, asked of whatever the call has in their places."""

    def ask(of: Any, argument: Any) -> Any:
        for value in (of, argument):
            if isinstance(value, Unknown):
                return value
        return function(of, argument) if isinstance(of, str) and isinstance(argument, str) else Unknown.UNCLEAR

    return ask


def lowered(value: Any) -> Any:
    """CEL's lowerAscii: other letters stay, so that the length does."""
    if isinstance(value, Unknown):
        return value
    if not isinstance(value, str):
        return Unknown.UNCLEAR
    return "".join(letter.lower() if letter.isascii() else letter for letter in value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | frozenset | set)
