"""What data of a class may go where: the member `flows` of a policy version, compiled. Pure.

`{"restricted": {"internal": "allow", "known": "hold", "unknown": "block"}}`: class, standing of the destination, what
is done. A cell that is missing leaves it at what policy does on the finding anyway. The column `name` is for what has
no address and is not on the list of destinations: a channel, a user or a folder by its name, which the tool resolves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from policies.choices import Action, Standing

# Found data on its way: what policy does on these the cell decides, where there is one.
GOVERNED = frozenset(("classified_data_leaving", "stored_data_leaving", "secret_leaving", "personal_data_leaving"))
CHOICES = (Action.ALLOW, Action.NOTICE, Action.HOLD, Action.BLOCK)
_BY_WORD = {action.name.lower(): action for action in CHOICES}
_STANDINGS = {standing.value: standing for standing in Standing}
_MOST_CLASSES = 200
# The column of names nobody listed, and the fact of a finding that would go to one.
NAME = "name"
FORM = "destination_form"


class FlowError(ValueError):
    """A member `flows` that cannot be compiled; the message names the cell and what was wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flows:
    """`cells` by class in lower case, `names` the column of names nobody listed.

    `standings` are those some cell holds data back from, `holds_names`: some cell of that column does.
    """

    cells: Mapping[str, Mapping[Standing, Action]] = field(default_factory=lambda: MappingProxyType({}))
    names: Mapping[str, Action] = field(default_factory=lambda: MappingProxyType({}))
    standings: frozenset[Standing] = frozenset()
    holds_names: bool = False

    def cell(self, data_class: str, standing: Standing) -> Action | None:
        """What is done with data of the class on its way there; None = the policy's cells do not say."""
        row = self.cells.get(data_class.lower())
        return None if row is None else row.get(standing)

    def name_cell(self, data_class: str) -> Action | None:
        """What is done with data of the class on its way to a name nobody listed; None = nothing is."""
        return self.names.get(data_class.lower())

    def without(self, data_class: str) -> "Flows":
        """The flows as if none spoke of the class."""
        cells = {name: row for name, row in self.cells.items() if name != data_class.lower()}
        names = {name: action for name, action in self.names.items() if name != data_class.lower()}
        return replace(self, cells=MappingProxyType(cells), names=MappingProxyType(names))


NO_FLOWS = Flows()


def compile_flows(member: Any, *, formerly: Mapping[str, str]) -> Flows:
    """`formerly` maps an earlier name of a class to its name: what was said of it then holds. Raises FlowError."""
    if not member:
        return NO_FLOWS
    if not isinstance(member, Mapping) or len(member) > _MOST_CLASSES:
        raise FlowError(f"`flows` is no object of at most {_MOST_CLASSES} classes")
    cells: dict[str, Mapping[Standing, Action]] = {}
    names: dict[str, Action] = {}
    for name, row in member.items():
        if not isinstance(row, Mapping):
            raise FlowError(f"`flows.{name}` is no object, expected actions by standing")
        if str(name).lower() in cells:
            raise FlowError(f"`flows.{name}` is there twice, expected each class once; large and small letters are one")
        cells[str(name).lower()] = MappingProxyType(dict(_row(str(name), row)))
        if NAME in row:
            names[str(name).lower()] = _action(str(name), NAME, row[NAME])
    for before, now in formerly.items():
        if before.lower() in cells and now.lower() not in cells and before.lower() in names:
            names[now.lower()] = names.pop(before.lower())
        if before.lower() in cells:
            cells.setdefault(now.lower(), cells.pop(before.lower()))
    held = {standing for row in cells.values() for standing, action in row.items() if action is not Action.ALLOW}
    return Flows(
        cells=MappingProxyType(cells),
        names=MappingProxyType(names),
        standings=frozenset(held),
        holds_names=any(action is not Action.ALLOW for action in names.values()),
    )


def _row(name: str, row: Mapping[Any, Any]) -> Iterator[tuple[Standing, Action]]:
    for standing, action in row.items():
        if standing == NAME:
            continue
        if standing not in _STANDINGS:
            wanted = ", ".join((*_STANDINGS, NAME))
            raise FlowError(f"`flows.{name}.{standing}` is no standing, expected one of {wanted}")
        yield _STANDINGS[standing], _action(name, standing, action)


def _action(name: str, column: str, action: Any) -> Action:
    if not isinstance(action, str) or action not in _BY_WORD:
        raise FlowError(f"`flows.{name}.{column}` is `{action}`, expected one of {', '.join(_BY_WORD)}")
    return _BY_WORD[action]
