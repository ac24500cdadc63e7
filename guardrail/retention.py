"""Forgets what only verdicts needed that are gone: retention drops whole partitions of those."""

from datetime import timedelta

from guardrail.models import EntityDay, ExecutedCall, Verdict
from guardrail.search.days import PERSONAL
from guardrail.verdict_id import floor_id, moment_of_id
from policies.models import IndicatorSighting
from policies.services import states

# A journal may still hold verdicts of some days ago that are yet to be written.
_MARGIN = timedelta(days=7)


def forget_days() -> int:
    """Drop what calls came to by day for each person and thing, before the day of the oldest verdict; returns how many.

    What all calls came to stays, for reports over longer times.
    """
    oldest = Verdict.objects.order_by("id").values_list("pk", flat=True).first()
    if oldest is None:
        return 0
    kinds = [kind.value for kind in PERSONAL]
    gone, _ = EntityDay.objects.filter(kind__in=kinds, day__lt=moment_of_id(oldest).date()).delete()
    return gone


def forget_sightings() -> int:
    """Drop in which calls indicators were met, and which stopped ones were made, where the call itself is gone.

    Returns how many; the numbers of an indicator and of an agent's days stay. A verdict's id tells its time.
    """
    oldest = Verdict.objects.order_by("id").values_list("pk", flat=True).first()
    if oldest is None:
        return 0
    first = floor_id(moment_of_id(oldest) - _MARGIN)
    met, _ = IndicatorSighting.objects.filter(verdict_id__lt=first).delete()
    made, _ = ExecutedCall.objects.filter(pk__lt=first).delete()
    return met + made


def forget_states() -> int:
    """Drop the states of policy and lists nothing was judged by since the oldest verdict; returns how many."""
    oldest = Verdict.objects.order_by("id").values_list("pk", flat=True).first()
    return states.forget(before=moment_of_id(oldest) - _MARGIN) if oldest else 0
