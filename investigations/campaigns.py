"""What people decide on a campaign: one word for all its investigations, told to memory for every agent at once."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from investigations import joining, recollection, services
from investigations.models import Campaign, Investigation
from investigations.services import InvestigationError, NotRemembered
from policies import audit
from policies.access import Permission, require
from policies.services import restrictions

_WORDS = {
    Campaign.Status.CONFIRMED: Investigation.Disposition.TRUE_POSITIVE,
    Campaign.Status.DISMISSED: Investigation.Disposition.FALSE_POSITIVE,
}


def confirm(campaign: Campaign, *, reason: str, now: datetime, actor: User) -> int:
    """It was an attack: every agent is protected from its texts and destinations from the next call on.

    Closes what is open of it as true positive, and what was closed by the opposite decision; returns how many. Safe to
    run twice. Raises NotRemembered, with everything closed, when memory is away: then it must be told again.
    """
    return _decide(campaign, status=Campaign.Status.CONFIRMED, reason=reason, now=now, actor=actor)


def dismiss(campaign: Campaign, *, reason: str, now: datetime, actor: User) -> int:
    """It was none: its texts and destinations count no more. As `confirm` otherwise."""
    return _decide(campaign, status=Campaign.Status.DISMISSED, reason=reason, now=now, actor=actor)


def _decide(campaign: Campaign, *, status: Campaign.Status, reason: str, now: datetime, actor: User) -> int:
    disposition = _WORDS[status]
    with transaction.atomic():
        require(actor, Permission.INVESTIGATE)
        members = _locked_members(campaign)
        before = _locked(campaign)
        changed = [row for row in members if _say(row, campaign, before, disposition, reason, now=now, actor=actor)]
        campaign.status, campaign.reason = status, reason.strip()
        campaign.decided_by, campaign.decided_at = actor, now
        campaign.save(update_fields=("status", "reason", "decided_by", "decided_at"))
        audit.record(
            actor=actor,
            action=f"campaign.{status.value}",
            campaign=campaign.pk,
            investigations=[row.pk for row in changed],
            reason=campaign.reason,
        )
    # memory takes the word for what colleagues closed the same way, too: closing again must mend a lost telling
    told = [recollection.settle(row, disposition=disposition) for row in members if row.disposition == disposition]
    if not all(told):
        raise NotRemembered(
            "decided; the memory of calls (Redis) does not answer, so the agents do not know it yet: decide again when "
            "it is back"
        )
    return len(changed)


def _locked_members(campaign: Campaign) -> list[Investigation]:
    """In the order of `investigations.joining`: investigations first."""
    rows = Investigation.objects.filter(membership__campaign=campaign).select_for_update(of=("self",), no_key=True)
    return list(rows.order_by("pk"))


def _locked(campaign: Campaign) -> str:
    """The status before; nobody else writes the organisation's campaigns or restrictions until the end."""
    joining.lock(campaign.organisation)
    restrictions.serialise()
    campaign.refresh_from_db()
    if campaign.status == Campaign.Status.MERGED:
        raise InvestigationError(f"campaign {campaign.pk} is part of campaign {campaign.merged_into_id} by now")
    return campaign.status


def _say(
    row: Investigation,
    campaign: Campaign,
    before: str,
    disposition: Investigation.Disposition,
    reason: str,
    *,
    now: datetime,
    actor: User,
) -> bool:
    """Close one investigation so, unless a colleague said by itself what it was."""
    text = f"Campaign {campaign.pk}: {reason.strip()}" if reason.strip() else ""
    if row.status == Investigation.Status.CLOSED:
        opposite = _WORDS.get(Campaign.Status(before))
        if opposite is None or row.disposition != opposite or row.disposition == disposition:
            return False
        try:
            services.write_reopened(row, reason=text, actor=actor)
        except InvestigationError:
            return False  # the same cause is open as another one of this campaign
    services.write_closed(row, disposition=disposition, reason=text, now=now, actor=actor)
    return True
