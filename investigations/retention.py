"""Drops calls that are older than they are to be kept, by whole months, unless somebody still works on one of them.

Off unless a setting says for how many months: what was judged is evidence, and deleting it is a decision. INVARIANT: a
month with a call of an open investigation stays whole, and so does one with calls that nobody has taken in.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import QuerySet

from guardrail import partitions
from guardrail.erasing import drop_calls, erase_texts, of_environment
from guardrail.models import PendingIntake, PendingSearch, PendingValidation, Verdict
from guardrail.partitions import Month
from guardrail.verdict_id import floor_id
from investigations.holds import held_among, keep_still, standing
from investigations.models import Investigation, InvestigationCall, LegalHold
from policies import audit
from policies.models import Environment

log = structlog.get_logger(__name__)

_MOST_TOLD = 20
# Calls of one transaction, and of one run for an environment.
_BATCH, _MOST_BATCHES = 100, 50


def drop_old_months(now: datetime) -> int:
    """Drop the months that are over for longer than calls are kept; returns how many. Safe to run twice."""
    if not settings.KEEP_MONTHS:
        return 0
    dropped = 0
    for month in partitions.load_months():
        if month.ends <= _months_before(now, settings.KEEP_MONTHS):
            dropped += _drop(month)
    return dropped


def erase_expired(now: datetime) -> int:
    """Erase transcripts, and drop calls, whose time in their environment is over; returns how many. Safe to run twice.

    Not those of an open investigation, under a legal hold, or that nobody has taken in; these are looked at again.
    """
    done = 0
    for environment in Environment.objects.exclude(keep_transcript_days=None, keep_call_days=None):
        for days, drops in ((environment.keep_call_days, True), (environment.keep_transcript_days, False)):
            if days:
                done += _end_of(environment, now - timedelta(days=days), drops=drops)
    return done


def _end_of(environment: Environment, before: datetime, *, drops: bool) -> int:
    """Up to `_MOST_BATCHES` batches, each a transaction with its line."""
    after, done = None, 0
    for _ in range(_MOST_BATCHES):
        rows = of_environment(environment.environment_id, before=before, with_transcripts=not drops)
        ids = list((rows.filter(pk__gt=after) if after else rows)[:_BATCH])
        if not ids:
            break
        after = ids[-1]
        with transaction.atomic():
            keep_still()
            kept = held_among(ids) | _worked_on(ids)
            free = [pk for pk in ids if pk not in kept]
            if free:
                count = drop_calls(free) if drops else erase_texts(free)
                action = "retention.calls_dropped" if drops else "retention.transcripts_erased"
                audit.record(actor=None, action=action, environment=environment.environment_id, calls=len(free))
                log.info(action, environment=environment.environment_id, calls=count)
                done += len(free)
    return done


def _worked_on(ids: Sequence[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Those of open investigations, and those that wait to be taken in."""
    open_ones = InvestigationCall.objects.filter(verdict_id__in=ids).exclude(
        investigation__status=Investigation.Status.CLOSED
    )
    waiting = PendingIntake.objects.filter(pk__in=ids)
    return frozenset(open_ones.values_list("verdict_id", flat=True)) | frozenset(waiting.values_list("pk", flat=True))


def _drop(month: Month) -> bool:
    """One transaction. False where it stays."""
    if _is_needed(month):
        return False
    verdicts = partitions.count(month)
    try:
        with transaction.atomic():
            # somebody may have opened a case on one of them meanwhile, and nobody does until this is done
            partitions.hold(month, still=[Investigation._meta.db_table, LegalHold._meta.db_table])
            if _is_needed(month):
                return False
            tables = partitions.drop(month)
            audit.record(actor=None, action="retention.dropped", month=month.name, verdicts=verdicts, tables=tables)
    except OperationalError as error:
        if not partitions.is_busy(error):
            raise
        log.info("retention.busy", month=month.name)
        return False
    log.info("retention.dropped", month=month.name, verdicts=verdicts)
    return True


def _is_needed(month: Month) -> bool:
    if _is_held(month):
        log.info("retention.held", month=month.name)
        return True
    open_ones = list(_open_ones(month)[:_MOST_TOLD])
    if open_ones:
        log.info("retention.kept", month=month.name, investigations=open_ones)
        return True
    bounds = (floor_id(month.begins), floor_id(month.ends))
    queues = (PendingIntake.objects, PendingValidation.objects, PendingSearch.objects)
    return any(queue.filter(pk__gte=bounds[0], pk__lt=bounds[1]).exists() for queue in queues)


def _is_held(month: Month) -> bool:
    """Whether a call of that month is under a legal hold."""
    first, last = floor_id(month.begins), floor_id(month.ends)
    keys: dict[str, list[str]] = {"call": [], "case": [], "user": []}
    for kind, key in standing().values_list("kind", "key"):
        keys[kind].append(key)
    if any(first <= uuid.UUID(key) < last for key in keys["call"]):
        return True
    calls = InvestigationCall.objects.filter(verdict_id__gte=first, verdict_id__lt=last)
    if keys["case"] and calls.filter(investigation_id__in=[int(key) for key in keys["case"]]).exists():
        return True
    of_month = Verdict.objects.filter(pk__gte=first, pk__lt=last)
    return bool(keys["user"]) and of_month.filter(user_id__in=keys["user"]).exists()


def _open_ones(month: Month) -> QuerySet[InvestigationCall, int]:
    """The numbers of open investigations with a call of that month."""
    calls = InvestigationCall.objects.filter(
        verdict_id__gte=floor_id(month.begins), verdict_id__lt=floor_id(month.ends)
    )
    still_open = calls.exclude(investigation__status=Investigation.Status.CLOSED)
    return still_open.order_by("investigation_id").values_list("investigation_id", flat=True).distinct()


def _months_before(now: datetime, months: int) -> datetime:
    place = now.year * 12 + now.month - 1 - months
    return now.replace(year=place // 12, month=place % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
