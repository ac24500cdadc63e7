"""Monthly partitions of verdicts and transcripts, made ahead so that no insert ever waits for one."""

from django.db import connection

MONTHS_AHEAD = 3


def make_ahead() -> None:
    """Create this month's partitions and the next three; existing ones stay. Safe to run twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT guardrail_make_partitions((current_date + (n || ' month')::interval)::date)"
            " FROM generate_series(0, %s) n",
            [MONTHS_AHEAD],
        )
