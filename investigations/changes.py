"""Numbers the changes of investigations in the order in which they could be seen, for programs that read them."""

from django.db import connection, transaction

from guardrail.feed import take_numbers
from investigations.models import PendingChange

CASES = "investigations"
_MOST = 5_000
# What is left then is numbered by the next one.
_MOST_PASSES = 20
WAIT_MS = 2_000
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

    One query where nothing changed. Raises OperationalError where somebody holds the row for longer than WAIT_MS: those
    who read are answered by the threads that answer callers.
    """
    for _ in range(_MOST_PASSES):
        if not PendingChange.objects.exists():
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {WAIT_MS}")
            # first, so that what is deleted below is what can be seen by then
            first = take_numbers(CASES, _MOST)
            cursor.execute(_NUMBER, [_MOST, first])
