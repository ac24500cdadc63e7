"""Reads indicators from CSV with a header, from plain lists of one value a line, and from hosts files. Pure."""

import csv
import io
from collections.abc import Iterable, Mapping

from policies.intelligence.feed import (
    Entry,
    FeedError,
    Read,
    decoded,
    read_confidence,
    read_moment,
    read_note,
    require_no_page,
)
from policies.intelligence.values import BadValue, Kind, kind_called, read_value

# Our names of columns, and what others call them.
_COLUMNS = {
    "kind": ("kind", "type", "indicator_type", "ioc_type", "indicatortype"),
    "value": ("value", "indicator", "ioc", "ioc_value", "observable", "indicatorvalue", "domain", "domain_name",
              "hostname", "host", "url", "email", "ip", "ip_address", "ip_dst", "hash", "sha256"),
    "confidence": ("confidence", "score", "confidence_level"),
    "expires": ("expires", "expires_at", "expiry", "expiration", "valid_until", "expirationdatetime"),
    "from": ("from", "valid_from", "registered", "created", "creation_date", "create_date", "date", "first_seen"),
    "description": ("description", "comment", "note", "notes", "title", "tags", "threat"),
}  # fmt: skip
_MEANT = {name: column for column, names in _COLUMNS.items() for name in names}
# A column that is called like a kind says it.
_KIND_COLUMNS = {
    "domain": Kind.DOMAIN, "domain_name": Kind.DOMAIN, "hostname": Kind.DOMAIN, "host": Kind.DOMAIN, "url": Kind.URL,
    "email": Kind.EMAIL, "ip": Kind.IP, "ip_address": Kind.IP, "ip_dst": Kind.IP, "sha256": Kind.HASH,
}  # fmt: skip
# The order of a file without a header whose lines begin with a kind.
_UNNAMED = {"kind": 0, "value": 1, "confidence": 2, "expires": 3, "description": 4}
_DELIMITERS = ",;\t|"
_SINKHOLES = ("0.0.0.0", "127.0.0.1", "::", "::1")  # noqa: S104 compared with, not listened at
_MOST_FIELDS = 60
_FORMULA = ("=", "+", "@")


def read_csv(body: bytes, *, kind: Kind | None = None) -> Read:
    """The entries of a file. `kind` = all are of this one, whatever they look like. Raises FeedError."""
    text = decoded(body)
    require_no_page(text)
    if "\x00" in text:
        raise FeedError("the file has NUL bytes, expected text")
    found = Read()
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if _is_data(line)), None)
    if start is None:
        return found
    delimiter = _delimiter(lines[start])
    header = _header(lines[start], delimiter)
    # Kept line by line: a quote that is never closed must not swallow the rest of the file.
    for number, line in enumerate(lines[start + 1 :] if header else lines[start:], start=start + 1 + bool(header)):
        if not _is_data(line):
            continue
        if header or (delimiter in line and "://" not in line.split(delimiter, 1)[0]):
            fields = _fields(line, delimiter)
        else:
            fields = _plain(line)
        columns = header or (_UNNAMED if len(fields) > 1 and kind_called(fields[0]) else {})
        _read_line(fields, columns, kind, found, place=f"line {number}")
    return found


def _is_data(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(("#", "//", ";;", "!"))


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _header(line: str, delimiter: str) -> dict[str, int]:
    """Our column -> its place, and `kind of value` by name; empty where the line is data already."""
    names = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in _fields(line, delimiter)]
    found: dict[str, int] = {}
    if any("." in name or "@" in name for name in names):
        return found
    for place, name in enumerate(names[:_MOST_FIELDS]):
        column = _MEANT.get(name)
        if column and column not in found:
            found[column] = place
            if column == "value" and name in _KIND_COLUMNS:
                found[f"is {_KIND_COLUMNS[name].value}"] = place
    return found if "value" in found else {}


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _plain(line: str) -> list[str]:
    """A line of a list: the value, without a remark behind it; of a hosts file the name."""
    words = line.split("#", 1)[0].split()
    return words[1:2] if len(words) > 1 and words[0] in _SINKHOLES else words[:1]


def _read_line(fields: list[str], header: Mapping[str, int], kind: Kind | None, found: Read, *, place: str) -> None:
    cell = {name: fields[at].strip() for name, at in header.items() if at < len(fields)}
    value = cell.get("value", "") if header else next((field.strip() for field in fields), "")
    if not value:
        found.complain(place, "the value is empty")
        return
    said = kind or _kind_of(cell.get("kind", ""), header)
    try:
        if cell.get("kind") and said is None:
            raise BadValue(f"`{cell['kind'][:40]}` is no kind of indicator, expected domain, email, url, ip or hash")
        if value.startswith(_FORMULA):
            raise BadValue(f"`{value[:40]}` is a spreadsheet's formula, expected a value")
        entry = Entry(
            named=read_value(value, said),
            confidence=read_confidence(cell.get("confidence", "")),
            valid_from=read_moment(cell.get("from", "")),
            expires_at=read_moment(cell.get("expires", "")),
            description=read_note(cell.get("description", "")),
        )
    except ValueError as error:
        found.complain(place, str(error))
    else:
        found.add(entry, place)


def _kind_of(name: str, header: Iterable[str]) -> Kind | None:
    if name:
        return kind_called(name)
    return next((Kind(column.removeprefix("is ")) for column in header if column.startswith("is ")), None)
