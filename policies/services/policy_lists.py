"""The lists that a policy document may bring along: how they differ from what is stored, and applying them.

They are tables of their own and no part of a version. An imported document's entries are shown as differences; they are
added and changed with the publication of the draft, if whoever publishes it says so. Nothing is ever removed this way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from policies.access import Permission, require
from policies.choices import Standing
from policies.destination_list import Line
from policies.destination_values import normal_destination
from policies.models import Agent, DataClass, Destination
from policies.services.classes import ClassSettings, add_class, change_class
from policies.services.destinations import Otherwise, take_list
from policies.services.inventory import AgentSettings, change_agent

# What an entry may say, by list, beside its key.
_KEYS = {"destinations": "value", "data_classes": "name", "agents": "id"}
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "destinations": ("standing", "note"),
    "data_classes": ("may_leave", "note", "terms", "labels", "places", "kinds"),
    "agents": ("mode", "profile", "fail_posture"),
}
# Of an agent, empty says that it follows its environment or the policy.
_MODES = frozenset(_FIELDS["agents"])


@dataclass(frozen=True, kw_only=True, slots=True)
class ListChange:
    """One entry that is not stored as the document says. `before` None = it is new; both hold only what differs."""

    member: str
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]

    @property
    def missing(self) -> bool:
        """An agent that is not in the inventory: it is left out, for a policy does not register anybody."""
        return self.member == "agents" and self.before is None


def load_list_changes(lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[ListChange, ...]:
    """What `lists` would change. One query a list that has entries."""
    return tuple(change for member in _KEYS if lists.get(member) for change in _differences(member, lists[member]))


def load_lists() -> dict[str, list[dict[str, Any]]]:
    """Everything stored that an export carries. Three queries."""
    return {
        "destinations": [_without_blanks(row) for row in Destination.objects.values("value", *_FIELDS["destinations"])],
        "data_classes": [_without_blanks(row) for row in DataClass.objects.values("name", *_FIELDS["data_classes"])],
        "agents": [
            _without_blanks({"id": agent_id, "name": name, **dict(zip(_FIELDS["agents"], told, strict=True))})
            for agent_id, name, *told in Agent.objects.filter(registered=True)
            .exclude(mode="", profile="", fail_posture="")
            .values_list("agent_id", "name", *_FIELDS["agents"])
        ],
    }


@transaction.atomic
def apply_lists(lists: Mapping[str, Sequence[Mapping[str, Any]]], *, actor: AbstractBaseUser | None) -> int:
    """Add and change what differs, each audited; returns how many entries. Raises ClassError and InventoryError."""
    require(actor, Permission.CHANGE_POLICY)
    changes = [change for change in load_list_changes(lists) if not change.missing]
    for member in _KEYS:
        found = [change for change in changes if change.member == member]
        if found:
            _WRITERS[member](found, actor)
    return len(changes)


def _differences(member: str, entries: Sequence[Mapping[str, Any]]) -> Iterator[ListChange]:
    told = {key_of_entry(member, entry): entry for entry in entries}
    stored = _stored(member, list(told))
    for name, entry in told.items():
        # an empty note takes none away
        fields = {
            field: entry[field]
            for field in _FIELDS[member]
            if entry.get(field, "") != "" or (field in entry and field in _MODES)
        }
        row = stored.get(name)
        if row is None:
            yield ListChange(member=member, name=name, before=None, after=fields)
        elif differing := [field for field in fields if row[field] != fields[field]]:
            before = {field: row[field] for field in differing}
            yield ListChange(member=member, name=name, before=before, after={f: fields[f] for f in differing})


def key_of_entry(member: str, entry: Mapping[str, Any]) -> str:
    """What tells the entries of a list apart, as it is stored. Raises BadDestination."""
    name = str(entry[_KEYS[member]]).strip()
    return normal_destination(name) if member == "destinations" else name


def _stored(member: str, names: list[str]) -> dict[str, dict[str, Any]]:
    fields = _FIELDS[member]
    found: QuerySet[Any] = {
        "destinations": Destination.objects.filter(value__in=names),
        "data_classes": DataClass.objects.filter(name__in=names),
        "agents": Agent.objects.filter(agent_id__in=names, registered=True),
    }[member]
    key = {"destinations": "value", "data_classes": "name", "agents": "agent_id"}[member]
    return {name: dict(zip(fields, values, strict=True)) for name, *values in found.values_list(key, *fields)}


def _write_destinations(changes: Sequence[ListChange], actor: AbstractBaseUser | None) -> None:
    stored = _stored("destinations", [change.name for change in changes])
    told = [{**stored.get(change.name, {}), **change.after} for change in changes]
    lines = [
        Line(value=change.name, standing=Standing(row["standing"]), note=row.get("note", ""))
        for change, row in zip(changes, told, strict=True)
    ]
    # what differs was shown, and somebody chose to apply it
    take_list(lines, otherwise=Otherwise.CHANGE, now=timezone.now(), actor=actor)


def _write_classes(changes: Sequence[ListChange], actor: AbstractBaseUser | None) -> None:
    for change in changes:
        row = DataClass.objects.filter(name=change.name).first()
        kept = ("terms", "labels", "places", "kinds")
        told = {field: getattr(row, field) for field in (*kept, "may_leave", "note")} if row else {}
        told |= change.after
        settings = ClassSettings(
            name=change.name,
            may_leave=told.get("may_leave", False),
            note=told.get("note", ""),
            **{field: tuple(told.get(field, ())) for field in kept},
        )
        if row is None:
            add_class(settings, actor=actor)
        else:
            change_class(row.pk, settings, revision=row.revision, actor=actor)


def _write_agents(changes: Sequence[ListChange], actor: AbstractBaseUser | None) -> None:
    for change in changes:
        agent = Agent.objects.get(agent_id=change.name)
        kept = {field.name: getattr(agent, field.name) for field in fields(AgentSettings)}
        change_agent(agent, AgentSettings(**{**kept, **change.after}), actor=actor)


_WRITERS = {"destinations": _write_destinations, "data_classes": _write_classes, "agents": _write_agents}


def _without_blanks(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value not in ("", [])}
