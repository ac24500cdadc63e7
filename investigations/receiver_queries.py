"""What the pages of receivers show."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Case, Count, Min, Q, When

from guardrail.badges import SEVERITIES
from investigations.models import Delivery, Receiver, Ticket
from investigations.receiver_kinds import KINDS
from investigations.siem.backlog import MOST_COUNTED, Backlog, load_backlogs
from investigations.siem.event import KIND_WORDS, Kind
from investigations.tickets.rule_settings import BY_RULE, most_a_day
from investigations.tickets.systems import SYSTEMS
from investigations.visibility import visible_to
from policies.models import AuditEntry

MOST_LETTERS = 50
_MOST_HISTORY = 20


class Health(enum.Enum):
    """How a receiver fares; the value is the icon, the look, and the word."""

    WELL = ("check-circle", "green", "takes what it is sent")
    QUIET = ("circle", "muted", "nothing was sent yet")
    LATE = ("clock", "amber", "behind")
    FAILING = ("exclamation-triangle-fill", "red", "takes nothing")
    PAUSED = ("pause-circle", "amber", "paused")

    @property
    def icon(self) -> str:
        return self.value[0]

    @property
    def look(self) -> str:
        return self.value[1]

    @property
    def word(self) -> str:
        return self.value[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A receiver with how it fares. `oldest` is when what waits longest was written, None = nothing waits.

    `waiting` and `dead` are told up to a bound, `10,000+` beyond; `letters` is the number behind `dead`.
    """

    receiver: Receiver
    word: str
    wants: str
    waiting: str
    dead: str
    letters: int
    oldest: datetime | None
    health: Health


def load_shown(receivers: Sequence[Receiver], *, now: datetime) -> list[Shown]:
    """Each with its backlog. Two queries."""
    found = {**load_backlogs([one.pk for one in receivers]), **_load_tickets(receivers)}
    return [_shown(one, found.get(one.pk, Backlog()), now=now) for one in receivers]


def _load_tickets(receivers: Sequence[Receiver]) -> dict[int, Backlog]:
    rows = (
        Ticket.objects.filter(receiver__in=[one for one in receivers if one.kind in SYSTEMS])
        .values("receiver_id")
        .annotate(
            waiting=Count("pk", filter=Q(next_at__isnull=False)),
            dead=Count("pk", filter=Q(state__in=(Ticket.State.REFUSED, Ticket.State.GONE))),
            oldest=Min("next_at"),
        )
    )
    return {row.pop("receiver_id"): Backlog(**row) for row in rows}


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A dead letter."""

    delivery: Delivery
    word: str
    is_call: bool


def load_dead(receiver: Receiver) -> list[Letter]:
    """Its newest dead letters."""
    found = Delivery.objects.filter(receiver=receiver, state=Delivery.State.DEAD).order_by("-pk")[:MOST_LETTERS]
    words = {kind.value: word for kind, word in KIND_WORDS.items()}
    return [
        Letter(delivery=row, word=words.get(row.kind, row.kind), is_call=row.kind == Kind.CALL.value) for row in found
    ]


def load_tickets(receiver: Receiver, *, person: AbstractBaseUser | AnonymousUser) -> list[Ticket]:
    """Its newest tickets of investigations the person may see, those that need somebody first."""
    rows = Ticket.objects.filter(visible_to(person, prefix="investigation__"), receiver=receiver)
    needed = Case(When(state__in=(Ticket.State.REFUSED, Ticket.State.GONE), then=0), default=1)
    return list(rows.select_related("investigation").order_by(needed, "-pk")[:MOST_LETTERS])


def load_history(receiver: Receiver) -> list[AuditEntry]:
    """Who changed it, newest first."""
    return list(AuditEntry.objects.filter(action__startswith="receiver.", detail__receiver=receiver.pk)[:_MOST_HISTORY])


def _shown(receiver: Receiver, backlog: Backlog, *, now: datetime) -> Shown:
    return Shown(
        receiver=receiver,
        word=KINDS[receiver.kind].word if receiver.kind in KINDS else receiver.kind,
        wants=_wants(receiver),
        waiting=_counted(backlog.waiting),
        dead=_counted(backlog.dead),
        letters=backlog.dead,
        oldest=backlog.oldest,
        health=_health(receiver, backlog, now=now),
    )


def _counted(number: int) -> str:
    return f"{number:,}" if number <= MOST_COUNTED else f"{MOST_COUNTED:,}+"


def _health(receiver: Receiver, backlog: Backlog, *, now: datetime) -> Health:
    if receiver.paused:
        return Health.PAUSED
    if receiver.failures:
        return Health.FAILING
    # between two mails nothing is sent, and nothing is behind
    if backlog.is_late(now) and not (receiver.rest_until and receiver.rest_until > now):
        return Health.LATE
    return Health.WELL if receiver.ok_at else Health.QUIET


def _wants(receiver: Receiver) -> str:
    if receiver.kind in SYSTEMS:
        severity = SEVERITIES[receiver.severity_from][1].lower() if receiver.severity_from in SEVERITIES else "any"
        most = most_a_day(receiver.settings)
        by_rule = f"and by itself from severity {severity}, {most} a day at most"
        return f"tickets, by hand {by_rule if receiver.settings.get('opens') == BY_RULE else ''}".strip()
    calls = {"all": "every call", "noted": "noted calls", "stopped": "stopped calls", "none": ""}[receiver.calls]
    severity = SEVERITIES[receiver.severity_from][1].lower() if receiver.severity_from in SEVERITIES else ""
    others = len(receiver.kinds)
    parts = [calls, f"from {severity}" if severity else "", f"{others} other kinds" if others else ""]
    return ", ".join(part for part in parts if part) or "nothing"
