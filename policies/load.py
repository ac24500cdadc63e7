"""The ruleset in force: read from the database into one JSON document, compiled, and held in process memory.

The document is also the local snapshot a web process judges by when it starts without Postgres.
On the hot path `active_ruleset` is one attribute read. A background thread calls `refresh` (one query of one row,
fifteen more when the serial moved).
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db import connection
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Replace

from policies.destinations import Destinations, compile_destinations
from policies.fingerprints import encode
from policies.intelligence import index as indicator_index
from policies.models import (
    Agent,
    Charter,
    ClassDictionary,
    ClassifiedFile,
    ClassPattern,
    DataClass,
    Destination,
    DestinationRevision,
    Environment,
    FingerprintIndex,
    IndicatorIndex,
    PolicyException,
    PolicyVersion,
    Restriction,
    RulesetSerial,
    SecondOpinion,
    Tool,
)
from policies.ruleset import Ruleset, RulesetError, compile_ruleset
from policies.states import digest_of_bytes, encode_member, state_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A compiled ruleset with the serial it was built at and the document it came from.

    `digests` are those of the document's members (`policies.states`), by their names.
    """

    serial: int
    ruleset: Ruleset
    document: dict[str, Any]
    digests: Mapping[str, str]


_SERIAL = f'SELECT serial FROM "{RulesetSerial._meta.db_table}" ORDER BY id LIMIT 1'  # noqa: S608 a name of ours
# How far back a process that has just started looks for a version that compiles.
_OLDER_TRIED = 10
_active: Loaded | None = None
# The last fingerprints read, by their revision: megabytes that seldom change are not fetched with every version.
_fingerprints: tuple[uuid.UUID, dict[str, Any]] | None = None
# The same of the indicators, and of the destinations.
_indicators: tuple[uuid.UUID, dict[str, Any]] | None = None
_destinations: tuple[uuid.UUID, dict[str, str]] | None = None


class NoRuleset(RuntimeError):
    """No policy is published, or none could be read since this process started."""


def active_ruleset() -> Ruleset:
    """The ruleset in force in this process. Raises NoRuleset before the first successful load."""
    if _active is None:
        raise NoRuleset("no policy has been loaded")
    return _active.ruleset


def active() -> Loaded | None:
    """What is loaded, for whoever writes the snapshot; None before the first load."""
    return _active


def load_serial() -> int:
    """The serial in the database; 0 when nothing was ever published. One query."""
    # each process asks several times a second: to put the question together takes ten times as long as to ask it
    with connection.cursor() as cursor:
        cursor.execute(_SERIAL)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def refresh() -> bool:
    """Recompile when the database moved on; True when the ruleset changed.

    Raises RulesetError when the new version does not compile: the working one stays in force.
    """
    serial = load_serial()
    if _active is not None and _active.serial == serial:
        return False
    if not PolicyVersion.objects.exists():
        return False
    activate_newest(serial=serial)
    return True


def activate_newest(*, serial: int) -> None:
    """Put the newest version that is published in force in this process.

    Raises RulesetError where it does not compile: what was in force stays, and in a process that has nothing yet the
    newest version that does compile is in force then.
    """
    try:
        activate(load_document(), serial=serial)
    except RulesetError:
        if _active is None:
            _activate_older(serial=serial)
        raise


def _activate_older(*, serial: int) -> None:
    for number in PolicyVersion.objects.values_list("number", flat=True)[1 : _OLDER_TRIED + 1]:
        try:
            activate(load_document(number=number), serial=serial)
        except RulesetError:
            continue
        return


def activate(document: dict[str, Any], *, serial: int) -> bool:
    """Compile `document` and put it in force in this process. Raises RulesetError and changes nothing on a bad one."""
    global _active  # noqa: PLW0603 the one mutable name: swapped whole, so a reader sees old or new, never a mix
    digests = _digests_of(document)
    ruleset = replace(compiled(document), state=state_of(digests))
    _active = Loaded(serial=serial, ruleset=ruleset, document=document, digests=digests)
    return True


def _digests_of(document: dict[str, Any]) -> dict[str, str]:
    """By member. Megabytes that are the very object of the document before are not read again."""
    before = _active
    return {
        name: before.digests[name]
        if before is not None and name in before.digests and before.document.get(name) is member
        else digest_of_bytes(encode_member(name, member))
        for name, member in document.items()
    }


def compiled(document: dict[str, Any]) -> Ruleset:
    """The document as a Ruleset. Raises RulesetError whatever is wrong with it.

    Not only what services would refuse: a row may be written by hand, or be read otherwise by this release.
    """
    try:
        return compile_ruleset(document)
    except RulesetError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise RulesetError(f"the policy cannot be compiled ({type(error).__name__}: {error})") from error


def forget() -> None:
    """Drop the loaded ruleset, as in a process that has just started."""
    global _active, _fingerprints, _indicators, _destinations  # noqa: PLW0603 see activate
    _active = _fingerprints = _indicators = _destinations = None


def load_document(*, number: int | None = None) -> dict[str, Any]:
    """The document of the newest version, or of `number`, with today's lists and inventory. 15 queries, or 18."""
    versions = PolicyVersion.objects.all() if number is None else PolicyVersion.objects.filter(number=number)
    version = versions.first()
    if version is None:
        raise NoRuleset("no policy is published")
    return {
        **version.document,
        "version": version.number,
        "agents": _load_agents(),
        "environments": [
            {"id": environment.environment_id, "mode": environment.mode}
            for environment in Environment.objects.exclude(mode="")
        ],
        "tools": list(Tool.objects.values("tool", "agent_id", "kind", "critical")),
        "destinations": _load_destinations(),
        **load_recognition(),
        "indicators": _load_indicators(),
        "opinions": [opinion_entry(opinion) for opinion in SecondOpinion.objects.filter(enabled=True)],
        "restrictions": _load_restrictions(),
        "exceptions": _load_exceptions(),
    }


def load_recognition() -> dict[str, Any]:
    """The members of a ruleset document by which classes of data are recognised. Five queries, or six."""
    files = ClassifiedFile.objects.exclude(data_class=None).annotate(class_name=F("data_class__name"))
    return {
        "files": [
            {"name": file.name, "file_id": file.file_id, "owner": file.owner, "data_class": file.class_name}
            for file in files
        ],
        "data_classes": load_class_entries(),
        "fingerprints": _load_fingerprints(),
    }


def load_class_entries() -> list[dict[str, Any]]:
    """The data classes with all they are recognised by, the least protected first. Three queries."""
    columns = ("pk", "name", "may_leave", "terms", "labels", "position", "places", "kinds", "former_names")
    entries: dict[int, dict[str, Any]] = {row["pk"]: dict(row) for row in DataClass.objects.values(*columns)}
    found: tuple[tuple[str, QuerySet[Any, Any]], ...] = (
        ("dictionaries", ClassDictionary.objects.values("data_class", "name", "fewest", "phrases")),
        ("patterns", ClassPattern.objects.values("data_class", "name", "fewest", "pattern")),
    )
    for member, rows in found:
        for row in rows.order_by("pk"):
            owner = entries.get(row["data_class"])
            if owner is not None:
                owner.setdefault(member, []).append({key: row[key] for key in row if key != "data_class"})
    return [{key: entry[key] for key in entry if key != "pk"} for entry in entries.values()]


def _load_agents() -> list[dict[str, Any]]:
    """Those an admin decided something for, with their charters. Two queries."""
    charters = {
        agent_id: {"tools": tools, **({"destinations": destinations} if limited else {})}
        for agent_id, tools, limited, destinations in Charter.objects.values_list(
            "agent_id", "tools", "limits_destinations", "destinations"
        )
    }
    decided = Agent.objects.exclude(registered=False, mode="", profile="", fail_posture="", process="", criticality="")
    return [
        {
            "id": agent_id,
            "registered": registered,
            "name": name,
            "mode": mode,
            "profile": profile,
            "fail_posture": fail_posture,
            "process": process,
            **({"criticality": criticality} if criticality else {}),
            **({"charter": charters[agent_id]} if agent_id in charters else {}),
        }
        for agent_id, registered, name, mode, profile, fail_posture, process, criticality in decided.values_list(
            "agent_id", "registered", "name", "mode", "profile", "fail_posture", "process", "criticality"
        )
    ]


def opinion_entry(opinion: SecondOpinion) -> dict[str, Any]:
    """One engine as the ruleset document names it; its token stays sealed, for the document lies on disks."""
    return {
        "slug": opinion.slug,
        "name": opinion.name,
        "base_url": opinion.base_url,
        "sealed_token": opinion.sealed_token,
        "budget_ms": opinion.budget_ms,
        "asked_for": opinion.asked_for,
        "required": opinion.required,
        "agents": opinion.agents,
        "actions": {"strict": opinion.strict_action, "cautious": opinion.cautious_action},
    }


def _load_restrictions() -> list[dict[str, Any]]:
    """Those in force, oldest first. One query."""
    columns = ("pk", "kind", "effect", "subject", "reason", "rule", "made_by__username", "until", "per_minute")
    open_now = Restriction.objects.filter(ended_at=None).order_by("pk").values_list(*columns)
    return [
        {
            "number": pk,
            "kind": kind,
            "effect": effect,
            "subject": subject,
            "reason": reason,
            "made_by": rule or username or "",
            "by_rule": bool(rule),
            "until": until.isoformat() if until else "",
            "per_minute": per_minute,
        }
        for pk, kind, effect, subject, reason, rule, username, until, per_minute in open_now
    ]


def _load_exceptions() -> list[dict[str, Any]]:
    """Those in force, oldest first. One query."""
    columns = ("agent_id", "tool", "argument", "destinations", "data_classes", "trigger_id", "signals")
    rows = PolicyException.objects.filter(ended_at=None).order_by("pk").values("pk", "expires_at", *columns)
    return [
        {"number": row["pk"], "until": row["expires_at"].isoformat(), **{name: row[name] for name in columns}}
        for row in rows
    ]


def load_destinations() -> Destinations:
    """The list of destinations, compiled; one query while it is what was read last."""
    return compile_destinations(_load_destinations())


def _load_destinations() -> dict[str, str]:
    """The values of each standing, one a line: 100,000 are four strings; one query while they are what was read last.

    INVARIANT: the mark is read before the list, so that what is kept under it is at least as new.
    """
    global _destinations  # noqa: PLW0603 swapped whole, like the ruleset
    revision = DestinationRevision.objects.values_list("revision", flat=True).first()
    known = _destinations
    if revision is None or known is None or known[0] != revision:
        one_a_line = StringAgg(Replace("value", Value("\n"), Value(" ")), delimiter="\n", order_by="value")
        rows = Destination.objects.order_by().values_list("standing").annotate(lines=one_a_line)
        member = {standing: lines.lower() for standing, lines in rows}
        if revision is None:
            return member
        known = _destinations = revision, member
    return known[1]


def _load_fingerprints() -> dict[str, Any]:
    """All documents' fingerprints; one query while they are what was read last."""
    global _fingerprints  # noqa: PLW0603 swapped whole, like the ruleset
    revision = FingerprintIndex.objects.values_list("revision", flat=True).first()
    if revision is None:
        return {}
    known = _fingerprints
    if known is None or known[0] != revision:
        index = FingerprintIndex.objects.get()
        known = _fingerprints = index.revision, encode(index.documents, bytes(index.entries))
    return known[1]


def _load_indicators() -> dict[str, Any]:
    """All indicators in force; one query while they are what was read last."""
    global _indicators  # noqa: PLW0603 swapped whole, like the ruleset
    revision = IndicatorIndex.objects.values_list("revision", flat=True).first()
    if revision is None:
        return {}
    known = _indicators
    if known is None or known[0] != revision:
        row = IndicatorIndex.objects.get()
        member = indicator_index.encode(
            revision=str(row.revision),
            sources=[name for _, name in row.sources],
            told=row.told,
            entries=bytes(row.entries),
        )
        known = _indicators = row.revision, member
    return known[1]
