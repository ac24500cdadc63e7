"""How much of the judging two rulesets differ in: only in what is done on signals, or in what is found. Pure."""

import enum
from dataclasses import fields, is_dataclass

from policies.ruleset import Action, Ruleset

# Members that say what is done about findings. Whatever is not named here may change the findings themselves.
_DECIDING = frozenset(
    "version state mode profile fail_posture actions agents environments opinions rules exceptions".split()
)
# Of an agent's entry, what detectors do not look at.
_DECIDING_OF_AGENT = frozenset({"agent_id", "name", "mode", "profile", "fail_posture", "process"})


class Depth(enum.Enum):
    """`redecided` = by the signals the verdict keeps; `judged` = from the transcript, every detector asked again."""

    REDECIDED = "redecided"
    JUDGED = "judged"


def depth_between(one: Ruleset, other: Ruleset) -> Depth:
    """What it takes to tell by which of the two a stored call would have been answered in another way."""
    for member in fields(Ruleset):
        if member.name in _DECIDING:
            continue
        if not _same(getattr(one, member.name), getattr(other, member.name)):
            return Depth.JUDGED
    return Depth.REDECIDED if _agents_of(one) == _agents_of(other) else Depth.JUDGED


def differing(one: Ruleset, other: Ruleset) -> frozenset[str]:
    """The members in which the two differ, those that only decide among them."""
    return frozenset(
        member.name for member in fields(Ruleset) if not _same(getattr(one, member.name), getattr(other, member.name))
    )


def _same(one: object, other: object) -> bool:
    """Whether both hold the same, for values that compare by identity, too."""
    if one is other:
        return True
    if is_dataclass(one) and type(one) is type(other):
        return all(_same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one))
    return bool(one == other)


def needs_calls(ruleset: Ruleset) -> bool:
    """Whether deciding by stored signals takes the call itself: for the conditions of rules and exceptions.

    A verdict does not keep which stretches of the arguments were to be taken out, so modifying takes it as well.
    """
    if ruleset.rules.ordered or ruleset.exceptions.of_agent or ruleset.exceptions.of_tool:
        return True
    return any(Action.MODIFY in by_profile.values() for by_profile in ruleset.actions.values())


def needs_volume(ruleset: Ruleset) -> bool:
    """Whether a rule asks how many calls the agent made that hour."""
    return "volume.agent_hour" in ruleset.rules.reads


def _agents_of(ruleset: Ruleset) -> dict[str, tuple[object, ...]]:
    """What detectors may look at, of the agents that have any of it."""
    found = {}
    for agent_id, rule in ruleset.agents.items():
        looked_at = tuple(
            getattr(rule, member.name) for member in fields(rule) if member.name not in _DECIDING_OF_AGENT
        )
        if any(looked_at):
            found[agent_id] = looked_at
    return found
