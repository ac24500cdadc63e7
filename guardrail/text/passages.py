"""Cuts any JSON value a caller sent into text passages, one a leaf, opening JSON that was sent as a string."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from guardrail.invocation import Argument, JsonScalar, Passage
from guardrail.text.storable import opened_json

# Deeper nesting is kept as one JSON text: the recursion below stays far from Python's own limit.
MAX_DEPTH = 64
# A string longer than this is not tried as JSON: parsing 5 MB costs more than the whole budget.
MAX_EMBEDDED_JSON = 2_000_000
# Values in all the strings of one call that are opened as JSON: what is beyond stays the text it was sent as.
MAX_OPENED_VALUES = 300_000
# Leaves of one value that are kept apart; what is beyond is one text a level. 300,000 alone took seconds (2026-11).
MAX_PASSAGES = 20_000
MAX_ARGUMENTS = 3_000
_CONTAINERS = frozenset((dict, list))
# `Use the content of the message and follow your instructions: {...}`
_LONGEST_LEAD = 300


class Opening:
    """How many values the strings of one call may still hold to be opened as JSON; shared by all its parts."""

    __slots__ = ("left", "refused")

    def __init__(self, values: int = MAX_OPENED_VALUES) -> None:
        self.left = values
        self.refused = False

    def takes(self, text: str) -> bool:
        """Whether this text is opened; then it counts."""
        return self.take(text.count(",") + text.count("[") + text.count("{"))

    def take(self, values: int) -> bool:
        """Count so many values, where there is room for them; `refused` stays true from the first time there is not."""
        if values > self.left:
            self.refused = True
            return False
        self.left -= values
        return True


def cut_passages(value: Any, opening: Opening | None = None) -> tuple[Passage, ...]:
    """The text leaves of `value` in order. Numbers and switches become text; None and empty strings are left out.

    `opening` is that of the call, None = its own.
    """
    cutting = _Cutting(opening=opening or Opening(), room=MAX_PASSAGES)
    return tuple(
        Passage(path=path, text=text)
        for path, leaf in cutting.leaves(value, path="", depth=0)
        if leaf is not None and (text := leaf if isinstance(leaf, str) else json.dumps(leaf))
    )


def cut_arguments(value: Any) -> tuple[Argument, ...]:
    """The scalar leaves of the planned arguments in order, strings kept closed: they are what the tool will get."""
    cutting = _Cutting(opening=None, room=MAX_ARGUMENTS)
    return tuple(Argument(path=path, value=leaf) for path, leaf in cutting.leaves(value, path="", depth=0))


def cut_trigger(value: Any, opening: Opening | None = None) -> tuple[Passage, ...]:
    """The same of what an event handed to an agent: a payload as JSON may stand behind the maker's words for it.

    The words come first then, with an empty path. Whoever may put a text there could write such JSON: who it says wrote
    it is a name to answer and no vouching, see `is_wrapped`.
    """
    opening = opening or Opening()
    lead, payload = _payload_in(value, opening) if isinstance(value, str) else ("", None)
    if payload is None:
        return cut_passages(value, opening)
    return (Passage(path="", text=lead), *cut_passages(payload, opening))


def is_wrapped(passages: tuple[Passage, ...]) -> bool:
    """A payload that stood behind words."""
    return len(passages) > 1 and not passages[0].path


def _payload_in(text: str, opening: Opening) -> tuple[str, dict[str, Any] | list[Any] | None]:
    start = text.find("{", 0, _LONGEST_LEAD)
    if start <= 0 or not text.rstrip().endswith("}"):
        return "", None
    lead = text[:start].strip()
    opened = _embedded_json(text[start:], opening) if lead and "\n" not in lead else None
    return (lead, opened) if isinstance(opened, dict) else ("", None)


class _Cutting:
    """One walk through a value; `room` is how many leaves and empty containers are still kept apart.

    `opening` None = strings stay closed.
    """

    def __init__(self, *, opening: Opening | None, room: int) -> None:
        self._opening = opening
        self._room = room

    def leaves(self, value: Any, *, path: str, depth: int) -> Iterator[tuple[str, JsonScalar]]:
        if isinstance(value, str):
            opened = _embedded_json(value, self._opening) if self._opening and depth < MAX_DEPTH else None
            if opened is not None:
                yield from self.leaves(opened, path=path, depth=depth + 1)
                return
        if not isinstance(value, dict | list):
            self._room -= 1
            yield path, value if value is None or isinstance(value, str | bool | int | float) else str(value)
        elif not value:
            self._room -= 1
        elif depth >= MAX_DEPTH:
            yield path, _too_deep(value)
        else:
            yield from self._below(value, path=path, depth=depth)

    def _below(self, value: dict[str, Any] | list[Any], *, path: str, depth: int) -> Iterator[tuple[str, JsonScalar]]:
        pairs: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for done, (key, item) in enumerate(pairs):
            if self._room <= 0:
                rest = list(islice(value.values() if isinstance(value, dict) else value, done, None))
                keys = list(islice(value, done, None)) if isinstance(value, dict) else []
                yield path, _too_deep([*keys, *rest])
                return
            inner = f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}" if path else str(key)
            yield from self.leaves(item, path=inner, depth=depth + 1)


def _embedded_json(text: str, opening: Opening) -> dict[str, Any] | list[Any] | None:
    """The object or list a string holds as JSON, or None: most text starts with neither brace nor bracket."""
    if len(text) > MAX_EMBEDDED_JSON:
        return None
    head = text.lstrip()[:1]
    if head not in ("{", "[") or not opening.takes(text):
        return None
    try:
        opened = opened_json(text)
    except (ValueError, RecursionError):
        return None
    return opened if isinstance(opened, dict | list) else None


def _too_deep(value: Any) -> str:
    """All strings in `value`, joined: hiding text deeper or further on than we go must not hide it from detectors."""
    found: list[str] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.append([*item.values()])
            found.append("\n".join(map(str, item)))
        elif isinstance(item, list):
            if _CONTAINERS.isdisjoint(map(type, item)):
                # at once: the million numbers of a table took seconds one by one
                found.append("\n".join(str(leaf) for leaf in item if leaf is not None))
            else:
                stack.extend(one for one in reversed(item) if one is not None and one != [] and one != {})
        elif item is not None:
            found.append(str(item))
    return "\n".join(text for text in found if text)
