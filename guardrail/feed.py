"""Numbers what programs read by asking again and again, in the order in which it could be seen.

Neither ids nor times are that order: a verdict may be written hours after its call, from the journal, and whoever began
to write first may be done last. A number is taken from a row that is held until the end of the transaction. INVARIANT:
so whoever sees a number sees every smaller one that will ever be. See docs/decisions/0082-programs-read-in-order.md.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from guardrail.verdict_id import floor_id

VERDICTS = "verdicts"
# How far the clock of a machine that answers calls may be ahead of the database's.
_CLOCKS_APART = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_TAKE = """
INSERT INTO guardrail_feedhead AS head (name, number)
VALUES (%(name)s, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + %(count)s)
ON CONFLICT (name) DO UPDATE SET number =
    greatest(head.number, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) + %(count)s
RETURNING number
"""
# as one text: making an array of them costs the intake five times as much (2026-11)
_APPEND = f"""
WITH taken AS ({_TAKE})
INSERT INTO guardrail_feedentry (id, number)
SELECT id, taken.number - %(count)s + place
FROM taken, unnest(string_to_array(%(ids)s, ',')::uuid[]) WITH ORDINALITY AS fresh (id, place)
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608 a constant above
# Only those that have a place: what waits to be taken in gets one then.
_SHOW_AGAIN = f"""
WITH taken AS ({_TAKE}), again AS (
    SELECT id, place FROM unnest(string_to_array(%(ids)s, ',')::uuid[]) WITH ORDINALITY AS again (id, place)
)
UPDATE guardrail_feedentry entry SET number = taken.number - %(count)s + again.place
FROM taken, again WHERE entry.id = again.id
"""  # noqa: S608 a constant above
_MISSED = """
SELECT id FROM guardrail_verdict verdict WHERE id >= %s
AND NOT EXISTS (SELECT FROM guardrail_feedentry entry WHERE entry.id = verdict.id)
AND NOT EXISTS (SELECT FROM guardrail_pendingintake pending WHERE pending.id = verdict.id)
ORDER BY id LIMIT 10000
"""
_LOOK_BACK = timedelta(days=3)


def take_numbers(name: str, count: int) -> int:
    """The number before the first of `count` that nobody else gets. Needs a transaction, and is its last wait.

    A number is the microsecond (since 1970, by the database's clock) it was taken in, or the next one: numbers tell
    the time, and stay in order where a clock is set back or another server goes on with the data.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"name": name, "count": count})
        return int(cursor.fetchone()[0]) - count


def append_verdicts(ids: Sequence[uuid.UUID]) -> None:
    """Let programs read these verdicts. Needs a transaction, as its last step; safe to run twice."""
    if not ids:
        return
    words = ",".join(pk.hex for pk in ids)
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, {"name": VERDICTS, "count": len(ids), "ids": words})


def show_again(ids: Sequence[uuid.UUID]) -> None:
    """Put verdicts that were kept from programs at the end, for those that passed them: the last step of a change."""
    if not ids:
        return
    words = ",".join(pk.hex for pk in ids)
    with connection.cursor() as cursor:
        cursor.execute(_SHOW_AGAIN, {"name": VERDICTS, "count": len(ids), "ids": words})


def append_missed(now: datetime) -> int:
    """Append what a release without numbers took in while an upgrade was under way; returns how many.

    Safe to run twice and beside the intake. Looks at the calls of three days: a second a million.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_MISSED, [floor_id(now - _LOOK_BACK)])
            missed = [row[0] for row in cursor.fetchall()]
        append_verdicts(missed)
    return len(missed)


def number_at(moment: datetime) -> int:
    """A number that is smaller than that of everything that was written from `moment` on."""
    return max(0, (moment - _BEGINNING) // _MICROSECOND - 1)


def number_of_calls_from(moment: datetime) -> int:
    """A number that is smaller than that of every call that came from `moment` on, whoever's clock says so."""
    # not in years no clock shows
    return number_at(moment - _CLOCKS_APART) if moment.year > 1 else 0


def moment_of(number: int) -> datetime:
    """When a number was taken."""
    return _BEGINNING + number * _MICROSECOND
