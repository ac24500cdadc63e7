"""Takes over a file of agents: kept for a preview, then compared anew and written in one transaction, or dropped.

Where an import was decided nothing of it is left but who, when and how many: the rows go.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from policies import audit
from policies.access import Permission, require
from policies.agent_diff import WRITTEN, Change, Comparison, compare
from policies.agent_file import AgentFile, read_agents
from policies.models import Agent, AgentChange, AgentImport, Environment, GrantedTool
from policies.services.publish import changed

# Agents a single audit entry names, each with the fields that changed.
_MOST_NAMED = 200
_CHUNK = 500
_LONGEST_TOLD = 300
_DRIFT = {
    "authentication": AgentChange.What.AUTHENTICATION,
    "orchestration": AgentChange.What.ORCHESTRATION,
    "published": AgentChange.What.PUBLISHED,
    "instructions_digest": AgentChange.What.INSTRUCTIONS,
}


class ImportRefused(ValueError):
    """An import that cannot be taken over as it was looked at; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What a person decides beside taking the file over: whether rows with problems are left out, and whether agents
    the file does not name are marked as retired."""

    leave_out_bad: bool = False
    retire_gone: bool = False


@transaction.atomic
def keep_import(body: bytes, *, name: str, now: datetime, actor: AbstractBaseUser | None) -> AgentImport:
    """Read a file and keep it until it is decided. Raises `policies.agent_file.FileError`.

    The same person's undecided file before it is dropped: a preview nobody looks at any more holds megabytes.
    """
    require(actor, Permission.CHANGE_POLICY)
    read = read_agents(body)
    person = actor.pk if actor else None
    AgentImport.objects.filter(decided_at=None, uploaded_by_id=person).delete()
    return AgentImport.objects.create(
        name=name[-200:],
        digest=hashlib.sha256(body).hexdigest(),
        uploaded_at=now,
        uploaded_by_id=person,
        rows=list(map(dict, read.rows)),
        columns=list(read.fields),
        left_out=list(read.left_out),
        problems=[asdict(problem) for problem in read.problems],
        summary=_summary(read),
    )


def _summary(read: AgentFile) -> dict[str, int]:
    return {"rows": len(read.rows), "bad_rows": read.bad_rows}


@transaction.atomic
def take_over(
    kept: AgentImport, *, seen: str, choices: Choices, now: datetime, actor: AbstractBaseUser | None
) -> Comparison:
    """Write what the file says; what is there already is left alone. Returns what was changed.

    `seen` is the digest of the comparison the person looked at. Raises ImportRefused where the inventory has moved on
    since, where it was decided already, or where rows have problems and may not be left out.
    """
    require(actor, Permission.CHANGE_POLICY)
    kept = AgentImport.objects.select_for_update().get(pk=kept.pk)
    if kept.decided_at is not None:
        raise ImportRefused(f"`{kept.name}` was decided already, expected a file that waits")
    bad = kept.summary["bad_rows"]
    if bad and not choices.leave_out_bad:
        raise ImportRefused(f"{bad:,} rows have problems, expected them to be mended, or to be left out")
    found = compare(kept.rows, locked=True)
    if found.digest != seen:
        raise ImportRefused("the inventory has changed since you looked; look at what would change now")
    retired = found.gone if choices.retire_gone else ()
    try:
        with transaction.atomic():
            _write(found, retired=retired, now=now)
    except IntegrityError:
        # an agent's first call came in between
        raise ImportRefused("the inventory has changed since you looked; look at what would change now") from None
    kept.rows, kept.taken, kept.decided_at, kept.decided_by_id = [], True, now, actor.pk if actor else None
    kept.summary = {**kept.summary, **_counts(found, retired)}
    kept.save(update_fields=["rows", "taken", "decided_at", "decided_by", "summary"])
    if found.added or found.changed or retired:
        _record(kept, found, retired, actor=actor)
        changed()
    return found


@transaction.atomic
def drop_import(kept: AgentImport, *, now: datetime, actor: AbstractBaseUser | None) -> None:
    """Take nothing over. Safe to run twice."""
    require(actor, Permission.CHANGE_POLICY)
    AgentImport.objects.filter(pk=kept.pk, decided_at=None).update(
        rows=[], decided_at=now, decided_by=actor.pk if actor else None
    )


def _write(found: Comparison, *, retired: Sequence[Agent], now: datetime) -> None:
    changes = (*found.added, *found.changed)
    environments = _environments(changes)
    for change in changes:
        agent = change.agent
        for field, _, wanted in change.fields:
            setattr(agent, field, wanted)
        if change.environment is not None:
            agent.environment = environments[change.environment[0]]
        agent.registered, agent.imported_at = True, now
    drift = [row for change in found.changed for row in _drift(change, now=now)]
    Agent.objects.bulk_create([change.agent for change in found.added], batch_size=_CHUNK)
    # as an upsert: a bulk_update of 21 columns took a minute for 10,000 agents (2026-11)
    Agent.objects.bulk_create(
        [change.agent for change in found.changed],
        update_conflicts=True,
        unique_fields=["agent_id"],
        update_fields=[*WRITTEN, "environment", "registered", "imported_at"],
        batch_size=_CHUNK,
    )
    Agent.objects.filter(pk__in=[agent.pk for agent in retired]).update(lifecycle=Agent.Lifecycle.RETIRED)
    _grant(changes, now=now)
    AgentChange.objects.bulk_create(drift, batch_size=_CHUNK)


def _environments(changes: Sequence[Change]) -> dict[str, Environment]:
    """The environments named, made or given the name they lack."""
    names: dict[str, str] = {}
    for change in changes:
        if change.environment is not None:
            environment_id, name = change.environment
            names[environment_id] = names.get(environment_id) or name
    Environment.objects.bulk_create(
        [Environment(environment_id=environment_id, name=names[environment_id]) for environment_id in sorted(names)],
        ignore_conflicts=True,
    )
    found = {row.environment_id: row for row in Environment.objects.filter(environment_id__in=names)}
    unnamed = [row for row in found.values() if not row.name and names[row.environment_id]]
    for row in unnamed:
        row.name = names[row.environment_id]
    Environment.objects.bulk_update(unnamed, ["name"], batch_size=_CHUNK)
    return found


def _grant(changes: Sequence[Change], *, now: datetime) -> None:
    for change in changes:
        if change.tools_withdrawn:
            GrantedTool.objects.filter(agent_id=change.agent.agent_id, tool__in=change.tools_withdrawn).delete()
    GrantedTool.objects.bulk_create(
        [
            GrantedTool(agent_id=change.agent.agent_id, tool=tool, since=now)
            for change in changes
            for tool in change.tools_granted
        ],
        batch_size=_CHUNK * 10,
    )


def _drift(change: Change, *, now: datetime) -> Iterator[AgentChange]:
    """What an export says has changed about a known agent, where it had said something before."""
    agent_id = change.agent.agent_id
    for field, was, wanted in change.fields:
        if field in _DRIFT and was not in ("", None):
            yield AgentChange(agent_id=agent_id, what=_DRIFT[field], was=_told(was), now=_told(wanted), at=now)
    for tool in change.tools_granted if change.tools_before else ():
        yield AgentChange(agent_id=agent_id, what=AgentChange.What.GRANTED, now=tool, at=now)
    for tool in change.tools_withdrawn:
        yield AgentChange(agent_id=agent_id, what=AgentChange.What.WITHDRAWN, was=tool, at=now)


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "published" if value else "not published"
    return str(value)[:_LONGEST_TOLD]


def _counts(found: Comparison, retired: Sequence[Agent]) -> dict[str, int]:
    return {
        "added": len(found.added),
        "changed": len(found.changed),
        "same": found.same,
        "gone": len(found.gone),
        "retired": len(retired),
    }


def _record(kept: AgentImport, found: Comparison, retired: Sequence[Agent], *, actor: AbstractBaseUser | None) -> None:
    audit.record(
        actor=actor,
        action="agents.imported",
        file=kept.name,
        sha256=kept.digest,
        **_counts(found, retired),
        agents={
            change.agent.agent_id: [field for field, _, _ in change.fields]
            for change in (*found.added, *found.changed)[:_MOST_NAMED]
        },
        retired_agents=[agent.agent_id for agent in retired[:_MOST_NAMED]],
    )
