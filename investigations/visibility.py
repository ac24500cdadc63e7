"""Whose eyes an investigation is for: everybody's, or, where it is restricted, those of the people named and of leads.

INVARIANT: every page, count, search and export of investigations asks here. What nobody may see is not found, as if it
did not exist.
"""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import Q

from investigations.models import Investigation, Reader
from policies.access import Permission, may


def visible_to(person: AbstractBaseUser | AnonymousUser | None, *, prefix: str = "") -> Q:
    """The condition on investigations, or, by `prefix`, on rows that point to one. None is the system: everything."""
    if person is None or may(person, Permission.LEAD):
        return Q()
    named = Reader.objects.filter(person_id=person.pk).values("investigation")
    return Q(**{f"{prefix}restricted": False}) | Q(**{f"{prefix}pk__in": named})


def may_see(investigation: Investigation, person: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether this one is for these eyes. One query where it is restricted, none otherwise."""
    if not investigation.restricted or may(person, Permission.LEAD):
        return True
    return isinstance(person, User) and Reader.objects.filter(investigation=investigation, person=person).exists()
