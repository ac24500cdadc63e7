"""Lists of classified files as text: one name a line, or CSV with a header. Pure."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO

MOST_BYTES = 5_000_000
MOST_LINES = 20_000
# Told one by one; a file that is another kind of file has an error in every line.
MOST_ERRORS = 50
LONGEST = {"name": 1000, "id": 500, "owner": 300}
# A shorter name would be found in texts that speak of something else.
SHORTEST_NAME = 4
COLUMNS = ("name", "class", "id", "owner")


class BadFile(ValueError):
    """What cannot be a file of the list; `column` is the one that is wrong."""

    def __init__(self, message: str, *, column: str = "name") -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, kw_only=True, slots=True)
class FileLine:
    """One file, or a folder where the name ends in `/`; `number` is its line."""

    number: int
    name: str
    data_class: str
    file_id: str = ""
    owner: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class BadLine:
    """A line that is none, and why."""

    number: int
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadFiles:
    """What a text holds. Nothing of it may be taken where `bad` has a line; `more_bad` counts those not in it."""

    lines: tuple[FileLine, ...]
    bad: tuple[BadLine, ...]
    more_bad: int = 0


def read_files(text: str, *, classes: Mapping[str, str], otherwise: str) -> ReadFiles:
    """The files of a text. `classes` maps a name in lower case to the class; `otherwise` is for lines that name none.

    Without a header a line is a name as it stands, commas and all. A file said twice the same way counts once.
    """
    found: dict[tuple[str, str], FileLine] = {}
    bad: list[BadLine] = []
    for number, row in _rows(text, bad):
        if number > MOST_LINES:
            bad.append(BadLine(number=number, why=f"there are more than {MOST_LINES:,} lines, expected at most these"))
            break
        try:
            line = _line(number, row, classes, otherwise)
        except BadFile as error:
            bad.append(BadLine(number=number, why=str(error)))
            continue
        before = found.setdefault((line.name, line.file_id), line)
        if before.data_class != line.data_class:
            why = f"`{(line.name or line.file_id)[:60]}` is `{line.data_class}` here and `{before.data_class}` in line"
            bad.append(BadLine(number=number, why=f"{why} {before.number}, expected one"))
    return ReadFiles(lines=tuple(found.values()), bad=tuple(bad[:MOST_ERRORS]), more_bad=max(0, len(bad) - MOST_ERRORS))


def checked_names(*, name: str, file_id: str, owner: str) -> tuple[str, str, str]:
    """Name, id and owner as they are stored. Raises BadFile."""
    plain = {"name": name.strip(), "id": file_id.strip(), "owner": " ".join(owner.split())}
    for column, value in plain.items():
        if len(value) > LONGEST[column] or not value.isprintable():
            raise BadFile(
                f"the {column} has {len(value):,} characters, expected at most {LONGEST[column]:,}, all visible",
                column=column,
            )
    if not plain["name"] and not plain["id"]:
        raise BadFile("there is no name and no id, expected e.g. `/sites/Treasury/rates.xlsx`")
    if plain["name"] and len(plain["name"].strip("/")) < SHORTEST_NAME:
        raise BadFile(
            f"`{plain['name']}` would be found in nearly every text, expected {SHORTEST_NAME} characters or more"
        )
    return plain["name"], plain["id"], plain["owner"]


def _rows(text: str, bad: list[BadLine]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, cells by column) of every line that is not empty."""
    body = text.removeprefix("\ufeff")
    first = body.lstrip().partition("\n")[0]
    delimiter = next((sign for sign in "\t;" if sign in first and "," not in first), ",")
    header = [cell.strip().strip('"').lower() for cell in first.split(delimiter)]
    if "name" not in header or not set(header) <= {*COLUMNS, ""}:
        lines = enumerate(body.splitlines(), start=1)
        yield from ((number, {"name": line}) for number, line in lines if line.strip())
        return
    reader = csv.reader(StringIO(body.lstrip(), newline=""), delimiter=delimiter, strict=True)
    try:
        next(reader)
        for cells in reader:
            if len(cells) > len(header):
                bad.append(BadLine(number=reader.line_num, why=f"it has {len(cells)} columns, expected {len(header)}"))
            elif any(cell.strip() for cell in cells):
                yield reader.line_num, dict(zip(header, map(_plain, cells), strict=False))
    except csv.Error as error:
        bad.append(BadLine(number=reader.line_num, why=f"it is no CSV: {error}"))


def _line(number: int, row: Mapping[str, str], classes: Mapping[str, str], otherwise: str) -> FileLine:
    said = row.get("class", "").strip()
    data_class = classes.get(said.lower()) if said else otherwise
    if not data_class:
        raise BadFile(f"there is no class `{said[:40]}`, expected one of {', '.join(classes.values())}", column="class")
    name, file_id, owner = checked_names(
        name=row.get("name", ""), file_id=row.get("id", ""), owner=row.get("owner", "")
    )
    return FileLine(number=number, name=name, data_class=data_class, file_id=file_id, owner=owner)


def _plain(cell: str) -> str:
    """A cell without what keeps a spreadsheet from running it."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@", "'", "\t", "\r") else cell
