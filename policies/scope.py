"""What part of the house a person sees: all of it, or the agents of some environments and what these did.

INVARIANT: whatever shows agents, or something of one, to a person asks here, or asks what asks here for calls and for
investigations. What is not theirs is not there. A page that nobody narrowed is not there for them either:
`policies.writes.NARROWED`.
"""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q

from policies.access import is_narrowed
from policies.models import Agent, PersonScope

Person = AbstractBaseUser | AnonymousUser | None


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
        kept = frozenset(found.values_list("agent_id", flat=True))
        person._guardrail_agents = kept  # type: ignore[union-attr]  # as the roles
    return kept


def of_environments(person: Person, *, column: str = "environment_id") -> Q:
    """The condition on agents, or by `column` on environments."""
    environments = environments_of(person)
    return Q() if environments is None else Q(**{f"{column}__in": environments})


def of_agents(person: Person, *, column: str = "agent_id") -> Q:
    """The condition on rows that name an agent by its id."""
    agents = agents_of(person)
    return Q() if agents is None else Q(**{f"{column}__in": agents})
