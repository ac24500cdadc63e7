"""Restricting an agent, conversation, user, document, destination or channel for a time, and ending that.

Each change is one transaction with its audit entry, and reaches judging within a refresh. INVARIANT: `_serialise` is
taken before the audit chain's lock and before any row of a restriction: two writers that did it the other way round
would wait for each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import F, QuerySet

from policies import audit
from policies.access import Permission, require
from policies.models import Restriction
from policies.restrictions import EFFECTS, LONGEST_NAME, PARTS, Effect, Restricted, key_of
from policies.services.publish import changed

LONGEST_REASON = 2_000
LONGEST_DAYS = 30
MOST_PER_MINUTE = 6_000
# What one run of a task ends: each is one audit entry, and they hold the chain's lock.
BATCH = 500
_LOCK = 7_221_002


class RestrictionError(ValueError):
    """A restriction that is refused, or gone already; the message says what was found and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is to be restricted. `until` None = until somebody undoes it. `verdicts` are ids of calls it is made on."""

    kind: Restricted
    effect: Effect
    subject: tuple[str, ...]
    reason: str
    until: datetime | None
    per_minute: int = 0
    investigation: int | None = None
    verdicts: tuple[str, ...] = ()


@transaction.atomic
def restrict(wanted: Wanted, *, now: datetime, actor: AbstractBaseUser | None) -> Restriction:
    """Restrict it from the next call on; an open one of this effect on the same subject is replaced.

    Raises RestrictionError when it makes no sense, PermissionDenied when the actor may not.
    """
    require(actor, Permission.RESPOND)
    _check(wanted, now=now)
    if wanted.until is None and wanted.kind is not Restricted.AGENT:
        raise RestrictionError("there is no end, expected one: only an agent is restricted without")
    serialise()
    open_now = _open(wanted).first()
    if open_now is not None:
        _end([open_now], how=Restriction.End.REPLACED, now=now, actor=actor)
    made = _insert(wanted, rule="", now=now, actor=actor)
    changed()
    return made


def restrict_by_rule(wanted: Wanted, *, rule: str, now: datetime) -> Restriction | None:
    """As `restrict`, for a rule; None when it is restricted already. Needs a transaction that called `serialise`.

    The caller calls `changed` once for all it made.
    """
    _check(wanted, now=now)
    if wanted.until is None:
        raise RestrictionError(f"the rule `{rule}` gives no end, expected one")
    return None if _open(wanted).exists() else _insert(wanted, rule=rule, now=now, actor=None)


@transaction.atomic
def undo(number: int, *, now: datetime, actor: AbstractBaseUser | None) -> Restriction:
    """End one. Raises RestrictionError when it is over already."""
    require(actor, Permission.RESPOND)
    serialise()
    found = Restriction.objects.filter(pk=number, ended_at=None).first()
    if found is None:
        raise RestrictionError(f"restriction {number} is over already")
    _end([found], how=Restriction.End.UNDONE, now=now, actor=actor)
    changed()
    return found


@transaction.atomic
def end_due(now: datetime) -> int:
    """End those whose time is over, at most BATCH, and return how many. Safe to run twice, and by several at once."""
    due = Restriction.objects.filter(ended_at=None, until__lte=now)
    # the common case takes no lock
    if not due.exists():
        return 0
    serialise()
    found = list(due.order_by("until", "pk")[:BATCH])
    _end(found, how=Restriction.End.EXPIRED, now=now, actor=None)
    if found:
        changed()
    return len(found)


def clear(investigation: int, *, now: datetime, actor: AbstractBaseUser | None) -> int:
    """End what rules made on an investigation that turned out harmless; returns how many. Needs a transaction."""
    made = Restriction.objects.filter(investigation=investigation, ended_at=None).exclude(rule="")
    if not made.exists():
        return 0
    serialise()
    found = list(made.order_by("pk"))
    _end(found, how=Restriction.End.CLEARED, now=now, actor=actor)
    changed()
    return len(found)


def restore(
    investigation: int, *, cleared_at: datetime, now: datetime, actor: AbstractBaseUser | None
) -> list[Restriction]:
    """Make again what rules had restricted for an investigation and its close as harmless ended, for the time left.

    Not where the same is restricted by now. Needs a transaction that called `serialise`. Returns what was made.
    """
    require(actor, Permission.INVESTIGATE)
    ended = Restriction.objects.filter(
        investigation=investigation, end=Restriction.End.CLEARED, ended_at=cleared_at, until__gt=now
    )
    made = []
    for row in ended.exclude(rule="").order_by("pk"):
        wanted = Wanted(
            kind=Restricted(row.kind),
            effect=Effect(row.effect),
            subject=tuple(row.subject),
            reason=row.reason,
            until=row.until,
            per_minute=row.per_minute,
            investigation=investigation,
            verdicts=tuple(row.verdicts),
        )
        if not _open(wanted).exists():
            made.append(_insert(wanted, rule=row.rule, now=now, actor=actor))
    if made:
        changed()
    return made


@transaction.atomic
def end_all_by_rules(*, now: datetime, actor: AbstractBaseUser | None) -> int:
    """End every restriction that rules made; returns how many."""
    require(actor, Permission.CHANGE_POLICY)
    serialise()
    found = list(Restriction.objects.filter(ended_at=None).exclude(rule="").order_by("pk"))
    _end(found, how=Restriction.End.SWITCHED_OFF, now=now, actor=actor)
    changed()
    return len(found)


def count_hits(hits: dict[int, int], *, at: datetime) -> None:
    """Add stopped calls to their restrictions. Needs a transaction that takes no other lock after it."""
    for number in sorted(hits):
        Restriction.objects.filter(pk=number).update(hits=F("hits") + hits[number], last_hit_at=at)


def serialise() -> None:
    """Let one transaction at a time restrict or end: what it then counts and finds open stays so until it commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def open_ones(kind: Restricted, subjects: Iterable[Sequence[str]]) -> QuerySet[Restriction]:
    """Those in force on any of these subjects."""
    keys = [key_of(kind, subject) for subject in subjects]
    return Restriction.objects.filter(kind=kind.value, key__in=keys, ended_at=None)


def _check(wanted: Wanted, *, now: datetime) -> None:
    if wanted.effect not in EFFECTS[wanted.kind]:
        words = ", ".join(effect.value for effect in EFFECTS[wanted.kind])
        raise RestrictionError(f"the effect on a {wanted.kind.value} is `{wanted.effect.value}`, expected {words}")
    if len(wanted.subject) != PARTS.get(wanted.kind, 1) or not wanted.subject[-1].strip():
        raise RestrictionError(f"the {wanted.kind.value} is empty, expected its name or id")
    if any(len(part) > LONGEST_NAME or "\x00" in part for part in wanted.subject):
        raise RestrictionError(f"the {wanted.kind.value} is longer than {LONGEST_NAME} characters, expected a name")
    if not wanted.reason.strip() or len(wanted.reason) > LONGEST_REASON or "\x00" in wanted.reason:
        raise RestrictionError(
            f"the reason has {len(wanted.reason.strip())} characters, expected a sentence of at most {LONGEST_REASON}"
        )
    if wanted.until is not None and not now < wanted.until <= now + timedelta(days=LONGEST_DAYS, minutes=1):
        raise RestrictionError(f"the end is {wanted.until:%Y-%m-%d %H:%M}, expected one within {LONGEST_DAYS} days")
    if (wanted.effect is Effect.RATE_LIMIT) != (0 < wanted.per_minute <= MOST_PER_MINUTE):
        raise RestrictionError(
            f"the limit is {wanted.per_minute} calls a minute, expected 1 to {MOST_PER_MINUTE} for a rate limit only"
        )


def _open(wanted: Wanted) -> QuerySet[Restriction]:
    return open_ones(wanted.kind, [wanted.subject]).filter(effect=wanted.effect.value)


def _insert(wanted: Wanted, *, rule: str, now: datetime, actor: AbstractBaseUser | None) -> Restriction:
    made = Restriction.objects.create(
        kind=wanted.kind.value,
        effect=wanted.effect.value,
        subject=list(wanted.subject),
        key=key_of(wanted.kind, wanted.subject),
        per_minute=wanted.per_minute,
        reason=wanted.reason.strip(),
        made_by_id=actor.pk if actor else None,
        rule=rule,
        investigation=wanted.investigation,
        verdicts=list(wanted.verdicts),
        created_at=now,
        until=wanted.until,
    )
    _audit("made", made, actor=actor, until=wanted.until.isoformat() if wanted.until else "", rule=rule)
    return made


def _end(found: Sequence[Restriction], *, how: Restriction.End, now: datetime, actor: AbstractBaseUser | None) -> None:
    for restriction in found:
        restriction.ended_at, restriction.end = now, how
        restriction.ended_by_id = actor.pk if actor else None
        restriction.save(update_fields=["ended_at", "end", "ended_by"])
        _audit(how.value, restriction, actor=actor)


def _audit(what: str, restriction: Restriction, *, actor: AbstractBaseUser | None, **detail: object) -> None:
    audit.record(
        actor=actor,
        action=f"restriction.{what}",
        restriction=restriction.pk,
        kind=restriction.kind,
        effect=restriction.effect,
        subject=restriction.subject,
        investigation=restriction.investigation,
        **detail,
    )
