"""Keeps every verdict with its transcript: one durable statement in Postgres, or the local journal when that is away.

Costs one round trip and one commit. Nothing is acknowledged that is not on a disk.
"""

import enum
import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import msgspec
import psycopg
import structlog
from django.conf import settings

from guardrail import database, unread
from guardrail.invocation import Invocation, Origin
from guardrail.journal import Journal, drain, keep_refused
from guardrail.judge import Judgement
from guardrail.named_documents import named_documents
from guardrail.packing import pack
from guardrail.text.storable import is_storable, storable, storable_text
from guardrail.traces import Traces, packed
from policies.decision import Decision
from policies.ruleset import Action, Mode, Ruleset, ToolKind
from policies.signal import Signal

log = structlog.get_logger(__name__)

# How far back a repeated delivery of the same step is recognised.
_DUPLICATE_SECONDS = 24 * 3600
# In the order of the table, with the type Postgres cannot infer for a parameter in a SELECT list.
_COLUMNS = {
    "id": "uuid", "received_at": "timestamptz", "orchestrator_id": "bigint", "wire": "text", "correlation_id": "text",
    "api_version": "text", "tenant_id": "text", "environment_id": "text", "agent_id": "text", "agent_name": "text",
    "user_id": "text", "conversation_id": "text", "channel_id": "text", "client_ip": "text", "tool_id": "text",
    "tool_name": "text", "tool_kind": "text", "destination": "text", "step_key": "text", "action": "text",
    "would_have": "text", "mode": "text", "severity": "smallint", "deciding_signal": "text", "reason": "text",
    "failed": "boolean", "degraded": "jsonb", "signals": "jsonb", "origins": "jsonb", "policy_version": "integer",
    "timings": "jsonb", "answer_ms": "double precision", "unknown_members": "jsonb", "deferred": "boolean",
    "traces": "bytea", "documents": "jsonb", "ruleset_state": "text",
}  # fmt: skip
_LENGTHS = {
    "correlation_id": 200, "api_version": 40, "tenant_id": 200, "environment_id": 200, "agent_id": 200,
    "agent_name": 200, "user_id": 200, "conversation_id": 200, "channel_id": 100, "client_ip": 60, "tool_id": 500,
    "tool_name": 500, "destination": 500,
}  # fmt: skip
# ON CONFLICT on the verdict alone: its id decides, and the other two rows follow it. That makes a second write of the
# same id (journal after a late commit, a crash while ingesting) a no-op.
# `earlier.step_key <> ''` says what is known already: without it a plan made for every step may not use the index of
# steps, which has no empty ones, and walks all calls of a day instead (2 us each: 2026-11). Without `IS TRUE` Postgres
# takes a stretch between two ids for short, and walks it in a month that was never analysed.
_INSERT = f"""
WITH verdict AS (
    INSERT INTO guardrail_verdict ({", ".join(_COLUMNS)}, duplicate_of)
    SELECT {", ".join(f"%({name})s::{kind}" for name, kind in _COLUMNS.items())},
        CASE WHEN %(step_key)s::text = '' THEN NULL ELSE (
            SELECT earlier.id FROM guardrail_verdict earlier
            WHERE earlier.step_key = %(step_key)s::text AND earlier.step_key <> ''
                AND earlier.id >= %(since)s::uuid AND (earlier.id < %(id)s::uuid) IS TRUE
            ORDER BY earlier.id LIMIT 1
        ) END
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), transcript AS (
    INSERT INTO guardrail_transcript (id, body_zstd, body_bytes, key_id)
    SELECT id, %(body_zstd)s::bytea, %(body_bytes)s::bigint, %(key_id)s::text FROM verdict
), validation AS (
    INSERT INTO guardrail_pendingvalidation (id) SELECT id FROM verdict WHERE %(deferred)s::boolean
)
INSERT INTO guardrail_pendingintake (id) SELECT id FROM verdict
"""  # noqa: S608 column names are constants above
_JSON_COLUMNS = tuple(name for name, kind in _COLUMNS.items() if kind == "jsonb")
# As msgspec writes it inside a string.
_NUL = "\\u0000"
_BYTES = ("body_zstd", "traces")
# In the journal: that the call was not read when it was answered, with the slug of who asked.
_UNREAD = "unread"


class Kept(enum.Enum):
    """Where a verdict lies."""

    DATABASE = "database"
    JOURNAL = "journal"


class NotKept(RuntimeError):
    """Neither Postgres nor the local disk took the verdict: nothing may be acknowledged but the fail posture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """What is known of a call before it is read. `body` is cut at the size limit, `body_bytes` is not."""

    verdict_id: uuid.UUID
    received_at: datetime
    orchestrator_id: int
    wire: str
    correlation_id: str
    api_version: str
    body: bytes
    body_bytes: int


def record(
    arrival: Arrival,
    *,
    call: Invocation | None,
    salvaged: dict[str, str],
    judgement: Judgement,
    ruleset: Ruleset,
    answer_ms: float,
    deadline: float,
    meanwhile: Callable[[], None] | None = None,
) -> Kept:
    """Write verdict, transcript and the entries of the queues in one statement. Raises NotKept.

    `meanwhile`, which must not raise, is done while Postgres writes; not at all where Postgres is not reached.

    `call` is None when the body was unreadable; `salvaged` then holds what could be made out. `deadline` is on
    time.monotonic: past it, or with Postgres away, the journal takes the same row under the same id.
    """
    row = _row(arrival, call=call, salvaged=salvaged, judgement=judgement, ruleset=ruleset, answer_ms=answer_ms)
    try:
        _insert(row, deadline=deadline, meanwhile=meanwhile)
    except psycopg.Error as error:
        log.warning("verdict.journaled", verdict_id=str(arrival.verdict_id), error=type(error).__name__)
    else:
        return Kept.DATABASE
    try:
        _append(row)
    except OSError as error:
        raise NotKept(f"neither Postgres nor the journal took the verdict: {error.strerror}") from error
    return Kept.JOURNAL


def record_later(
    arrival: Arrival,
    *,
    call: Invocation | None,
    orchestrator: str,
    judgement: Judgement,
    ruleset: Ruleset,
    answer_ms: float,
    deadline: float,
) -> Kept:
    """Write a call that was shed to the journal, from where Postgres gets it once there is time. Raises NotKept.

    Many share one fsync, and Postgres is left to the calls that are judged. Where the disk takes nothing, Postgres must
    before `deadline` (time.monotonic). A `call` that is None was not read yet, and is then; `orchestrator` is its slug.
    """
    row = _row(arrival, call=call, salvaged={}, judgement=judgement, ruleset=ruleset, answer_ms=answer_ms)
    try:
        _append(row if call else {**row, _UNREAD: orchestrator})
    except OSError as full:
        try:
            _insert(row if call else _read(row, orchestrator=orchestrator), deadline=deadline)
        except psycopg.Error as error:
            raise NotKept(f"neither the journal nor Postgres took the verdict: {full.strerror}") from error
        return Kept.DATABASE
    return Kept.JOURNAL


def _read(row: dict[str, Any], *, orchestrator: str) -> dict[str, Any]:
    """The row of a call that was answered unread, with what it is in it. Never raises for what a call contains."""
    found = unread.read(
        row["body_zstd"],
        verdict_id=uuid.UUID(row["id"]),
        wire=row["wire"],
        orchestrator=orchestrator,
        mode=Mode(row["mode"]),
        received_at=datetime.fromisoformat(row["received_at"]),
    )
    said = _of_call(found.call, {}, found.tool_kind, found.destinations, found.traces)
    return {**row, **_writable(said)}


def _append(row: dict[str, Any]) -> None:
    journal().append({**row, **{name: row[name].hex() for name in _BYTES}})


def ingest_journal(rest: Callable[[float], None] | None = None) -> int:
    """Move this machine's journal into Postgres; returns how many verdicts. Safe to run twice and by several at once.

    `rest` is called after each with the seconds it took. Raises psycopg.Error while Postgres is away; the records stay.
    """

    def ingest(entry: dict[str, Any]) -> None:
        began = time.monotonic()
        _ingest(entry)
        if rest is not None:
            rest(time.monotonic() - began)

    count = drain(settings.DATA_DIR / "journal", ingest)
    if count:
        log.info("journal.ingested", verdicts=count)
    return count


_journal: Journal | None = None


def journal() -> Journal:
    """The journal of this process."""
    global _journal  # noqa: PLW0603 one journal a process
    if _journal is None:
        _journal = Journal(settings.DATA_DIR / "journal")
    return _journal


def _ingest(entry: dict[str, Any]) -> None:
    # a journal written before an upgrade knows no deferred calls, traces, documents, states and keys
    row = {"deferred": False, "traces": "", "documents": "[]", "ruleset_state": "", "key_id": "", **entry}
    row.update({name: bytes.fromhex(row[name]) for name in _BYTES})
    if (orchestrator := row.pop(_UNREAD, None)) is not None:
        row = _read(row, orchestrator=orchestrator)
    try:
        # off the request path: a slow Postgres is waited for
        _insert(row, deadline=time.monotonic() + 5)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        # one row Postgres will never take must not keep the others out; it stays on disk for a person
        log.error("journal.row_refused", verdict_id=entry["id"], error=type(error).__name__)
        keep_refused(settings.DATA_DIR / "journal", json.dumps(entry).encode() + b"\n")


def _insert(row: dict[str, Any], *, deadline: float, meanwhile: Callable[[], None] | None = None) -> None:
    database.execute(_INSERT, row, deadline=deadline, meanwhile=meanwhile)


def _row(
    arrival: Arrival,
    *,
    call: Invocation | None,
    salvaged: dict[str, str],
    judgement: Judgement,
    ruleset: Ruleset,
    answer_ms: float,
) -> dict[str, Any]:
    decision = judgement.decision
    packed_body = pack(arrival.body, verdict_id=arrival.verdict_id)
    row: dict[str, Any] = {
        "id": str(arrival.verdict_id),
        "since": _since(arrival.verdict_id),
        "received_at": arrival.received_at.isoformat(),
        "orchestrator_id": arrival.orchestrator_id,
        "wire": arrival.wire,
        "correlation_id": arrival.correlation_id,
        "api_version": arrival.api_version,
        **_of_call(call, salvaged, judgement.tool_kind, judgement.destinations, judgement.traces),
        "action": decision.action.name.lower(),
        "mode": decision.mode.value,
        **_judged(decision, judgement.origins, ruleset),
        "timings": {stage: round(ms, 3) for stage, ms in judgement.timings},
        "answer_ms": round(answer_ms, 3),
        "deferred": judgement.deferred,
        "ruleset_state": ruleset.state,
        "body_zstd": packed_body.content,
        "key_id": packed_body.key_id,
        "body_bytes": arrival.body_bytes,
    }
    return _writable(row)


def _of_call(
    call: Invocation | None,
    salvaged: dict[str, str],
    kind: ToolKind,
    destinations: Sequence[str],
    traces: Traces | None,
) -> dict[str, Any]:
    """What a row says of the call itself."""
    return {
        **_call_columns(call, salvaged),
        "tool_kind": kind.value if call else "",
        "destination": destinations[0] if destinations else "",
        "unknown_members": call.unknown_members if call else (),
        "traces": packed(traces) if traces else b"",
        "documents": _documents(call) if call else [],
    }


def _writable(row: dict[str, Any]) -> dict[str, Any]:
    """The columns as Postgres and the journal take them."""
    for name, length in _LENGTHS.items():
        if name in row:
            row[name] = row[name][:length]
    for name in _JSON_COLUMNS:
        if name in row:
            row[name] = _encoded(row[name])
    if is_storable("".join([value for value in row.values() if isinstance(value, str)])):
        return row
    return {name: storable_text(value) if isinstance(value, str) else value for name, value in row.items()}


def _encoded(value: Any) -> str:
    """As JSON the database takes. What an adapter let through must not keep a verdict from being kept."""
    try:
        encoded = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(storable(msgspec.to_builtins(value))).decode()
    return msgspec.json.encode(storable(msgspec.json.decode(encoded))).decode() if _NUL in encoded else encoded


def judged_columns(decision: Decision, origins: Sequence[Origin], ruleset: Ruleset) -> dict[str, Any]:
    """What a judgement says, as the columns of a model hold it: JSON as plain values, nothing Postgres refuses."""
    columns: dict[str, Any] = {}
    for name, value in _judged(decision, origins, ruleset).items():
        columns[name] = storable(msgspec.json.decode(_encoded(value)) if name in _JSON_COLUMNS else value)
    return columns


def _judged(decision: Decision, origins: Sequence[Origin], ruleset: Ruleset) -> dict[str, Any]:
    return {
        "would_have": decision.would_have.name.lower(),
        "severity": None if decision.severity is None else int(decision.severity),
        "deciding_signal": decision.deciding.name if decision.deciding else "",
        "reason": decision.reason,
        "failed": decision.failed,
        "degraded": decision.degraded,
        "signals": [_signal(signal, ruleset.action_on(signal, decision.profile)) for signal in decision.signals],
        "origins": origins,
        "policy_version": decision.policy_version,
    }


def _call_columns(call: Invocation | None, salvaged: dict[str, str]) -> dict[str, str]:
    if call is None:
        names = ("tenant_id", "environment_id", "agent_id", "agent_name", "user_id", "conversation_id", "channel_id")
        columns = dict.fromkeys((*names, "client_ip", "tool_id", "tool_name", "step_key"), "")
        return {**columns, **salvaged}
    return {
        "tenant_id": call.tenant_id,
        "environment_id": call.environment_id,
        "agent_id": call.agent_id,
        "agent_name": call.agent_name,
        "user_id": call.user_id,
        "conversation_id": call.conversation_id,
        "channel_id": call.channel_id,
        "client_ip": call.client_ip,
        "tool_id": call.tool.tool_id,
        "tool_name": call.tool.name,
        "step_key": call.step_key,
    }


def _documents(call: Invocation) -> list[dict[str, str]]:
    return [{name: value for name, value in asdict(document).items() if value} for document in named_documents(call)]


def _signal(signal: Signal, action: Action) -> dict[str, Any]:
    return {
        "name": signal.name,
        "severity": int(signal.severity),
        "action": action.name.lower(),
        "reason": signal.reason,
        "evidence": signal.evidence,
        "facts": signal.facts,
        "would_pass_if": signal.would_pass_if,
        "would_be_held_if": signal.would_be_held_if,
    }


def _since(verdict_id: uuid.UUID) -> str:
    milliseconds = max(0, (verdict_id.int >> 80) - _DUPLICATE_SECONDS * 1000)
    return str(uuid.UUID(int=milliseconds << 80))
