"""Lists of destinations as text: pasted, from a file, and written for a spreadsheet. Pure."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO

from policies.choices import Standing
from policies.destination_values import BadDestination, check_standing, normal_destination
from policies.destinations import LISTED

MOST_BYTES = 10_000_000
MOST_LINES = 200_000
# Told one by one; a file that is another kind of file has an error in every line.
MOST_ERRORS = 50
LONGEST_NOTE = 500
COLUMNS = ("value", "standing", "note")
# A spreadsheet runs a cell that begins with one of these (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_STANDINGS = {standing.value: standing for standing in LISTED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One entry of a list with its note."""

    value: str
    standing: Standing
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class BadLine:
    """A line that is no entry, and why."""

    number: int
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadList:
    """What a text holds. Nothing of it may be taken where `bad` has a line; `more_bad` counts those not in it."""

    lines: tuple[Line, ...]
    bad: tuple[BadLine, ...]
    more_bad: int = 0


def read_list(text: str, *, standing: Standing) -> ReadList:
    """Entries one a line: a destination, or CSV with its standing and a note; `standing` where a line gives none.

    A header is optional, and may name the columns in another order. An entry said twice the same way counts once.
    """
    found: dict[str, Line] = {}
    bad: list[BadLine] = []
    for number, row in _rows(text, bad):
        if number > MOST_LINES:
            bad.append(BadLine(number=number, why=f"there are more than {MOST_LINES:,} lines, expected at most these"))
            break
        try:
            line = _line(row, standing)
        except BadDestination as error:
            bad.append(BadLine(number=number, why=str(error)))
            continue
        before = found.setdefault(line.value, line)
        if before.standing is not line.standing:
            why = (
                f"`{line.value[:60]}` is `{line.standing.value}` here and `{before.standing.value}` above, expected one"
            )
            bad.append(BadLine(number=number, why=why))
    return ReadList(lines=tuple(found.values()), bad=tuple(bad[:MOST_ERRORS]), more_bad=max(0, len(bad) - MOST_ERRORS))


def write_list(lines: Iterable[Line]) -> Iterator[str]:
    """The list as CSV, row by row, with nothing in it that a spreadsheet would run; `read_list` reads it back."""
    yield _csv_row(COLUMNS)
    for line in lines:
        yield _csv_row((_harmless(line.value), line.standing.value, _harmless(line.note)))


def _rows(text: str, bad: list[BadLine]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, cells by column) of every line that is not empty."""
    body = text.removeprefix("\ufeff")
    first = body.lstrip().partition("\n")[0]
    delimiter = "\t" if "\t" in first else ";" if ";" in first and "," not in first else ","
    reader = csv.reader(StringIO(body, newline=""), delimiter=delimiter, strict=True)
    columns: tuple[str, ...] = COLUMNS
    seen = False
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells) or cells[0].startswith("#"):
                continue
            names = tuple(cell.lower() for cell in cells)
            if not seen and "value" in names and set(names) <= {*COLUMNS, ""}:
                columns, seen = names, True
                continue
            seen = True
            if len(cells) > len(columns):
                bad.append(BadLine(number=reader.line_num, why=f"it has {len(cells)} columns, expected {len(columns)}"))
                continue
            yield reader.line_num, dict(zip(columns, cells, strict=False))
    except csv.Error as error:
        bad.append(BadLine(number=reader.line_num, why=f"it is no CSV: {error}"))


def _line(row: dict[str, str], otherwise: Standing) -> Line:
    said = row.get("standing", "").lower()
    standing = _STANDINGS.get(said) if said else otherwise
    if standing is None:
        raise BadDestination(f"the standing is `{said[:40]}`, expected one of {', '.join(_STANDINGS)}")
    note = _plain(row.get("note", ""))
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise BadDestination(f"the note has {len(note)} characters, expected at most {LONGEST_NOTE}, all visible")
    value = normal_destination(_plain(row.get("value", "")))
    check_standing(value, standing)
    return Line(value=value, standing=standing, note=note)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) or cell.startswith("'") else cell


def _plain(cell: str) -> str:
    """A cell without what keeps a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in (*_FORMULA, "'") else cell


def _csv_row(cells: Iterable[str]) -> str:
    out = StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
