"""What part of the house a person sees: all of it, or the agents of some environments and what these did.

INVARIANT: whatever shows agents, or something of one, to a person asks here, or asks what asks here for calls and for
investigations. What is not theirs is not there. A page that nobody narrowed is not there for them either:
`policies.writes.NARROWED`.
"""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup, Q
from django.db.models.sql.compiler import SQLCompiler

from policies.access import is_narrowed
from policies.models import Agent, PersonScope

Person = AbstractBaseUser | AnonymousUser | None


class _OneArray(Lookup):  # type: ignore[type-arg]  # as it runs it takes none
    """Compares with an array that is one parameter.

    Django's `__in` and `__contained_by` make one of each value: with the 5,000 agents of half a house building and
    parsing such a statement took 0.2 s, and a page asks several (2026-11-23).
    """

    operator = ""

    def get_prep_lookup(self) -> list[str]:
        return sorted(self.rhs)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} {self.operator}", [*parameters, self.rhs]


@CharField.register_lookup
class AnyOf(_OneArray):
    """`column__any_of=values`: it is one of them."""

    lookup_name = "any_of"
    operator = "= ANY (%s)"


@ArrayField.register_lookup
class AllAmong(_OneArray):
    """`column__all_among=values`: each of its members is one of them, also where it has none.

    Nearly all have none, and are found without a look at the values.
    """

    lookup_name = "all_among"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"({column} = '{{}}' OR {column} <@ %s)", [*parameters, *parameters, self.rhs]


def environments_of(person: Person) -> frozenset[int] | None:
    """The environments somebody sees, by number; None = all. One query where they are some, kept for the request."""
    if person is None or not is_narrowed(person):
        return None
    kept: frozenset[int] | None = getattr(person, "_guardrail_environments", None)
    if kept is None:
        through = PersonScope.environments.through.objects.filter(personscope_id=person.pk)
        kept = frozenset(through.values_list("environment_id", flat=True))
        person._guardrail_environments = kept  # type: ignore[union-attr]  # as the roles
    return kept


def agents_of(person: Person) -> frozenset[str] | None:
    """The ids of the agents somebody sees; None = all. Two queries where they are some, kept for the request.

    Ids and no subquery: the planner then knows from its statistics whether an index of agents or of time is shorter.
    """
    environments = environments_of(person)
    if environments is None:
        return None
    kept: frozenset[str] | None = getattr(person, "_guardrail_agents", None)
    if kept is None:
        found = Agent.objects.filter(environment_id__in=environments).exclude(agent_id="")
        kept = frozenset(found.order_by().values_list("agent_id", flat=True))
        person._guardrail_agents = kept  # type: ignore[union-attr]  # as the roles
    return kept


def of_environments(person: Person, *, column: str = "environment_id") -> Q:
    """The condition on agents, or by `column` on environments."""
    environments = environments_of(person)
    return Q() if environments is None else Q(**{f"{column}__in": environments})


def of_agents(person: Person, *, column: str = "agent_id") -> Q:
    """The condition on rows that name an agent by its id."""
    agents = agents_of(person)
    return Q() if agents is None else any_of(agents, column=column)


def any_of(agents: Collection[str], *, column: str = "agent_id") -> Q:
    """The condition on rows that name one of these agents; as quick to ask for thousands as for one."""
    return Q(**{f"{column}__any_of": agents})
