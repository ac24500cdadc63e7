"""Importing tenant documents: what an admin knows becomes destinations, classes, files, agents and tool kinds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from policies import audit
from policies.access import Permission, require
from policies.choices import Standing
from policies.destination_values import BadDestination, check_standing
from policies.models import Agent, ClassifiedFile, DataClass, Destination, Environment, Tool
from policies.services.destinations import serialise
from policies.services.publish import changed
from policies.tenant import tenant_document

# Rows a statement carries: Postgres takes at most 65,535 parameters.
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """How many entries of each kind a document named; entries that were there already are counted too.

    `notes` are sentences on what people may not expect.
    """

    agents: int
    tools: int
    destinations: int
    files: int
    data_classes: int
    notes: tuple[str, ...] = ()


def import_tenant(document: Mapping[str, Any], actor: AbstractBaseUser | None) -> Imported:
    """Add and update what `document` names, in one transaction; deletes nothing and is safe to run twice.

    An empty member leaves what is stored as it is, and so does a class given only by name. Raises TenantError before
    anything is written.
    """
    require(actor, Permission.CHANGE_POLICY)
    entries = tenant_document(document)
    counts = {name: len(found) for name, found in entries.items()}
    with transaction.atomic():
        notes = _save_destinations(entries["destinations"], actor=actor) if entries["destinations"] else []
        classes = sorted(_as_stored(entries["data_classes"], "name"), key=lambda entry: not entry["named_only"])
        # the last that says more than the name counts
        _save_classes({entry["name"]: entry for entry in classes}.values())
        _save_files(_as_stored(entries["files"], "data_class"))
        _save_agents(entries["agents"])
        _save_tools(entries["tools"])
        agent_ids = [agent["id"] for agent in entries["agents"]][:20]
        audit.record(actor=actor, action="tenant.imported", agent_ids=agent_ids, **counts, notes=notes)
        changed()
    return Imported(**counts, notes=tuple(notes))


def _save_destinations(entries: Sequence[Mapping[str, Any]], *, actor: AbstractBaseUser | None) -> list[str]:
    """Write them but those the list denies: a file that is read every night must not undo what a person denied.

    What belongs to anybody is left out too: one such entry must not cost the night's others.
    """
    serialise()
    everybodys = [entry["value"] for entry in entries if _is_everybodys(entry)]
    left_out = set(everybodys)
    entries = [entry for entry in entries if entry["value"] not in left_out]
    values = [entry["value"] for entry in entries]
    was: dict[str, str] = {}
    for start in range(0, len(values), _ROWS_AT_ONCE):
        rows = Destination.objects.filter(value__in=values[start : start + _ROWS_AT_ONCE])
        was |= dict(rows.values_list("value", "standing"))
    denied, known, partner = (Destination.StandingChoice[name] for name in ("DENIED", "KNOWN", "PARTNER"))
    kept = [one["value"] for one in entries if was.get(one["value"]) == denied != one["standing"]]
    partners = [one["value"] for one in entries if (was.get(one["value"]), one["standing"]) == (known, partner)]
    new = [one for one in entries if one["value"] not in kept and was.get(one["value"]) != one["standing"]]
    Destination.objects.bulk_create(
        [
            Destination(
                value=entry["value"],
                standing=entry["standing"],
                changed_at=timezone.now(),
                changed_by_id=actor.pk if actor else None,
            )
            for entry in new
        ],
        batch_size=_ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["value"],
        update_fields=["standing", "changed_at", "changed_by"],
    )
    return list(
        filter(
            None,
            (
                _note(everybodys, "nobody's own, since anybody can have a name below it, and was left out"),
                _note(kept, "denied on the list and stays so; to lift that, change it on the page Destinations"),
                _note(
                    partners, "a partner now and was known; rules and the table of data classes may tell these apart"
                ),
            ),
        )
    )


def _is_everybodys(entry: Mapping[str, Any]) -> bool:
    try:
        check_standing(entry["value"], Standing(entry["standing"]))
    except BadDestination:
        return True
    return False


def _note(values: Sequence[str], what: str) -> str:
    """A sentence on some values; empty for none."""
    others = f" and {len(values) - 1:,} more: each" if len(values) > 1 else ""
    return f"`{values[0][:100]}`{others} is {what}" if values else ""


def _as_stored(entries: Sequence[Mapping[str, Any]], member: str) -> list[dict[str, Any]]:
    """The entries with each class by the name it is stored under, whatever its case, and by its former names."""
    stored: dict[str, str] = {}
    for name, former_names in DataClass.objects.values_list("name", "former_names"):
        stored[name.lower()] = name
        for former in former_names:
            stored.setdefault(former.lower(), name)
    return [{**entry, member: stored.setdefault(entry[member].lower(), entry[member])} for entry in entries]


def _save_classes(entries: Collection[Mapping[str, Any]]) -> None:
    rows = {
        named_only: [
            DataClass(name=entry["name"], may_leave=entry["may_leave"], terms=entry["terms"], labels=entry["labels"])
            for entry in entries
            if entry["named_only"] is named_only
        ]
        for named_only in (True, False)
    }
    DataClass.objects.bulk_create(rows[True], batch_size=_ROWS_AT_ONCE, ignore_conflicts=True)
    DataClass.objects.bulk_create(
        rows[False],
        batch_size=_ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["may_leave", "terms", "labels"],
    )
    # whoever has a class open on its page began from another state
    DataClass.objects.filter(name__in=[row.name for row in rows[False]]).update(revision=F("revision") + 1)


def _save_files(entries: Sequence[Mapping[str, Any]]) -> None:
    classes = DataClass.objects.in_bulk(
        list({entry["data_class"] for entry in entries if entry["data_class"]}), field_name="name"
    )
    for fields in (["owner", "data_class"], ["data_class"], ["owner"], []):
        rows = [
            ClassifiedFile(
                name=entry["name"],
                file_id=entry["file_id"],
                owner=entry["owner"],
                data_class=classes.get(entry["data_class"]),
            )
            for entry in entries
            if [name for name in ("owner", "data_class") if entry[name]] == fields
        ]
        ClassifiedFile.objects.bulk_create(
            rows,
            batch_size=_ROWS_AT_ONCE,
            ignore_conflicts=not fields,
            update_conflicts=bool(fields),
            unique_fields=["name", "file_id"] if fields else None,
            update_fields=fields or None,
        )


def _save_agents(entries: Sequence[Mapping[str, Any]]) -> None:
    for entry in entries:
        given = {name: entry[name] for name in ("name", "tenant_id", "owner", "mode", "profile", "fail_posture")}
        values: dict[str, Any] = {name: value for name, value in given.items() if value}
        if entry["environment_id"]:
            values["environment"], _ = Environment.objects.get_or_create(environment_id=entry["environment_id"])
        Agent.objects.update_or_create(agent_id=entry["id"], defaults={**values, "registered": True})


def _save_tools(entries: Sequence[Mapping[str, Any]]) -> None:
    # the last word on a tool counts: one statement must not touch the same row twice
    once = {(entry["agent_id"], entry["tool"]): entry for entry in entries}
    for fields in (["kind"], ["critical"], ["kind", "critical"]):
        Tool.objects.bulk_create(
            [
                Tool(
                    agent_id=agent_id,
                    tool=tool,
                    kind=entry["kind"],
                    critical=True if entry["critical"] is None else entry["critical"],
                )
                for (agent_id, tool), entry in once.items()
                if [name for name in ("kind", "critical") if entry[name] not in ("", None)] == fields
            ],
            batch_size=_ROWS_AT_ONCE,
            update_conflicts=True,
            unique_fields=["agent_id", "tool"],
            update_fields=fields,
        )
