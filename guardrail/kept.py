"""Whose eyes calls are for: those of the people named, and of leads, where work is kept to few; and only of who sees
the environment of the agent.

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
from policies.scope import agents_of, any_of

Row = TypeVar("Row", bound=Model)
Person = AbstractBaseUser | AnonymousUser | None


def for_eyes(rows: QuerySet[Row], person: Person, *, key: str = "pk") -> QuerySet[Row]:
    """The rows without those about calls that are not for the person. `key` is the column with the verdict's id.

    None is the system: everything. No query of its own, but one for the person's roles, and two for the agents of
    somebody who sees some environments only.
    """
    agents = agents_of(person)
    if agents is not None and any(field.name == "agent_id" for field in rows.model._meta.get_fields()):
        rows = rows.filter(any_of(agents))
    elif agents is not None:
        rows = rows.filter(Exists(Verdict.objects.filter(any_of(agents), pk=OuterRef(key))))
    if person is None or may(person, Permission.LEAD):
        return rows
    kept = KeptCall.objects.filter(pk=OuterRef(key)).exclude(people__contains=[person.pk])
    return rows.filter(~Exists(kept))


def kept_from(ids: Iterable[uuid.UUID], person: Person) -> frozenset[uuid.UUID]:
    """Which of these calls are not for the person. One query, none for leads and for nothing; one more, and those that
    are not there as well, for somebody who sees some environments only."""
    wanted = list(ids)
    agents = agents_of(person)
    elsewhere: frozenset[uuid.UUID] = frozenset()
    if wanted and agents is not None:
        theirs = Verdict.objects.filter(any_of(agents), pk__in=wanted)
        elsewhere = frozenset(wanted) - frozenset(theirs.values_list("pk", flat=True))
    if not wanted or person is None or may(person, Permission.LEAD):
        return elsewhere
    kept = KeptCall.objects.filter(pk__in=wanted).exclude(people__contains=[person.pk])
    return elsewhere | frozenset(kept.values_list("pk", flat=True))


def load_verdict(pk: uuid.UUID, person: Person, *, only: tuple[str, ...] = ()) -> Verdict:
    """The verdict, with these columns or all. Raises Http404 where there is none for these eyes."""
    rows = for_eyes(Verdict.objects.only(*only) if only else Verdict.objects.all(), person)
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(f"no call `{pk}`")
    return found
