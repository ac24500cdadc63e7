"""What the pages of receivers show."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Case, Count, Min, Q, When

from guardrail.badges import SEVERITIES
from investigations.models import Delivery, Receiver, Ticket
from investigations.receiver_kinds import KINDS
from investigations.siem.event import KIND_WORDS, Kind
from investigations.tickets.rule_settings import BY_RULE, most_a_day
from investigations.tickets.systems import SYSTEMS
from investigations.visibility import visible_to
from policies.models import AuditEntry

# What waits longer than this is said in the list.
LATE = timedelta(minutes=5)
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
    """A receiver with how it fares. `oldest` is when what waits longest was written, None = nothing waits."""

    receiver: Receiver
    word: str
    wants: str
    waiting: int
    dead: int
    oldest: datetime | None
    health: Health


def load_shown(receivers: Sequence[Receiver], *, now: datetime) -> list[Shown]:
    """Each with its backlog. Two queries."""
    open_ = Delivery.objects.filter(receiver__in=receivers).exclude(state=Delivery.State.ACKNOWLEDGED)
    counts = {
        row["receiver_id"]: row
        for row in open_.values("receiver_id").annotate(
            waiting=Count("pk", filter=Q(state__lt=Delivery.State.ACKNOWLEDGED)),
            dead=Count("pk", filter=Q(state=Delivery.State.DEAD)),
            oldest=Min("created_at", filter=Q(state__lt=Delivery.State.ACKNOWLEDGED)),
        )
    }
    tickets = {
        row["receiver_id"]: row
        for row in Ticket.objects.filter(receiver__in=receivers)
        .values("receiver_id")
        .annotate(
            waiting=Count("pk", filter=Q(next_at__isnull=False)),
            dead=Count("pk", filter=Q(state__in=(Ticket.State.REFUSED, Ticket.State.GONE))),
            oldest=Min("next_at"),
        )
    }
    return [_shown(one, (tickets if one.kind in SYSTEMS else counts).get(one.pk, {}), now=now) for one in receivers]


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


def _shown(receiver: Receiver, counts: dict[str, object], *, now: datetime) -> Shown:
    oldest = counts.get("oldest")
    oldest = oldest if isinstance(oldest, datetime) else None
    return Shown(
        receiver=receiver,
        word=KINDS[receiver.kind].word if receiver.kind in KINDS else receiver.kind,
        wants=_wants(receiver),
        waiting=int(str(counts.get("waiting", 0))),
        dead=int(str(counts.get("dead", 0))),
        oldest=oldest,
        health=_health(receiver, oldest, now=now),
    )


def _health(receiver: Receiver, oldest: datetime | None, *, now: datetime) -> Health:
    if receiver.paused:
        return Health.PAUSED
    if receiver.failures:
        return Health.FAILING
    if oldest and now - oldest > LATE:
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
