"""Claims tickets that something is to be done for, and asks ticket systems what changed there.

One process at a time is at it, and a ticket is held for a while by whoever works on it: a worker that dies leaves it to
the next. A system that fails is left alone by the same rest that receivers of events get.
"""

import ssl
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.utils import timezone

from investigations.models import Activity, Receiver, Ticket, TicketPoll
from investigations.receiver_setup import load_setup
from investigations.services import write_line
from investigations.siem import claims
from investigations.siem.sinks.sink import NotNow, Rejected, TooLarge
from investigations.tickets import inward, wanting
from investigations.tickets.desk import MOST_CHANGED, Desk, Remote
from investigations.tickets.outward import bring_in_step
from investigations.tickets.said import OWN_KINDS
from investigations.tickets.systems import SYSTEMS
from policies.outbound import OutboundError
from policies.sealing import NotOpened

log = structlog.get_logger(__name__)
# One process at a time
_SYNCING = 7_221_300
# A run, and what it began in its last second, end before their task would be killed.
_RUN_SECONDS = 20.0
TICKET_SECONDS = 45.0
_POLL_SECONDS = 30.0
LEASE = timedelta(minutes=2)
POLL_EVERY = timedelta(minutes=1)
# What a search may tell late
_OVERLAP = timedelta(minutes=5)
_KEEP_TRYING = timedelta(hours=72)
# No transaction that writes a line takes as long
_SETTLED = timedelta(minutes=10)
_State = Ticket.State


def sync_due(*, seconds: float = _RUN_SECONDS) -> int:
    """Do what is due for a while; returns how many tickets were brought in step. Safe to run twice, and by several."""
    if not Receiver.objects.filter(kind__in=SYSTEMS).exists():
        return 0
    with _alone() as alone:
        if not alone:
            return 0
        until = time.monotonic() + seconds
        now = timezone.now()
        wanting.want_by_rule(now)
        mark_changed(now)
        with _desks() as desks:
            # first: what is to be sent may be more than there is time for
            for receiver in _to_poll(timezone.now()):
                if time.monotonic() < until:
                    desks.poll(receiver)
            total = 0
            while time.monotonic() < until and (ticket := _claim(timezone.now())) is not None:
                total += desks.work(ticket)
        return total


def mark_changed(now: datetime) -> int:
    """Mark tickets due whose investigation has news; returns how many.

    Looks at the lines of some minutes only, however many tickets there are: a ticket that is due anyway, or not made
    yet, reads what it was not told of itself.
    """
    total = 0
    for receiver in Receiver.objects.filter(kind__in=SYSTEMS):
        poll, _ = TicketPoll.objects.get_or_create(receiver=receiver, defaults={"through": now, "read_at": now})
        fresh = Activity.objects.filter(pk__gt=poll.lines)
        # what the tickets wrote themselves is looked at with the next thing that happens
        news = fresh.filter(investigation=OuterRef("investigation"), pk__gt=OuterRef("told_through"))
        rows = Ticket.objects.filter(Exists(news.exclude(kind__in=OWN_KINDS)), receiver=receiver, state=_State.THERE)
        # first which: the lines are few, and the tickets may be many
        changed = rows.filter(next_at=None, investigation__in=set(fresh.values_list("investigation", flat=True)))
        total += changed.update(next_at=now)
        settled = fresh.filter(at__lt=now - _SETTLED).aggregate(newest=Max("pk"))["newest"]
        if settled:
            TicketPoll.objects.filter(receiver=receiver).update(lines=settled)
    return total


def probe(receiver: Receiver) -> str:
    """What is wrong with a ticket system as it is set up, empty where nothing is. Makes no ticket."""
    try:
        desk = SYSTEMS[receiver.kind].opened(load_setup(receiver, SYSTEMS[receiver.kind]))
    except (NotOpened, ssl.SSLError) as error:
        return str(error)
    try:
        desk.begin(_POLL_SECONDS)
        return desk.probe()
    except (NotNow, Rejected) as error:
        return str(error)
    except TooLarge:
        return "it does not even take a question (status 413)"
    except OutboundError as error:
        return f"it {error}"
    finally:
        desk.close()


@contextmanager
def _alone() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_SYNCING])
        row = cursor.fetchone()
    alone = bool(row and row[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_SYNCING])


@contextmanager
def _desks() -> "Iterator[_Desks]":
    desks = _Desks()
    try:
        yield desks
    finally:
        desks.close()


@transaction.atomic
def _claim(now: datetime) -> Ticket | None:
    """The ticket that waits longest, ours for a while."""
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    awake = Q(receiver__rest_until=None) | Q(receiver__rest_until__lte=now)
    rows = Ticket.objects.select_for_update(of=("self",), skip_locked=True).select_related("receiver", "investigation")
    due = rows.filter(free, awake, next_at__lte=now, receiver__paused=False, receiver__kind__in=SYSTEMS)
    ticket = due.order_by("next_at", "pk").first()
    return _lease(ticket, now=now) if ticket is not None else None


def _lease(ticket: Ticket, *, now: datetime) -> Ticket:
    ticket.lease, ticket.leased_until = uuid.uuid4(), now + LEASE
    ticket.attempts += 1
    ticket.save(update_fields=("lease", "leased_until", "attempts"))
    return ticket


def _to_poll(now: datetime) -> list[Receiver]:
    """Ticket systems that are asked for changes now: those that have tickets of ours and are awake."""
    awake = Q(rest_until=None) | Q(rest_until__lte=now)
    there = Ticket.objects.filter(receiver=OuterRef("pk"), state=_State.THERE)
    fresh = TicketPoll.objects.filter(receiver=OuterRef("pk"), read_at__gt=now - POLL_EVERY)
    rows = Receiver.objects.filter(awake, Exists(there), ~Exists(fresh), paused=False, kind__in=SYSTEMS)
    return list(rows.order_by("pk"))


class _Desks:
    """The desks of one run, each with its kept connection."""

    def __init__(self) -> None:
        self._open: dict[int, Desk] = {}

    def work(self, ticket: Ticket) -> bool:
        """Bring one held ticket in step, and let go of it; whether it worked."""
        now, failed, done = timezone.now(), None, False
        try:
            desk = self._desk(ticket.receiver)
            desk.begin(TICKET_SECONDS)
            done = bring_in_step(ticket, desk, now=now)
        except (Rejected, TooLarge) as error:
            _refused(ticket, str(error) or "it does not take a ticket of this size (status 413)")
        except _FAILURES as error:
            failed = _in_words(error)
        now = timezone.now()
        if failed is not None:
            ticket.error, ticket.next_at = str(failed)[:500], now
            _rest(ticket.receiver, failed, now=now)
            if ticket.state == _State.WANTED and now - ticket.wanted_at > _KEEP_TRYING:
                _refused(ticket, f"it was not opened within 72 hours: {failed}")
        elif done:
            ticket.attempts, ticket.ok_at = 0, now
            ticket.error = "" if ticket.state == _State.THERE else ticket.error
            Receiver.objects.filter(pk=ticket.receiver_id).update(
                failures=0, rest_until=None, ok_at=now, taken=F("taken") + 1
            )
        _let_go(ticket)
        return done

    def poll(self, receiver: Receiver) -> None:
        """Take over what changed in one ticket system since it was last asked."""
        now = timezone.now()
        poll = TicketPoll.objects.get(receiver=receiver)
        try:
            desk = self._desk(receiver)
            desk.begin(_POLL_SECONDS)
            found = desk.changed(poll.through - _OVERLAP, now=now)
        except (*_FAILURES, Rejected, TooLarge) as error:
            _rest(receiver, _in_words(error), now=now)
            return
        held = False
        for remote in _changed(receiver, found):
            held |= not _take_over(receiver, remote, now=now)
        # where somebody else held one, it is told of again; where there may be more, from there on
        if not held:
            poll.through = max(poll.through, found[-1].at if len(found) > MOST_CHANGED // 2 else now)
        poll.read_at = now
        poll.save(update_fields=("through", "read_at"))
        Receiver.objects.filter(pk=receiver.pk).update(failures=0, rest_until=None, ok_at=now)

    def close(self) -> None:
        """Close what is open."""
        for desk in self._open.values():
            desk.close()

    def _desk(self, receiver: Receiver) -> Desk:
        if receiver.pk not in self._open:
            self._open[receiver.pk] = SYSTEMS[receiver.kind].opened(load_setup(receiver, SYSTEMS[receiver.kind]))
        return self._open[receiver.pk]


_FAILURES = (NotNow, OutboundError, NotOpened, ssl.SSLError)


def _changed(receiver: Receiver, found: Sequence[Remote]) -> list[Remote]:
    """Those of ours that are not as they were last seen. One query."""
    rows = Ticket.objects.filter(receiver=receiver, remote_id__in=[remote.id for remote in found], state=_State.THERE)
    known = {row[0]: row[1:] for row in rows.values_list("remote_id", "remote_status", "remote_at")}
    return [one for one in found if one.id in known and known[one.id] != (one.status, one.at)]


def _take_over(receiver: Receiver, remote: Remote, *, now: datetime) -> bool:
    """Take one change over; False when somebody else holds the ticket."""
    with transaction.atomic():
        rows = Ticket.objects.select_for_update(of=("self",)).select_related("receiver", "investigation")
        ticket = rows.filter(receiver=receiver, remote_id=remote.id, state=_State.THERE).first()
        if ticket is None:
            return True
        if ticket.leased_until and ticket.leased_until > now:
            return False
        _lease(ticket, now=now)
    inward.take_over(ticket, remote, now=now)
    ticket.attempts = 0
    _let_go(ticket)
    return True


def _let_go(ticket: Ticket) -> None:
    """Write how it stands and give it free, where it is still ours."""
    fields = ("state", "note", "error", "next_at", "attempts", "ok_at", "ours", "told_through", "telling", "making_at")
    remote = ("remote_status", "remote_at", "remote_name", "link")
    values = {name: getattr(ticket, name) for name in (*fields, *remote)}
    Ticket.objects.filter(pk=ticket.pk, lease=ticket.lease).update(**values, lease=None, leased_until=None)


def _refused(ticket: Ticket, why: str) -> None:
    """It will never take it as it is: a person has to look."""
    with transaction.atomic():
        ticket.state = _State.REFUSED if not ticket.remote_id else ticket.state
        ticket.error, ticket.next_at = why[:500], None
        text = f"{ticket.receiver}: {why}"
        write_line(ticket.investigation, "ticket_refused", actor=None, text=text, audited={"ticket": ticket.pk})


def _rest(receiver: Receiver, failed: NotNow, *, now: datetime) -> None:
    pause = claims.rest(receiver.pk, str(failed), seconds=failed.seconds, gone=failed.gone, now=now)
    log.warning("ticket.resting", receiver=receiver.pk, seconds=round(pause.total_seconds(), 1))


def _in_words(error: Exception) -> NotNow:
    if isinstance(error, NotNow):
        return error
    if isinstance(error, NotOpened):
        return NotNow("its secret cannot be read: the secret key changed. Enter the secret again", seconds=60.0)
    if isinstance(error, ssl.SSLError):
        return NotNow("the certificates it is to be known by cannot be read. Enter them again", seconds=60.0)
    return NotNow(f"it {error}" if isinstance(error, OutboundError) else f"it does not answer what we ask: {error}")
