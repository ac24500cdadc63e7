"""Counts the calls an indicator was met in, for the pages. Written by the intake, in its transaction."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

# The order an import writes in, so that the two wait for each other and do not deadlock.
_LOCK = """
SELECT indicator.id, indicator.kind, indicator.value FROM policies_indicator indicator
JOIN (SELECT DISTINCT kind, value FROM unnest(%s::text[], %s::text[]) AS named (kind, value)) met
    ON met.value = indicator.value AND met.kind = indicator.kind
ORDER BY indicator.kind COLLATE "C", indicator.value COLLATE "C", indicator.source_id
FOR UPDATE OF indicator
"""
_COUNT = """
WITH fresh AS (
    INSERT INTO policies_indicatorsighting (indicator_id, verdict_id, reached, at)
    SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::boolean[], %s::timestamptz[])
    ON CONFLICT (indicator_id, verdict_id) DO NOTHING
    RETURNING indicator_id, at
)
UPDATE policies_indicator SET sightings = sightings + met.times,
    last_sighted_at = GREATEST(last_sighted_at, met.last)
FROM (SELECT indicator_id, count(*) AS times, max(at) AS last FROM fresh GROUP BY indicator_id) met
WHERE policies_indicator.id = met.indicator_id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """An indicator met in a call. `reached` = the call would have reached it; else a text in view names it."""

    kind: str
    value: str
    verdict_id: uuid.UUID
    at: datetime
    reached: bool


def record_met(met: Sequence[Met]) -> None:
    """Count each call once at each indicator of that kind and value, whatever its source. Needs a transaction."""
    if not met:
        return
    # a call that reaches what it also read of has reached it
    once = {(one.kind, one.value, one.verdict_id): one for one in sorted(met, key=lambda one: one.reached)}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [[one.kind for one in once.values()], [one.value for one in once.values()]])
        ids: dict[tuple[str, str], list[int]] = {}
        for pk, kind, value in cursor.fetchall():
            ids.setdefault((kind, value), []).append(pk)
        rows = [(pk, one) for one in once.values() for pk in ids.get((one.kind, one.value), ())]
        if rows:
            cursor.execute(
                _COUNT,
                [
                    [pk for pk, _ in rows],
                    [one.verdict_id for _, one in rows],
                    [one.reached for _, one in rows],
                    [one.at for _, one in rows],
                ],
            )
