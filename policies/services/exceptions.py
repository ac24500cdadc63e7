"""Making, renewing and ending exceptions: each one transaction with its audit entry, told to every web process.

INVARIANT: `serialise`, then the audit chain's lock, then rows of exceptions: the intake counts hits last and holds such
rows while it waits for nothing more, so nobody who waits for one of them may hold it up in turn.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import F

from policies import audit
from policies.access import Permission, require
from policies.choices import Standing
from policies.destination_values import BadDestination, is_everybodys, normal_destination
from policies.exceptions import ExceptionScopeError, Scope, scope_of
from policies.load import load_destinations
from policies.models import PolicyException
from policies.services.publish import changed

LONGEST_REASON = 2_000
MOST_NAMED = 50
# What one run of a task ends: each is one audit entry, and they hold the chain's lock.
BATCH = 500
# All in force are asked about each call of their agents.
MOST_IN_FORCE = 2_000
_LOCK = 7_221_005
_LONGEST = {"agent_id": 200, "tool": 500, "argument": 500, "trigger_id": 500}


class ExceptionRefused(ValueError):
    """An exception that is refused, or gone already. `member` names the field that is wrong, empty for all of it."""

    def __init__(self, message: str, *, member: str = "") -> None:
        super().__init__(message)
        self.member = member


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedException:
    """What is to be let pass, until when, why, and who answers for it."""

    scope: Scope
    owner: str
    reason: str
    until: datetime
    verdict_id: UUID | None = None
    investigation: int | None = None


@transaction.atomic
def make_exception(wanted: WantedException, *, now: datetime, actor: AbstractBaseUser | None) -> PolicyException:
    """Let such calls pass from the next one on. Raises ExceptionRefused, PermissionDenied when the actor may not."""
    require(actor, Permission.CHANGE_POLICY)
    scope = checked_scope(wanted.scope)
    _check_denied(scope)
    _check(wanted, now=now)
    serialise()
    if PolicyException.objects.filter(ended_at=None).count() >= MOST_IN_FORCE:
        raise ExceptionRefused(f"there are {MOST_IN_FORCE} exceptions in force, expected fewer: end some first")
    made = PolicyException.objects.create(
        **{name: list(value) if isinstance(value, tuple) else value for name, value in asdict(scope).items()},
        owner=wanted.owner.strip(),
        reason=wanted.reason.strip(),
        verdict_id=wanted.verdict_id,
        investigation=wanted.investigation,
        created_at=now,
        created_by_id=actor.pk if actor else None,
        expires_at=wanted.until,
    )
    _audit("made", made, actor=actor, until=wanted.until.isoformat(), owner=made.owner, reason=made.reason)
    changed()
    return made


@transaction.atomic
def renew(
    number: int, *, until: datetime, reason: str, now: datetime, actor: AbstractBaseUser | None
) -> PolicyException:
    """Let it end then instead: later, or earlier. Only a person does, and says why. Raises ExceptionRefused."""
    require(actor, Permission.CHANGE_POLICY)
    _check_reason(reason)
    _check_end(until, now=now)
    serialise()
    found = _open(number)
    was, found.expires_at, found.renewed_at = found.expires_at, until, now
    what = "renewed" if until > was else "shortened"
    _audit(what, found, actor=actor, was=was.isoformat(), until=until.isoformat(), reason=reason.strip())
    found.save(update_fields=["expires_at", "renewed_at"])
    changed()
    return found


@transaction.atomic
def end_exception(number: int, *, reason: str, now: datetime, actor: AbstractBaseUser | None) -> PolicyException:
    """End it: its calls are stopped again from the next one on. Raises ExceptionRefused when it is over already."""
    require(actor, Permission.CHANGE_POLICY)
    _check_reason(reason)
    serialise()
    found = _open(number)
    _end([found], how=PolicyException.End.ENDED, now=now, actor=actor, reason=reason.strip())
    changed()
    return found


@transaction.atomic
def end_due(now: datetime) -> int:
    """End those whose time is over, at most BATCH, and return how many. Safe to run twice, and by several at once."""
    due = PolicyException.objects.filter(ended_at=None, expires_at__lte=now)
    # the common case takes no lock
    if not due.exists():
        return 0
    serialise()
    found = list(due.order_by("expires_at", "pk")[:BATCH])
    _end(found, how=PolicyException.End.EXPIRED, now=now, actor=None)
    if found:
        changed()
    return len(found)


def count_hits(hits: dict[int, int], *, at: datetime) -> None:
    """Add calls they let pass to their exceptions. Needs a transaction that takes no other lock after it."""
    for number in sorted(hits):
        PolicyException.objects.filter(pk=number).update(hits=F("hits") + hits[number], last_hit_at=at)


def serialise() -> None:
    """Let one transaction at a time make or end exceptions."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def checked_scope(scope: Scope) -> Scope:
    """The scope in the form it is stored in. Raises ExceptionRefused naming the member that is wrong."""
    for name, longest in _LONGEST.items():
        value = getattr(scope, name)
        if len(value) > longest or not value.isprintable():
            raise ExceptionRefused(
                f"it has {len(value)} characters, expected at most {longest}, all of them visible", member=name
            )
    for name in ("destinations", "data_classes", "signals"):
        _check_names(getattr(scope, name), member=name)
    plain = scope_of(
        {
            **asdict(scope),
            **{name: getattr(scope, name).strip() for name in _LONGEST},
            "destinations": [_destination(value) for value in scope.destinations],
        }
    )
    once = tuple(dict.fromkeys(plain.destinations))
    plain = replace(plain, destinations=once, signals=tuple(dict.fromkeys(plain.signals)))
    try:
        plain.check()
    except ExceptionScopeError as error:
        raise ExceptionRefused(str(error), member="agent_id" if error.member == "agent" else error.member) from None
    return plain


def _check_denied(scope: Scope) -> None:
    ours = load_destinations()
    denied = next((value for value in scope.destinations if ours.standing_of(value) is Standing.DENIED), "")
    if denied:
        entry = next(ours.entries_for(denied)).value
        raise ExceptionRefused(
            f"`{denied}` is denied on the list of destinations, by `{entry}`, which no exception lifts:"
            " change that entry, or leave the destination out",
            member="destinations",
        )


def _destination(value: str) -> str:
    try:
        plain = normal_destination(value)
    except BadDestination as error:
        raise ExceptionRefused(str(error), member="destinations") from None
    if is_everybodys(plain):
        raise ExceptionRefused(
            f"anybody can have an address or a site below `{plain}`, expected single addresses, or a part of it",
            member="destinations",
        )
    return plain


def _check_names(values: Collection[str], *, member: str) -> None:
    if len(values) > MOST_NAMED:
        raise ExceptionRefused(f"there are {len(values)}, expected at most {MOST_NAMED}", member=member)
    bad = next((value for value in values if not value.strip() or len(value) > 500 or not value.isprintable()), None)
    if bad is not None:
        raise ExceptionRefused("one is empty, too long or has unseen characters, expected names", member=member)


def _check(wanted: WantedException, *, now: datetime) -> None:
    if not wanted.owner.strip() or len(wanted.owner) > 200 or not wanted.owner.isprintable():
        raise ExceptionRefused("nobody is named, expected who answers for it", member="owner")
    _check_reason(wanted.reason)
    _check_end(wanted.until, now=now)


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > LONGEST_REASON or "\x00" in reason:
        raise ExceptionRefused(
            f"the reason has {len(reason.strip())} characters, expected a sentence of at most {LONGEST_REASON}",
            member="reason",
        )


def _check_end(until: datetime, *, now: datetime) -> None:
    longest = settings.EXCEPTION_MAX_DAYS
    if not now < until <= now + timedelta(days=longest, minutes=1):
        raise ExceptionRefused(
            f"the end is {until:%Y-%m-%d %H:%M} UTC, expected one to come within {longest} days", member="days"
        )


def _open(number: int) -> PolicyException:
    found = PolicyException.objects.filter(pk=number, ended_at=None).first()
    if found is None:
        raise ExceptionRefused(f"exception {number} is over already")
    return found


def _end(
    found: Sequence[PolicyException],
    *,
    how: PolicyException.End,
    now: datetime,
    actor: AbstractBaseUser | None,
    reason: str = "",
) -> None:
    for one in found:
        one.ended_at, one.end, one.ended_by_id = now, how, actor.pk if actor else None
        _audit(how.value, one, actor=actor, reason=reason)
        one.save(update_fields=["ended_at", "end", "ended_by"])


def _audit(what: str, one: PolicyException, *, actor: AbstractBaseUser | None, **detail: object) -> None:
    audit.record(
        actor=actor,
        action=f"exception.{what}",
        exception=one.pk,
        scope=asdict(one.scope),
        investigation=one.investigation,
        verdict=str(one.verdict_id or ""),
        **detail,
    )
