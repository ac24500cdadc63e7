"""Changes to accounts by those who may change people: never one's own here, and a superuser only by superusers."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from policies import access, audit
from policies.access import Permission, Role, load_roles, require, require_over
from policies.models import Environment
from policies.people import attempts
from policies.services.identities import NAMES_OF_NOBODY, is_vouched_for
from policies.services.publish import changed
from policies.services.scopes import narrow
from policies.services.second_factors import remove_second_factor
from policies.services.sessions import end_sessions

_LONGEST_NAME = 150


class PeopleError(ValueError):
    """A change to an account that is refused; the message says what was found and what is wanted."""


class _Links(PasswordResetTokenGenerator):
    """Worth nothing once the password is set, its person signed in, or was turned off."""

    key_salt = "policies.services.people.links"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{user.is_active}"


LINKS = _Links()


@transaction.atomic
def create_person(name: str, role: Role, *, actor: AbstractBaseUser | None) -> User:
    """An account without a password, for which a link is made next. Raises PeopleError and PermissionDenied."""
    require(actor, Permission.CHANGE_PEOPLE)
    name = name.strip()
    try:
        ASCIIUsernameValidator()(name)
    except ValidationError:
        raise PeopleError(f"`{name}` is no user name, expected letters, digits and `@` `.` `+` `-` `_`") from None
    if len(name) > _LONGEST_NAME:
        raise PeopleError(f"the name has {len(name)} characters, expected at most {_LONGEST_NAME}")
    if name.casefold() in NAMES_OF_NOBODY:
        raise PeopleError(f"`{name}` stands for nobody in the audit trail, expected another name")
    if User.objects.filter(username__iexact=name).exists():
        raise PeopleError(f"there is an account `{name}`, however it is written, expected another name")
    try:
        with transaction.atomic():
            person = User.objects.create_user(name)
    except IntegrityError:
        raise PeopleError(f"there is an account `{name}`, expected another name") from None
    audit.record(actor=actor, action="person.created", person=name, by="account")
    access.give_role(person, role, actor=actor)
    return person


@transaction.atomic
def make_link(person: User, *, actor: AbstractBaseUser | None) -> str:
    """The path of a page where whoever has it sets the password of `person`, once, within PASSWORD_RESET_TIMEOUT."""
    _require_other(actor, person)
    if not person.is_active:
        raise PeopleError(f"`{person.get_username()}` is turned off, expected an account that is on")
    if is_vouched_for(person):
        raise PeopleError(f"`{person.get_username()}` signs in by single sign-on, expected an account of this server")
    if access.is_machine(person):
        raise PeopleError(f"`{person.get_username()}` is a program's account, expected a token to be made for it")
    audit.record(actor=actor, action="person.link_made", person=person.get_username())
    return f"/welcome/{urlsafe_base64_encode(force_bytes(person.pk))}/{LINKS.make_token(person)}/"


@transaction.atomic
def set_password(person: User, password: str, token: str) -> None:
    """Set the password of whoever was given a link. Raises PeopleError for a link that is worth nothing any more."""
    found = User.objects.select_for_update().get(pk=person.pk)
    # asked again under the lock: two who have the link must not both set it
    if not found.is_active or not LINKS.check_token(found, token):
        raise PeopleError("this link was used or has ended, expected a new one")
    if access.is_machine(found):
        raise PeopleError("this account is a program's, expected a token to be made for it")
    found.set_password(password)
    found.save(update_fields=["password"])
    audit.record(actor=found, action="person.password_changed", person=found.get_username(), by="link")
    end_sessions(found, why="password", actor=found)


@transaction.atomic
def set_role(person: User, role: Role, *, actor: AbstractBaseUser | None) -> None:
    """Make `role` the one role of `person`, whose sessions end. Raises PeopleError where groups say it."""
    _require_other(actor, person)
    if is_vouched_for(person):
        raise PeopleError(f"the role of `{person.get_username()}` follows from groups, expected it to be changed there")
    before = access.is_machine(person)
    access.give_role(person, role, actor=actor)
    if before or role is Role.INTEGRATION:
        changed()


@transaction.atomic
def set_environments(
    person: User, environments: Iterable[Environment] | None, *, actor: AbstractBaseUser | None
) -> None:
    """Let `person` see the agents of these environments only, and what they did; None = of all. Safe to run twice."""
    _require_other(actor, person)
    if person.is_superuser:
        raise PeopleError(f"`{person.get_username()}` is a superuser and sees everything, expected somebody else")
    if settings.OIDC_ENVIRONMENTS and is_vouched_for(person):
        raise PeopleError(f"what `{person.get_username()}` sees follows from groups, expected it to be changed there")
    narrow(person, environments, actor=actor)


@transaction.atomic
def disable_person(person: User, *, actor: AbstractBaseUser | None) -> None:
    """Let `person` in no more; what is open ends now. Safe to run twice."""
    _set_active(person, active=False, actor=actor)


@transaction.atomic
def enable_person(person: User, *, actor: AbstractBaseUser | None) -> None:
    """Let `person` in again. Safe to run twice."""
    _set_active(person, active=True, actor=actor)


@transaction.atomic
def reset_second_factor(person: User, *, actor: AbstractBaseUser | None) -> None:
    """Forget the authenticator and the recovery codes of somebody who lost both."""
    _require_other(actor, person)
    remove_second_factor(person, actor=actor)


@transaction.atomic
def sign_out(person: User, *, actor: AbstractBaseUser | None) -> int:
    """End every session of `person`; returns how many."""
    _require_other(actor, person)
    return end_sessions(person, why="admin", actor=actor)


@transaction.atomic
def unlock(person: User, *, actor: AbstractBaseUser | None, now: datetime) -> None:
    """Let strangers to `person` try again, and so `person` in a new browser."""
    _require_other(actor, person)
    name = person.get_username()
    if attempts.locked_until([name], now=now):
        attempts.unlock(name)
        audit.record(actor=actor, action="sign_in.unlocked", person=name)


def _set_active(person: User, *, active: bool, actor: AbstractBaseUser | None) -> None:
    _require_other(actor, person)
    if not User.objects.filter(pk=person.pk, is_active=not active).update(is_active=active):
        return
    audit.record(
        actor=actor,
        action=f"person.{'enabled' if active else 'disabled'}",
        person=person.get_username(),
        roles=sorted(role.value for role in load_roles(person)),
    )
    if not active:
        end_sessions(person, why="disabled", actor=actor)
    if access.is_machine(person):
        changed()


def _require_other(actor: AbstractBaseUser | None, person: User) -> None:
    require_over(actor, person)
    if actor is not None and actor.pk == person.pk:
        raise PeopleError("this is your own account, expected somebody else to change it")
