"""What a rehearsal plays: an attack and its honest twin, each a script of conversations. Pure."""

import enum
from dataclasses import dataclass, replace
from typing import Any

from guardrail.rehearsal.bodies import Agent, Tool

# Attacks that spread over calls, conversations or agents: no single call shows them.
MEMORY = "memory"


class Must(enum.Enum):
    """What must become of a call. `EITHER`: the agent was led there already, and no harm is done yet."""

    ALLOW = "allow"
    EITHER = "either"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A turn of the chat. `role` is `user`, `assistant`, or `event` for the payload that started the run."""

    role: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A call the agent plans. `gives` is what the tool returns when it is called, None = nothing worth showing."""

    tool: Tool
    arguments: dict[str, Any]
    why: str
    must: Must
    gives: Any
    output: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    agent: Agent
    turns: tuple[Said | Planned, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """One side of a scenario; `story` says in one sentence what happens."""

    story: str
    conversations: tuple[Conversation, ...]

    @property
    def calls(self) -> tuple[Planned, ...]:
        return tuple(t for talk in self.conversations for t in talk.turns if isinstance(t, Planned))


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """`author` wrote the poisoned text, `harm` is what the calls that must be stopped would do."""

    name: str
    group: str
    industry: str
    way_in: str
    wording: str
    goal: str
    author: str
    harm: str
    attack: Script
    twin: Script

    @property
    def needs_memory(self) -> bool:
        return self.group == MEMORY


def as_exercise(scenario: Scenario) -> Scenario:
    """The same played by agents of its own, whose names say on every page that it is an exercise."""
    return replace(scenario, attack=_exercised(scenario, scenario.attack), twin=_exercised(scenario, scenario.twin))


def _exercised(scenario: Scenario, script: Script) -> Script:
    return replace(
        script,
        conversations=tuple(
            replace(
                talk,
                agent=replace(talk.agent, name=f"{talk.agent.name} (exercise)", scenario=scenario.name),
            )
            for talk in script.conversations
        ),
    )
