"""Counts which documents calls have read and which stopped plans went by: what documents are ranked by."""

import uuid
import zlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Count, Sum

from policies.document_names import document_key, names_of
from policies.models import DocumentQuote, DocumentUse, KnowledgeDocument

# A document this often in the history of calls, of this many readers, is one that agents go by.
FREQUENT_CALLS = 10
FREQUENT_READERS = 2
FREQUENT_DAYS = 30
_READERS = 64
MOST_QUOTES = 500

_LOCK = "SELECT id FROM policies_knowledgedocument WHERE id = ANY(%s) ORDER BY key FOR UPDATE"
_COUNT = """
UPDATE policies_knowledgedocument document SET
    flagged = document.flagged + seen.flagged, last_used_at = GREATEST(document.last_used_at, seen.at)
FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[]) AS seen (id, flagged, at)
WHERE document.id = seen.id
"""
# Not with each batch: a document's row has six indexes, and a batch may name thousands of documents.
_SUM_UP = """
UPDATE policies_knowledgedocument document SET
    uses = COALESCE(seen.calls, 0),
    last_used_at = GREATEST(document.last_used_at, seen.day::timestamp AT TIME ZONE 'UTC')
FROM policies_knowledgedocument other
LEFT JOIN (
    SELECT document_id, sum(calls) AS calls, max(day) AS day FROM policies_documentuse
    WHERE day > %s GROUP BY document_id
) seen ON seen.document_id = other.id
WHERE other.id = document.id AND document.uses <> COALESCE(seen.calls, 0)
"""
_USES = """
INSERT INTO policies_documentuse (document_id, day, reader, calls)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::smallint[], %s::int[]) AS seen
ON CONFLICT (document_id, day, reader) DO UPDATE SET calls = policies_documentuse.calls + EXCLUDED.calls
"""
_TRIM = """
DELETE FROM policies_documentquote WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY document_id ORDER BY at DESC, id DESC) AS place
        FROM policies_documentquote WHERE document_id = ANY(%s)
    ) ranked WHERE place > %s
)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """One call that has a document in its history."""

    document: int
    agent_id: str
    user_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """A stopped plan that went by a document; the columns of `DocumentQuote` mean the same."""

    document: int
    verdict_id: uuid.UUID
    at: datetime
    agent_id: str
    agent_name: str
    user_id: str
    would_have: str
    action: str
    severity: int | None
    tool_name: str
    matched_by: str
    revision: int | None
    insider: str
    sentence: str


def record_uses(uses: Sequence[Use], quotes: Sequence[Quote]) -> None:
    """Count calls and stopped plans. At most five statements; needs a transaction, and each call once."""
    if not uses and not quotes:
        return
    days: Counter[tuple[int, date, int]] = Counter()
    newest: dict[int, datetime] = {}
    for use in uses:
        days[use.document, use.at.date(), _reader(use)] += 1
    for quote in quotes:
        newest[quote.document] = max(newest.get(quote.document, quote.at), quote.at)
    flagged = Counter(quote.document for quote in quotes)
    ids = sorted(newest)
    with connection.cursor() as cursor:
        if ids:
            cursor.execute(_LOCK, [ids])
            cursor.execute(_COUNT, [ids, [flagged[pk] for pk in ids], [newest[pk] for pk in ids]])
        if days:
            keys = sorted(days)
            columns = [list(column) for column in zip(*keys, strict=True)]
            cursor.execute(_USES, [*columns, [days[key] for key in keys]])
        if quotes:
            DocumentQuote.objects.bulk_create(map(_row, quotes), ignore_conflicts=True)
            cursor.execute(_TRIM, [list(flagged), MOST_QUOTES])


def sum_up(now: datetime) -> None:
    """Write how often each document was read in the last 30 days, by which the ranking goes on. Safe to run twice."""
    with connection.cursor() as cursor:
        cursor.execute(_SUM_UP, [(now - timedelta(days=FREQUENT_DAYS)).date()])


def document_of_calls(*, tenant_id: str, place: str, name: str) -> int:
    """The id of a document that only calls know of, made where there is none. Safe by several at once."""
    known = place or name
    names = names_of(place=place, name=name)
    key = document_key(tenant_id=tenant_id, document_id=f"\x00{names.host}\x00{names.tail or name.lower()}")
    row = KnowledgeDocument(
        key=key,
        tenant_id=tenant_id,
        name=(name or known.rpartition("/")[2])[:300],
        place=place,
        place_key=names.place_key,
        path_key=names.path_key,
        name_key=names.name_key,
        fed=False,
    )
    KnowledgeDocument.objects.bulk_create([row], ignore_conflicts=True)
    return KnowledgeDocument.objects.values_list("pk", flat=True).get(key=key)


def frequently_used(documents: Collection[int], *, now: datetime) -> frozenset[int]:
    """Those of `documents` that agents go by a lot. One query."""
    if not documents:
        return frozenset()
    since = (now - timedelta(days=FREQUENT_DAYS)).date()
    found = (
        DocumentUse.objects.filter(document_id__in=documents, day__gte=since)
        .values("document_id")
        .annotate(calls=Sum("calls"), readers=Count("reader", distinct=True))
        .filter(calls__gte=FREQUENT_CALLS, readers__gte=FREQUENT_READERS)
    )
    return frozenset(found.values_list("document_id", flat=True))


def _reader(use: Use) -> int:
    return zlib.crc32(f"{use.agent_id}\x1f{use.user_id}".encode("utf-8", "replace")) % _READERS


def _row(quote: Quote) -> DocumentQuote:
    names = ("verdict_id", "at", "agent_id", "agent_name", "user_id", "would_have", "action", "severity", "tool_name")
    columns = {name: getattr(quote, name) for name in (*names, "matched_by", "insider", "sentence")}
    return DocumentQuote(document_id=quote.document, revision_id=quote.revision, **columns)
