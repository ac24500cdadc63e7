"""Hands out calls and investigations as sealed evidence; audited before the file leaves."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from guardrail import housekeeper
from guardrail.evidence.archive import Part, Written, write
from guardrail.evidence.collecting import MOST_CALLS, Collecting, as_json, parts_of_calls
from guardrail.models import Verdict
from investigations.models import Activity, Investigation, InvestigationCall
from policies import audit
from policies.access import Permission, require

Actor = AbstractBaseUser | None
LONGEST_REASON = 500


class EvidenceError(ValueError):
    """An export that is refused; the message says what was found and what was wanted."""


def export_verdict(verdict: Verdict, file: IO[bytes], *, reason: str, now: datetime, actor: Actor) -> Written:
    """Write one call as evidence. Raises PermissionDenied, EvidenceError and BundleError."""
    said = _checked(reason, actor)
    subject = {"verdict": str(verdict.pk)}
    written = _write(file, [verdict.pk], subject=subject, more=iter(()), left_out=0, reason=said, now=now, actor=actor)
    with transaction.atomic():
        _record(written, subject, calls=1, reason=said, actor=actor)
    return written


def export_investigation(
    investigation: Investigation, file: IO[bytes], *, reason: str, now: datetime, actor: Actor
) -> Written:
    """Write an investigation with its newest MOST_CALLS calls. Raises as `export_verdict`."""
    said = _checked(reason, actor)
    calls = InvestigationCall.objects.filter(investigation=investigation).order_by("-verdict_id")
    found = list(calls.values_list("verdict_id", flat=True)[: MOST_CALLS + 1])
    subject: dict[str, Any] = {"investigation": investigation.pk}
    written = _write(
        file,
        found[:MOST_CALLS],
        subject=subject,
        more=_parts_of_work(investigation),
        left_out=max(0, calls.count() - MOST_CALLS) if len(found) > MOST_CALLS else 0,
        reason=said,
        now=now,
        actor=actor,
    )
    with transaction.atomic():
        _record(written, subject, calls=len(found[:MOST_CALLS]), reason=said, actor=actor)
        Activity.objects.create(
            investigation=investigation,
            actor_id=actor.pk if actor else None,
            kind="evidence_exported",
            text=f"{said} ({written.head[:12]})",
        )
    return written


def _checked(reason: str, actor: Actor) -> str:
    require(actor, Permission.EXPORT_EVIDENCE)
    said = " ".join(reason.split())
    if not said or "\x00" in said or len(said) > LONGEST_REASON:
        raise EvidenceError(f"the reason has {len(said)} characters, expected a sentence of at most {LONGEST_REASON}")
    return said


def _write(
    file: IO[bytes],
    ids: Sequence[uuid.UUID],
    *,
    subject: dict[str, Any],
    more: Iterator[Part],
    left_out: int,
    reason: str,
    now: datetime,
    actor: Actor,
) -> Written:
    # what is in force now may have been put in force a moment ago
    housekeeper.keep_states()
    collecting = Collecting()
    told: dict[str, Any] = {
        "made_at": now.isoformat(),
        "made_by": actor.get_username() if actor else "system",
        "reason": reason,
        "release": settings.SPECTACULAR_SETTINGS["VERSION"],
        "subject": subject,
        "calls_left_out": left_out,
        # filled while the calls are read, and written after them
        "calls": collecting.told,
    }

    def parts() -> Iterator[Part]:
        yield from parts_of_calls(ids, collecting)
        yield from more

    return write(file, parts(), told=told, at=now, key=settings.EVIDENCE_KEY)


def _parts_of_work(investigation: Investigation) -> Iterator[Part]:
    columns = {column.attname: getattr(investigation, column.attname) for column in Investigation._meta.concrete_fields}
    assignee = investigation.assignee.get_username() if investigation.assignee else None
    yield Part(name="investigation.json", content=as_json({**columns, "assignee": assignee}))
    done = Activity.objects.filter(investigation=investigation).select_related("actor").order_by("id")
    activity = [
        {
            "number": one.pk,
            "at": one.at.isoformat(),
            "by": one.actor.get_username() if one.actor else "system",
            "kind": one.kind,
            "text": one.text,
        }
        for one in done.iterator(chunk_size=500)
    ]
    yield Part(name="activity.json", content=as_json(activity))


def _record(written: Written, subject: dict[str, Any], *, calls: int, reason: str, actor: Actor) -> None:
    audit.record(
        actor=actor,
        action="evidence.exported",
        **subject,
        calls=calls,
        head=written.head,
        signed=written.signed,
        reason=reason,
    )
