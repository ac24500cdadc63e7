"""Counts what exceptions let pass, from the verdicts that are taken in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from policies.exceptions import EXCEPTION
from policies.models import PolicyException

# Signals are wide: only the numbers of exceptions leave the database, and only of calls that passed with a finding.
_FIND = """
SELECT DISTINCT verdict.id, fact.value->>1
FROM guardrail_verdict verdict
CROSS JOIN LATERAL jsonb_array_elements(verdict.signals) AS signal
CROSS JOIN LATERAL jsonb_array_elements(signal.value->'facts') AS fact
WHERE verdict.id = ANY(%s) AND fact.value->>0 = 'lifted_by' AND starts_with(fact.value->>1, %s)
"""


def count_passed(rows: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """How many of these calls each exception let pass; repeated deliveries count once. A query, or two."""
    passed = [
        row["id"]
        for row in rows
        if row["deciding_signal"] and row["would_have"] in ("allow", "notice") and row["duplicate_of"] is None
    ]
    if not passed or not PolicyException.objects.exists():
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [passed, EXCEPTION])
        found = [said.removeprefix(EXCEPTION) for _, said in cursor.fetchall()]
    return dict(Counter(int(number) for number in found if number.isdecimal() and len(number) < 18))
