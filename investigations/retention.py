"""Drops calls that are older than they are to be kept, by whole months, unless somebody still works on one of them.

Off unless a setting says for how many months: what was judged is evidence, and deleting it is a decision. INVARIANT: a
month with a call of an open investigation stays whole, and so does one with calls that nobody has taken in.
"""

from datetime import datetime

import structlog
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import QuerySet

from guardrail import partitions
from guardrail.models import PendingIntake, PendingSearch, PendingValidation
from guardrail.partitions import Month
from guardrail.verdict_id import floor_id
from investigations.models import Investigation, InvestigationCall
from policies import audit

log = structlog.get_logger(__name__)

_MOST_TOLD = 20


def drop_old_months(now: datetime) -> int:
    """Drop the months that are over for longer than calls are kept; returns how many. Safe to run twice."""
    if not settings.KEEP_MONTHS:
        return 0
    dropped = 0
    for month in partitions.load_months():
        if month.ends <= _months_before(now, settings.KEEP_MONTHS):
            dropped += _drop(month)
    return dropped


def _drop(month: Month) -> bool:
    """One transaction. False where it stays."""
    if _is_needed(month):
        return False
    verdicts = partitions.count(month)
    try:
        with transaction.atomic():
            # somebody may have opened a case on one of them meanwhile, and nobody does until this is done
            partitions.hold(month, still=[Investigation._meta.db_table])
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
    open_ones = list(_open_ones(month)[:_MOST_TOLD])
    if open_ones:
        log.info("retention.kept", month=month.name, investigations=open_ones)
        return True
    bounds = (floor_id(month.begins), floor_id(month.ends))
    queues = (PendingIntake.objects, PendingValidation.objects, PendingSearch.objects)
    return any(queue.filter(pk__gte=bounds[0], pk__lt=bounds[1]).exists() for queue in queues)


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
