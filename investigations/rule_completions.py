"""What people are offered while they fill in a condition: values that were seen. Bounded queries, by index."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from django.db.models import Q

from guardrail.kept import Person, for_eyes
from guardrail.models import Verdict
from guardrail.shown_text import without_unseen
from policies.draft_queries import signals_of
from policies.expressions.vocabulary import BY_NAME
from policies.hosts import host_of
from policies.models import Agent, DataClass, Destination, Environment, SeenTool

MOST = 50
# The newest calls that are looked through for what has no table of its own.
_RECENT = 500
_LONGEST = 200
_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "agent.id": "agent_id",
        "agent.name": "agent_name",
        "environment.id": "environment_id",
        "tenant.id": "tenant_id",
        "tool.id": "tool_id",
        "tool.name": "tool_name",
        "user.id": "user_id",
        "channel.id": "channel_id",
        "client.ip": "client_ip",
        "destinations": "destination",
        "destination.domains": "destination",
    }
)
# Rules compare these in lower case.
_LOWER = frozenset({"tool.id", "tool.name", "destinations", "destination.domains"})


def load_completions(fields: Iterable[str], *, person: Person, begun: str = "") -> dict[str, list[str]]:
    """Values for each field, those that begin with `begun` only, of calls that are for the person.

    One query, and one for each field with a table.
    """
    wanted = [name for name in dict.fromkeys(fields) if name in BY_NAME]
    recent = _load_recent(person) if any(name in _COLUMNS for name in wanted) else []
    return {name: _offered(name, recent, begun.strip().lower()[:_LONGEST]) for name in wanted}


def _load_recent(person: Person) -> list[dict[str, Any]]:
    columns = sorted(set(_COLUMNS.values()))
    return list(for_eyes(Verdict.objects.all(), person).order_by("-id").values(*columns)[:_RECENT])


def _offered(name: str, recent: Iterable[Mapping[str, Any]], begun: str) -> list[str]:
    field = BY_NAME[name]
    found = list(field.choices)
    if name in _TABLES:
        found += _TABLES[name](begun)
    if name in _COLUMNS:
        found += (str(row[_COLUMNS[name]]) for row in recent)
    if name in _LOWER:
        found = [value.lower() for value in found]
    if name == "destination.domains":
        found = [host_of(value) for value in found]
    # a completion must not bring characters into a rule that nobody sees
    plain = (value for value in dict.fromkeys(found) if 0 < len(value) <= _LONGEST and without_unseen(value) == value)
    return [value for value in plain if value.lower().startswith(begun)][:MOST]


def _agents(column: str) -> Callable[[str], list[str]]:
    def load(begun: str) -> list[str]:
        found = Agent.objects.exclude(**{column: ""}).filter(**{f"{column}__istartswith": begun})
        return [str(value) for value in found.order_by("agent_id").values_list(column, flat=True)[:MOST]]

    return load


def _tools(begun: str) -> list[str]:
    # one tool may have a row for every agent
    found = SeenTool.objects.filter(tool__startswith=begun).order_by("tool", "agent_id")
    return list(dict.fromkeys(found.values_list("tool", flat=True)[: MOST * 10]))


def _processes(begun: str) -> list[str]:
    found = Agent.objects.exclude(process="").filter(process__istartswith=begun).order_by("process")
    return list(found.values_list("process", flat=True).distinct()[:MOST])


def _destinations(begun: str) -> list[str]:
    found = Destination.objects.filter(Q(value__startswith=begun)) if begun else Destination.objects.all()
    return [str(value) for value in found.order_by("value").values_list("value", flat=True)[:MOST]]


_TABLES: Mapping[str, Callable[[str], list[str]]] = MappingProxyType(
    {
        "agent.id": _agents("agent_id"),
        "agent.name": _agents("name"),
        "agent.parent": _agents("agent_id"),
        "agent.version": _agents("seen_version"),
        "tool.id": _tools,
        "environment.id": lambda _: [
            str(one) for one in Environment.objects.values_list("environment_id", flat=True)[:MOST]
        ],
        "data.classes": lambda _: [str(one) for one in DataClass.objects.values_list("name", flat=True)[:MOST]],
        "destinations": _destinations,
        "destination.domains": _destinations,
        "process": _processes,
        "signals": lambda _: sorted(signals_of()),
        "time.hour": lambda _: [str(hour) for hour in range(24)],
    }
)
