"""Which investigation gets a ticket where: those a person asks for, and those a receiver's rule names."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, Q, QuerySet

from investigations.models import Investigation, Receiver, Ticket
from investigations.services import InvestigationError, write_line
from investigations.siem.content import METADATA
from investigations.tickets.rule_settings import BY_RULE, most_a_day
from investigations.tickets.said import may_leave
from investigations.tickets.systems import SYSTEMS
from investigations.visibility import visible_to
from policies.access import Permission, require

# What was opened longer ago gets no ticket by rule: switching a rule on must not send the past.
_OLDEST = timedelta(days=7)
_DAY = timedelta(days=1)
_BATCH = 20
_CLOSED = Investigation.Status.CLOSED


@transaction.atomic
def want(case: Investigation, receiver: Receiver, *, now: datetime, actor: User) -> Ticket:
    """Have a ticket of it opened there. Raises InvestigationError when there is one, or nothing of it may leave."""
    require(actor, Permission.INVESTIGATE)
    case.refresh_from_db()
    if receiver.kind not in SYSTEMS:
        raise InvestigationError(f"`{receiver}` is no ticket system")
    if case.merged_into_id:
        raise InvestigationError(f"investigation {case.pk} is part of {case.merged_into_id}, expected that one")
    if not may_leave(case, receiver.content):
        raise InvestigationError(
            f"investigation {case.pk} is kept to few, expected a receiver that is sent metadata only"
        )
    ticket, made = Ticket.objects.get_or_create(
        investigation=case, receiver=receiver, defaults={"wanted_at": now, "wanted_by": actor, "next_at": now}
    )
    if not made:
        raise InvestigationError(f"investigation {case.pk} has a ticket in `{receiver}` already")
    write_line(case, "ticket_wanted", actor=actor, text=str(receiver), audited={"receiver": receiver.pk})
    return ticket


@transaction.atomic
def want_again(ticket: Ticket, *, now: datetime, actor: User) -> None:
    """Try once more what was refused, or open another where theirs is gone. Raises InvestigationError."""
    require(actor, Permission.INVESTIGATE)
    row = Ticket.objects.select_for_update(of=("self",)).select_related("receiver", "investigation").get(pk=ticket.pk)
    if row.state not in (Ticket.State.REFUSED, Ticket.State.GONE):
        raise InvestigationError(f"the ticket is `{row.get_state_display()}` by now")
    row.state = Ticket.State.WANTED
    row.remote_id = row.remote_name = row.remote_status = row.error = row.note = ""
    row.remote_at, row.ours, row.telling = None, {}, 0
    row.wanted_at, row.wanted_by, row.next_at, row.attempts = now, actor, now, 0
    row.save()
    write_line(
        row.investigation, "ticket_wanted", actor=actor, text=str(row.receiver), audited={"receiver": row.receiver_id}
    )


def want_by_rule(now: datetime) -> int:
    """Want tickets of what receivers' rules name; returns how many. Safe to run twice, and by several at once."""
    total = 0
    for receiver in Receiver.objects.filter(kind__in=SYSTEMS, paused=False, settings__opens=BY_RULE):
        room = min(_BATCH, load_room(receiver, now=now))
        if room:
            rows = _fitting(receiver, now=now).order_by("-severity", "pk")[:room]
            total += sum(_want_one(row, receiver, now=now) for row in rows)
    return total


def load_room(receiver: Receiver, *, now: datetime) -> int:
    """How many more its rule may open just now. One query."""
    by_rule = Ticket.objects.filter(receiver=receiver, wanted_by=None, wanted_at__gt=now - _DAY)
    return max(0, most_a_day(receiver.settings) - by_rule.count())


def with_desks(rows: QuerySet[Investigation]) -> QuerySet[Investigation]:
    """The same, each knowing whether there is a ticket system at all."""
    return rows.annotate(has_desks=Exists(Receiver.objects.filter(kind__in=SYSTEMS)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticketing:
    """What the page of a case shows: its tickets, and the systems one may be asked for in."""

    tickets: tuple[Ticket, ...] = ()
    desks: tuple[Receiver, ...] = ()


def load_ticketing(case: Investigation) -> Ticketing:
    """Two queries, none `with_desks` where there is no ticket system."""
    if not getattr(case, "has_desks", True):
        return Ticketing()
    tickets = tuple(Ticket.objects.filter(investigation=case).select_related("receiver", "wanted_by"))
    have = {ticket.receiver_id for ticket in tickets}
    desks = Receiver.objects.filter(kind__in=SYSTEMS).exclude(pk__in=have)
    return Ticketing(tickets=tickets, desks=tuple(one for one in desks if may_leave(case, one.content)))


def load_again(pk: int, *, person: User) -> Ticket | None:
    """A ticket of an investigation the person may see."""
    rows = Ticket.objects.filter(visible_to(person, prefix="investigation__"), pk=pk)
    return rows.select_related("receiver", "investigation").first()


def _fitting(receiver: Receiver, *, now: datetime) -> QuerySet[Investigation]:
    since = max(receiver.added_at, now - _OLDEST)
    rows = Investigation.objects.exclude(status=_CLOSED).filter(
        severity__gte=receiver.severity_from, opened_at__gte=since, merged_into=None
    )
    if receiver.content != METADATA:
        rows = rows.filter(restricted=False)
    wanted = str(receiver.settings.get("rules", "")).split()
    any_of = Q()
    for name in wanted:
        any_of |= Q(kind__startswith=name[:-1]) if name.endswith("*") else Q(kind=name)
    return rows.filter(any_of).exclude(tickets__receiver=receiver)


@transaction.atomic
def _want_one(case: Investigation, receiver: Receiver, *, now: datetime) -> bool:
    _, made = Ticket.objects.get_or_create(
        investigation=case, receiver=receiver, defaults={"wanted_at": now, "next_at": now}
    )
    if made:
        write_line(case, "ticket_wanted", actor=None, text=str(receiver), audited={"receiver": receiver.pk})
    return made
