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
from guardrail.text.storable import is_storable, storable_text
from guardrail.webhook import WIRES
from guardrail.wire import Unreadable
from policies.hosts import host_of
from policies.queries import load_masked_kinds

log = structlog.get_logger(__name__)

# Calls of one transaction, and how many of their transcripts are in memory together.
BATCH = 200
_BODIES = 50
# Between two texts of a call: more white space than any pattern of what is masked goes over.
_APART = "\n" * 5
# What pages show whole anyway.
_NAMED = ("agent_name", "tool_name", "destination", "user_id")
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
_FIELDS = {
    "id": "uuid", "agent_id": "text", "user_id": "text", "conversation_id": "text", "tool": "text",
    "tool_name": "text", "destination": "text", "host": "text", "rule": "text", "would_have": "text",
    "severity": "smallint", "policy_version": "integer",
}  # fmt: skip
# The words of a call as one text: a value for each word would be parsed one by one.
_INSERT = f"""
INSERT INTO guardrail_searchentry ({", ".join(_FIELDS)}, words)
SELECT {", ".join(_FIELDS)}, array_to_tsvector(string_to_array(words, ' '))
FROM unnest({", ".join(f"%({name})s::{kind}[]" for name, kind in _FIELDS.items())}, %(words)s::text[])
    AS found ({", ".join(_FIELDS)}, words)
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608 column names are constants above
_REWRITE = """
UPDATE guardrail_searchentry entry SET words = array_to_tsvector(string_to_array(fresh.words, ' '))
FROM unnest(%(id)s::uuid[], %(words)s::text[]) AS fresh (id, words) WHERE entry.id = fresh.id
"""
_COUNTED = ("calls", "blocked", "held", "noted", "watched")
# In one order, so that nobody who adds to the same days waits in a circle. Two names may be one once they are storable.
_ADD = f"""
INSERT INTO guardrail_entityday (kind, key, day, {", ".join(_COUNTED)})
SELECT kind, key, day, {", ".join(f"sum({name})" for name in _COUNTED)}
FROM unnest(%s::text[], %s::text[], %s::date[]{", %s::bigint[]" * len(_COUNTED)})
    AS fresh (kind, key, day, {", ".join(_COUNTED)})
GROUP BY kind, key, day ORDER BY kind, key, day
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
    slugs = dict(Orchestrator.objects.values_list("pk", "slug"))
    found = list(_with_words(rows, slugs, fields_only=set()))
    if found:
        with connection.cursor() as cursor:
            cursor.execute(_REWRITE, {"id": [one.row["id"] for one in found], "words": list(map(_lexemes, found))})


def hand_in(ids: Iterable[uuid.UUID]) -> None:
    """Queue verdicts for the search, in the caller's transaction. Safe to run twice."""
    PendingSearch.objects.bulk_create([PendingSearch(id=pk) for pk in ids], ignore_conflicts=True)


def index_due(*, seconds: float = _RUN_SECONDS) -> int:
    """Index what is queued, for a while; returns how many. Safe to run twice; one does the work, others return 0.

    More would take the worker's processes from stopped calls that wait to be taken in. What comes meanwhile waits for
    the next run, as in the intake: while calls come a few are always queued.
    """
    until = time.monotonic() + seconds
    total = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_ONE_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        try:
            full = True
            while full and time.monotonic() < until:
                done = _index_batch()
                total, full = total + done, done == BATCH
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
    _insert(list(_with_words(rows, slugs, fields_only=fields_only)))
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
    rows: Sequence[dict[str, Any]], slugs: dict[int, str], *, fields_only: set[uuid.UUID]
) -> Iterator[_Found]:
    masked = {name: _left_out(name) for name in {row["environment_id"] for row in rows}}
    for start in range(0, len(rows), _BODIES):
        some = rows[start : start + _BODIES]
        bodies = _load_bodies(some)
        for row in some:
            texts: tuple[str, ...] = ()
            if row["id"] not in fields_only:
                # looked through at once: asking each of 30 texts for 40 kinds of keys took 2 ms a call (2026-11)
                said = _APART.join(_texts(row, bodies.get(row["id"]), slugs))
                texts = (*(row[name] for name in _NAMED), blanked(said, masked[row["environment_id"]]))
            yield _Found(row=row, words=kept(_storable(words_of(texts))))


def _storable(words: list[str]) -> Iterable[str]:
    return words if is_storable(" ".join(words)) else map(storable_text, words)


def _left_out(environment_id: str) -> frozenset[str]:
    """The kinds of personal data and secrets whose words are not kept of an environment's calls."""
    return load_masked_kinds(environment_id) & WITHOUT_MAIL if settings.SEARCH_WORDS == "masked" else frozenset()


def _texts(row: dict[str, Any], packed: bytes | None, slugs: dict[int, str]) -> Iterator[str]:
    wire = WIRES.get(row["wire"])
    if wire is None or packed is None:
        return
    try:
        body = unpack(packed, verdict_id=row["id"])
        call = wire.parse(body, orchestrator=slugs.get(row["orchestrator_id"], ""))
    except (Unreadable, RecursionError, NotOpened):
        return
    yield from texts_of(call)


def _insert(found: Sequence[_Found]) -> None:
    if not found:
        return
    entries = list(map(_entry, found))
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, {name: [entry[name] for entry in entries] for name in (*_FIELDS, "words")})


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


def _lexemes(found: _Found) -> str:
    """One text: no word and no field has a space in it."""
    return " ".join((*found.words, *_field_words(found.row)))


def _field_words(row: dict[str, Any]) -> Iterator[str]:
    yield field_word(Field.OUTCOME, row["would_have"])
    yield field_word(Field.POLICY, str(row["policy_version"]))
    if row["severity"] is not None:
        yield field_word(Field.SEVERITY, str(row["severity"]))


def _add(counts: Counts) -> None:
    if not counts:
        return
    columns: list[list[Any]] = [
        [day.kind.value for day in counts],
        [storable_text(day.key) for day in counts],
        [day.day for day in counts],
        *([counted[name] for counted in counts.values()] for name in _COUNTED),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, columns)
