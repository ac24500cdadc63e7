"""Importing tenant documents: what an admin knows becomes destinations, classes, files, agents and tool kinds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F

from policies import audit
from policies.access import Permission, require
from policies.models import Agent, ClassifiedFile, DataClass, Destination, Environment, Tool
from policies.services.destinations import serialise
from policies.services.publish import changed
from policies.tenant import tenant_document

# Rows a statement carries: Postgres takes at most 65,535 parameters.
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """How many entries of each kind a document named; entries that were there already are counted too."""

    agents: int
    tools: int
    destinations: int
    files: int
    data_classes: int


def import_tenant(document: Mapping[str, Any], actor: AbstractBaseUser | None) -> Imported:
    """Add and update what `document` names, in one transaction; deletes nothing and is safe to run twice.

    An empty member leaves what is stored as it is, and so does a class given only by name. Raises TenantError before
    anything is written.
    """
    require(actor, Permission.CHANGE_POLICY)
    entries = tenant_document(document)
    counts = Imported(**{name: len(found) for name, found in entries.items()})
    with transaction.atomic():
        if entries["destinations"]:
            serialise()
        _save_destinations(entries["destinations"])
        _save_classes(entries["data_classes"])
        _save_files(entries["files"])
        _save_agents(entries["agents"])
        _save_tools(entries["tools"])
        agent_ids = [agent["id"] for agent in entries["agents"]][:20]
        audit.record(actor=actor, action="tenant.imported", agent_ids=agent_ids, **asdict(counts))
        changed()
    return counts


def _save_destinations(entries: Sequence[Mapping[str, Any]]) -> None:
    Destination.objects.bulk_create(
        [Destination(value=entry["value"], standing=entry["standing"]) for entry in entries],
        batch_size=_ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["value"],
        update_fields=["standing"],
    )


def _save_classes(entries: Sequence[Mapping[str, Any]]) -> None:
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
