"""Makes the events of rows of the outbox: calls from their verdicts, all else from what the row keeps."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import zstandard
from django.conf import settings
from django.urls import reverse

from guardrail.masking import Masking
from guardrail.models import Orchestrator, Transcript, Verdict
from guardrail.packing import NotOpened, open_frame
from guardrail.text.private import WITHOUT_MAIL
from guardrail.words import signal_words
from investigations.models import Delivery, InvestigationCall
from investigations.siem.event import Act, Call, Case, Event, Finding, Kind, Quote
from policies.queries import load_masked_kinds

_COLUMNS = (
    *("id", "received_at", "orchestrator_id", "tenant_id", "environment_id", "agent_id", "agent_name", "user_id"),
    *("conversation_id", "client_ip", "tool_id", "tool_name", "tool_kind", "destination", "duplicate_of", "action"),
    *("would_have", "mode", "severity", "deciding_signal", "reason", "failed", "degraded", "signals"),
    *("policy_version", "answer_ms"),
)
_MOST_FINDINGS = 30
_MOST_QUOTES = 10
_MOST_BODY_BYTES = 200_000
_OUTCOMES = {"block": "blocked", "hold": "held", "modify": "changed", "notice": "flagged", "allow": "allowed"}


def load_events(rows: Sequence[Delivery], *, with_transcripts: bool) -> dict[int, Event | str]:
    """By the row's number its event, or why there is none. Three queries, one more with transcripts."""
    ids = [row.event_id for row in rows if row.kind == Kind.CALL.value]
    verdicts = {found["id"]: found for found in Verdict.objects.filter(pk__in=ids).values(*_COLUMNS)} if ids else {}
    places = dict(InvestigationCall.objects.filter(verdict_id__in=ids).values_list("verdict_id", "investigation_id"))
    callers = dict(Orchestrator.objects.values_list("pk", "slug")) if ids else {}
    bodies = _load_bodies(ids) if with_transcripts and ids else {}
    if with_transcripts:
        verdicts, bodies = _masked(verdicts, bodies)
    events: dict[int, Event | str] = {}
    for row in rows:
        try:
            if row.kind != Kind.CALL.value:
                events[row.pk] = _of_payload(row)
            elif row.event_id in verdicts:
                events[row.pk] = _of_verdict(
                    verdicts[row.event_id],
                    case=places.get(row.event_id, 0),
                    callers=callers,
                    transcript=bodies.get(row.event_id, ""),
                )
            else:
                events[row.pk] = "its verdict is past its time and deleted"
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            events[row.pk] = f"it cannot be told ({type(error).__name__})"
    return events


def _masked(
    verdicts: Mapping[uuid.UUID, dict[str, Any]], bodies: Mapping[uuid.UUID, str]
) -> tuple[dict[uuid.UUID, dict[str, Any]], dict[uuid.UUID, str]]:
    """What stands in calls, masked as their environments say; addresses stay, as receivers correlate by them."""
    environments = {row["environment_id"] for row in verdicts.values()}
    kinds = {environment: load_masked_kinds(environment) & WITHOUT_MAIL for environment in environments}
    maskings = {pk: Masking(kinds=kinds[row["environment_id"]]) for pk, row in verdicts.items()}
    rows = {
        pk: {**row, "reason": maskings[pk].text(row["reason"]), "signals": maskings[pk].signals(row["signals"])}
        for pk, row in verdicts.items()
    }
    return rows, {pk: maskings[pk].text(text) for pk, text in bodies.items() if pk in maskings}


def test_event(*, now: datetime, name: str) -> Event:
    """What the button *Send a test* sends."""
    return Event(
        id=uuid.uuid4(),
        kind=Kind.TEST,
        at=now,
        severity=0,
        summary="A test of Guardrail: if you can read this, deliveries arrive.",
        link=settings.PUBLIC_URL,
        act=Act(what="receiver.tested", actor=name),
    )


def _of_verdict(found: Mapping[str, Any], *, case: int, callers: Mapping[int, str], transcript: str) -> Event:
    tool = found["tool_name"] or found["tool_id"]
    whom = f" to {found['destination']}" if found["destination"] else ""
    why = f": {signal_words(found['deciding_signal'])}" if found["deciding_signal"] else ""
    outcome = _OUTCOMES.get(found["action"], found["action"])
    would = f", would be {_OUTCOMES[found['would_have']]}" if found["would_have"] != found["action"] else ""
    call = Call(
        **{name: found[name] for name in _SAME},
        verdict_id=str(found["id"]),
        degraded=tuple(map(str, found["degraded"])),
        deciding=found["deciding_signal"],
        caller=callers.get(found["orchestrator_id"], ""),
        duplicate_of=str(found["duplicate_of"] or ""),
        investigation=case,
        findings=tuple(_finding(one) for one in found["signals"][:_MOST_FINDINGS]),
        transcript=transcript,
    )
    return Event(
        id=found["id"],
        kind=Kind.CALL,
        at=found["received_at"],
        severity=found["severity"] or 0,
        summary=f"{tool}{whom} by {found['agent_name'] or found['agent_id']} was {outcome}{would}{why}",
        link=settings.PUBLIC_URL + reverse("verdict", args=(found["id"],)),
        call=call,
    )


_SAME = (
    *("action", "would_have", "mode", "failed", "reason", "policy_version", "answer_ms", "tenant_id"),
    *("environment_id", "agent_id", "agent_name", "user_id", "conversation_id", "client_ip", "tool_id", "tool_name"),
    *("tool_kind", "destination"),
)


def _finding(signal: Mapping[str, Any]) -> Finding:
    quotes = tuple(
        Quote(
            source=str(one.get("source", "")),
            path=str(one.get("path", "")),
            start=int(one.get("start", 0)),
            end=int(one.get("end", 0)),
            mark=str(one.get("mark", "")),
            text=str(one.get("quote", "")),
        )
        for one in signal.get("evidence", ())[:_MOST_QUOTES]
    )
    return Finding(
        name=str(signal["name"]),
        action=str(signal.get("action", "")),
        severity=int(signal.get("severity") or 0),
        reason=str(signal.get("reason", "")),
        facts=tuple((str(name), str(value)) for name, value in signal.get("facts", ())),
        quotes=quotes,
    )


def _of_payload(row: Delivery) -> Event:
    told = row.payload or {}
    kind = Kind(row.kind)
    act = Act(
        what=told["what"],
        actor=told["actor"],
        text=told.get("text", ""),
        detail=tuple(sorted(told.get("detail", {}).items())),
    )
    case, severity = None, 0
    if "case" in told:
        severity = told["case"]["severity"]
        case = Case(**{name: value for name, value in told["case"].items() if name != "severity"})
    return Event(
        id=row.event_id,
        kind=kind,
        at=datetime.fromisoformat(told["at"]),
        severity=severity,
        summary=_summary(act, case),
        link=settings.PUBLIC_URL + (reverse("investigation", args=(case.number,)) if case else ""),
        case=case,
        act=act,
    )


def _summary(act: Act, case: Case | None) -> str:
    who = act.actor or "the system"
    what = act.what.replace("_", " ").replace(".", " ")
    return f"Investigation {case.number}, {case.title}: {what} by {who}" if case else f"{what} by {who}"


def _load_bodies(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The first 200,000 bytes of each transcript as text; one that does not open is empty."""
    bodies = {}
    for pk, packed in Transcript.objects.filter(pk__in=ids).values_list("pk", "body_zstd"):
        try:
            reader = zstandard.ZstdDecompressor().stream_reader(open_frame(bytes(packed), verdict_id=pk))
            bodies[pk] = reader.read(_MOST_BODY_BYTES).decode("utf-8", "replace").replace("\x00", "\ufffd")
        except (zstandard.ZstdError, NotOpened):
            bodies[pk] = ""
    return bodies
