"""Permissions for one held call to pass once: given and taken back by people, used by the call itself.

The row says what people decided, Redis what is left of it (`guardrail.memory.tickets`): the call is answered without a
read of Postgres, and what used a permission is written back from the verdict. The row is committed first, so nothing
passes that is not written down; a row that Redis knows nothing of lets nothing pass, and the page says so.
"""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction

from guardrail.invocation import Invocation
from guardrail.memory import tickets as memory
from guardrail.memory.tickets import Lying
from guardrail.models import AllowOnce, Orchestrator, Verdict
from guardrail.transcripts import load_call


class TicketError(ValueError):
    """A permission that cannot be given or taken back; the message says what was found and what can be done."""


class NotPlaced(TicketError):
    """Redis did not answer. The row stands; whether it counts is what `state_of` finds when Redis is back."""


def load_held_call(verdict: Verdict) -> Invocation | None:
    """The call of a verdict that a person may allow once: a hold that was told to the caller; None for any other.

    Two queries, none for a verdict that was no hold.
    """
    if verdict.action != "hold" or verdict.failed:
        return None
    slug = Orchestrator.objects.filter(pk=verdict.orchestrator_id).values_list("slug", flat=True).first()
    return load_call(verdict, orchestrator=slug) if slug else None


def give(verdict: Verdict, *, reason: str, now: datetime, actor: User) -> AllowOnce:
    """Write the permission; `place` makes it count, after the commit. Needs an open transaction, asks for no right.

    Raises TicketError when the verdict was no hold, was allowed and used before, or the same call may pass already.
    """
    call = load_held_call(verdict)
    if call is None:
        raise TicketError(f"the call was answered `{verdict.action}`, expected `hold`: only a held call can be allowed")
    _lock(call.call_key)
    given = AllowOnce.objects.filter(call_key=call.call_key)
    if given.filter(verdict_id=verdict.pk, used_at__isnull=False).exists():
        raise TicketError("this call was allowed and has passed; when it is held again, allow that one")
    other = given.filter(used_at=None, revoked_at=None, expires_at__gt=now).select_related("approved_by").first()
    if other is not None:
        raise TicketError(
            f"`{other.approved_by.get_username()}` allowed the same call already, until {other.expires_at:%H:%M} UTC"
        )
    return AllowOnce.objects.create(
        call_key=call.call_key,
        verdict_id=verdict.pk,
        approved_by=actor,
        reason=reason,
        created_at=now,
        expires_at=now + timedelta(minutes=settings.ALLOW_ONCE_MINUTES),
    )


@transaction.atomic
def place(ticket: AllowOnce, *, now: datetime) -> None:
    """Let the call pass, once the row is committed. Raises NotPlaced when Redis is away."""
    _lock(ticket.call_key)
    ticket.refresh_from_db()
    if ticket.revoked_at:  # a colleague was faster
        return
    name = ticket.approved_by.get_full_name() or ticket.approved_by.get_username()
    if not memory.place_ticket(ticket.call_key, number=ticket.pk, approved_by=name, until=ticket.expires_at, now=now):
        raise NotPlaced("the memory of calls (Redis) does not answer: the call is held again while that is so")


def place_lost(ticket: AllowOnce, *, now: datetime) -> None:
    """Place it again where Redis lost it; one that was used a moment ago stays used. Raises NotPlaced."""
    if memory.find_ticket(ticket.call_key) is Lying.LOST:
        place(ticket, now=now)


@transaction.atomic
def take_back(ticket: AllowOnce, *, now: datetime) -> None:
    """End the permission before it was used. Raises TicketError when it is over, or when Redis is away."""
    _lock(ticket.call_key)
    ticket.refresh_from_db()
    if ticket.used_at or ticket.revoked_at or ticket.expires_at <= now:
        raise TicketError("this permission is over already: it was used, taken back or has expired")
    withdrawn = memory.withdraw_ticket(ticket.call_key)
    if withdrawn is None:
        raise TicketError("the memory of calls (Redis) does not answer, so nothing was taken back: try again")
    if not withdrawn:
        raise TicketError("too late: the call has passed")
    ticket.revoked_at = now
    ticket.save(update_fields=("revoked_at",))


def mark_used(number: int, *, verdict_id: uuid.UUID, at: datetime) -> AllowOnce | None:
    """Write down which verdict used it; None when that is known, as for a repeated delivery. Safe to run twice."""
    if not AllowOnce.objects.filter(pk=number, used_at=None).update(used_at=at, used_verdict_id=verdict_id):
        return None
    return AllowOnce.objects.select_related("approved_by").get(pk=number)


def load_newest(call_key: str) -> AllowOnce | None:
    """The newest permission for a call. One query."""
    return AllowOnce.objects.filter(call_key=call_key).select_related("approved_by").first()


def state_of(ticket: AllowOnce, *, now: datetime) -> str:
    """`waiting`, `used`, `revoked`, `expired`, or why it does not count: `lost` or `away`. Asks Redis where open."""
    if ticket.used_at:
        return "used"
    if ticket.revoked_at:
        return "revoked"
    lying = memory.find_ticket(ticket.call_key)
    if lying is Lying.USED:
        return "used"
    return "expired" if ticket.expires_at <= now else lying.value


def _lock(call_key: str) -> None:
    """Until the end of the transaction nobody else gives or takes back a permission for this call."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"guardrail.ticket.{call_key}"])
