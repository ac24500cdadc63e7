"""What is usual for agents, for the pages of the inventory: that is a room below this one and may not ask memory."""

from collections.abc import Iterable

from django import template

from guardrail.habits_shown import HabitsShown, Learning, load_habits, load_learning
from policies.agent_queries import Inventory
from policies.models import Agent

register = template.Library()


@register.simple_tag
def learning_of(inventory: Inventory) -> dict[int, Learning]:
    """The agents of all lists of the page that are still being learnt from, by key."""
    lists: Iterable[Iterable[Agent]] = (
        (row.agent for row in kind.rows) for kind in (inventory.registered, inventory.shadow)
    )
    return load_learning([agent for agents in lists for agent in agents])


@register.simple_tag
def habits_of(agent: Agent) -> HabitsShown | None:
    return load_habits(agent)


@register.filter
def at_key(values: dict[int, Learning], key: int) -> Learning | None:
    """What a mapping holds at a key a template knows by name only."""
    return values.get(key)
