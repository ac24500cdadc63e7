"""The compliance report of a period: every stop with its policy version, who changed what, who opened which transcript.

Read by key in pieces, so that a quarter of a large organisation leaves as a file without being in memory.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import compress, islice
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from guardrail.kept import for_eyes
from guardrail.masking import mask_text
from guardrail.models import TranscriptOpened, Verdict
from guardrail.opened_lines import OPENED
from guardrail.verdict_id import floor_id
from investigations.audit_words import in_words
from investigations.reports import Period
from investigations.visibility import of_part, shown_of
from policies import audit
from policies.access import Permission, is_narrowed, require
from policies.csv_lines import MARK, csv_line
from policies.models import AuditEntry

FORMATS = ("csv", "json")
# What the page shows of each part; the files have all.
SHOWN = 200
_CHUNK = 500
_STOP = (
    "id", "received_at", "agent_id", "agent_name", "user_id", "tool_name", "destination", "action", "would_have",
    "mode", "severity", "deciding_signal", "policy_version", "conversation_id", "reason",
)  # fmt: skip
# Somebody came, or tried to: strangers write these, and no report may be filled by them.
_NO_CHANGES = ("sign_in.failed", "sign_in.locked", "person.signed_in")
_CHANGE = ("id", "at", "actor_name", "action", "detail")
_ACCESS = ("id", "first_at", "actor_name", "how", "verdict_id")
_CSV = (
    *("part", "at", "who", "what", "verdict", "agent", "user", "tool", "destination", "answer", "enforce_mode_says"),
    *("finding", "policy_version", "detail"),
)
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Compliance:
    """The beginning of each part, as the page shows it; `more` names the parts that go on in the files."""

    period: Period
    stops: tuple[Row, ...]
    changes: tuple[Row, ...]
    access: tuple[Row, ...]
    more: tuple[str, ...]


def load_compliance(period: Period, *, actor: AbstractBaseUser) -> Compliance:
    """What the page shows. Audited. Raises PermissionDenied. Four queries beside that."""
    _note(period, actor=actor, kind="page")
    parts = {name: list(islice(rows, SHOWN + 1)) for name, rows in _parts(period, actor)}
    return Compliance(
        period=period,
        **{name: tuple(map(_shown, rows[:SHOWN])) for name, rows in parts.items()},
        more=tuple(name for name, rows in parts.items() if len(rows) > SHOWN),
    )


def _shown(row: Row) -> Row:
    """For people to read: what an entry of the audit trail says nothing about is left out of its detail."""
    if "detail" not in row:
        return row
    said = {name: in_words(value) for name, value in row["detail"].items() if value not in (None, "", [], {})}
    return {**row, "detail": said}


def export(period: Period, *, kind: str, actor: AbstractBaseUser) -> Iterator[str]:
    """All of it as lines of `kind` (one of FORMATS). Audited before the first. Raises PermissionDenied."""
    _note(period, actor=actor, kind=kind)
    return _csv(period, actor) if kind == "csv" else _json(period, actor)


def _note(period: Period, *, actor: AbstractBaseUser, kind: str) -> None:
    require(actor, Permission.EXPORT_EVIDENCE)
    with transaction.atomic():
        audit.record(
            actor=actor,
            action="report.compliance",
            format=kind,
            first=period.first.isoformat(),
            last=period.last.isoformat(),
        )


def _parts(period: Period, actor: AbstractBaseUser) -> Iterator[tuple[str, Iterator[Row]]]:
    """Without what was done in investigations that are hidden from the actor, and without their calls.

    Of changes, somebody who sees a part of the house is told what was done in their investigations and to their calls.
    """
    stops = for_eyes(Verdict.objects.all(), actor).filter(
        id__gte=floor_id(period.begins), id__lt=floor_id(period.ends), would_have__in=("hold", "block")
    )
    yield "stops", _in_pieces(stops, _STOP)
    # who opened what is the part after: by day, whenever its line was written
    entries = AuditEntry.objects.filter(at__gte=period.begins, at__lt=period.ends)
    entries = entries.exclude(action__in=(OPENED, *_NO_CHANGES))
    changes = _in_pieces(entries, _CHANGE)
    yield "changes", _shown_to(actor, changes)
    opened = for_eyes(TranscriptOpened.objects.all(), actor, key="verdict_id")
    opened = opened.filter(day__gte=period.first, day__lte=period.last)
    yield "access", _in_pieces(opened, _ACCESS)


def _shown_to(actor: AbstractBaseUser, entries: Iterator[Row]) -> Iterator[Row]:
    told = of_part if is_narrowed(actor) else shown_of
    while some := list(islice(entries, _CHUNK)):
        yield from compress(some, told([row["detail"] for row in some], actor))


def _in_pieces(rows: QuerySet[Any], columns: tuple[str, ...]) -> Iterator[Row]:
    """By key, oldest first: however long the reader takes, no transaction stays open."""
    last = None
    while True:
        some = rows.filter(pk__gt=last) if last is not None else rows
        chunk = list(some.order_by("pk").values(*columns)[:_CHUNK])
        yield from chunk
        if len(chunk) < _CHUNK:
            return
        last = chunk[-1]["id"]


def _csv(period: Period, actor: AbstractBaseUser) -> Iterator[str]:
    yield MARK + csv_line(_CSV)
    for name, rows in _parts(period, actor):
        for row in rows:
            yield csv_line(map(_told, _cells(name, row)))


def _cells(part: str, row: Row) -> tuple[Any, ...]:
    if part == "stops":
        finding = row["deciding_signal"]
        return (
            *("stop", row["received_at"], "", row["mode"], row["id"], row["agent_id"], row["user_id"]),
            *(row["tool_name"], row["destination"], row["action"], row["would_have"], finding, row["policy_version"]),
            mask_text(row["reason"]),
        )
    if part == "changes":
        detail = json.dumps(row["detail"], ensure_ascii=False)
        return ("change", row["at"], row["actor_name"], row["action"], *[""] * 9, detail)
    return ("access", row["first_at"], row["actor_name"], row["how"], row["verdict_id"], *[""] * 9)


def _json(period: Period, actor: AbstractBaseUser) -> Iterator[str]:
    yield f'{{"first": "{period.first}", "last": "{period.last}"'
    for name, rows in _parts(period, actor):
        yield f',\n"{name}": ['
        for number, row in enumerate(rows):
            yield ("," if number else "") + "\n" + json.dumps(row, default=_told)
        yield "\n]"
    yield "}\n"


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
