"""What the intake and people do about indicators: count the calls they were met in, list a destination as one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from investigations.models import Activity, Investigation
from policies.access import Permission
from policies.models import Indicator
from policies.services.indicator_sightings import Met, record_met
from policies.services.indicators import ANALYSTS_CONFIDENCE, ANALYSTS_DAYS, HandWritten, add_indicator

# Signals are wide, and few name an indicator: the database looks which.
_NAMING = """
SELECT id, signals FROM guardrail_verdict
WHERE id = ANY(%s) AND jsonb_path_exists(signals, '$[*].facts[*] ? (@[0] == "indicator")')
"""
_IN_VIEW = "indicator_in_view"
_MOST = 100


def note_met(rows: Sequence[Mapping[str, Any]]) -> None:
    """Count the indicators met in fresh verdicts; a repeated delivery counts for nothing. Needs a transaction."""
    telling = {row["id"]: row["received_at"] for row in rows if row["deciding_signal"] and row["duplicate_of"] is None}
    if not telling or not Indicator.objects.exists():
        return
    with connection.cursor() as cursor:
        cursor.execute(_NAMING, [list(telling)])
        found = cursor.fetchall()
    note_named([{"id": pk, "received_at": telling[pk], "signals": signals} for pk, signals in found])


def note_named(rows: Sequence[Mapping[str, Any]]) -> None:
    """Count the indicators that the rows' own signals name. Needs a transaction; safe to run twice."""
    record_met(
        [
            Met(kind=kind, value=value, verdict_id=row["id"], at=row["received_at"], reached=reached)
            for row in rows
            for kind, value, reached in _named(row["signals"])
        ]
    )


def _named(signals: Any) -> Iterator[tuple[str, str, bool]]:
    """(kind, value, whether the call reached it) of every indicator stored signals name."""
    loaded = json.loads(signals) if isinstance(signals, str) else signals
    for signal in loaded:
        for name, value in signal["facts"][:_MOST]:
            kind, colon, plain = str(value).partition(":")
            if name == "indicator" and colon:
                yield kind, plain, signal["name"] != _IN_VIEW


@transaction.atomic
def list_destination(investigation: Investigation, *, now: datetime, actor: AbstractBaseUser) -> Indicator:
    """Hold every agent's calls to this investigation's destination for 30 days. Raises IndicatorError.

    Triage, so whoever investigates may; a destination no feed may name is refused. Blocking it is policy.
    """
    added = add_indicator(
        HandWritten(
            value=investigation.destination,
            confidence=ANALYSTS_CONFIDENCE,
            days=ANALYSTS_DAYS,
            description=f"Destination of investigation {investigation.pk}",
        ),
        now=now,
        actor=actor,
        by=Permission.INVESTIGATE,
    )
    Activity.objects.create(
        investigation=investigation, actor_id=actor.pk, kind="indicator_added", text=f"{added.kind} {added.value}"
    )
    return added
