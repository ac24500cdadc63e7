"""Reads verdicts for programs: a page of the feed, one call, and what stands in it.

A page looks through a bounded stretch of the feed, so that no filter is slower on ten million calls than on a thousand:
it may hold fewer rows than were asked for, or none, and says whether more follow.
"""

import base64
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from guardrail.feed import number_of_calls_from
from guardrail.kept import for_eyes
from guardrail.masking import masking_of
from guardrail.models import EXERCISE, FeedEntry, LateFinding, Orchestrator, Transcript, Verdict
from guardrail.packing import NotOpened, unpack
from guardrail.verdict_id import floor_id
from guardrail.words import signal_words
from investigations.models import InvestigationCall
from investigations.siem.content import masked
from investigations.siem.event import severity_word
from investigations.visibility import open_to
from policies.scope import Person, of_agents

LETTER = "v"
# Verdicts looked through at once, and for one page at most.
_CHUNK, _LOOKED_THROUGH = 1_000, 10_000
# A fact that is longer may be a text somebody wrote.
_LONGEST_FACT = 200
_MOST_FINDINGS, _MOST_FACTS, _MOST_QUOTES = 30, 50, 100
_MOST_BODY_BYTES = 64_000_000
_SAME = (
    "action", "would_have", "mode", "failed", "degraded", "severity", "policy_version", "answer_ms", "deferred", "wire",
    "correlation_id", "tenant_id", "environment_id", "agent_id", "agent_name", "user_id", "conversation_id",
    "channel_id", "client_ip", "tool_id", "tool_name", "tool_kind", "destination",
)  # fmt: skip
_COLUMNS = (*_SAME, "id", "received_at", "orchestrator_id", "deciding_signal", "duplicate_of", "signals")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Rows as programs get them. `last` is the number the next page begins after."""

    rows: Sequence[dict[str, Any]]
    last: int
    more: bool


def load_page(
    *, after: int, most: int, since: datetime | None, until: datetime | None, fits: Mapping[str, Any], eyes: Person
) -> Page:
    """The next verdicts that fit, in the order in which they could be seen. Five queries, a few more with `fits`.

    `since` and `until` are about when calls came; `fits` are conditions on columns of a verdict; `eyes` whose token it
    is.
    """
    theirs = of_agents(eyes)
    at = max(after, number_of_calls_from(since)) if since else after
    low, high = floor_id(since) if since else None, floor_id(until) if until else None
    narrow = bool(fits or theirs or low or high)
    found: list[uuid.UUID] = []
    looked = 0
    while len(found) < most and looked < _LOOKED_THROUGH:
        size = _CHUNK if narrow else most
        entries = list(FeedEntry.objects.filter(number__gt=at).order_by("number").values_list("number", "id")[:size])
        wanted = [pk for _, pk in entries if (low is None or pk >= low) and (high is None or pk < high)]
        if (fits or theirs) and wanted:
            of_them = Verdict.objects.filter(theirs, pk__in=wanted, **fits).values_list("pk", flat=True)
            wanted = list(of_them)
        kept = set(wanted)
        for number, pk in entries:
            at = number
            if pk in kept:
                found.append(pk)
                if len(found) == most:
                    break
        looked += len(entries)
        if len(entries) < size:
            break
    # in order, so that it is the index that is asked
    more = FeedEntry.objects.filter(number__gt=at).order_by("number").values_list("number").first() is not None
    return Page(rows=_load_rows(found, eyes=eyes), last=at, more=more)


def load_one(pk: uuid.UUID, *, eyes: Person) -> dict[str, Any] | None:
    """One verdict, with what judging it in full found afterwards; None where there is none. Up to four queries."""
    rows = _load_rows([pk], eyes=eyes)
    if not rows:
        return None
    found = LateFinding.objects.filter(pk=pk).first() if rows[0]["deferred"] else None
    late = None
    if found is not None:
        late = {
            "found_at": found.found_at,
            "would_have": found.would_have,
            "severity": found.severity,
            "severity_name": severity_word(found.severity or 0),
            "rule": found.deciding_signal,
            "rule_words": signal_words(found.deciding_signal) if found.deciding_signal else "",
            "findings": _findings(found.signals),
        }
    return {**rows[0], "found_late": late}


def load_transcript(pk: uuid.UUID, *, eyes: Person, unmasked: bool) -> dict[str, Any] | None:
    """What stands in a call, and what was found with its quotes; None where nothing is kept. Three queries."""
    kept = for_eyes(Transcript.objects.all(), eyes).filter(pk=pk).values("body_zstd", "body_bytes").first()
    verdict = Verdict.objects.filter(pk=pk).first()
    if kept is None or verdict is None:
        return None
    try:
        body = unpack(bytes(kept["body_zstd"]), verdict_id=pk)
    except NotOpened:
        return None
    masking = masking_of(verdict, revealed=unmasked)
    shown = masking.body(body)
    encoding, text = _as_text(shown)
    return {
        "verdict": str(pk),
        "received_bytes": kept["body_bytes"],
        "kept_bytes": len(body),
        "encoding": encoding,
        "body": text,
        "reason": masking.text(verdict.reason),
        "findings": [_quoting(one) for one in masking.signals(verdict.signals[:_MOST_FINDINGS])],
        "masked": masking.count,
    }


def _as_text(body: bytes) -> tuple[str, str]:
    try:
        return "utf-8", body.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(body).decode()


def _load_rows(ids: Sequence[uuid.UUID], *, eyes: Person) -> list[dict[str, Any]]:
    known = for_eyes(Verdict.objects.filter(pk__in=ids), eyes) if ids else Verdict.objects.none()
    rows = {row["id"]: row for row in known.values(*_COLUMNS)}
    # the number of what is restricted would say that there is something
    calls = InvestigationCall.objects.filter(open_to(eyes, prefix="investigation__"), verdict_id__in=list(rows))
    places = dict(calls.values_list("verdict_id", "investigation_id")) if rows else {}
    callers = dict(Orchestrator.objects.values_list("pk", "slug")) if rows else {}
    # calls of exercises are none of the organisation's, as for receivers
    real = {pk: row for pk, row in rows.items() if callers.get(row["orchestrator_id"]) != EXERCISE}
    return [_row(real[pk], callers, places.get(pk)) for pk in ids if pk in real]


def _row(row: Mapping[str, Any], callers: Mapping[int, str], investigation: int | None) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "received_at": row["received_at"],
        "caller": callers.get(row["orchestrator_id"], ""),
        **{name: row[name] for name in _SAME},
        "degraded": [str(part) for part in row["degraded"]],
        "severity_name": severity_word(row["severity"] or 0),
        "rule": row["deciding_signal"],
        "rule_words": signal_words(row["deciding_signal"]) if row["deciding_signal"] else "",
        "findings": _findings(row["signals"]),
        "duplicate_of": str(row["duplicate_of"]) if row["duplicate_of"] else None,
        "investigation": investigation,
        "link": settings.PUBLIC_URL + reverse("verdict", args=(row["id"],)),
    }


def _findings(signals: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What each detector or rule found. Without its reason, which quotes what it rests on."""
    return [
        {
            "rule": str(one["name"]),
            "rule_words": signal_words(str(one["name"])),
            "severity": int(one.get("severity") or 0),
            "facts": [
                {"name": str(name), "value": masked(str(value))}
                for name, value in one.get("facts", ())[:_MOST_FACTS]
                if len(str(value)) <= _LONGEST_FACT
            ],
        }
        for one in signals[:_MOST_FINDINGS]
    ]


def _quoting(signal: Mapping[str, Any]) -> dict[str, Any]:
    quotes = [
        {
            "source": str(one.get("source", "")),
            "path": str(one.get("path", "")),
            "start": int(one.get("start", 0)),
            "end": int(one.get("end", 0)),
            "mark": str(one.get("mark", "")),
            "text": str(one.get("quote", "")),
        }
        for one in signal.get("evidence", ())[:_MOST_QUOTES]
    ]
    return {"rule": str(signal["name"]), "reason": str(signal.get("reason", "")), "quotes": quotes}
