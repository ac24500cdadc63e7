"""Cuts a table that came as plain text into its cells: CSV with commas, semicolons, tabs or bars, and Markdown tables.

A table has a head of at least two short names, or bars in every line and as many in most, and rows with as many
separators; a row with more or fewer is one whose cell holds some, or goes on in the next line, and its rest counts as
its last cell. Linear in the length of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_SEPARATORS = ("|", "\t", ";", ",")
_WITHOUT_HEAD = ("|", ";", "\t")
_NAME = re.compile(r"\s{0,40}\"?[^\W\d_][\w .()/#%&+€$-]{0,40}\??\"?\s{0,40}")
_RULE = re.compile(r"[\s|:+=-]{3,400}")
_LONGEST_HEAD = 600
_MOST_COLUMNS = 60
_FEWEST = 2
# `Amount due in EUR`
_MOST_WORDS = 4
# Lines that are looked at before a text is taken for a table.
_GLANCE = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The names of the columns, what separates them, and the lines of the rows as offsets in the text."""

    names: tuple[str, ...]
    sign: str
    lines: tuple[tuple[int, int], ...]


class Cell(NamedTuple):
    """One cell with the name of its column; `start` and `end` are offsets in the text."""

    row: int
    name: str
    start: int
    end: int


def may_be_table(text: str) -> bool:
    """A quick look: the first line has a separator inside, and there is a second line."""
    end = text.find("\n", 0, _LONGEST_HEAD)
    return end > 0 and any(text.find(sign, 1, end) > 0 for sign in _SEPARATORS)


def table_of(text: str) -> Table | None:
    """The table a text is, or None."""
    lines = _lines(text)
    head = _head_of(text, lines)
    if head:
        return Table(names=head[0], sign=head[1], lines=tuple(lines[1:]))
    for sign in _WITHOUT_HEAD:
        columns = _columns_without_head(text, lines, sign)
        if columns:
            return Table(names=("",) * columns, sign=sign, lines=tuple(lines))
    return None


def cells_of(text: str, table: Table) -> Iterator[Cell]:
    """The cells of the rows that hold something, row by row."""
    names, sign, most = table.names, table.sign, len(table.names)
    row = -1
    for start, end in table.lines:
        if text[start:end].isspace() or start == end or _RULE.fullmatch(text, start, end):
            continue
        if text.count(sign, start, end) < most - 1 and row >= 0:
            # it goes on with the cell before, or stands below the table
            yield Cell(row, names[-1], start, end)
            continue
        row += 1
        for name, (a, b) in zip(names, _bounds(text, start, end, sign, most=most), strict=False):
            if a < b and not text[a:b].isspace():
                yield Cell(row, name, a, b)


def _lines(text: str) -> list[tuple[int, int]]:
    found = []
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        found.append((start, end))
        start = end + 1
    return found


def _head_of(text: str, lines: list[tuple[int, int]]) -> tuple[tuple[str, ...], str] | None:
    """The names of the columns and what separates them."""
    if len(lines) < _FEWEST:
        return None
    start, end = lines[0]
    if end - start > _LONGEST_HEAD:
        return None
    for sign in _SEPARATORS:
        names = tuple(text[a:b].strip().strip('"') for a, b in _bounds(text, start, end, sign))
        if not _FEWEST <= len(names) <= _MOST_COLUMNS or not all(map(_NAME.fullmatch, names)):
            continue
        if sign == "," and len(names) == _FEWEST and any(" " in name for name in names):
            # `Dear Ann, how are you` is no head
            continue
        if sign in ",;" and _is_sentence(names):
            continue
        rows = [line for line in lines[1:_GLANCE] if text[line[0] : line[1]].strip()]
        if sign in "|\t":
            # a cell may go on over lines that have none
            rows = [line for line in rows if text.find(sign, *line) >= 0]
        rows = [line for line in rows if not _RULE.fullmatch(text, *line)]
        fitting = sum(len(_bounds(text, a, b, sign, most=len(names))) >= len(names) for a, b in rows)
        if rows and 2 * fitting > len(rows):
            return names, sign
    return None


def _is_sentence(names: tuple[str, ...]) -> bool:
    """`Yes, as a gift please, for my dad.`: no names of columns."""
    return (" " in names[-1] and names[-1].endswith((".", "?", "!"))) or any(
        name.count(" ") >= _MOST_WORDS for name in names
    )


def _columns_without_head(text: str, lines: list[tuple[int, int]], sign: str) -> int:
    """How many cells most lines have, where each has bars as a table does: `C01 | Heron | BT-31`; 0 for other texts.

    Of other signs all lines have as many, and no blank stands in front of one.
    """
    rows = [(start, end) for start, end in lines[:_GLANCE] if text[start:end].strip()]
    between = " | " if sign == "|" else sign
    counts = [text.count(between, start, end) for start, end in rows]
    most = max(counts, key=counts.count, default=0)
    if most < _FEWEST or len(rows) < _FEWEST or 2 * counts.count(most) <= len(rows) or min(counts) < _FEWEST:
        return 0
    if sign != "|" and (min(counts) != most or any(f" {sign}" in text[start:end] for start, end in rows)):
        return 0
    return most + 1


def _bounds(text: str, start: int, end: int, sign: str, *, most: int = _MOST_COLUMNS + 1) -> list[tuple[int, int]]:
    """The stretches between separators outside quotes, at most so many; the bars around a row of Markdown are none."""
    if sign == "|":
        row = text[start:end]
        inner = row.lstrip(" ").removeprefix("|")
        # without a bar in front the last one stands before an empty cell
        framed = row.lstrip(" ").startswith("|")
        start += len(row) - len(inner)
        end -= len(row) - len(row.rstrip(" \r").removesuffix("|")) if framed else 0
    found: list[tuple[int, int]] = []
    last = start
    if sign != "|" and text.find('"', start, end) < 0:
        for cell in text[start:end].split(sign, most - 1):
            found.append((last, last + len(cell)))
            last += len(cell) + 1
        return found
    at = text.find(sign, start, end)
    # inside quotes are those with an odd number of quotes before them
    quotes, counted = 0, start
    while at >= 0 and len(found) < most - 1:
        if sign != "|":
            quotes += text.count('"', counted, at)
            counted = at
        if quotes % 2 == 0:
            found.append((last, at))
            last = at + 1
        at = text.find(sign, at + 1, end)
    found.append((last, end))
    return found
