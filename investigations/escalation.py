"""Raises the severity of investigations whose campaign grew or was confirmed, with a line that says why.

The row is the queue: a member says for how much it was raised already. Apart from the intake, which may lock no
investigation while it holds an organisation's campaigns.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from investigations.models import Activity, Campaign, CampaignMember, Investigation
from investigations.placing import word
from policies.signal import Severity

# Agents one attack reached, from which it is graver at each of them.
MANY_AGENTS = 3
_MANY, _CONFIRMED = 1, 2
_BATCH = 200


def raise_due(now: datetime) -> int:
    """Raise what is due, at most a batch, and return how many. One transaction; safe to run twice and by several."""
    confirmed = Q(campaign__status=Campaign.Status.CONFIRMED, raised__lt=_CONFIRMED)
    spread = Q(campaign__agents__gte=MANY_AGENTS, campaign__status=Campaign.Status.OPEN, raised__lt=_MANY)
    still_open = ~Q(investigation__status=Investigation.Status.CLOSED)
    with transaction.atomic():
        due = CampaignMember.objects.filter(still_open, confirmed | spread).select_related("campaign")
        members = {member.pk: member for member in due.order_by("pk")[:_BATCH]}
        rows = (
            Investigation.objects.filter(pk__in=members).select_for_update(skip_locked=True, no_key=True).order_by("pk")
        )
        activities = []
        for row in rows:
            member = members[row.pk]
            activities += _raise(row, member.campaign)
            member.raised = _CONFIRMED if member.campaign.status == Campaign.Status.CONFIRMED else _MANY
            member.save(update_fields=("raised",))
        Activity.objects.bulk_create(activities)
    return len(members)


def _raise(row: Investigation, campaign: Campaign) -> list[Activity]:
    if campaign.status == Campaign.Status.CONFIRMED:
        wanted, why = int(Severity.CRITICAL), f"campaign {campaign.pk} was confirmed as an attack"
    else:
        wanted = min(row.severity + 1, int(Severity.CRITICAL))
        why = f"campaign {campaign.pk} reached {campaign.agents} agents"
    if wanted <= row.severity:
        return []
    text = f"from {word(row.severity)} to {word(wanted)}: {why}"
    row.severity = wanted
    row.save(update_fields=("severity",))
    return [Activity(investigation=row, kind="severity_raised", text=text)]
