"""The lists that a policy document may bring along: how they differ from what is stored, and applying them.

They are tables of their own and no part of a version. An imported document's entries are shown as differences; they are
added and changed with the publication of the draft, if whoever publishes it says so. Nothing is ever removed this way.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from policies.access import Permission, require
from policies.choices import Standing
from policies.destination_list import Line
from policies.interchange.list_checks import name_of
from policies.list_change import ListChange
from policies.models import Agent, DataClass, Destination, FingerprintIndex
from policies.services import classes, destinations, exceptions, listed_classes, listed_exceptions
from policies.services.destinations import Otherwise, take_list
from policies.services.inventory import AgentSettings, change_agent

# The order of the classes, beside their entries: a draft keeps only those that differ.
ORDER = "class_order"
Lists = Mapping[str, Sequence[Any]]
Actor = AbstractBaseUser | None
# Of an agent, empty says that it follows its environment or the policy.
_MODES = ("mode", "profile", "fail_posture")
_ROWS_AT_ONCE = 2_000


def load_lists(*, phrases: bool) -> dict[str, Iterable[dict[str, Any]]]:
    """Everything stored that an export carries; `phrases` = also those by which data is recognised. Six queries.

    The long ones are read while somebody reads them, once.
    """
    rows = Agent.objects.filter(registered=True).exclude(mode="", profile="", fail_posture="")
    return {
        "destinations": map(
            _without_blanks, Destination.objects.values("value", "standing", "note").iterator(_ROWS_AT_ONCE)
        ),
        "data_classes": listed_classes.load_entries(phrases=phrases),
        "agents": (
            _without_blanks({"id": agent_id, "name": name, **dict(zip(_MODES, told, strict=True))})
            for agent_id, name, *told in rows.values_list("agent_id", "name", *_MODES).iterator(_ROWS_AT_ONCE)
        ),
        "exceptions": listed_exceptions.load_entries(),
    }


def load_list_changes(lists: Lists) -> tuple[ListChange, ...]:
    """What `lists` would change. Up to three queries a list that has entries."""
    return tuple(_changes(lists))


def kept_lists(lists: Lists) -> dict[str, list[Any]]:
    """The entries of a document that differ from what is stored, and the order of its classes."""
    told = {**lists, ORDER: [listed_classes.name_of(entry) for entry in lists.get("data_classes") or ()]}
    differing = {(change.member, change.name.lower()) for change in load_list_changes(told)}
    kept = {
        member: [entry for entry in entries if (member, _shown_name(member, entry).lower()) in differing]
        for member, entries in lists.items()
    }
    if (listed_classes.MEMBER, "order") in differing:
        kept[ORDER] = list(told[ORDER])
    return {member: entries for member, entries in kept.items() if entries}


def digest_of_changes(changes: Sequence[ListChange]) -> str:
    """What somebody has seen of changes, short enough for a form."""
    seen = json.dumps([asdict(change) for change in changes], sort_keys=True)
    return hashlib.sha256(seen.encode("utf-8", "backslashreplace")).hexdigest()


def lock_lists(lists: Lists) -> None:
    """Let nobody else change any list before the open transaction ends.

    INVARIANT: before the first audit entry. Others take these locks first and that of the audit chain then; whoever
    held the chain while waiting for one of these would wait for each other with them.
    """
    destinations.serialise()
    exceptions.serialise()
    classes.wait_for_others()
    FingerprintIndex.objects.select_for_update().filter(pk=1).values_list("pk").first()
    list(DataClass.objects.select_for_update().order_by("pk").values_list("pk"))
    ids = [entry["id"] for entry in lists.get("agents") or ()]
    list(Agent.objects.select_for_update().filter(agent_id__in=ids).order_by("pk").values_list("pk"))


@transaction.atomic
def apply_lists(lists: Lists, *, actor: Actor) -> None:
    """Add and change what differs, each audited. Needs `lock_lists` before.

    Raises ClassError, InventoryError, DestinationRefused and ExceptionRefused, and has changed nothing then.
    """
    require(actor, Permission.CHANGE_POLICY)
    # classes and destinations before the exceptions that name them
    if lists.get("destinations"):
        _write_destinations(lists["destinations"], actor)
    listed_classes.write(lists.get("data_classes") or (), lists.get(ORDER) or (), actor=actor)
    for entry in lists.get("agents") or ():
        _write_agent(entry, actor)
    listed_exceptions.write(lists.get("exceptions") or (), now=timezone.now(), actor=actor)


def _changes(lists: Lists) -> Iterator[ListChange]:
    if lists.get("destinations"):
        yield from _destination_changes(lists["destinations"])
    if lists.get("data_classes") or lists.get(ORDER):
        yield from listed_classes.load_differences(lists.get("data_classes") or (), lists.get(ORDER) or ())
    if lists.get("agents"):
        yield from _agent_changes(lists["agents"])
    if lists.get("exceptions"):
        yield from listed_exceptions.load_differences(lists["exceptions"], now=timezone.now())


def _destination_changes(entries: Sequence[Mapping[str, Any]]) -> Iterator[ListChange]:
    told = {name_of("destinations", entry): entry for entry in entries}
    rows = Destination.objects.filter(value__in=list(told)).values_list("value", "standing", "note")
    stored = {value: {"standing": standing, "note": note} for value, standing, note in rows}
    for name, entry in told.items():
        # an empty note takes none away
        wanted = {field: entry[field] for field in ("standing", "note") if entry.get(field)}
        yield from _difference("destinations", name, stored.get(name), wanted)


def _agent_changes(entries: Sequence[Mapping[str, Any]]) -> Iterator[ListChange]:
    told = {name_of("agents", entry): entry for entry in entries}
    rows = Agent.objects.filter(agent_id__in=list(told), registered=True).values_list("agent_id", *_MODES)
    stored = {agent_id: dict(zip(_MODES, modes, strict=True)) for agent_id, *modes in rows}
    for name, entry in told.items():
        wanted = {field: entry[field] for field in _MODES if field in entry}
        if name in stored:
            yield from _difference("agents", name, stored[name], wanted)
        else:
            # a policy does not register anybody
            yield ListChange(
                member="agents", name=name, before=None, after=wanted, left_out="it is not in the inventory"
            )


def _difference(
    member: str, name: str, stored: Mapping[str, str] | None, wanted: Mapping[str, str]
) -> Iterator[ListChange]:
    if stored is None:
        yield ListChange(member=member, name=name, before=None, after=wanted)
    elif differing := [field for field in wanted if stored[field] != wanted[field]]:
        before, after = ({field: side[field] for field in differing} for side in (stored, wanted))
        yield ListChange(member=member, name=name, before=before, after=after)


def _shown_name(member: str, entry: Mapping[str, Any]) -> str:
    """The name its changes have."""
    return listed_exceptions.name_of(entry) if member == listed_exceptions.MEMBER else name_of(member, entry)


def _write_destinations(entries: Sequence[Mapping[str, Any]], actor: Actor) -> None:
    lines = [
        Line(
            value=name_of("destinations", entry),
            standing=Standing(entry["standing"]),
            note=entry.get("note", "").strip(),
        )
        for entry in entries
    ]
    # what differs was shown, and somebody chose to apply it
    take_list(lines, otherwise=Otherwise.CHANGE, now=timezone.now(), actor=actor)


def _write_agent(entry: Mapping[str, Any], actor: Actor) -> None:
    agent = Agent.objects.filter(agent_id=name_of("agents", entry), registered=True).first()
    if agent is not None:
        kept = {field.name: getattr(agent, field.name) for field in fields(AgentSettings)}
        wanted = {field: entry[field] for field in _MODES if field in entry}
        change_agent(agent, AgentSettings(**{**kept, **wanted}), actor=actor)


def _without_blanks(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value not in ("", [])}
