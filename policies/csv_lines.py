"""Lines of CSV that no spreadsheet takes for formulas, whoever wrote what stands in them. Pure."""

import csv
import io
from collections.abc import Iterable

# What a spreadsheet takes for the beginning of a formula, after the blanks it skips.
_FORMULA = ("=", "+", "-", "@")
# A spreadsheet takes a file without it for Windows-1252.
MARK = "\ufeff"


def csv_line(cells: Iterable[object]) -> str:
    """One line with its end; None is an empty cell."""
    line = io.StringIO()
    csv.writer(line).writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()


def safe_cell(cell: object) -> str:
    """The cell as text; an apostrophe before what would be a formula, and no characters files cannot hold."""
    if cell is None:
        return ""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return str(cell)
    text = str(cell).replace("\x00", "").encode("utf-8", "replace").decode()
    begins = text.lstrip(" \t\r\n\v\f\xa0\ufeff")
    return f"'{text}" if begins.startswith(_FORMULA) or text[:1] in ("\t", "\r", "\n") else text
