"""Second factors of people: an authenticator app, recovery codes, and for which roles one is asked for.

Allauth has these, too; why these are ours is in docs/decisions/0089-people.md.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, User
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction

from policies import audit, sealing
from policies.access import Permission, Role, load_roles, require, require_over
from policies.models import Authenticator, RecoveryCode, SecondFactorRule
from policies.people import totp
from policies.services.sessions import end_sessions

SUPERUSER = "superuser"
RECOVERY_CODES = 10
# Without letters and digits that look alike
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
# 118 bits: from 112 on nobody finds a code by its plain hash
_CODE_LETTERS = 24
_LONGEST_SAID = 100


class WrongCode(ValueError):
    """A code that is not taken; the message says what is wanted."""

    def __init__(self) -> None:
        super().__init__("this code is not taken, expected the one the app shows now, which was not used before")


@transaction.atomic
def add_authenticator(
    person: User, secret: str, code: str, *, now: datetime, session: SessionBase | None
) -> tuple[str, ...]:
    """Let `person` sign in with codes of `secret` from now on; returns recovery codes, which are shown this once.

    `code` shows that an app has the secret. An authenticator that was there is replaced. Every session but `session`
    ends. Raises WrongCode.
    """
    step = totp.step_of(secret, _digits(code), now=now)
    if step is None:
        raise WrongCode
    sealed = sealing.seal(secret, purpose=_purpose(person))
    kept = {"sealed_secret": sealed, "last_step": step, "made_at": now, "last_used_at": now}
    Authenticator.objects.update_or_create(person=person, defaults=kept)
    codes = _new_codes(person)
    audit.record(actor=person, action="second_factor.added", person=person.get_username())
    end_sessions(person, why="second factor", actor=person, but=session)
    return codes


@transaction.atomic
def take_code(person: User, said: str, *, now: datetime) -> str:
    """Use up a code of the app, or a recovery code; returns which it was. Raises WrongCode, for a used one too."""
    said = said[:_LONGEST_SAID]
    if _take_of_app(person, _digits(said), now=now):
        return "authenticator"
    taken = RecoveryCode.objects.filter(person=person, digest=_digest(said), used_at=None).update(used_at=now)
    if not taken:
        raise WrongCode
    left = codes_left(person)
    audit.record(actor=person, action="second_factor.recovery_code_used", person=person.get_username(), left=left)
    return "recovery code"


@transaction.atomic
def renew_codes(person: User) -> tuple[str, ...]:
    """New recovery codes, shown this once; those before are worth nothing. A code was asked for first."""
    codes = _new_codes(person)
    audit.record(actor=person, action="second_factor.codes_renewed", person=person.get_username())
    return codes


@transaction.atomic
def remove_second_factor(person: User, *, actor: AbstractBaseUser | None, session: SessionBase | None = None) -> None:
    """Forget the authenticator and the recovery codes; every session but `session` ends. Safe to run twice."""
    if actor is None or actor.pk != person.pk:
        require_over(actor, person)
    RecoveryCode.objects.filter(person=person).delete()
    removed, _ = Authenticator.objects.filter(person=person).delete()
    if removed:
        audit.record(actor=actor, action="second_factor.removed", person=person.get_username())
        end_sessions(person, why="second factor", actor=actor, but=session)


@transaction.atomic
def require_second_factor(roles: Iterable[str], *, actor: AbstractBaseUser | None) -> None:
    """Ask for a second factor of everybody with one of these roles, and of nobody else; it is added at a sign-in.

    Safe to run twice. Names that are no role count for nothing.
    """
    require(actor, Permission.CHANGE_PEOPLE)
    wanted = sorted({SUPERUSER, *(role.value for role in Role)} & set(roles))
    before = sorted(SecondFactorRule.objects.select_for_update().values_list("role", flat=True))
    if wanted == before:
        return
    SecondFactorRule.objects.exclude(role__in=wanted).delete()
    SecondFactorRule.objects.bulk_create([SecondFactorRule(role=role) for role in wanted], ignore_conflicts=True)
    audit.record(actor=actor, action="second_factor.required", before=before, after=wanted)


@transaction.atomic
def reseal_authenticators(*, actor: AbstractBaseUser | None) -> tuple[int, tuple[str, ...]]:
    """Seal secrets under the newest secret key; returns how many were not, and whose do not open. Safe to run twice."""
    require(actor, Permission.CHANGE_PEOPLE)
    count, closed = 0, []
    for found in Authenticator.objects.select_for_update(of=("self",)).select_related("person").order_by("pk"):
        try:
            sealed = sealing.resealed(found.sealed_secret, purpose=_purpose(found.person))
        except sealing.NotOpened:
            closed.append(f"authenticator of {found.person.get_username()}")
            continue
        if sealed != found.sealed_secret:
            Authenticator.objects.filter(pk=found.pk).update(sealed_secret=sealed)
            count += 1
    if count:
        audit.record(actor=actor, action="second_factor.resealed", authenticators=count)
    return count, tuple(closed)


def has_second_factor(person: User) -> bool:
    """Whether `person` has an authenticator. One query."""
    return Authenticator.objects.filter(person=person).exists()


def is_required_of(person: User) -> bool:
    """Whether a role of `person` asks for a second factor. At most two queries."""
    names = {role.value for role in load_roles(person)} | ({SUPERUSER} if person.is_superuser else set())
    return bool(names) and SecondFactorRule.objects.filter(role__in=names).exists()


def codes_left(person: User) -> int:
    """How many recovery codes are not used yet."""
    return RecoveryCode.objects.filter(person=person, used_at=None).count()


def _take_of_app(person: User, code: str, *, now: datetime) -> bool:
    found = Authenticator.objects.filter(person=person).first()
    if found is None:
        return False
    try:
        step = totp.step_of(sealing.unseal(found.sealed_secret, purpose=_purpose(person)), code, now=now)
    except sealing.NotOpened:
        # recovery codes are not sealed, and still work
        return False
    if step is None:
        return False
    # conditional: of two processes shown the same code one takes it
    newer = Authenticator.objects.filter(pk=found.pk, last_step__lt=step)
    return bool(newer.update(last_step=step, last_used_at=now))


def _new_codes(person: User) -> tuple[str, ...]:
    RecoveryCode.objects.filter(person=person).delete()
    codes = tuple("".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS)) for _ in range(RECOVERY_CODES))
    RecoveryCode.objects.bulk_create([RecoveryCode(person=person, digest=_digest(code)) for code in codes])
    return tuple("-".join(code[at : at + 4] for at in range(0, _CODE_LETTERS, 4)) for code in codes)


def _digits(said: str) -> str:
    return "".join(said.split())


def _digest(said: str) -> str:
    return hashlib.sha256("".join(letter for letter in said.lower() if letter.isalnum()).encode()).hexdigest()


def _purpose(person: User) -> str:
    return f"authenticator {person.pk}"
