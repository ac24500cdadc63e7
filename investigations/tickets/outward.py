"""Brings one ticket in step: makes it, takes over what changed there, and tells it what changed here.

What is compared is how things are, so nothing is lost when a worker dies on the way, and a hundred changes are one
comment. What is not safe to run twice is written down before it is asked for, and looked up before it is asked again.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from investigations.models import Activity, Investigation, Ticket
from investigations.services import write_line
from investigations.siem.event import severity_word
from investigations.siem.sinks.sink import Rejected, TooLarge
from investigations.tickets import inward
from investigations.tickets.desk import Desk, Remote
from investigations.tickets.said import assignee_of, lines_of, may_leave, news_of, said_of
from investigations.tickets.statuses import read_outward

# A search may not know yet what was made this long ago.
SETTLING = timedelta(minutes=3)
_MOST_LINES = 500
_LOOK_AGAIN = timedelta(minutes=5)
_KEPT = "kept to few: nothing more of it is sent there"


def bring_in_step(ticket: Ticket, desk: Desk, *, now: datetime) -> bool:
    """Everything there is to do for one ticket, for whoever holds it; whether it is done. Raises what a desk raises."""
    case = _load(ticket)
    ticket.next_at = None
    if not may_leave(case, ticket.receiver.content):
        ticket.note, ticket.told_through = _KEPT, _newest(case)
        # one that is there is told of by the line that opens the case up
        ticket.next_at = None if ticket.remote_id else now + _LOOK_AGAIN
        return False
    if not ticket.remote_id and not _make(ticket, case, desk, now=now):
        return False
    remote = desk.read(ticket.remote_id)
    if remote is None:
        _gone(ticket)
        return True
    inward.take_over(ticket, remote, now=now)
    case = _load(ticket)
    notes = [_tell_status(ticket, case, remote, desk), _tell_fields(ticket, case, desk)]
    notes.append(_tell_news(ticket, case, desk))
    remote = desk.read(ticket.remote_id) or remote
    # what we wrote ourselves is no change of theirs, and what they wrote meanwhile is one
    inward.take_over(ticket, remote, now=now)
    ticket.remote_name, ticket.link = remote.name, desk.link_of(remote)
    ticket.note = "; ".join(filter(None, notes))[:500] or ("" if ticket.note == _KEPT else ticket.note)
    return True


def _load(ticket: Ticket) -> Investigation:
    return Investigation.objects.select_related("assignee").get(pk=ticket.investigation_id)


def _newest(case: Investigation) -> int:
    return Activity.objects.filter(investigation=case).aggregate(newest=Max("pk"))["newest"] or 0


def _make(ticket: Ticket, case: Investigation, desk: Desk, *, now: datetime) -> bool:
    """Find the ticket by our key or make it; False while it is too early to know which."""
    if ticket.making_at and now < ticket.making_at + SETTLING:
        ticket.next_at = ticket.making_at + SETTLING
        return False
    key, through, note = ticket.key.hex, _newest(case), ""
    found = desk.find(key)
    if found is not None:
        remote_id, name = found.id, found.name
    else:
        ticket.making_at = timezone.now()
        ticket.save(update_fields=("making_at",))
        try:
            made = desk.create(said_of(case, content=ticket.receiver.content), key=key)
        except Rejected:
            ticket.making_at = None
            raise
        remote_id, name, note = made.id, made.name, made.note
    with transaction.atomic():
        ticket.remote_id, ticket.remote_name, ticket.state = remote_id, name, Ticket.State.THERE
        ticket.making_at, ticket.told_through, ticket.note, ticket.error = None, through, note, ""
        ticket.ours = _ours(case, status=None)
        ticket.save(
            update_fields=("remote_id", "remote_name", "state", "making_at", "told_through", "note", "error", "ours")
        )
        text = f"{name} in {ticket.receiver}"
        write_line(case, "ticket_opened", actor=None, text=text, audited={"ticket": ticket.pk, "name": name})
    return True


def _ours(case: Investigation, *, status: str | None) -> dict[str, str | None]:
    """What a ticket is told of it, beside its history."""
    return {"status": status, "severity": severity_word(case.severity), "assignee": assignee_of(case)}


@transaction.atomic
def _gone(ticket: Ticket) -> None:
    ticket.state = Ticket.State.GONE
    ticket.error = "it is not there any more, or not for our eyes"
    text = f"{ticket.remote_name} in {ticket.receiver}"
    write_line(ticket.investigation, "ticket_gone", actor=None, text=text, audited={"ticket": ticket.pk})


def _tell_status(ticket: Ticket, case: Investigation, remote: Remote, desk: Desk) -> str:
    """Set theirs to what ours means there, if ours changed; returns what was not taken."""
    if ticket.ours.get("status") == case.status:
        return ""
    wanted, note = read_outward(str(ticket.receiver.settings.get("outward", ""))).get(case.status, ""), ""
    if wanted and wanted.lower() != remote.status.lower():
        reason = f"Guardrail {case.pk}: {case.get_disposition_display() or case.get_status_display()}"
        # so that it is known for ours, should no answer come
        ticket.ours = {**ticket.ours, "setting": wanted}
        ticket.save(update_fields=("ours",))
        note = desk.set_status(ticket.remote_id, wanted, reason=reason)
    ticket.ours = {**ticket.ours, "status": case.status}
    ticket.save(update_fields=("ours",))
    return note


def _tell_fields(ticket: Ticket, case: Investigation, desk: Desk) -> str:
    wanted = {**ticket.ours, **_ours(case, status=case.status)}
    if all(ticket.ours.get(name) == wanted[name] for name in ("severity", "assignee")):
        return ""
    note = desk.set_fields(ticket.remote_id, severity=str(wanted["severity"]), assignee=str(wanted["assignee"] or ""))
    ticket.ours = wanted
    ticket.save(update_fields=("ours",))
    return note


def _tell_news(ticket: Ticket, case: Investigation, desk: Desk) -> str:
    """One comment for every line it was not told of."""
    if ticket.telling and desk.has_comment(ticket.remote_id, _mark(ticket, ticket.telling)):
        ticket.told_through = ticket.telling
    rows = Activity.objects.filter(investigation=case, pk__gt=ticket.told_through).select_related("actor")
    lines = list(rows.order_by("pk")[:_MOST_LINES])
    news, note = news_of(lines), ""
    through = lines[-1].pk if lines else ticket.told_through
    if news:
        ticket.telling = through
        ticket.save(update_fields=("telling", "told_through"))
        mark = _mark(ticket, through)
        try:
            desk.comment(ticket.remote_id, lines_of(case, news, content=ticket.receiver.content, mark=mark))
        except (Rejected, TooLarge) as error:
            note = str(error) or "it does not take a comment of this size"
    ticket.told_through, ticket.telling = through, 0
    ticket.save(update_fields=("telling", "told_through"))
    return note


def _mark(ticket: Ticket, line: int) -> str:
    """What a comment is known by there."""
    return f"{ticket.key.hex[:12]}-{line}"
