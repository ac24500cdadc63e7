"""Legal holds: what stays although its time is over or somebody asks for its erasure. One places, another lifts."""

import uuid
from collections.abc import Collection

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from guardrail.models import SearchEntry, Verdict
from investigations.models import InvestigationCall, LegalHold
from policies import audit
from policies.access import Permission, require

LONGEST_KEY, LONGEST_REASON, SHORTEST_REASON = 200, 500, 5


class HoldError(ValueError):
    """A hold that is refused; the message says what was found and what is wanted."""


@transaction.atomic
def place(kind: str, key: str, *, reason: str, actor: AbstractBaseUser | None) -> LegalHold:
    """Keep a case, a call or all calls of a user. Raises HoldError."""
    require(actor, Permission.HOLD)
    key, reason = _checked_key(kind, key.strip()), checked_reason(reason)
    now, by = timezone.now(), actor if isinstance(actor, User) else None
    hold, created = LegalHold.objects.get_or_create(
        kind=kind, key=key, lifted_at=None, defaults={"reason": reason, "placed_at": now, "placed_by": by}
    )
    if not created:
        raise HoldError("it is under a legal hold already")
    audit.record(actor=actor, action="hold.placed", hold=hold.pk, reason=reason, **{_named(kind): key})
    return hold


@transaction.atomic
def lift(hold: LegalHold, *, reason: str, actor: AbstractBaseUser | None) -> None:
    """End a hold: a right of its own, and never by whoever placed it. Raises HoldError."""
    require(actor, Permission.LIFT_HOLD)
    reason = checked_reason(reason)
    if actor is not None and hold.placed_by_id == actor.pk:
        raise HoldError("you placed it yourself, expected somebody else to lift it")
    by = actor if isinstance(actor, User) else None
    ended = LegalHold.objects.filter(pk=hold.pk, lifted_at=None).update(
        lifted_at=timezone.now(), lifted_by=by, lifted_why=reason
    )
    if not ended:
        raise HoldError("it is lifted already")
    audit.record(actor=actor, action="hold.lifted", hold=hold.pk, reason=reason, **{_named(hold.kind): hold.key})


def standing() -> QuerySet[LegalHold]:
    """Those in force."""
    return LegalHold.objects.filter(lifted_at=None)


def held_of(rows: QuerySet[SearchEntry]) -> QuerySet[SearchEntry]:
    """Those of the calls in the search that are under a hold: counted there, however many there are."""
    by_kind = _keys_by_kind()
    of_cases = InvestigationCall.objects.filter(investigation_id__in=map(int, by_kind.get("case", ())))
    return rows.filter(
        Q(pk__in=by_kind.get("call", ()))
        | Q(pk__in=of_cases.values("verdict_id"))
        | Q(user_id__in=by_kind.get("user", ()))
    )


def held_among(ids: Collection[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Which of these calls are under a hold, by themselves, by their case or by their user. Up to three queries."""
    by_kind = _keys_by_kind()
    held = {pk for pk in ids if str(pk) in set(by_kind.get("call", ()))}
    if cases := [int(key) for key in by_kind.get("case", ())]:
        of_cases = InvestigationCall.objects.filter(verdict_id__in=ids, investigation_id__in=cases)
        held.update(of_cases.values_list("verdict_id", flat=True))
    if users := by_kind.get("user"):
        held.update(Verdict.objects.filter(pk__in=ids, user_id__in=users).values_list("pk", flat=True))
    return frozenset(held)


def checked_reason(reason: str) -> str:
    """The reason for a hold, its end, or an erasure, on one line. Raises HoldError."""
    reason = " ".join(reason.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise HoldError(f"the reason has {len(reason)} characters, expected {SHORTEST_REASON} to {LONGEST_REASON}")
    return reason


def keep_still() -> None:
    """Until the end of the transaction nobody places a hold: what is erased in it was under none."""
    with connection.cursor() as cursor:
        cursor.execute(f'LOCK TABLE "{LegalHold._meta.db_table}" IN SHARE MODE')


def _keys_by_kind() -> dict[str, list[str]]:
    by_kind: dict[str, list[str]] = {}
    for kind, key in standing().values_list("kind", "key"):
        by_kind.setdefault(kind, []).append(key)
    return by_kind


def _checked_key(kind: str, key: str) -> str:
    if kind not in LegalHold.Kind.values:
        raise HoldError(f"`{kind}` cannot be held, expected one of {', '.join(LegalHold.Kind.values)}")
    if not 0 < len(key) <= LONGEST_KEY:
        raise HoldError(f"it has {len(key)} characters, expected 1 to {LONGEST_KEY}")
    if kind == "case" and not (key.isdecimal() and len(key) < 18):
        raise HoldError(f"`{key}` is no investigation, expected its number")
    if kind == "call":
        try:
            return str(uuid.UUID(key))
        except ValueError:
            raise HoldError(f"`{key}` is no call, expected the id of a verdict") from None
    return key


def _named(kind: str) -> str:
    return {"case": "investigation", "call": "verdict", "user": "user"}[kind]
