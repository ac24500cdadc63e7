"""A document out of parsing events, with the line of every value beside it. Pure.

Both notations come down to the same events, so both are held to the same limits and told off with lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

DEEPEST = 40


class UnreadableDocument(ValueError):
    """A text that is no document; `line` counts from 1."""

    def __init__(self, text: str, *, line: int = 1) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, kw_only=True, slots=True)
class Scalar:
    """A text, number, switch or nothing."""

    value: Any
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """The beginning of an object, or of a list."""

    is_object: bool
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """The end of what was opened last."""


Event = Scalar | Opening | Closing


@dataclass(frozen=True, kw_only=True, slots=True)
class Located:
    """A document. `lines` mirrors its objects and lists: for each entry its line and the same of what is in it."""

    value: Any
    lines: Any
    line: int = 1

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """The line of a value; of one that is not there, that of the nearest around it."""
        line, lines = self.line, self.lines
        for step in path:
            try:
                line, lines = lines[step]
            except (KeyError, IndexError, TypeError):
                break
        return line


class _Open:
    """An object or list that is being read."""

    def __init__(self, *, is_object: bool, line: int) -> None:
        self.is_object = is_object
        self.line = line
        self.value: Any = {} if is_object else []
        self.lines: Any = {} if is_object else []
        self.key: str | None = None
        self.key_line = line

    def put(self, value: Any, line: int, lines: Any) -> None:
        """Take one entry in; of an object first its name, then its value."""
        if not self.is_object:
            self.value.append(value)
            self.lines.append((line, lines))
        elif self.key is None:
            self._name(value, line, lines)
        else:
            self.value[self.key] = value
            self.lines[self.key] = (self.key_line, lines)
            self.key = None

    def _name(self, name: Any, line: int, lines: Any) -> None:
        if lines is not None:
            raise UnreadableDocument("an object stands where a name was expected", line=line)
        self.key = name if isinstance(name, str) else str(name)
        self.key_line = line
        if self.key in self.value:
            first = self.lines[self.key][0]
            told = f"`{self.key[:80]}` is there twice, first in line {first}, expected each name once"
            raise UnreadableDocument(told, line=line)


def build(events: Iterator[Event]) -> Located:
    """The one document of these events. Raises UnreadableDocument."""
    top = _Open(is_object=False, line=1)
    stack = [top]
    for event in events:
        if isinstance(event, Scalar):
            stack[-1].put(event.value, event.line, None)
        elif isinstance(event, Opening):
            if len(stack) > DEEPEST:
                raise UnreadableDocument(f"it is nested deeper than {DEEPEST}, expected a policy", line=event.line)
            stack.append(_Open(is_object=event.is_object, line=event.line))
        else:
            closed = stack.pop()
            stack[-1].put(closed.value, closed.line, closed.lines)
    if len(top.value) != 1:
        raise UnreadableDocument(f"it holds {len(top.value)} documents, expected one")
    line, lines = top.lines[0]
    return Located(value=top.value[0], lines=lines, line=line)
