"""Takes over what people did with a ticket in its own system: closing and opening again, if the mapping says so.

Done in the name of the account of the tickets, by the services people use, so it may no more than an analyst. What we
wrote there ourselves is no change, and neither is an answer older than what we know.
"""

from datetime import datetime

import structlog
from django.core.exceptions import PermissionDenied
from django.db import transaction

from investigations.models import Investigation, Ticket
from investigations.services import InvestigationError, NotRemembered, close, reopen, write_line
from investigations.siem.sinks.sink import printable
from investigations.tickets.account import load_account
from investigations.tickets.desk import Remote
from investigations.tickets.statuses import Meaning, means, read_inward
from investigations.visibility import may_see

log = structlog.get_logger(__name__)
_CLOSED = Investigation.Status.CLOSED


def take_over(ticket: Ticket, remote: Remote, *, now: datetime) -> None:
    """Take over the status of `remote` if it changed there. For whoever holds the ticket; safe to run twice.

    Where the investigation changed as well, ours stays and is sent, and the history says so.
    """
    if ticket.remote_at and remote.at < ticket.remote_at:
        return
    was, ticket.remote_status, ticket.remote_at = ticket.remote_status, remote.status, remote.at
    is_ours = str(ticket.ours.get("setting", "")).lower() == remote.status.lower()
    ticket.ours = {name: value for name, value in ticket.ours.items() if name != "setting"}
    if not was or was == remote.status or is_ours:
        ticket.save(update_fields=("remote_status", "remote_at", "ours"))
        return
    case = Investigation.objects.select_related("assignee").get(pk=ticket.investigation_id)
    meaning = means(read_inward(str(ticket.receiver.settings.get("inward", ""))), remote.status)
    by = f" by {printable(remote.by, 60)}" if remote.by else ""
    text = f"{ticket.remote_name} in {ticket.receiver}: {printable(was, 60)} became {printable(remote.status, 60)}{by}"
    kind, why = "ticket_status", ""
    if _would_change(case, meaning):
        if ticket.ours.get("status") not in (None, case.status):
            kind, why = "ticket_conflict", f"here it is {case.get_status_display().lower()} meanwhile, which is sent"
        elif meaning is not None:
            why = _apply(case, meaning, reason=text, now=now)
            kind = "ticket_kept" if why else kind
    with transaction.atomic():
        case.refresh_from_db()
        if kind != "ticket_conflict":
            ticket.ours = {**ticket.ours, "status": case.status}
        ticket.save(update_fields=("remote_status", "remote_at", "ours"))
        said = f"{text}; {why}" if why else text
        write_line(case, kind, actor=None, text=said, audited={"ticket": ticket.pk, "status": remote.status})


def _would_change(case: Investigation, meaning: Meaning | None) -> bool:
    return meaning is not None and meaning.closed != (case.status == _CLOSED)


def _apply(case: Investigation, meaning: Meaning, *, reason: str, now: datetime) -> str:
    """Close it or open it again; returns why that was not done."""
    account = load_account()
    if not may_see(case, account):
        return "not taken over: the case is kept to few"
    try:
        if meaning.closed:
            close(case, disposition=meaning.disposition, reason=reason, now=now, actor=account)
        else:
            reopen(case, reason=reason, actor=account)
    except PermissionDenied:
        return "not taken over: the account of the tickets may not work on investigations"
    except NotRemembered as error:
        log.warning("ticket.not_remembered", investigation=case.pk, error=str(error))
    except InvestigationError as error:
        return f"not taken over: {error}"
    return ""
