"""Writes down stopped calls that were made all the same, on the day of the stop and at their investigation."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import connection

from guardrail.models import Verdict
from investigations.models import Activity, Investigation, InvestigationCall
from investigations.recurrence import wake
from investigations.response import Grown, Row
from policies.services.sightings import record_executed
from policies.signal import Severity

log = structlog.get_logger(__name__)

SIGNAL = "stopped_call_executed"
# What the rules of response look at.
_COLUMNS = (
    *("id", "received_at", "tenant_id", "orchestrator_id", "agent_id", "user_id", "conversation_id", "channel_id"),
    *("duplicate_of", "action", "would_have", "severity", "deciding_signal", "failed", "signals"),
)
# Each stopped call is written down once, however many later calls show its output; answers those that are new.
_INSERT = """
INSERT INTO guardrail_executedcall (id, seen_in, agent_id, seen_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[]) ORDER BY 1
ON CONFLICT (id) DO NOTHING RETURNING id, seen_in
"""


def load_places(rows: Sequence[Row]) -> set[int]:
    """The investigations of the stopped calls these verdicts found made; none = nothing asked."""
    return places_of({executed for row in rows for executed in _named_by(row)})


def places_of(ids: Collection[uuid.UUID]) -> set[int]:
    """The investigations these verdicts are part of."""
    if not ids:
        return set()
    return set(InvestigationCall.objects.filter(verdict_id__in=ids).values_list("investigation_id", flat=True))


def note(rows: Sequence[Row], *, now: datetime) -> list[Grown]:
    """Take in what these verdicts say of earlier ones. Safe to run twice; needs a transaction that holds `load_places`.

    Returns the investigations of those with the calls that were made all the same, for the rules of response. One
    statement, none where nothing is said, and four for the calls that are new.
    """
    seen: dict[uuid.UUID, Mapping[str, Any]] = {}
    for row in rows:
        for executed in _named_by(row):
            seen.setdefault(executed, row)
    if not seen:
        return []
    with connection.cursor() as cursor:
        agents = [row["agent_id"] for row in seen.values()]
        cursor.execute(_INSERT, [list(seen), [row["id"] for row in seen.values()], agents, [now] * len(seen)])
        fresh = dict(cursor.fetchall())
    stopped = list(Verdict.objects.filter(pk__in=fresh).values(*_COLUMNS))
    record_executed([(row["agent_id"], row["received_at"]) for row in stopped])
    return [_raised(row, fresh[row["id"]], now=now) for row in _placed(stopped)]


def _placed(stopped: Sequence[Row]) -> list[dict[str, Any]]:
    """Those that are part of an investigation, with it."""
    ids = [row["id"] for row in stopped]
    places = InvestigationCall.objects.filter(verdict_id__in=ids).select_related("investigation")
    found = {place.verdict_id: place.investigation for place in places}
    return [{**row, "investigation": found[row["id"]]} for row in stopped if row["id"] in found]


def _named_by(row: Row) -> list[uuid.UUID]:
    """The stopped calls whose output a verdict found; what is no id was not written by us."""
    found = []
    for signal in row["signals"]:
        try:
            if signal["name"] == SIGNAL:
                found += [uuid.UUID(value) for name, value in signal["facts"] if name == "call"]
        except (KeyError, TypeError, ValueError):
            log.error("disobedience.unreadable", verdict_id=str(row["id"]))
    return found


def _raised(row: Mapping[str, Any], seen_in: uuid.UUID, *, now: datetime) -> Grown:
    """Raise its investigation, open or closed: harm may be done that it says was prevented."""
    investigation = row["investigation"]
    Investigation.objects.filter(pk=investigation.pk).update(
        outcome=Investigation.Outcome.EXECUTED, severity=int(Severity.CRITICAL)
    )
    shut = Investigation.objects.select_for_update(no_key=True).get(pk=investigation.pk)
    if shut.status == Investigation.Status.CLOSED and shut.merged_into_id is None:
        wake(shut, "a stopped call was made all the same", now=now)
    Activity.objects.create(investigation=investigation, kind="executed_anyway", text=f"{row['id']} {seen_in}")
    found = {"name": SIGNAL, "action": row["action"], "facts": [], "evidence": []}
    return Grown(investigation=investigation, rows=({**row, "signals": [*row["signals"], found]},))
