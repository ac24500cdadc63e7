"""Forgets what only verdicts needed that are gone: retention drops whole partitions of those."""

from datetime import timedelta

from guardrail.models import Verdict
from guardrail.verdict_id import moment_of_id
from policies.services import states

# A journal may still hold verdicts of some days ago that are yet to be written.
_MARGIN = timedelta(days=7)


def forget_states() -> int:
    """Drop the states of policy and lists nothing was judged by since the oldest verdict; returns how many."""
    oldest = Verdict.objects.order_by("id").values_list("pk", flat=True).first()
    return states.forget(before=moment_of_id(oldest) - _MARGIN) if oldest else 0
