"""What may stand behind the `?` of a question: one list a route, for reading it and for its description."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import QueryDict

from policies.signal import Severity

MOST, USUAL = 500, 100
_LONGEST = 500
_CURSOR = re.compile(r"([a-z])([0-9]{1,18})", re.ASCII)
_SHOWN = 60
SEVERITIES = {level.name.lower(): level.value for level in Severity}


class BadQuestion(ValueError):
    """A question that cannot be answered; the message says what was found and what is wanted at `parameter`."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One of them. `read` gets the text and raises BadQuestion; `schema` is its JSON schema."""

    name: str
    about: str
    read: Callable[[str, str], Any]
    schema: Mapping[str, Any]


def read_all(query: QueryDict, known: Sequence[Parameter]) -> dict[str, Any]:
    """The value of each parameter that was given. Raises BadQuestion, for one nobody knows, too."""
    by_name = {one.name: one for one in known}
    found = {}
    for name, values in query.lists():
        if name not in by_name:
            expected = ", ".join(f"`{one}`" for one in by_name) or "none"
            raise BadQuestion(_shown(name), f"the parameter `{_shown(name)}` is not known, expected {expected}")
        if len(values) != 1:
            raise BadQuestion(name, f"`{name}` is given {len(values)} times, expected once")
        found[name] = by_name[name].read(name, values[0])
    return found


def cursor(feed: str) -> Parameter:
    """Where the page before ended. `feed` is the letter its cursors begin with, so that none is taken for another's."""

    def read(name: str, text: str) -> int:
        match = _CURSOR.fullmatch(text)
        if match is None or match[1] != feed:
            raise BadQuestion(name, f"`{_shown(text)}` is no cursor of this list, expected `next` of an answer")
        return int(match[2])

    about = "`next` of the answer before; without it the list begins at its beginning."
    return Parameter(name="cursor", about=about, read=read, schema={"type": "string"})


def as_cursor(feed: str, number: int) -> str:
    """The text of a place in a feed."""
    return f"{feed}{number}"


def limit() -> Parameter:
    """How many rows a page has at most."""

    def read(name: str, text: str) -> int:
        # `isdecimal` knows digits of every script
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
        if not 1 <= number <= MOST:
            raise BadQuestion(name, f"`{_shown(text)}` is none, expected a number from 1 to {MOST}")
        return number

    schema = {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
    return Parameter(name="limit", about="Rows of a page at most.", read=read, schema=schema)


def moment(name: str, about: str) -> Parameter:
    """A time with its offset."""

    def read(name: str, text: str) -> datetime:
        try:
            # a plus that was not encoded came as a blank
            at = datetime.fromisoformat(text.replace(" ", "+") if text.count(" ") == 1 and "T" in text else text)
            if at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise BadQuestion(name, f"`{_shown(text)}` is no time with an offset, expected e.g. `2026-11-01T00:00:00Z`")

    return Parameter(name=name, about=about, read=read, schema={"type": "string", "format": "date-time"})


def word(name: str, about: str, words: Sequence[str]) -> Parameter:
    """One of some words."""

    def read(name: str, text: str) -> str:
        if text not in words:
            expected = ", ".join(f"`{one}`" for one in words)
            raise BadQuestion(name, f"`{_shown(text)}` is none, expected one of {expected}")
        return text

    return Parameter(name=name, about=about, read=read, schema={"type": "string", "enum": list(words)})


def severity() -> Parameter:
    """From which severity on."""
    chosen = word("severity_from", "From this severity on.", tuple(SEVERITIES))

    def read(name: str, text: str) -> int:
        return SEVERITIES[chosen.read(name, text)]

    return Parameter(name=chosen.name, about=chosen.about, read=read, schema=chosen.schema)


def text(name: str, about: str) -> Parameter:
    """Exactly this text."""

    def read(name: str, text: str) -> str:
        if not 0 < len(text) <= _LONGEST or not text.isprintable():
            raise BadQuestion(name, f"`{_shown(text)}` is none, expected 1 to {_LONGEST} characters that can be seen")
        return text

    schema = {"type": "string", "minLength": 1, "maxLength": _LONGEST}
    return Parameter(name=name, about=about, read=read, schema=schema)


def _shown(text: str) -> str:
    plain = "".join(letter if letter.isprintable() and letter != "`" else "?" for letter in text[:_SHOWN])
    return plain if len(text) <= _SHOWN else f"{plain}…"
