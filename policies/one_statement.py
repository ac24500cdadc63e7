"""Rows of many tables read by one statement: all of one moment, and the SQL is written once.

Django writes the SQL of a query anew each time, which costs more than Postgres takes for it where there are few rows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DataError, connection
from django.db.models import QuerySet

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """SQL that answers with one JSON object, and its parameters."""

    sql: str
    parameters: tuple[Any, ...]


def together(reads: Mapping[str, QuerySet[Any, Any]]) -> Statement:
    """One statement for several querysets of `values()`. Their names become the SQL's: letters and underscores only.

    Moments come as ISO 8601 with an offset and UUIDs as text, as JSON has neither.
    """
    parts: list[str] = []
    parameters: list[Any] = []
    for name, rows in reads.items():
        sql, given = rows.query.sql_with_params()
        parts.append(f"'{name}', (SELECT coalesce(json_agg(row_to_json(r)), '[]') FROM ({sql}) r)")  # noqa: S608 Django's
        parameters += given
    return Statement(sql=f"SELECT json_build_object({', '.join(parts)})::text", parameters=tuple(parameters))


def read_at_once(statement: Statement) -> Rows:
    """The rows of each queryset, by its name. One query."""
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.parameters)
        (answer,) = cursor.fetchone()
    found: Rows = json.loads(answer)
    return found


def in_python(moment: str) -> str:
    """A moment of such a row as `datetime.isoformat` writes it: Postgres leaves out zeros at the end of a second.

    Raises DataError, as reading the row itself would, for one that Python has no word for: infinity, the year 10000.
    """
    try:
        return datetime.fromisoformat(moment).isoformat()
    except ValueError as error:
        raise DataError(f"`{moment}` is no moment we can read") from error
