"""What receivers are told, before any protocol: one event, typed, that says everything a row of the outbox stands for.

Pure. An event is the same each time it is made of the same row, so one that comes twice is known by its `id`.
"""

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from policies.signal import Severity

SCHEMA = "guardrail.event/1"
# What ids of events without a verdict are made from
_NAMESPACE = uuid.UUID("8f0c55c6-7f0e-5c0e-9a52-6f3a1d1f8c11")


class Kind(enum.Enum):
    """What happened; the value is the word on the wire, and must never change."""

    CALL = "call"
    CASE_OPENED = "investigation_opened"
    CASE_CHANGED = "investigation_changed"
    CASE_CLOSED = "investigation_closed"
    POLICY = "policy_published"
    RESTRICTION = "restriction"
    ACCESS = "transcript_access"
    AUDIT = "audit"
    TRAIL = "audit_trail"
    TEST = "test"


KIND_WORDS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.CALL: "A call",
        Kind.CASE_OPENED: "Investigations that are opened",
        Kind.CASE_CHANGED: "Investigations that change: assigned, commented, raised, reopened",
        Kind.CASE_CLOSED: "Investigations that are closed, with what they turned out to be",
        Kind.POLICY: "Policies that are published or taken back",
        Kind.RESTRICTION: "Agents, users and documents that are restricted, and released",
        Kind.ACCESS: "People who open transcripts, or take them or lists of calls out",
        Kind.AUDIT: "Signed anchors of the audit trail, once a day at least, and what was found wrong with it",
        Kind.TRAIL: "Sign-ins, failed ones too, and every change by people, with names and addresses",
        Kind.TEST: "A test",
    }
)
CASES = frozenset((Kind.CASE_OPENED, Kind.CASE_CHANGED, Kind.CASE_CLOSED))


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """Evidence in a text. `text` is what stands there, as whoever wrote it wrote it."""

    source: str
    path: str
    start: int
    end: int
    mark: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one detector or rule said."""

    name: str
    action: str
    severity: int
    reason: str
    facts: tuple[tuple[str, str], ...] = ()
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call and the decision about it. `investigation` is the number of its case, 0 = it has none.

    `transcript` is the whole body as text, empty where the receiver does not get it.
    """

    verdict_id: str
    action: str
    would_have: str
    mode: str
    failed: bool
    degraded: tuple[str, ...]
    deciding: str
    reason: str
    policy_version: int
    answer_ms: float
    tenant_id: str
    environment_id: str
    agent_id: str
    agent_name: str
    user_id: str
    conversation_id: str
    client_ip: str
    caller: str
    tool_id: str
    tool_name: str
    tool_kind: str
    destination: str
    duplicate_of: str
    investigation: int
    findings: tuple[Finding, ...] = ()
    transcript: str = ""

    @property
    def stopped(self) -> bool:
        """Whether the caller was told not to make it."""
        return self.action in ("hold", "block")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """An investigation as it was when something happened to it."""

    number: int
    title: str
    rule: str
    status: str
    outcome: str
    disposition: str
    agent_id: str
    agent_name: str
    user_id: str
    conversation_id: str
    destination: str
    calls: int
    assignee: str
    restricted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What somebody, or the system, did: the word of the activity or of the audit trail, and what it says."""

    what: str
    actor: str
    text: str = ""
    detail: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event. `severity` 0 = none was given. `cut` names what was left out to fit a receiver's limit."""

    id: uuid.UUID
    kind: Kind
    at: datetime
    severity: int
    summary: str
    link: str
    content: str = "full"
    call: Call | None = None
    case: Case | None = None
    act: Act | None = None
    cut: tuple[str, ...] = ()

    @property
    def severity_word(self) -> str:
        """`low`, `medium`, `high`, `critical`, or `none`."""
        return severity_word(self.severity)


def severity_word(severity: int) -> str:
    """The word of a severity; `none` where there is none."""
    return next((level.name.lower() for level in Severity if level == severity), "none")


def id_of(kind: str, key: str) -> uuid.UUID:
    """The id of an event that has no verdict's: the same for the same row, whenever and wherever it is made."""
    return uuid.uuid5(_NAMESPACE, f"{kind}:{key}")


def as_document(event: Event) -> dict[str, Any]:
    """The event as JSON can say it; members without a value are left out. The field map is in docs/deliveries.md."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "id": str(event.id),
        "kind": event.kind.value,
        "time": event.at.isoformat(timespec="milliseconds"),
        "severity": event.severity,
        "severity_name": event.severity_word,
        "summary": event.summary,
        "link": event.link,
        "content": event.content,
    }
    if event.call:
        document |= _call(event.call)
    if event.case:
        document["investigation"] = _filled(event.case)
    if event.act:
        document["act"] = {**_filled(event.act), **({"detail": dict(event.act.detail)} if event.act.detail else {})}
    if event.cut:
        document["cut"] = list(event.cut)
    return document


def _call(call: Call) -> dict[str, Any]:
    decision = ("action", "would_have", "mode", "failed", "degraded", "deciding", "reason", "policy_version")
    everything = _filled(call)
    found = [
        {
            **_filled(finding),
            **({"facts": [list(pair) for pair in finding.facts]} if finding.facts else {}),
            **({"quotes": [_filled(quote) for quote in finding.quotes]} if finding.quotes else {}),
        }
        for finding in call.findings
    ]
    told = {
        "decision": {name: everything[name] for name in decision if name in everything},
        "call": {name: value for name, value in everything.items() if name not in (*decision, "transcript")},
        **({"findings": found} if found else {}),
    }
    return told | ({"transcript": call.transcript} if call.transcript else {})


def _filled(part: Call | Case | Act | Finding | Quote) -> dict[str, Any]:
    """The members of a part that say something and are no parts themselves; numbers and switches always do."""
    names = part.__slots__
    values = ((name, getattr(part, name)) for name in names if name not in ("findings", "facts", "quotes", "detail"))
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values
        if value not in ("", (), None)
    }
