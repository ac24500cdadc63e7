"""The ruleset in force: read from the database into one JSON document, compiled, and held in process memory.

The document is also the local snapshot a web process judges by when it starts without Postgres.
On the hot path `active_ruleset` is one attribute read. A background thread calls `refresh` (one query of one row,
one more when the serial moved).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
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
from policies.one_statement import Rows, Statement, in_python, read_at_once, together
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
_fingerprints: tuple[str, dict[str, Any]] | None = None
# The same of the indicators, and of the destinations.
_indicators: tuple[str, dict[str, Any]] | None = None
_destinations: tuple[str, dict[str, str]] | None = None


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
    """The document of the newest version, or of `number`, with today's lists and inventory.

    One query, so that it is of one moment; up to three more for long lists that changed, and one for a `number`.
    Raises NoRuleset, RulesetError where the version is no object, and DatabaseError.
    """
    rows = read_at_once(_statement(*_MEMBERS))
    version = rows["version"]
    if number is not None:
        version = [dict(row) for row in PolicyVersion.objects.filter(number=number).values("number", "document")]
    if not version:
        raise NoRuleset("no policy is published")
    if not isinstance(version[0]["document"], dict):
        raise RulesetError(f"version {version[0]['number']} of the policy is no object")
    return {
        **version[0]["document"],
        "version": version[0]["number"],
        "agents": _agents_of(rows),
        "environments": [{"id": row["environment_id"], "mode": row["mode"]} for row in rows["environments"]],
        "tools": rows["tools"],
        "destinations": _destinations_at(_revision(rows, "destinations")),
        **_recognition_of(rows),
        "indicators": _indicators_at(_revision(rows, "indicators")),
        "opinions": [opinion_entry(SecondOpinion(**row)) for row in rows["opinions"]],
        "restrictions": [_restriction_entry(row) for row in rows["restrictions"]],
        "exceptions": [{**row, "until": in_python(row["until"])} for row in rows["exceptions"]],
    }


def load_recognition() -> dict[str, Any]:
    """The members of a ruleset document by which classes of data are recognised. One query, or two."""
    return _recognition_of(read_at_once(_statement(*_RECOGNITION)))


def load_class_entries() -> list[dict[str, Any]]:
    """The data classes with all they are recognised by, the least protected first. One query."""
    return _class_entries_of(read_at_once(_statement(*_CLASSES)))


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


_CLASSES = ("data_classes", "dictionaries", "patterns")
_RECOGNITION = (*_CLASSES, "files", "fingerprints")
_MEMBERS = (
    *("version", "agents", "charters", "environments", "tools", "destinations", *_RECOGNITION),
    *("indicators", "opinions", "restrictions", "exceptions"),
)


@cache
def _statement(*members: str) -> Statement:
    """Made once: the rows of sixteen tables were 22 ms of processor time, 18 of them to write the SQL (2026-11)."""
    rows = _rows()
    return together({name: rows[name] for name in members})


def _rows() -> dict[str, QuerySet[Any, Any]]:
    """What the members of a document are made of."""
    classes = ("name", "may_leave", "terms", "labels", "position", "places", "kinds", "former_names")
    agents = ("registered", "name", "mode", "profile", "fail_posture", "process", "criticality")
    opinions = ("slug", "name", "base_url", "sealed_token", "budget_ms", "asked_for", "required", "agents")
    restrictions = ("kind", "effect", "subject", "reason", "rule", "until", "per_minute")
    exceptions = ("agent_id", "tool", "argument", "destinations", "data_classes", "trigger_id", "signals")
    in_files, number = F("data_class__name"), F("pk")
    undecided = dict.fromkeys(agents[2:], "")
    return {
        "version": PolicyVersion.objects.values("number", "document")[:1],
        "agents": Agent.objects.exclude(registered=False, **undecided).values("agent_id", *agents),
        "charters": Charter.objects.values("agent_id", "tools", "limits_destinations", "destinations"),
        "environments": Environment.objects.exclude(mode="").values("environment_id", "mode"),
        "tools": Tool.objects.values("tool", "agent_id", "kind", "critical"),
        "destinations": DestinationRevision.objects.values("revision"),
        "data_classes": DataClass.objects.values(*classes, number=number),
        "dictionaries": ClassDictionary.objects.order_by("pk").values("data_class_id", "name", "fewest", "phrases"),
        "patterns": ClassPattern.objects.order_by("pk").values("data_class_id", "name", "fewest", "pattern"),
        "files": ClassifiedFile.objects.exclude(data_class=None).values("name", "file_id", "owner", in_class=in_files),
        "fingerprints": FingerprintIndex.objects.values("revision"),
        "indicators": IndicatorIndex.objects.values("revision"),
        "opinions": SecondOpinion.objects.filter(enabled=True).values(*opinions, "strict_action", "cautious_action"),
        "restrictions": Restriction.objects.filter(ended_at=None)
        .order_by("pk")
        .values(*restrictions, number=number, username=F("made_by__username")),
        "exceptions": PolicyException.objects.filter(ended_at=None)
        .order_by("pk")
        .values(*exceptions, number=number, until=F("expires_at")),
    }


def _revision(rows: Rows, member: str) -> str | None:
    """The mark of a long list; None before its first change."""
    return next((row["revision"] for row in rows[member]), None)


def _recognition_of(rows: Rows) -> dict[str, Any]:
    return {
        "files": [
            {"name": row["name"], "file_id": row["file_id"], "owner": row["owner"], "data_class": row["in_class"]}
            for row in rows["files"]
        ],
        "data_classes": _class_entries_of(rows),
        "fingerprints": _fingerprints_at(_revision(rows, "fingerprints")),
    }


def _class_entries_of(rows: Rows) -> list[dict[str, Any]]:
    entries = {row["number"]: row for row in rows["data_classes"]}
    for member in ("dictionaries", "patterns"):
        for row in rows[member]:
            entries[row.pop("data_class_id")].setdefault(member, []).append(row)
    return [{name: entry[name] for name in entry if name != "number"} for entry in entries.values()]


def _agents_of(rows: Rows) -> list[dict[str, Any]]:
    """Those an admin decided something for, with their charters."""
    charters = {
        row["agent_id"]: {
            "tools": row["tools"],
            **({"destinations": row["destinations"]} if row["limits_destinations"] else {}),
        }
        for row in rows["charters"]
    }
    return [
        {
            "id": row["agent_id"],
            "registered": row["registered"],
            "name": row["name"],
            "mode": row["mode"],
            "profile": row["profile"],
            "fail_posture": row["fail_posture"],
            "process": row["process"],
            **({"criticality": row["criticality"]} if row["criticality"] else {}),
            **({"charter": charters[row["agent_id"]]} if row["agent_id"] in charters else {}),
        }
        for row in rows["agents"]
    ]


def _restriction_entry(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": row["number"],
        "kind": row["kind"],
        "effect": row["effect"],
        "subject": row["subject"],
        "reason": row["reason"],
        "made_by": row["rule"] or row["username"] or "",
        "by_rule": bool(row["rule"]),
        "until": in_python(row["until"]) if row["until"] else "",
        "per_minute": row["per_minute"],
    }


def load_destinations() -> Destinations:
    """The list of destinations, compiled; one query while it is what was read last."""
    return compile_destinations(_destinations_at(_revision(read_at_once(_statement("destinations")), "destinations")))


def _destinations_at(revision: str | None) -> dict[str, str]:
    """The values of each standing, one a line: 100,000 are four strings; no query while they are what was read last.

    INVARIANT: the mark is read before the list, so that what is kept under it is at least as new.
    """
    global _destinations  # noqa: PLW0603 swapped whole, like the ruleset
    known = _destinations
    if revision is None or known is None or known[0] != revision:
        one_a_line = StringAgg(Replace("value", Value("\n"), Value(" ")), delimiter="\n", order_by="value")
        rows = Destination.objects.order_by().values_list("standing").annotate(lines=one_a_line)
        member = {standing: lines.lower() for standing, lines in rows}
        if revision is None:
            return member
        known = _destinations = revision, member
    return known[1]


def _fingerprints_at(revision: str | None) -> dict[str, Any]:
    """All documents' fingerprints; no query while they are what was read last."""
    global _fingerprints  # noqa: PLW0603 swapped whole, like the ruleset
    if revision is None:
        return {}
    known = _fingerprints
    if known is None or known[0] != revision:
        index = FingerprintIndex.objects.get()
        known = _fingerprints = str(index.revision), encode(index.documents, bytes(index.entries))
    return known[1]


def _indicators_at(revision: str | None) -> dict[str, Any]:
    """All indicators in force; no query while they are what was read last."""
    global _indicators  # noqa: PLW0603 swapped whole, like the ruleset
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
        known = _indicators = str(row.revision), member
    return known[1]
