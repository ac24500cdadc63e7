"""Monthly partitions of verdicts and of what goes with them: made ahead so that no insert ever waits for one, dropped
together when nobody needs them any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper

log = structlog.get_logger(__name__)
MONTHS_AHEAD = 3
# Whoever judges waits behind us for so long at most; an answer has half a second.
_LOCK_TIMEOUT_MS = 100
_NO_LOCK = "55P03"
# A table and its partition of a month: whatever is partitioned like the verdicts goes with them.
_OF_MONTH = """
SELECT parent.relname, child.relname FROM pg_inherits
JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent
WHERE parent.relname LIKE 'guardrail\\_%%' AND child.relname = parent.relname || '_' || %s ORDER BY 1
"""
# The months of calls that no partition was made for, by their ids; a clock beyond these years stays where it is.
_ASTRAY = """
SELECT DISTINCT date_trunc('month', came AT TIME ZONE 'UTC')::date FROM (
    SELECT to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0) AS came
    FROM guardrail_verdict_default
) astray WHERE came >= '2000-01-01Z' AND came < '2200-01-01Z' ORDER BY 1
"""
_MONTHS = """
SELECT right(child.relname, 6) FROM pg_inherits
JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent
WHERE parent.relname = 'guardrail_verdict' AND child.relname ~ '^guardrail_verdict_[0-9]{6}$' ORDER BY 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Month:
    """A month (UTC) there are partitions of; `ends` is the first moment after it."""

    name: str
    begins: datetime
    ends: datetime


def make_ahead() -> None:
    """Create this month's partitions and the next three; existing ones stay. Safe to run twice.

    And those of months a wrong clock put calls into: their rows move out of the default partition, where no retention
    reaches them and which would keep the month from ever getting its own.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ASTRAY)
        astray = [month for (month,) in cursor.fetchall()]
        cursor.execute(
            "SELECT guardrail_make_partitions((current_date + (n || ' month')::interval)::date)"
            " FROM generate_series(0, %s) n",
            [MONTHS_AHEAD],
        )
        for month in astray:
            cursor.execute("SELECT guardrail_make_partitions(%s)", [month])
    if astray:
        log.warning("partitions.calls_astray", months=[f"{month:%Y-%m}" for month in astray])


def load_months() -> list[Month]:
    """Those there are partitions of, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS)
        return [_month(name) for (name,) in cursor.fetchall()]


def hold(month: Month, *, still: Sequence[str] = ()) -> None:
    """Until the end of the transaction nobody reads or writes verdicts, nor writes the tables in `still`.

    Needs a transaction that has read none of them, and ends within milliseconds: calls wait. From then on it waits for
    no lock any longer than callers can wait for it; `is_busy` tells the error of that.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT_MS}ms'")
        for table in still:
            cursor.execute(f'LOCK TABLE "{table}" IN SHARE MODE')
        for parent, _ in _tables(cursor, month):
            cursor.execute(f'LOCK TABLE "{parent}" IN ACCESS EXCLUSIVE MODE')


def is_busy(error: OperationalError) -> bool:
    """Whether somebody works with what was to be held: nothing was done, and a later try will do."""
    return getattr(error.__cause__, "sqlstate", "") == _NO_LOCK


def drop(month: Month) -> list[str]:
    """Drop its partitions of every table, and return their names. Needs a transaction that called `hold`."""
    with connection.cursor() as cursor:
        tables = [child for _, child in _tables(cursor, month)]
        for table in tables:
            cursor.execute(f'DROP TABLE "{table}"')
    return tables


def count(month: Month) -> int:
    """How many verdicts it has."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "guardrail_verdict_{month.name}"')  # noqa: S608 a name of ours
        return int(cursor.fetchall()[0][0])


def _tables(cursor: CursorWrapper, month: Month) -> list[tuple[str, str]]:
    cursor.execute(_OF_MONTH, [month.name])
    return [(parent, child) for parent, child in cursor.fetchall()]


def _month(name: str) -> Month:
    year, month = int(name[:4]), int(name[4:])
    after = (year + 1, 1) if month == 12 else (year, month + 1)
    return Month(name=name, begins=datetime(year, month, 1, tzinfo=UTC), ends=datetime(*after, 1, tzinfo=UTC))
