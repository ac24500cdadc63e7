"""Writes what receivers are to be told: one row for each event and receiver.

Calls in the intake's own transaction, by one statement a receiver. Of investigations the activity is the queue, of
everything else the audit trail: both are written in the transaction of the change, and turned into rows here, once.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from guardrail.models import TranscriptOpened
from guardrail.words import signal_words
from investigations.models import Activity, AuditTold, Investigation, Receiver
from investigations.siem.event import CASES, Kind, id_of
from policies.models import AuditEntry
from policies.trail.anchors import ANCHORED
from policies.trail.checking import BROKEN

# How long an event is tried before it is a dead letter.
KEEP_TRYING = timedelta(hours=72)
_MOST_ROWS = 1000
# One process turns activities and entries into rows at a time: their order is kept, and nothing is told twice.
_TELLING = 7_221_090
_INSERT = """
    INSERT INTO investigations_delivery (receiver_id, event_id, kind, payload, expires_at)
    SELECT %s, unnest(%s::uuid[]), unnest(%s::text[]), unnest(%s::jsonb[]), %s
    ON CONFLICT (event_id, receiver_id) DO NOTHING
"""
_INSERT_CALLS = """
    INSERT INTO investigations_delivery (receiver_id, event_id, kind, expires_at)
    SELECT %s, unnest(string_to_array(%s, ',')::uuid[]), %s, %s
    ON CONFLICT (event_id, receiver_id) DO NOTHING
"""
# activities that are no news: what they say is in another event, or is only bookkeeping
_OPENED, _CLOSED = "opened", "closed"
_ACCESS = frozenset(("evidence.exported", "search.exported", "audit.exported"))
# No request that notes an opened transcript takes as long.
_SETTLED = timedelta(minutes=1)
_POLICY = frozenset(("policy.published", "rule.rolled_back"))
_AUDIT = frozenset((ANCHORED, BROKEN))
# By events of their own, or about work that may be kept to few; and what receivers themselves would set off again.
_TOLD_OTHERWISE = (
    *("transcript.", "investigation.", "bulk.", "campaign.", "remediation.", "ticket.", "receiver.tested"),
    *("receiver.replayed", "audit.verified"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What one receiver wants to be told."""

    receiver: int
    calls: str
    severity_from: int
    kinds: frozenset[str]

    def wants_call(self, row: Mapping[str, Any]) -> bool:
        """Whether it is told of the verdict in `row`; what was stopped without a severity counts as any."""
        severity = row["severity"] or 0
        stopped = row["would_have"] in ("hold", "block") or row["action"] in ("hold", "block")
        if severity < self.severity_from and not (stopped and not severity):
            return False
        noted = stopped or bool(severity) or row["failed"]
        return self.calls == "all" or (self.calls == "noted" and noted) or (self.calls == "stopped" and stopped)


def queue_calls(rows: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """Queue verdicts for whoever wants them. Needs the transaction that takes them in; a statement a receiver."""
    wishes = [one for one in _load_wishes() if one.calls != Receiver.CallsChoice.NONE]
    with connection.cursor() as cursor:
        for one in wishes:
            # as one text: making an array of them costs the intake five times as much (2026-11)
            if ids := ",".join(row["id"].hex for row in rows if one.wants_call(row)):
                cursor.execute(_INSERT_CALLS, [one.receiver, ids, Kind.CALL.value, now + KEEP_TRYING])


def queue_told(now: datetime) -> int:
    """Queue what activities and the audit trail say and nobody was told of; returns how many rows were read.

    Safe to run twice and by several at once: one has it, the others leave it to that one.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_TELLING])
            row = cursor.fetchone()
        if not row or not row[0]:
            return 0
        wishes = _load_wishes()
        told, made = AuditTold.objects.select_for_update().get_or_create(pk=1)
        if made:
            _begin(told)
        count = _queue_activities(wishes, now=now) + _queue_entries(told, wishes, now=now)
        count += _queue_opened(told, wishes, now=now)
        told.save()
        return count


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One event on its way into the outbox."""

    event_id: uuid.UUID
    kind: Kind
    severity: int | None
    payload: dict[str, Any]


def write(told: Iterable[Told], wishes: Iterable[Wishes], *, now: datetime) -> None:
    """One row for each of `told` and each who wants it. Needs a transaction."""
    events = list(told)
    with connection.cursor() as cursor:
        for one in wishes:
            wanted = [event for event in events if _is_wanted(event, one)]
            if wanted:
                ids, kinds = [event.event_id for event in wanted], [event.kind.value for event in wanted]
                payloads = [json.dumps(event.payload) for event in wanted]
                cursor.execute(_INSERT, [one.receiver, ids, kinds, payloads, now + KEEP_TRYING])


def _load_wishes() -> list[Wishes]:
    rows = Receiver.objects.values_list("pk", "calls", "severity_from", "kinds")
    return [
        Wishes(receiver=pk, calls=calls, severity_from=severity, kinds=frozenset(map(str, kinds)))
        for pk, calls, severity, kinds in rows
    ]


def _is_wanted(event: Told, wishes: Wishes) -> bool:
    if event.kind.value not in wishes.kinds:
        return False
    return event.kind not in CASES or (event.severity or 0) >= wishes.severity_from


def _queue_activities(wishes: Sequence[Wishes], *, now: datetime) -> int:
    found = list(
        Activity.objects.filter(told=False)
        .select_related("investigation__assignee", "actor")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("pk")[:_MOST_ROWS]
    )
    if found:
        write((_told_of(activity) for activity in found), wishes, now=now)
        Activity.objects.filter(pk__in=[activity.pk for activity in found]).update(told=True)
    return len(found)


def _told_of(activity: Activity) -> Told:
    case = activity.investigation
    kind = {_OPENED: Kind.CASE_OPENED, _CLOSED: Kind.CASE_CLOSED}.get(activity.kind, Kind.CASE_CHANGED)
    return Told(
        event_id=id_of("activity", str(activity.pk)),
        kind=kind,
        severity=case.severity,
        payload={
            "at": activity.at.isoformat(),
            "what": activity.kind,
            "actor": activity.actor.get_username() if activity.actor else "",
            # what people write about a restricted case is for those who may see it
            "text": "" if case.restricted else activity.text,
            "case": case_as_told(case),
        },
    )


def case_as_told(case: Investigation) -> dict[str, Any]:
    """A case as it is now; of one that is restricted only what does not say whom it is about."""
    whole = {
        "number": case.pk,
        "title": case.title,
        "rule": case.kind,
        "status": case.status,
        "outcome": case.outcome,
        "disposition": case.disposition,
        "severity": case.severity,
        "agent_id": case.agent_id,
        "agent_name": case.agent_name,
        "user_id": case.user_id,
        "conversation_id": case.conversation_id,
        "destination": case.destination,
        "calls": case.calls,
        "assignee": case.assignee.get_username() if case.assignee else "",
        "restricted": case.restricted,
    }
    if case.restricted:
        withheld = dict.fromkeys(("agent_id", "agent_name", "user_id", "conversation_id", "destination"), "")
        return {**whole, **withheld, "title": f"Restricted: {signal_words(case.kind)}"[:200]}
    return whole


def _begin(told: AuditTold) -> None:
    """Leave out what was before there was anybody to tell."""
    told.entry = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    told.opened = TranscriptOpened.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _queue_entries(told: AuditTold, wishes: Sequence[Wishes], *, now: datetime) -> int:
    found = list(AuditEntry.objects.filter(pk__gt=told.entry).order_by("pk")[:_MOST_ROWS])
    if found:
        write([one for entry in found if (one := _told_of_entry(entry)) is not None], wishes, now=now)
        told.entry = found[-1].pk
    return len(found)


def _queue_opened(told: AuditTold, wishes: Sequence[Wishes], *, now: datetime) -> int:
    """Those of the last minute are read again and again, and written once: one may have been numbered before another
    that was written first.
    """
    found = list(TranscriptOpened.objects.filter(pk__gt=told.opened).order_by("pk")[:_MOST_ROWS])
    write((_told_of_opened(row) for row in found), wishes, now=now)
    settled = [row.pk for row in found if row.first_at < now - _SETTLED]
    told.opened = max([told.opened, *settled])
    return len(found)


def _told_of_opened(row: TranscriptOpened) -> Told:
    return Told(
        event_id=id_of("opened", str(row.pk)),
        kind=Kind.ACCESS,
        severity=None,
        payload={
            "at": row.first_at.isoformat(),
            "what": "transcript.opened",
            "actor": row.actor_name,
            "detail": {"verdict": str(row.verdict_id), "how": row.how},
        },
    )


def _told_of_entry(entry: AuditEntry) -> Told | None:
    kind = _kind_of(entry.action)
    # what names an investigation is about work that may be kept to few
    if kind is None or (kind is Kind.TRAIL and "investigation" in entry.detail):
        return None
    detail = {str(name): value if isinstance(value, str) else json.dumps(value) for name, value in entry.detail.items()}
    return Told(
        event_id=id_of("audit", entry.digest),
        kind=kind,
        severity=None,
        payload={"at": entry.at.isoformat(), "what": entry.action, "actor": entry.actor_name, "detail": detail},
    )


def _kind_of(action: str) -> Kind | None:
    if action in _POLICY:
        return Kind.POLICY
    if action in _AUDIT:
        return Kind.AUDIT
    if action in _ACCESS:
        return Kind.ACCESS
    if action.startswith("restriction."):
        return Kind.RESTRICTION
    return None if action.startswith(_TOLD_OTHERWISE) else Kind.TRAIL
