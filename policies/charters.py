"""What one agent may do, as a person pinned it: its tools and destinations, compiled for judging. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# Before a standing: `@internal` stands for every destination of it.
STANDING = "@"
MOST_TOOLS = 500
MOST_DESTINATIONS = 5000
LONGEST = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Charter:
    """`tools` are ids or names in lower case. `destinations` None = any will do; else addresses, domains (with what is
    below them) and standings (`@internal`)."""

    tools: frozenset[str]
    destinations: frozenset[str] | None = None

    def allows_tool(self, *, tool_id: str, tool_name: str) -> bool:
        """Whether it names this tool, by its id or its name."""
        return bool(tool_id and tool_id.lower() in self.tools) or bool(tool_name and tool_name.lower() in self.tools)

    def allows_destination(self, destination: str, *, host: str, standing: str) -> bool:
        """Whether it names this destination, its host or a domain above that, or where it stands."""
        if self.destinations is None or f"{STANDING}{standing}" in self.destinations:
            return True
        value = destination.strip().lower()
        if value in self.destinations or host in self.destinations:
            return True
        labels = host.split(".")
        return any(".".join(labels[start:]) in self.destinations for start in range(1, len(labels) - 1))


def compile_charter(entry: Mapping[str, Any]) -> Charter:
    """One charter of a ruleset document: `{tools, destinations}`, where no `destinations` means any.

    Entries stand in it as `normal` leaves them: doing that again for 10,000 agents takes longer than all the rest.
    """
    destinations = entry.get("destinations")
    return Charter(
        tools=_shared(entry.get("tools", ())), destinations=None if destinations is None else _shared(destinations)
    )


def normal(values: Iterable[str]) -> tuple[str, ...]:
    """The entries as they are compared: lower case, without what surrounds them, each once, in order."""
    return tuple(dict.fromkeys(value for raw in values if (value := raw.strip().lower())))


def _shared(values: Iterable[str]) -> frozenset[str]:
    return _same(frozenset(values))


@lru_cache(maxsize=20_000)
def _same(values: frozenset[str]) -> frozenset[str]:
    """One object for equal sets: agents of one kind have one charter, and memory holds it once."""
    return values
