"""Writes what the search knows of a call, and counts it into its days; by a worker, after the intake has taken it in.

The queue is a table: rows are taken with SKIP LOCKED and deleted in the transaction that writes, so a call is
counted once, however often it is handed in and whoever takes it.
"""

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db import DataError, connection, transaction
from django.db.models import F

from guardrail.models import EXERCISE, Orchestrator, PendingSearch, SearchEntry, Transcript, Verdict
from guardrail.packing import NotOpened, unpack
from guardrail.search.days import Counts, count, tool_key
from guardrail.search.kept_words import kept
from guardrail.search.query import Field, field_word
from guardrail.search.texts import texts_of
from guardrail.search.words import words_of
from guardrail.text.private import WITHOUT_MAIL, blanked
from guardrail.text.storable import storable_text
from guardrail.webhook import WIRES
from guardrail.wire import Unreadable
from policies.hosts import host_of
from policies.queries import load_masked_kinds

log = structlog.get_logger(__name__)

# Calls of one transaction: their transcripts are in memory together.
BATCH = 50
_RUN_SECONDS = 8.0
# Held by the one that works; it ends with its connection.
_ONE_LOCK = 7_221_061
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
    *("duplicate_of", "degraded", "documents", "environment_id"),
)
_FIELDS = (
    *("id", "agent_id", "user_id", "conversation_id", "tool", "tool_name", "destination", "host", "rule", "would_have"),
    *("severity", "policy_version"),
)
_INSERT = f"""
INSERT INTO guardrail_searchentry ({", ".join(_FIELDS)}, words)
VALUES ({", ".join(f"%({name})s" for name in _FIELDS)}, array_to_tsvector(%(words)s::text[]))
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608 column names are constants above


_REWRITE = "UPDATE guardrail_searchentry SET words = array_to_tsvector(%(words)s::text[]) WHERE id = %(id)s"
_COUNTED = ("calls", "blocked", "held", "noted", "watched")
_ADD = f"""
INSERT INTO guardrail_entityday (kind, key, day, {", ".join(_COUNTED)})
VALUES (%s, %s, %s{", %s" * len(_COUNTED)})
ON CONFLICT (kind, key, day) DO UPDATE SET
    {", ".join(f"{name} = guardrail_entityday.{name} + EXCLUDED.{name}" for name in _COUNTED)}
"""  # noqa: S608 column names are constants above


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """One verdict with its words."""

    row: dict[str, Any]
    words: list[str]


def rewrite_words(ids: Sequence[uuid.UUID]) -> None:
    """Write the words of calls the search has anew, as they are kept now; their fields and days stay as they are."""
    known = SearchEntry.objects.filter(pk__in=ids).values_list("pk", flat=True)
    rows = list(Verdict.objects.filter(pk__in=list(known)).order_by("pk").values(*_COLUMNS))
    found = _with_words(
        rows, _load_bodies(rows), dict(Orchestrator.objects.values_list("pk", "slug")), fields_only=set()
    )
    with connection.cursor() as cursor:
        cursor.executemany(_REWRITE, [{"id": one.row["id"], "words": _lexemes(one)} for one in found])


def hand_in(ids: Iterable[uuid.UUID]) -> None:
    """Queue verdicts for the search, in the caller's transaction. Safe to run twice."""
    PendingSearch.objects.bulk_create([PendingSearch(id=pk) for pk in ids], ignore_conflicts=True)


def index_due(*, seconds: float = _RUN_SECONDS) -> int:
    """Index what is queued, for a while; returns how many. Safe to run twice; one does the work, others return 0.

    More would take the worker's processes from stopped calls that wait to be taken in.
    """
    until = time.monotonic() + seconds
    total = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_ONE_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        try:
            while time.monotonic() < until and (done := _index_batch()):
                total += done
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_ONE_LOCK])
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
    _insert(_with_words(rows, _load_bodies(rows), slugs, fields_only=fields_only))
    counts: Counts = {}
    for row in rows:
        # a step that was delivered again is no second call, and an exercise is none of the organisation's
        made_up = slugs.get(row["orchestrator_id"]) == EXERCISE
        if row["duplicate_of"] is None and not made_up:
            count(row, counts)
    _add(counts)


def _load_bodies(rows: Sequence[dict[str, Any]]) -> dict[uuid.UUID, bytes]:
    found = Transcript.objects.filter(pk__in=[row["id"] for row in rows]).values_list("pk", "body_zstd")
    return {pk: bytes(body) for pk, body in found}


def _with_words(
    rows: Sequence[dict[str, Any]],
    bodies: dict[uuid.UUID, bytes],
    slugs: dict[int, str],
    *,
    fields_only: set[uuid.UUID],
) -> Iterator[_Found]:
    for row in rows:
        texts = [] if row["id"] in fields_only else list(_texts(row, bodies.get(row["id"]), slugs))
        yield _Found(row=row, words=kept(storable_text(word) for word in words_of(texts)))


def _texts(row: dict[str, Any], packed: bytes | None, slugs: dict[int, str]) -> Iterator[str]:
    yield from (row["agent_name"], row["tool_name"], row["destination"], row["user_id"])
    wire = WIRES.get(row["wire"])
    if wire is None or packed is None:
        return
    try:
        body = unpack(packed, verdict_id=row["id"])
        call = wire.parse(body, orchestrator=slugs.get(row["orchestrator_id"], ""))
    except (Unreadable, RecursionError, NotOpened):
        return
    if settings.SEARCH_WORDS != "masked":
        yield from texts_of(call)
        return
    kinds = load_masked_kinds(row["environment_id"]) & WITHOUT_MAIL
    yield from (blanked(text, kinds) for text in texts_of(call))


def _insert(found: Iterable[_Found]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, list(map(_entry, found)))


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
        "words": _lexemes(found),
    }


def _lexemes(found: _Found) -> list[str]:
    return [*found.words, *_field_words(found.row)]


def _field_words(row: dict[str, Any]) -> Iterator[str]:
    yield field_word(Field.OUTCOME, row["would_have"])
    yield field_word(Field.POLICY, str(row["policy_version"]))
    if row["severity"] is not None:
        yield field_word(Field.SEVERITY, str(row["severity"]))


def _add(counts: Counts) -> None:
    """In one order, so that nobody who adds to the same days waits in a circle."""
    ordered = sorted(counts.items(), key=lambda item: (item[0].kind.value, item[0].key, item[0].day))
    rows = [
        (day.kind.value, storable_text(day.key), day.day, *(counted[name] for name in _COUNTED))
        for day, counted in ordered
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)
