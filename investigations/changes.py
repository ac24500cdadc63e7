"""Numbers the changes of investigations in the order in which they could be seen, for programs that read them."""

from django.db import connection, transaction

from guardrail.feed import take_numbers
from investigations.models import PendingChange

CASES = "investigations"
_MOST = 5_000
_NUMBER = """
WITH gone AS (
    DELETE FROM investigations_pendingchange
    WHERE id IN (SELECT id FROM investigations_pendingchange ORDER BY id LIMIT %s)
    RETURNING id, investigation_id
), fresh AS (
    SELECT investigation_id, row_number() OVER (ORDER BY max(id)) AS place FROM gone GROUP BY investigation_id
)
INSERT INTO investigations_lastchange (investigation_id, number)
SELECT investigation_id, %s + place FROM fresh
ON CONFLICT (investigation_id) DO UPDATE SET number = EXCLUDED.number
"""


def number_changes() -> None:
    """Give every change that can be seen its number; one has the row of the feed, others wait. Safe to run twice.

    One query where nothing changed.
    """
    while PendingChange.objects.exists():
        with transaction.atomic():
            # first, so that what is deleted below is what can be seen by then
            first = take_numbers(CASES, _MOST)
            with connection.cursor() as cursor:
                cursor.execute(_NUMBER, [_MOST, first])
