"""Puts transcripts, and the words the search has of them, under the key of now, while calls are judged and read.

Each batch is one transaction, and what is done says so itself: it can be stopped at any time and begun again, and two
at once share the work.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from django.db import connection, transaction

from guardrail.models import Transcript
from guardrail.packing import NotOpened, current_key_id, repack
from guardrail.search.indexing import rewrite_words
from policies import audit

log = structlog.get_logger(__name__)

BATCH = 200
# Of bodies in one transaction, as they came.
_MOST_BYTES = 32_000_000
_UPDATE = "UPDATE guardrail_transcript SET body_zstd = %s, key_id = %s WHERE id = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rekeyed:
    """What became of a batch. `last` is where the next one begins, None at the end. `closed` did not open."""

    done: int
    closed: int
    last: uuid.UUID | None


def count_by_key() -> dict[str, int]:
    """How many transcripts are under each key, by its name; the empty name is of those that are not encrypted.

    Reads the whole table without the bodies: seconds for a million.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT key_id, count(*) FROM guardrail_transcript GROUP BY key_id ORDER BY key_id")
        return {str(name): int(count) for name, count in cursor.fetchall()}


@transaction.atomic
def rekey_some(after: uuid.UUID | None, *, most: int = BATCH) -> Rekeyed:
    """Put the next transcripts behind `after` under the key of now. Safe to run twice and by several at once."""
    sizes = _lock(after, most)
    ids = _affordable(sizes)
    closed = 0
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL guardrail.doing = 'rekeying'")
        for pk in ids:
            kept = Transcript.objects.filter(pk=pk).values_list("body_zstd", flat=True).first()
            try:
                packed = repack(bytes(kept or b""), verdict_id=pk)
            except NotOpened as error:
                log.warning("transcript.not_opened", verdict_id=str(pk), key_id=error.key_id)
                closed += 1
                continue
            cursor.execute(_UPDATE, [packed.content, packed.key_id, pk])
        cursor.execute("SET LOCAL guardrail.doing = ''")
    rewrite_words(ids)
    return Rekeyed(done=len(ids) - closed, closed=closed, last=ids[-1] if ids else None)


def note_rekeyed(*, done: int, closed: int) -> None:
    """Write into the audit trail that a run ended."""
    with transaction.atomic():
        audit.record(
            actor=None, action="transcripts.rekeyed", key=current_key_id(), transcripts=done, not_opened=closed
        )


def _lock(after: uuid.UUID | None, most: int) -> list[tuple[uuid.UUID, int]]:
    waiting = Transcript.objects.select_for_update(skip_locked=True).exclude(key_id=current_key_id()).order_by("pk")
    rows = waiting.filter(pk__gt=after) if after else waiting
    return list(rows.values_list("pk", "body_bytes")[:most])


def _affordable(sizes: Sequence[tuple[uuid.UUID, int]]) -> list[uuid.UUID]:
    """The first ones whose bodies fit into memory together, one at least."""
    ids: list[uuid.UUID] = []
    room = _MOST_BYTES
    for pk, size in sizes:
        if ids and size > room:
            break
        ids.append(pk)
        room -= size
    return ids
