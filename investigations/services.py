"""What people do with investigations. Each change writes its activity and its audit entry in one transaction.

Every function asks for the permission to investigate, raises PermissionDenied without it and InvestigationError when
the investigation is no longer as the person saw it: two people who act at once must not undo each other.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from guardrail import tickets
from guardrail.models import AllowOnce, Verdict
from investigations import clocks, recollection
from investigations.models import Activity, Investigation, InvestigationCall
from policies import audit
from policies.access import Permission, may, require
from policies.services import restrictions

Actor = AbstractBaseUser | None
# A comment is a note to colleagues; what is longer belongs in a document.
LONGEST_TEXT = 10_000


class InvestigationError(ValueError):
    """A change that is refused; the message says what was found and what can be done."""


class Taken(InvestigationError):
    """Somebody else has it by now; `holder` is who, None when it was given back meanwhile."""

    def __init__(self, message: str, *, holder: User | None) -> None:
        super().__init__(message)
        self.holder = holder


class NotRemembered(InvestigationError):
    """The change was made, but the memory of calls (Redis) did not take it."""


@transaction.atomic
def claim(investigation: Investigation, *, actor: User) -> None:
    """Make `actor` the assignee if nobody is. Raises Taken when somebody else is; safe to run twice."""
    require(actor, Permission.INVESTIGATE)
    free = Investigation.objects.filter(pk=investigation.pk, assignee=None).exclude(status=Investigation.Status.CLOSED)
    if free.update(assignee=actor, status=Investigation.Status.ACTIVE):
        clocks.touched(investigation.pk, taken=True, now=timezone.now(), actor=actor)
        write_line(investigation, "claimed", actor=actor)
    elif _current(investigation).assignee_id != actor.pk or investigation.status == Investigation.Status.CLOSED:
        raise _refusal(investigation)
    _current(investigation)


@transaction.atomic
def assign(investigation: Investigation, *, assignee: User | None, seen: int | None, actor: Actor) -> None:
    """Give it to `assignee`, or back to nobody. `seen` is the assignee's id the person saw; raises Taken when moved."""
    require(actor, Permission.INVESTIGATE)
    if assignee is not None and not may(assignee, Permission.INVESTIGATE):
        raise InvestigationError(f"`{assignee.get_username()}` may not work on investigations, expected an analyst")
    unmoved = Investigation.objects.filter(pk=investigation.pk, assignee_id=seen).exclude(
        status=Investigation.Status.CLOSED
    )
    status = Investigation.Status.ACTIVE if assignee else Investigation.Status.NEW
    if not unmoved.update(assignee=assignee, status=status):
        raise _refusal(investigation)
    if actor:
        clocks.touched(investigation.pk, taken=assignee is not None, now=timezone.now(), actor=actor)
    write_line(investigation, "assigned", actor=actor, text=assignee.get_username() if assignee else "nobody")
    _current(investigation)


@transaction.atomic
def comment(investigation: Investigation, text: str, *, actor: Actor) -> Activity:
    """Append a comment; closed investigations take them too. The text is not repeated in the audit trail."""
    require(actor, Permission.INVESTIGATE)
    written = required(text, "comment")
    if actor:
        clocks.touched(investigation.pk, taken=None, now=timezone.now(), actor=actor)
    return write_line(investigation, "commented", actor=actor, text=written, audited={})


@transaction.atomic
def write_notified(investigation: Investigation, whom: str, *, actor: User) -> Activity:
    """Write down who was told of it outside this product. The text is not repeated in the audit trail."""
    require(actor, Permission.INVESTIGATE)
    text = required(whom, "name")
    clocks.touched(investigation.pk, taken=None, now=timezone.now(), actor=actor)
    return write_line(investigation, "notified", actor=actor, text=text, audited={})


def close(investigation: Investigation, *, disposition: str, reason: str, now: datetime, actor: Actor) -> None:
    """Close with a disposition and the reason for it. Raises InvestigationError when it is closed already.

    What rules restricted for it ends when it was harmless. The memory of calls then takes the person's word for the
    texts behind it. Raises NotRemembered, with the investigation closed, when that memory is away.
    """
    with transaction.atomic():
        write_closed(investigation, disposition=disposition, reason=reason, now=now, actor=actor)
    if not recollection.settle(investigation, disposition=disposition):
        raise NotRemembered(
            "closed; the memory of calls (Redis) does not answer, so what it holds of these texts stays as it was: "
            "reopen and close again when it is back"
        )


def write_closed(investigation: Investigation, *, disposition: str, reason: str, now: datetime, actor: Actor) -> None:
    """As `close`, in the caller's transaction; memory is the caller's to tell."""
    require(actor, Permission.INVESTIGATE)
    if disposition not in Investigation.Disposition.values:
        wanted = ", ".join(Investigation.Disposition.values)
        raise InvestigationError(f"the disposition is `{disposition}`, expected one of {wanted}")
    text = required(reason, "reason")
    still_open = Investigation.objects.filter(pk=investigation.pk).exclude(status=Investigation.Status.CLOSED)
    if not still_open.update(status=Investigation.Status.CLOSED, disposition=disposition, closed_at=now):
        raise _refusal(investigation)
    if disposition in recollection.HARMLESS:
        restrictions.clear(investigation.pk, now=now, actor=actor)
    label = Investigation.Disposition(disposition).label
    clocks.stopped(_current(investigation), now=now, actor=actor)
    write_line(investigation, "closed", actor=actor, text=f"{label}: {text}", audited={"disposition": disposition})
    _current(investigation)


def reopen(investigation: Investigation, *, reason: str, actor: Actor) -> None:
    """Take a closed one up again, to correct its disposition. What was said of its destinations no longer counts.

    Raises InvestigationError when it is open, or when the same cause has come again and is open as another one: one
    cause is never open twice; NotRemembered, with the investigation open, when the memory of calls is away.
    """
    with transaction.atomic():
        write_reopened(investigation, reason=reason, actor=actor)
    if not recollection.take_back(investigation):
        raise NotRemembered("open again; the memory of calls (Redis) does not answer, so its destinations stay as said")


def write_reopened(investigation: Investigation, *, reason: str, actor: Actor) -> None:
    """As `reopen`, in the caller's transaction; memory is the caller's to tell."""
    require(actor, Permission.INVESTIGATE)
    text = required(reason, "reason")
    part_of = _current(investigation).merged_into_id
    if part_of:
        raise InvestigationError(f"investigation {investigation.pk} is part of {part_of}, take the merge back first")
    closed = Investigation.objects.filter(pk=investigation.pk, status=Investigation.Status.CLOSED, merged_into=None)
    status = Investigation.Status.ACTIVE if investigation.assignee_id else Investigation.Status.NEW
    try:
        with transaction.atomic():
            changed = closed.update(status=status, disposition="", closed_at=None)
    except IntegrityError:
        shut = Q(status=Investigation.Status.CLOSED, merged_into=None)
        other = Investigation.objects.filter(fingerprint=investigation.fingerprint).exclude(shut)
        raise InvestigationError(
            f"the same cause is open as investigation {other.values_list('pk', flat=True).first()}, work on that one"
        ) from None
    if not changed:
        raise InvestigationError(f"investigation {investigation.pk} is open already")
    clocks.began(_current(investigation), now=timezone.now(), actor=actor)
    write_line(investigation, "reopened", actor=actor, text=text, audited={})
    _current(investigation)


@transaction.atomic
def pause(investigation: Investigation, *, reason: str, now: datetime, actor: User) -> None:
    """Let its clocks stand while it waits for somebody. Raises InvestigationError when they stand, or it is closed."""
    require(actor, Permission.INVESTIGATE)
    text = required(reason, "reason")
    if not clocks.pause(investigation, now=now, actor=actor):
        if _current(investigation).status == Investigation.Status.CLOSED:
            raise _refusal(investigation)
        raise InvestigationError(f"investigation {investigation.pk} waits already")
    write_line(investigation, "paused", actor=actor, text=text, audited={})
    _current(investigation)


@transaction.atomic
def resume(investigation: Investigation, *, now: datetime, actor: User) -> None:
    """Let its clocks go on, as much later as it waited. Raises InvestigationError when it does not wait."""
    require(actor, Permission.INVESTIGATE)
    if not clocks.resume(investigation, now=now, actor=actor):
        raise InvestigationError(f"investigation {investigation.pk} does not wait by now")
    write_line(investigation, "resumed", actor=actor, audited={})
    _current(investigation)


def write_restored(investigation: Investigation, before: Mapping[str, Any], *, what: str, actor: Actor) -> None:
    """Give an investigation back the columns it had before `what`, in the caller's transaction, which holds its row.

    What rules had restricted and a close as harmless ended is restricted again. Needs the lock of restrictions
    (`serialise`). Memory is the caller's to tell. Raises IntegrityError when its cause is open as another one by now.
    """
    require(actor, Permission.INVESTIGATE)
    was, closed_at = _current(investigation).status, investigation.closed_at
    acknowledged_at = investigation.acknowledged_at
    Investigation.objects.filter(pk=investigation.pk).update(**before)
    clocks.took_back(_current(investigation), was=was, acknowledged_at=acknowledged_at)
    if closed_at and investigation.status != Investigation.Status.CLOSED:
        now = timezone.now()
        for made in restrictions.restore(investigation.pk, cleared_at=closed_at, now=now, actor=actor):
            write_line(investigation, "restricted_again", actor=actor, text=f"{made.pk}: {made.label}", audited={})
    write_line(investigation, "undone", actor=actor, text=what, audited={"what": what})
    _current(investigation)


def allow_once(
    investigation: Investigation, *, verdict_id: uuid.UUID, reason: str, now: datetime, actor: User
) -> AllowOnce:
    """Let the held call of `verdict_id` pass once when it comes again, whether the investigation is open or closed.

    The text that led to the hold is not remembered as poisoned any more. Raises InvestigationError when it was no hold
    or may pass already; also, with the permission written down, when the memory of calls is away and the call would be
    held again.
    """
    require(actor, Permission.INVESTIGATE)
    text = required(reason, "reason")
    try:
        with transaction.atomic():
            ticket = tickets.give(_verdict_of(investigation, verdict_id), reason=text, now=now, actor=actor)
            audited = {"ticket": ticket.pk, "verdict": str(verdict_id), "call_key": ticket.call_key}
            write_line(investigation, "allowed_once", actor=actor, text=text, audited=audited)
        tickets.place(ticket, now=now)
    except tickets.TicketError as error:
        raise InvestigationError(str(error)) from error
    recollection.vouch_for(verdict_id)
    return ticket


@transaction.atomic
def take_back(investigation: Investigation, *, verdict_id: uuid.UUID, ticket: int, now: datetime, actor: User) -> None:
    """End permission `ticket` for the held call of `verdict_id`. Raises InvestigationError when it is over already."""
    require(actor, Permission.INVESTIGATE)
    call = tickets.load_held_call(_verdict_of(investigation, verdict_id))
    newest = tickets.load_newest(call.call_key) if call else None
    if newest is None or newest.pk != ticket:
        raise InvestigationError("this permission is over already: another one was given since")
    try:
        tickets.take_back(newest, now=now)
    except tickets.TicketError as error:
        raise InvestigationError(str(error)) from error
    audited = {"ticket": newest.pk, "verdict": str(verdict_id), "call_key": newest.call_key}
    write_line(investigation, "allowed_taken_back", actor=actor, audited=audited)


def _verdict_of(investigation: Investigation, verdict_id: uuid.UUID) -> Verdict:
    verdict = Verdict.objects.filter(pk=verdict_id).first()
    if (
        verdict is None
        or not InvestigationCall.objects.filter(investigation=investigation, verdict_id=verdict_id).exists()
    ):
        raise InvestigationError(f"call `{verdict_id}` is none of investigation {investigation.pk}")
    return verdict


def write_line(
    investigation: Investigation, kind: str, *, actor: Actor, text: str = "", audited: dict[str, Any] | None = None
) -> Activity:
    """Append a line to its history and to the audit trail, in the caller's transaction. No permission is asked for.

    `audited` is what the audit trail keeps instead of the text, which it must not repeat where people wrote it.
    """
    detail = {"to": text} if audited is None and text else audited or {}
    activity = Activity.objects.create(
        investigation_id=investigation.pk, actor_id=actor.pk if actor else None, kind=kind, text=text
    )
    audit.record(
        actor=actor, action=f"investigation.{kind}", investigation=investigation.pk, activity=activity.pk, **detail
    )
    return activity


def _current(investigation: Investigation) -> Investigation:
    """The row as it is now, read into the object the page holds."""
    investigation.refresh_from_db()
    return investigation


def _refusal(investigation: Investigation) -> InvestigationError:
    row = _current(investigation)
    if row.merged_into_id:
        return InvestigationError(f"investigation {row.pk} is part of {row.merged_into_id} by now, work on that one")
    if row.status == Investigation.Status.CLOSED:
        return InvestigationError(f"investigation {row.pk} is closed, reopen it first")
    holder = row.assignee
    name = f"`{holder.get_username()}` has it" if holder else "nobody has it"
    return Taken(f"investigation {row.pk} was assigned meanwhile: {name} now", holder=holder)


def required(text: str, what: str) -> str:
    """The text without space around it. Raises InvestigationError where it is empty or too long."""
    trimmed = text.strip()
    if not trimmed:
        raise InvestigationError(f"the {what} is empty, expected a sentence")
    if len(trimmed) > LONGEST_TEXT or "\x00" in trimmed:
        raise InvestigationError(f"the {what} has {len(trimmed)} characters, expected text of at most {LONGEST_TEXT}")
    return trimmed
