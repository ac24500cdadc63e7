"""Writes what the search knows of a call, and counts it into its days; by a worker, after the intake has taken it in.

The queue is a table: rows are taken with SKIP LOCKED and deleted in the transaction that writes, so any number may run
at once and a call is counted once, however often it is handed in.
"""

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
import zstandard
from django.db import DataError, connection, transaction
from django.db.models import F

from guardrail.models import EXERCISE, EntityDay, Orchestrator, PendingSearch, SearchEntry, Transcript, Verdict
from guardrail.search.days import Counts, count, tool_key
from guardrail.search.query import Field, field_word
from guardrail.search.texts import texts_of
from guardrail.search.words import words_of
from guardrail.text.storable import storable_text
from guardrail.webhook import WIRES
from guardrail.wire import Unreadable
from policies.hosts import host_of

log = structlog.get_logger(__name__)

# Calls of one transaction: their transcripts are in memory together.
BATCH = 50
_RUN_SECONDS = 8.0
_MAX_BYTES = 64_000_000
# After so many tries a call is findable by its fields only.
_ATTEMPTS = 3
_COLUMNS = (
    *(
        "id",
        "received_at",
        "orchestrator_id",
        "wire",
        "agent_id",
        "agent_name",
        "user_id",
        "conversation_id",
        "tool_id",
    ),
    *("tool_name", "destination", "action", "would_have", "severity", "deciding_signal", "policy_version", "answer_ms"),
    *("duplicate_of", "degraded", "documents"),
)
_FIELDS = (
    *("id", "agent_id", "user_id", "conversation_id", "tool", "tool_name", "destination", "host", "rule", "would_have"),
    *("severity", "policy_version"),
)
_INSERT = f"""
INSERT INTO guardrail_searchentry ({", ".join(_FIELDS)}, words)
VALUES ({", ".join(f"%({name})s" for name in _FIELDS)}, array_to_tsvector(%(words)s::text[]))
ON CONFLICT (id) DO NOTHING RETURNING id
"""  # noqa: S608 column names are constants above


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """One verdict with its words."""

    row: dict[str, Any]
    words: list[str]


def hand_in(ids: Iterable[uuid.UUID]) -> None:
    """Queue verdicts for the search, in the caller's transaction. Safe to run twice."""
    PendingSearch.objects.bulk_create([PendingSearch(id=pk) for pk in ids], ignore_conflicts=True)


def index_due(*, seconds: float = _RUN_SECONDS) -> int:
    """Index what is queued, for a while; returns how many. Safe to run twice, and by several at once."""
    until = time.monotonic() + seconds
    total = 0
    while time.monotonic() < until and (done := _index_batch()):
        total += done
    return total


def _index_batch() -> int:
    with transaction.atomic():
        pending = PendingSearch.objects.select_for_update(skip_locked=True).order_by("-pk")[:BATCH]
        attempts = dict(pending.values_list("pk", "attempts"))
        if not attempts:
            return 0
        try:
            with transaction.atomic():
                _index(list(attempts), fields_only={pk for pk, tried in attempts.items() if tried >= _ATTEMPTS})
                PendingSearch.objects.filter(pk__in=attempts).delete()
        except DataError as error:
            # one of them is refused: each is tried by its own before it is left without its words
            log.warning("search.refused", error=type(error).__name__, calls=len(attempts))
            _one_by_one(attempts)
        return len(attempts)


def _one_by_one(attempts: dict[uuid.UUID, int]) -> None:
    for pk, tried in attempts.items():
        try:
            with transaction.atomic():
                _index([pk], fields_only={pk} if tried >= _ATTEMPTS else set())
                PendingSearch.objects.filter(pk=pk).delete()
        except DataError:
            PendingSearch.objects.filter(pk=pk).update(attempts=F("attempts") + 1)
    # fields are the product's own and fit: what is refused even so must not come again for ever
    PendingSearch.objects.filter(pk__in=attempts, attempts__gt=_ATTEMPTS).delete()


def _index(ids: Sequence[uuid.UUID], *, fields_only: set[uuid.UUID]) -> None:
    known = set(SearchEntry.objects.filter(pk__in=ids).values_list("pk", flat=True))
    rows = list(Verdict.objects.filter(pk__in=set(ids) - known).order_by("pk").values(*_COLUMNS))
    slugs = dict(Orchestrator.objects.values_list("pk", "slug"))
    fresh = _insert(_with_words(rows, slugs, fields_only=fields_only))
    counts: Counts = {}
    for row in rows:
        # a step that was delivered again is no second call, and an exercise is none of the organisation's
        made_up = slugs.get(row["orchestrator_id"]) == EXERCISE
        if row["id"] in fresh and row["duplicate_of"] is None and not made_up:
            count(row, counts)
    _add(counts)


def _with_words(
    rows: Sequence[dict[str, Any]], slugs: dict[int, str], *, fields_only: set[uuid.UUID]
) -> Iterator[_Found]:
    for row in rows:
        texts = [] if row["id"] in fields_only else list(_texts(row, slugs))
        yield _Found(row=row, words=[storable_text(word) for word in words_of(texts)])


def _texts(row: dict[str, Any], slugs: dict[int, str]) -> Iterator[str]:
    yield from (row["agent_name"], row["tool_name"], row["destination"], row["user_id"])
    wire = WIRES.get(row["wire"])
    packed = Transcript.objects.filter(pk=row["id"]).values_list("body_zstd", flat=True).first()
    if wire is None or packed is None:
        return
    try:
        body = zstandard.decompress(bytes(packed), max_output_size=_MAX_BYTES)
        call = wire.parse(body, orchestrator=slugs.get(row["orchestrator_id"], ""))
    except (Unreadable, RecursionError, zstandard.ZstdError):
        return
    yield from texts_of(call)


def _insert(found: Iterable[_Found]) -> set[uuid.UUID]:
    """Returns those that were not there yet."""
    fresh: set[uuid.UUID] = set()
    with connection.cursor() as cursor:
        for one in found:
            cursor.execute(_INSERT, _entry(one))
            fresh |= {pk for (pk,) in cursor.fetchall()}
    return fresh


def _entry(found: _Found) -> dict[str, Any]:
    row = found.row
    destination = row["destination"].lower()
    return {
        **{name: row[name] for name in ("id", "agent_id", "user_id", "conversation_id", "severity", "policy_version")},
        "tool": tool_key(row["tool_id"], row["tool_name"])[:500],
        "tool_name": row["tool_name"].lower()[:500],
        "destination": destination[:500],
        "host": host_of(destination)[:500] if destination else "",
        "rule": row["deciding_signal"],
        "would_have": row["would_have"],
        "words": [*found.words, *_field_words(row)],
    }


def _field_words(row: dict[str, Any]) -> Iterator[str]:
    yield field_word(Field.OUTCOME, row["would_have"])
    yield field_word(Field.POLICY, str(row["policy_version"]))
    if row["severity"] is not None:
        yield field_word(Field.SEVERITY, str(row["severity"]))


def _add(counts: Counts) -> None:
    """In one order, so that two workers wait for each other and never for themselves."""
    ordered = sorted(counts.items(), key=lambda item: (item[0].kind.value, item[0].key, item[0].day))
    rows = [
        EntityDay(kind=day.kind.value, key=storable_text(day.key), day=day.day, **counted) for day, counted in ordered
    ]
    with connection.cursor() as cursor:
        for row in rows:
            cursor.execute(
                "INSERT INTO guardrail_entityday (kind, key, day, calls, blocked, held, noted, watched)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (kind, key, day) DO UPDATE SET"
                " calls = guardrail_entityday.calls + EXCLUDED.calls,"
                " blocked = guardrail_entityday.blocked + EXCLUDED.blocked,"
                " held = guardrail_entityday.held + EXCLUDED.held,"
                " noted = guardrail_entityday.noted + EXCLUDED.noted,"
                " watched = guardrail_entityday.watched + EXCLUDED.watched",
                [row.kind, row.key, row.day, row.calls, row.blocked, row.held, row.noted, row.watched],
            )
