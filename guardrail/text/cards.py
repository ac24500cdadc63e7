"""Cards of Markdown: a heading for each record, and below it lines of `**name**: value`.

Only lines whose name the first card has are fields of their own, each name once: what somebody wrote into a value
begins no other field of its card, and a heading of another level no card. Pure, linear in the text.
"""

import re
from typing import NamedTuple

_NAME = re.compile(r"^[ \t]{0,3}(?:[-*+] )?\*\*([^*\n:]{1,40})(?:\*\*[ \t]?:|:\*\*)[ \t]?", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6}) [^\n]{0,300}$", re.MULTILINE)
_FEWEST = 2


class Part(NamedTuple):
    """The value of one field, from `start` to `end`; `card` counts from 0. The heading's name is empty."""

    card: int
    name: str
    start: int
    end: int


def may_be_cards(text: str) -> bool:
    """Whether it begins as cards do, at a glance."""
    return text.startswith(("#", "**", "- **", "* **")) and "**" in text


def cards_in(text: str) -> list[Part]:
    """The parts of all cards in order; none where the text, without blanks in front, is something else."""
    first = _HEADING.match(text)
    level = first.group(1) if first else ""
    starts = [found.start() for found in _HEADING.finditer(text) if found.group(1) == level] if level else [0]
    parts: list[Part] = []
    known: set[str] = set()
    for card, (start, stop) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True)):
        names = _names_of(text, start, stop, known if card else None)
        if not card:
            known = {name for name, _, _ in names}
            if len(known) < _FEWEST:
                return []
        ends = [*(begin for _, begin, _ in names[1:]), stop]
        if not names or names[0][1] > start:
            parts.append(Part(card, "", start, names[0][1] if names else stop))
        parts += [Part(card, name, value, end) for (name, _, value), end in zip(names, ends, strict=False)]
    return parts


def _names_of(text: str, start: int, stop: int, known: set[str] | None) -> list[tuple[str, int, int]]:
    """Each name with where its line and its value begin; only those that are known, and each once."""
    found: dict[str, tuple[str, int, int]] = {}
    for match in _NAME.finditer(text, start, stop):
        name = match.group(1).strip()
        if (known is None or name in known) and name not in found:
            found[name] = (name, match.start(), match.end())
    return list(found.values())
