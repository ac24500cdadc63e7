"""Reads a file of agents, CSV or JSON, into rows that can be compared with the inventory. Pure.

A row that cannot be taken is a problem with its line and column; the others are read all the same.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.agent_fields import SPELLINGS, ValueProblem, fields_of, value_of

MOST_BYTES = 10 * 1024 * 1024
MOST_AGENTS = 10_000
MOST_PROBLEMS = 1_000
_DELIMITERS = ",;\t|"
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LISTS = ("agents", "value", "data", "items", "rows", "resources")


class FileError(ValueError):
    """A file that cannot be read at all; the message says what was found and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why a row is not taken. `line` counts lines of a CSV file and entries of a JSON file, both from 1."""

    line: int
    column: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentFile:
    """`rows` hold values by field, those with nothing to say left out; `agent_id` and `line` are always there.

    `fields` are those the file has a column for, `left_out` the columns nobody reads, `problems` the first
    MOST_PROBLEMS of `bad_rows` rows.
    """

    rows: tuple[Mapping[str, Any], ...]
    fields: tuple[str, ...]
    left_out: tuple[str, ...]
    problems: tuple[Problem, ...]
    bad_rows: int


def read_agents(body: bytes) -> AgentFile:
    """Read a whole file. Raises FileError where it is no list of agents."""
    if len(body) > MOST_BYTES:
        raise FileError(
            f"the file has {len(body) / 1024 / 1024:.1f} MB, expected at most {MOST_BYTES // 1024 // 1024} MB"
        )
    text = _decoded(body)
    headers, entries = _json(text) if text.lstrip()[:1] in ("[", "{") else _csv(text)
    found = fields_of(headers)
    if "agent_id" not in found:
        wanted = "`Agent ID`, `Bot ID`, `Item ID` or `id`"
        raise FileError(f"none of the columns {_some(headers)} is the agent's id, expected one of {wanted}")
    return _rows(entries, found, headers)


def _rows(entries: Iterator[tuple[int, Mapping[str, Any]]], found: Mapping[str, str], headers: list[str]) -> AgentFile:
    rows: list[Mapping[str, Any]] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    bad = 0
    for count, (line, entry) in enumerate(entries, start=1):
        if count > MOST_AGENTS:
            raise FileError(f"the file has more than {MOST_AGENTS:,} agents, expected it in parts")
        row, wrong = _row(line, entry, found)
        agent_id = row.get("agent_id", "")
        if agent_id in seen:
            message = f"`{agent_id}` is on line {seen[agent_id]} already, expected each agent once"
            wrong.append(Problem(line=line, column=found["agent_id"], message=message))
        seen.setdefault(agent_id, line)
        if wrong:
            bad += 1
            problems += wrong[: max(0, MOST_PROBLEMS - len(problems))]
        else:
            rows.append(row)
    if not rows and not bad:
        raise FileError("the file names no agent, expected at least one")
    read_from = set(found.values())
    return AgentFile(
        rows=tuple(rows),
        fields=tuple(field for field in SPELLINGS if field in found),
        left_out=tuple(dict.fromkeys(header[:100] for header in headers if header and header not in read_from))[:200],
        problems=tuple(problems),
        bad_rows=bad,
    )


def _row(line: int, entry: Mapping[str, Any], found: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    row: dict[str, Any] = {"line": line}
    wrong: list[Problem] = []
    for field, header in found.items():
        try:
            value = value_of(field, entry.get(header))
        except ValueProblem as problem:
            wrong.append(Problem(line=line, column=header[:100], message=str(problem)))
            continue
        if value is not None:
            row[field] = value
    if "agent_id" not in row and not wrong:
        wrong.append(
            Problem(line=line, column=found["agent_id"], message="is empty, expected the id the agent's calls carry")
        )
    if "instructions" in row:
        row["instructions_digest"] = row.pop("instructions")
    if "published" not in found and "published_at" in found:
        # an export that has only the date leaves it empty until an agent is published
        row["published"] = "published_at" in row
    return row, wrong


def _decoded(body: bytes) -> str:
    """The text: by its byte order mark, else UTF-8, else as Excel saves a CSV in western Europe."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _as(body, name)
    try:
        return body.decode()
    except UnicodeDecodeError:
        return _as(body, "cp1252")


def _as(body: bytes, name: str) -> str:
    try:
        return body.decode(name)
    except UnicodeDecodeError as error:
        raise FileError(f"byte {error.start:,} is no text, expected UTF-8, UTF-16 or Windows-1252") from None


def _csv(text: str) -> tuple[list[str], Iterator[tuple[int, Mapping[str, Any]]]]:
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == len("sep=") + 1:
        delimiter, text, skipped = first.strip()[-1], rest, 1
    else:
        delimiter, skipped = max(_DELIMITERS, key=first.count), 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        headers = [header.strip() for header in next(reader, [])]
    except csv.Error as error:
        raise FileError(f"line 1: {error}") from None
    return headers, _csv_entries(reader, headers, skipped=skipped)


def _csv_entries(reader: Any, headers: list[str], *, skipped: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise FileError(f"line {line:,}: {error}") from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, dict(zip(headers, cells, strict=False))


def _json(text: str) -> tuple[list[str], Iterator[tuple[int, Mapping[str, Any]]]]:
    try:
        root = json.loads(text)
    except json.JSONDecodeError as error:
        raise FileError(f"line {error.lineno}, column {error.colno}: {error.msg[:1].lower()}{error.msg[1:]}") from None
    except (RecursionError, ValueError):
        raise FileError("the JSON is nested too deeply, or holds a number nobody can read") from None
    if isinstance(root, dict):
        root = next((root[key] for key in _LISTS if isinstance(root.get(key), list)), [root])
    other = next((place for place, entry in enumerate(root, start=1) if not isinstance(entry, dict)), None)
    if other is not None:
        raise FileError(f"entry {other} is no object, expected one object for each agent")
    entries = [_flat(entry) for entry in root]
    headers = list(dict.fromkeys(key for entry in entries for key in entry))
    return headers, ((place, entry) for place, entry in enumerate(entries, start=1))


def _flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An object of Resource Graph has its fields under `properties`."""
    properties = entry.get("properties")
    if not isinstance(properties, dict):
        return dict(entry)
    outer = {key: value for key, value in entry.items() if key != "properties"}
    return {**outer, **{f"properties.{key}": value for key, value in properties.items()}}


def _some(headers: list[str]) -> str:
    listed = [f"`{header[:40]}`" for header in headers[:8] if header]
    return (", ".join(listed) or "of an empty first line") + (" and more" if len(headers) > 8 else "")
