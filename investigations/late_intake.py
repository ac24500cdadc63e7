"""Takes in what was found after the answer: such a call becomes part of an investigation like one that was stopped.

The queue is the row of the deferred call itself: taken with SKIP LOCKED, deleted in the transaction that does the work.
"""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime

import structlog
from django.db import transaction

from guardrail.models import LateFinding, PendingValidation, Verdict
from investigations.edits import join_edits
from investigations.indicators import note_named
from investigations.intake import (
    BATCH,
    MOST_BATCHES,
    REFUSED,
    Row,
    load_made_up,
    made_by_others,
    place,
    respond_to,
    set_aside,
)
from investigations.models import Activity, InvestigationCall

log = structlog.get_logger(__name__)

_OF_VERDICT = (
    *("id", "received_at", "tenant_id", "environment_id", "agent_id", "agent_name", "user_id", "conversation_id"),
    *("client_ip", "tool_id", "tool_name", "tool_kind", "destination", "duplicate_of", "action", "mode", "documents"),
    *("orchestrator_id", "channel_id", "traces"),
)
_STOPPED = ("hold", "block")
_OF_FINDING = ("would_have", "severity", "deciding_signal", "failed", "degraded", "signals")


def take_in_all_late(now: datetime) -> int:
    """Take in batch after batch until one is not full, at most MOST_BATCHES; returns how many. Safe to run twice."""
    total = 0
    for _ in range(MOST_BATCHES):
        taken = take_in_late(now)
        total += taken
        if taken < BATCH:
            break
    return total


def take_in_late(now: datetime) -> int:
    """Take in one batch of late findings and return how many. One transaction; by several at once too.

    What the database refuses is taken in one by one, and what is refused again is set aside as an investigation.
    """
    try:
        with transaction.atomic():
            ids = _lock_found()
            _take(ids, now=now)
            PendingValidation.objects.filter(pk__in=ids).delete()
    except REFUSED as error:
        log.warning("late_intake.batch_refused", error=type(error).__name__)
        return _take_one_by_one(now)
    return len(ids)


def _take_one_by_one(now: datetime) -> int:
    """Each in a transaction of its own, as `investigations.intake` does."""
    ids = list(PendingValidation.objects.filter(found=True).order_by("pk").values_list("pk", flat=True)[:BATCH])
    return sum(_take_alone(verdict_id, now=now) for verdict_id in ids)


@transaction.atomic
def _take_alone(verdict_id: uuid.UUID, *, now: datetime) -> bool:
    """False where another intake was faster."""
    ids = _lock_found(of=[verdict_id])
    if not ids:
        return False
    try:
        with transaction.atomic():
            _take(ids, now=now)
    except REFUSED as error:
        log.error("late_intake.set_aside", verdict_id=str(verdict_id), error=type(error).__name__)
        set_aside(list(_load_rows(ids)), now=now)
    PendingValidation.objects.filter(pk__in=ids).delete()
    return True


def _lock_found(*, of: Sequence[uuid.UUID] | None = None) -> list[uuid.UUID]:
    found = PendingValidation.objects.select_for_update(skip_locked=True).filter(found=True).order_by("pk")
    if of is not None:
        found = found.filter(pk__in=of)
    return list(found.values_list("pk", flat=True)[:BATCH])


def _take(ids: Sequence[uuid.UUID], *, now: datetime) -> None:
    if not ids:
        return
    placed = set(InvestigationCall.objects.filter(verdict_id__in=ids).values_list("verdict_id", flat=True))
    fresh = [row for row in _load_rows(ids) if row["id"] not in placed]
    played = load_made_up()
    joined = join_edits(fresh, are_counted=True, made_up=played)
    grown = place(joined.rows, now=now)
    places = InvestigationCall.objects.filter(verdict_id__in=[row["id"] for row in fresh])
    passed = {row["id"] for row in fresh if row["late"]}
    joined.record()
    note_named([row for row in fresh if row["orchestrator_id"] != played])
    Activity.objects.bulk_create(
        Activity(investigation_id=investigation_id, kind="found_late", text=str(verdict_id))
        for investigation_id, verdict_id in places.values_list("investigation_id", "verdict_id")
        if verdict_id in passed
    )
    respond_to(made_by_others(grown, played), now=now)


def _load_rows(ids: Sequence[uuid.UUID]) -> Iterator[Row]:
    """The verdicts as if they had been judged in full at once, `late` to say that they were let through before.

    A call that was shed, and of which nothing was found, is what its verdict says: stopped unjudged.
    """
    findings = {row["id"]: row for row in LateFinding.objects.filter(pk__in=ids).values("id", *_OF_FINDING)}
    for row in Verdict.objects.filter(pk__in=ids).order_by("pk").values(*_OF_VERDICT, *_OF_FINDING):
        found = findings.get(row["id"], {})
        yield {**row, **found, "late": bool(found) and row["action"] not in _STOPPED}
