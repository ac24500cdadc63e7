"""Writes down stopped calls that were made all the same, on the day of the stop and at their investigation."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import connection

from guardrail.models import Verdict
from investigations.models import Activity, Investigation, InvestigationCall
from policies.services.sightings import record_executed
from policies.signal import Severity

log = structlog.get_logger(__name__)

SIGNAL = "stopped_call_executed"
# Each stopped call is written down once, however many later calls show its output; answers those that are new.
_INSERT = """
INSERT INTO guardrail_executedcall (id, seen_in, agent_id, seen_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[]) ORDER BY 1
ON CONFLICT (id) DO NOTHING RETURNING id, seen_in
"""


def note(rows: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """Take in what these verdicts say of earlier ones. Needs a transaction; safe to run twice.

    One statement, none where nothing is said, and three for the calls that are new.
    """
    seen: dict[uuid.UUID, Mapping[str, Any]] = {}
    for row in rows:
        for executed in _named_by(row):
            seen.setdefault(executed, row)
    if not seen:
        return
    with connection.cursor() as cursor:
        agents = [row["agent_id"] for row in seen.values()]
        cursor.execute(_INSERT, [list(seen), [row["id"] for row in seen.values()], agents, [now] * len(seen)])
        fresh = dict(cursor.fetchall())
    stopped = Verdict.objects.filter(pk__in=fresh).values_list("agent_id", "received_at")
    record_executed(list(stopped))
    _tell_investigations(fresh)


def _named_by(row: Mapping[str, Any]) -> list[uuid.UUID]:
    """The stopped calls whose output a verdict found; what is no id was not written by us."""
    found = []
    for signal in row["signals"]:
        try:
            if signal["name"] == SIGNAL:
                found += [uuid.UUID(value) for name, value in signal["facts"] if name == "call"]
        except (KeyError, TypeError, ValueError):
            log.error("disobedience.unreadable", verdict_id=str(row["id"]))
    return found


def _tell_investigations(fresh: Mapping[uuid.UUID, uuid.UUID]) -> None:
    """Raise the investigation of each stopped call, open or closed: harm may be done that it says was prevented."""
    places = InvestigationCall.objects.filter(verdict_id__in=fresh).values_list("verdict_id", "investigation_id")
    for verdict_id, investigation_id in places:
        Investigation.objects.filter(pk=investigation_id).update(
            outcome=Investigation.Outcome.EXECUTED, severity=int(Severity.CRITICAL)
        )
        Activity.objects.create(
            investigation_id=investigation_id, kind="executed_anyway", text=f"{verdict_id} {fresh[verdict_id]}"
        )
