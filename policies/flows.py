"""What data of a class may go where: the member `flows` of a policy version, compiled. Pure.

`{"restricted": {"internal": "allow", "known": "hold", "unknown": "block"}}`: class, standing of the destination, what
is done. A cell that is missing leaves it at what policy does on the finding anyway.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from policies.choices import Action, Standing

# Found data on its way: what policy does on these the cell decides, where there is one.
GOVERNED = frozenset(("classified_data_leaving", "secret_leaving", "personal_data_leaving"))
CHOICES = (Action.ALLOW, Action.NOTICE, Action.HOLD, Action.BLOCK)
_BY_WORD = {action.name.lower(): action for action in CHOICES}
_STANDINGS = {standing.value: standing for standing in Standing}
_MOST_CLASSES = 200


class FlowError(ValueError):
    """A member `flows` that cannot be compiled; the message names the cell and what was wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flows:
    """`cells` by class in lower case. `standings` are those some cell holds data back from."""

    cells: Mapping[str, Mapping[Standing, Action]] = field(default_factory=lambda: MappingProxyType({}))
    standings: frozenset[Standing] = frozenset()

    def cell(self, data_class: str, standing: Standing) -> Action | None:
        """What is done with data of the class on its way there; None = the policy's cells do not say."""
        row = self.cells.get(data_class.lower())
        return None if row is None else row.get(standing)

    def without(self, data_class: str) -> "Flows":
        """The flows as if none spoke of the class."""
        cells = {name: row for name, row in self.cells.items() if name != data_class.lower()}
        return replace(self, cells=MappingProxyType(cells)) if len(cells) < len(self.cells) else self


NO_FLOWS = Flows()


def compile_flows(member: Any, *, formerly: Mapping[str, str]) -> Flows:
    """`formerly` maps an earlier name of a class to its name: what was said of it then holds. Raises FlowError."""
    if not member:
        return NO_FLOWS
    if not isinstance(member, Mapping) or len(member) > _MOST_CLASSES:
        raise FlowError(f"`flows` is no object of at most {_MOST_CLASSES} classes")
    cells: dict[str, Mapping[Standing, Action]] = {}
    for name, row in member.items():
        if not isinstance(row, Mapping):
            raise FlowError(f"`flows.{name}` is no object, expected actions by standing")
        if str(name).lower() in cells:
            raise FlowError(f"`flows.{name}` is there twice, expected each class once; large and small letters are one")
        cells[str(name).lower()] = MappingProxyType(dict(_row(str(name), row)))
    for before, now in formerly.items():
        if before.lower() in cells:
            cells.setdefault(now.lower(), cells.pop(before.lower()))
    held = {standing for row in cells.values() for standing, action in row.items() if action is not Action.ALLOW}
    return Flows(cells=MappingProxyType(cells), standings=frozenset(held))


def _row(name: str, row: Mapping[Any, Any]) -> Iterator[tuple[Standing, Action]]:
    for standing, action in row.items():
        if standing not in _STANDINGS:
            raise FlowError(f"`flows.{name}.{standing}` is no standing, expected one of {', '.join(_STANDINGS)}")
        if not isinstance(action, str) or action not in _BY_WORD:
            raise FlowError(f"`flows.{name}.{standing}` is `{action}`, expected one of {', '.join(_BY_WORD)}")
        yield _STANDINGS[standing], _BY_WORD[action]
