"""Calls that are for few: those of work that is kept to the people named, and to leads.

INVARIANT: every list, page, search and export of calls asks here. What nobody may see is not found, as if it had never
come; counts by day, and what engines and rules are told to do about it, know no person and have all calls.
"""

import uuid
from collections.abc import Iterable
from typing import TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import Http404

from guardrail.models import KeptCall, Verdict
from policies.access import Permission, may

Row = TypeVar("Row", bound=Model)
Person = AbstractBaseUser | AnonymousUser | None


def for_eyes(rows: QuerySet[Row], person: Person, *, key: str = "pk") -> QuerySet[Row]:
    """The rows without those about calls kept from the person. `key` is the column with the verdict's id.

    None is the system: everything. No query of its own, but one for the person's roles.
    """
    if person is None or may(person, Permission.LEAD):
        return rows
    kept = KeptCall.objects.filter(pk=OuterRef(key)).exclude(people__contains=[person.pk])
    return rows.filter(~Exists(kept))


def kept_from(ids: Iterable[uuid.UUID], person: Person) -> frozenset[uuid.UUID]:
    """Which of these calls are not for the person. One query, none for leads and for nothing."""
    wanted = list(ids)
    if not wanted or person is None or may(person, Permission.LEAD):
        return frozenset()
    kept = KeptCall.objects.filter(pk__in=wanted).exclude(people__contains=[person.pk])
    return frozenset(kept.values_list("pk", flat=True))


def load_verdict(pk: uuid.UUID, person: Person, *, only: tuple[str, ...] = ()) -> Verdict:
    """The verdict, with these columns or all. Raises Http404 where there is none for these eyes."""
    rows = for_eyes(Verdict.objects.only(*only) if only else Verdict.objects.all(), person)
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(f"no call `{pk}`")
    return found
