"""Cuts a table that came as plain text into its cells: CSV with commas, semicolons, tabs or bars, and Markdown tables.

A table has a head of at least two short names and rows with as many separators; a row with more or fewer is one whose
cell holds some, or goes on in the next line, and its rest counts as its last cell. Linear in the length of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SEPARATORS = ("|", "\t", ";", ",")
_NAME = re.compile(r"\s{0,40}\"?[^\W\d_][\w .()/#%&+€$-]{0,40}\"?\s{0,40}")
_RULE = re.compile(r"[\s|:+=-]{3,400}")
_LONGEST_HEAD = 600
_MOST_COLUMNS = 60
_FEWEST = 2
# Lines that are looked at before a text is taken for a table.
_GLANCE = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell with the name of its column; `start` and `end` are offsets in the text."""

    row: int
    name: str
    start: int
    end: int


def may_be_table(text: str) -> bool:
    """A quick look: the first line has a separator, and there is a second line."""
    end = text.find("\n", 0, _LONGEST_HEAD)
    return end > 0 and any(text.find(sign, 0, end) > 0 for sign in _SEPARATORS)


def cells_of(text: str) -> Iterator[Cell]:
    """The cells of the rows; nothing where the text is no table."""
    lines = _lines(text)
    head = _head_of(text, lines)
    if head is None:
        return
    names, sign, first = head
    row = -1
    for start, end in lines[first:]:
        if not text[start:end].strip() or _RULE.fullmatch(text, start, end):
            continue
        if text.count(sign, start, end) < len(names) - 1 and row >= 0:
            # it goes on with the cell before, or stands below the table
            yield Cell(row=row, name=names[-1], start=start, end=end)
            continue
        row += 1
        yield from _cells_in(text, start, end, names, sign, row)


def _lines(text: str) -> list[tuple[int, int]]:
    found = []
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        found.append((start, end))
        start = end + 1
    return found


def _head_of(text: str, lines: list[tuple[int, int]]) -> tuple[list[str], str, int] | None:
    """The names of the columns, what separates them, and the line the rows begin with."""
    if len(lines) < _FEWEST:
        return None
    start, end = lines[0]
    if end - start > _LONGEST_HEAD:
        return None
    for sign in _SEPARATORS:
        bounds = _bounds(text, start, end, sign)
        names = [text[a:b].strip().strip('"') for a, b in bounds]
        if not _FEWEST <= len(names) <= _MOST_COLUMNS or not all(map(_NAME.fullmatch, names)):
            continue
        if sign == "," and len(names) == _FEWEST and any(" " in name for name in names):
            # `Dear Ann, how are you` is no head
            continue
        rows = [line for line in lines[1:_GLANCE] if text[line[0] : line[1]].strip()]
        rows = [line for line in rows if not _RULE.fullmatch(text, *line)]
        fitting = sum(len(_bounds(text, a, b, sign)) >= len(names) for a, b in rows)
        if rows and 2 * fitting > len(rows):
            return names, sign, 1
    return None


def _bounds(text: str, start: int, end: int, sign: str) -> list[tuple[int, int]]:
    """The stretches between separators outside quotes; the bars around a row of Markdown are none."""
    if sign == "|":
        row = text[start:end]
        start += len(row) - len(row.lstrip(" ").removeprefix("|"))
        end -= len(row) - len(row.rstrip(" \r").removesuffix("|"))
    found = []
    at, quoted = start, False
    for index in range(start, end):
        letter = text[index]
        if letter == '"' and sign != "|":
            quoted = not quoted
        elif letter == sign and not quoted:
            found.append((at, index))
            at = index + 1
    found.append((at, end))
    return found


def _cells_in(text: str, start: int, end: int, names: list[str], sign: str, row: int) -> Iterator[Cell]:
    bounds = _bounds(text, start, end, sign)
    if len(bounds) > len(names):
        bounds = [*bounds[: len(names) - 1], (bounds[len(names) - 1][0], end)]
    for name, (a, b) in zip(names, bounds, strict=False):
        if text[a:b].strip():
            yield Cell(row=row, name=name, start=a, end=b)
