"""Whose eyes an investigation is for: everybody's, or, where it is restricted, those of the people named and of leads;
and only of who sees the environments of all its agents.

INVARIANT: every page, count, search and export of investigations asks here. What nobody may see is not found, as if it
did not exist.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import Q

from guardrail.kept import kept_from
from investigations.models import Investigation, Reader
from investigations.tally import Changed
from policies.access import Permission, may
from policies.scope import agents_of, any_of

# What an entry of the audit trail calls its investigation, and others.
_NAMING = ("investigation", "of", "into", "sources", "to", "from")
# Whoever is no person, and is named nowhere.
NOBODY = AnonymousUser()


def visible_to(person: AbstractBaseUser | AnonymousUser | None, *, prefix: str = "") -> Q:
    """The condition on investigations, or, by `prefix`, on rows that point to one. None is the system: everything."""
    if person is None:
        return Q()
    theirs = _of_agents(person, prefix=prefix)
    if may(person, Permission.LEAD):
        return theirs
    named = Reader.objects.filter(person_id=person.pk).values("investigation")
    return theirs & (Q(**{f"{prefix}restricted": False}) | Q(**{f"{prefix}pk__in": named}))


def open_to(person: AbstractBaseUser | AnonymousUser | None, *, prefix: str = "") -> Q:
    """The condition on investigations that nobody restricted, for a program that reads with this account."""
    return _of_agents(person, prefix=prefix) & Q(**{f"{prefix}restricted": False})


def _of_agents(person: AbstractBaseUser | AnonymousUser | None, *, prefix: str) -> Q:
    agents = agents_of(person)
    if agents is None:
        return Q()
    return any_of(agents, column=f"{prefix}agent_id") & Q(**{f"{prefix}other_agents__all_among": agents})


def may_see(investigation: Investigation, person: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether this one is for these eyes. One query where it is restricted, two for who sees some environments only."""
    agents = agents_of(person)
    if agents is not None and not agents.issuperset((investigation.agent_id, *investigation.other_agents)):
        return False
    if not investigation.restricted or may(person, Permission.LEAD):
        return True
    return isinstance(person, User) and Reader.objects.filter(investigation=investigation, person=person).exists()


def hidden_among(ids: Collection[int], person: AbstractBaseUser | AnonymousUser | None) -> frozenset[int]:
    """Those of some investigations that the person may not see. At most one query."""
    seen = visible_to(person)
    if not ids or not seen:
        return frozenset()
    return frozenset(Investigation.objects.filter(pk__in=ids).exclude(seen).values_list("pk", flat=True))


def named_in(detail: Mapping[str, Any]) -> frozenset[int]:
    """The investigations an entry of the audit trail is about: its own, and those it was joined with or parted from."""
    if "investigation" not in detail:
        return frozenset()
    values = [detail.get(name) for name in _NAMING]
    every = (one for value in values for one in (value if isinstance(value, list) else (value,)))
    return frozenset(one for one in every if isinstance(one, int))


def shown_of(details: Sequence[Any], person: AbstractBaseUser | AnonymousUser | None) -> tuple[bool, ...]:
    """Which of these details of the audit trail are for the person: not those about work, or calls, kept from them.

    At most two queries.
    """
    named = [named_in(one) if isinstance(one, dict) else frozenset[int]() for one in details]
    calls = [_call_in(one) for one in details]
    hidden = hidden_among(frozenset[int]().union(*named), person)
    kept = kept_from([one for one in calls if one], person)
    return tuple(hidden.isdisjoint(numbers) and call not in kept for numbers, call in zip(named, calls, strict=True))


def of_part(details: Sequence[Any], person: AbstractBaseUser | AnonymousUser | None) -> tuple[bool, ...]:
    """As `shown_of`, and only of what is about an investigation or a call: the rest is of the whole house.

    At most three queries.
    """
    about = [isinstance(one, dict) and bool(named_in(one) or _call_in(one)) for one in details]
    return tuple(map(all, zip(about, shown_of(details, person), strict=True)))


def _call_in(detail: Any) -> UUID | None:
    """The call a line is about, e.g. one whose transcript was opened."""
    try:
        return UUID(detail["verdict"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def without_hidden(changed: Iterable[Changed], person: AbstractBaseUser | AnonymousUser | None) -> tuple[Changed, ...]:
    """Changed calls without those of investigations for other eyes. At most one query.

    How many there are is told to everybody who tries an edit: that an attack would pass must not be hidden.
    """
    rows = list(changed)
    kept = kept_from([row.verdict.pk for row in rows], person)
    return tuple(row for row in rows if row.verdict.pk not in kept)
