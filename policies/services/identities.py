"""Accounts of people another house vouches for: found by issuer and subject only, made when they first come.

Never by name or address: whoever may choose theirs there would choose somebody's here.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from policies import audit
from policies.access import GRANTS, Role, give_role, is_machine, load_roles
from policies.models import Environment
from policies.services.scopes import narrow
from policies.services.sessions import end_sessions

_LONGEST_NAME = 100
_LONGEST_PART = 150
_LONGEST_SUBJECT = 191
_MOST_GROUPS = 10_000
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.@+_-]+")
EVERY_ENVIRONMENT = "*"
# What stands in the audit trail where nobody acted
NAMES_OF_NOBODY = frozenset({"system", "nobody", "anonymous"})


class Refused(Exception):
    """Nobody is signed in; the message says why to the person, who has shown who they are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """What an ID token says. `groups` is None where there are so many that the token names them elsewhere."""

    issuer: str
    subject: str
    wished_name: str
    first_name: str
    last_name: str
    groups: frozenset[str] | None

    @classmethod
    def read(cls, claims: Mapping[str, Any]) -> "Claims":
        """From an ID token whose signature holds. Raises Refused."""
        subject = str(claims["sub"])
        if not 0 < len(subject) <= _LONGEST_SUBJECT or "\0" in subject:
            raise Refused("your organisation gives you no identifier of a usable length")
        wished = next((str(claims[name]) for name in ("preferred_username", "email") if claims.get(name)), "person")
        return cls(
            issuer=str(claims["iss"]),
            subject=subject,
            wished_name=wished,
            first_name=_part(claims.get("given_name") or claims.get("name")),
            last_name=_part(claims.get("family_name")),
            groups=_groups(claims, settings.OIDC_GROUPS_CLAIM),
        )


def take_in(claims: Claims) -> User:
    """The account of whom `claims` name, made where there is none, with the role its groups give. Raises Refused.

    Whoever lost their groups loses the role and every session, before being refused.
    """
    if claims.groups is None:
        raise Refused("you are in more groups than the token names; ask for app roles instead of groups")
    roles = {settings.OIDC_ROLES[group] for group in claims.groups if group in settings.OIDC_ROLES}
    role = max((role for role in Role if role.value in roles), key=lambda role: len(GRANTS[role]), default=None)
    person = _found(claims)
    if person is None and role is not None:
        person = _made(claims)
    if person is not None and not person.is_active:
        raise Refused("your account is turned off here")
    if person is not None and is_machine(person):
        raise Refused("your account here is a program's")
    if person is None or role is None:
        if person is not None:
            _take_role(person)
        raise Refused("none of your groups has a role here")
    if settings.OIDC_ENVIRONMENTS and not person.is_superuser:
        # before the role: without it nobody sees anything, and with it somebody new would see everything
        narrow(person, _environments_of(claims.groups), actor=None)
    if load_roles(person) != {role}:
        give_role(person, role, actor=None)
    return person


def is_vouched_for(person: User) -> bool:
    """Whether another house says what role `person` has."""
    return bool(SocialAccount.objects.filter(user=person).exists())


def _environments_of(groups: frozenset[str]) -> QuerySet[Environment] | None:
    """What these groups let somebody see: None = everything, and nothing where none of them is named."""
    names = {name for group, name in settings.OIDC_ENVIRONMENTS if group in groups}
    return None if EVERY_ENVIRONMENT in names else Environment.objects.filter(environment_id__in=names)


def _found(claims: Claims) -> User | None:
    kept = SocialAccount.objects.filter(provider=claims.issuer, uid=claims.subject).select_related("user").first()
    return kept.user if kept else None


def _made(claims: Claims) -> User:
    # two who come at once may wish for one name, and one person may come in two tabs
    for name in (_free_name(claims), _name_with_ending(claims)):
        if (person := _made_as(claims, name) or _found(claims)) is not None:
            return person
    raise Refused("your account could not be made, try once more")


def _made_as(claims: Claims, name: str) -> User | None:
    try:
        with transaction.atomic():
            person = User.objects.create_user(name, first_name=claims.first_name, last_name=claims.last_name)
            SocialAccount.objects.create(user=person, provider=claims.issuer, uid=claims.subject, extra_data={})
            audit.record(
                actor=None,
                action="person.created",
                person=person.get_username(),
                by="single sign-on",
                issuer=claims.issuer,
                subject=claims.subject,
            )
    except IntegrityError:
        return None
    return person


def _free_name(claims: Claims) -> str:
    """The wished name as plain characters; with an ending of its own where somebody has it, however written."""
    wished = _plain_name(claims)
    if wished.casefold() not in NAMES_OF_NOBODY and not User.objects.filter(username__iexact=wished).exists():
        return wished
    return _name_with_ending(claims)


def _plain_name(claims: Claims) -> str:
    plain = _NOT_IN_NAMES.sub("_", unicodedata.normalize("NFKC", claims.wished_name))[:_LONGEST_NAME].strip("_")
    return plain or "person"


def _name_with_ending(claims: Claims) -> str:
    return f"{_plain_name(claims)}.{hashlib.sha256(f'{claims.issuer} {claims.subject}'.encode()).hexdigest()[:8]}"


@transaction.atomic
def _take_role(person: User) -> None:
    if roles := load_roles(person):
        person.groups.remove(*Group.objects.filter(name__in=[role.value for role in Role]))
        audit.record(
            actor=None,
            action="person.role_taken",
            person=person.get_username(),
            roles=sorted(role.value for role in roles),
        )
        end_sessions(person, why="role", actor=None)


def _groups(claims: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """None for what Entra calls an overage: the token says where to ask for the groups, and names none."""
    elsewhere = claims.get("_claim_names")
    if claims.get("hasgroups") or (isinstance(elsewhere, Mapping) and name in elsewhere):
        return None
    said = claims.get(name)
    listed = said if isinstance(said, list) else [said]
    return frozenset(one for one in listed[:_MOST_GROUPS] if isinstance(one, str))


def _part(said: object) -> str:
    text = said if isinstance(said, str) else ""
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST_PART]
