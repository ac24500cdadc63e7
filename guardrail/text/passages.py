"""Cuts any JSON value a caller sent into text passages, one a leaf, opening JSON that was sent as a string."""

import json
from collections.abc import Iterator
from typing import Any

from guardrail.invocation import Argument, JsonScalar, Passage

# Deeper nesting is kept as one JSON text: the recursion below stays far from Python's own limit.
MAX_DEPTH = 64
# A string longer than this is not tried as JSON: parsing 5 MB costs more than the whole budget.
MAX_EMBEDDED_JSON = 2_000_000


def cut_passages(value: Any) -> tuple[Passage, ...]:
    """The text leaves of `value` in order. Numbers and switches become text; None and empty strings are left out."""
    return tuple(
        Passage(path=path, text=text)
        for path, leaf in _leaves(value, path="", depth=0, open_strings=True)
        if leaf is not None and (text := leaf if isinstance(leaf, str) else json.dumps(leaf))
    )


def cut_arguments(value: Any) -> tuple[Argument, ...]:
    """The scalar leaves of the planned arguments in order, strings kept closed: they are what the tool will get."""
    return tuple(Argument(path=path, value=leaf) for path, leaf in _leaves(value, path="", depth=0, open_strings=False))


def _leaves(value: Any, *, path: str, depth: int, open_strings: bool) -> Iterator[tuple[str, JsonScalar]]:
    if isinstance(value, str):
        opened = _embedded_json(value) if open_strings and depth < MAX_DEPTH else None
        if opened is None:
            yield path, value
        else:
            yield from _leaves(opened, path=path, depth=depth + 1, open_strings=open_strings)
    elif isinstance(value, dict | list) and depth >= MAX_DEPTH:
        yield path, _too_deep(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = f"{path}.{key}" if path else str(key)
            yield from _leaves(item, path=inner, depth=depth + 1, open_strings=open_strings)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, path=f"{path}[{index}]", depth=depth + 1, open_strings=open_strings)
    elif value is None or isinstance(value, bool | int | float):
        yield path, value
    else:
        yield path, str(value)


def _embedded_json(text: str) -> dict[str, Any] | list[Any] | None:
    """The object or list a string holds as JSON, or None: most text starts with neither brace nor bracket."""
    if len(text) > MAX_EMBEDDED_JSON:
        return None
    head = text.lstrip()[:1]
    if head not in ("{", "["):
        return None
    try:
        opened = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return opened if isinstance(opened, dict | list) else None


def _too_deep(value: Any) -> str:
    """All strings below the depth limit, joined: hiding text deeper than we recurse must not hide it from detectors."""
    found: list[str] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            stack.extend(reversed(item.values()))
            found.extend(str(key) for key in item)
        elif isinstance(item, list):
            stack.extend(reversed(item))
        elif item is not None:
            found.append(str(item))
    return "\n".join(found)
