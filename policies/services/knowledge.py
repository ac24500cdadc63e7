"""Writes edits to documents down: the document, its timeline, and whether somebody should look at the edit.

Set-based: some seven statements a batch, however many edits. Documents are locked in the order of their keys, here and
where uses are counted, so that two at once wait for each other instead of deadlocking.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from policies.document_names import document_key, names_of
from policies.models import DataClass, DocumentRevision, DocumentUse, KnowledgeDocument
from policies.services.document_uses import frequently_used

MOST_REVISIONS = 200
KEPT = timedelta(days=400)
USES_KEPT = timedelta(days=31)
# What a feed tells of late, or when it is connected, is history: nobody is called for it.
FRESH = timedelta(days=7)

_ADOPT = """
UPDATE policies_knowledgedocument document SET
    key = found.key, document_id = found.document_id, tenant_id = found.tenant_id, fed = true
FROM (
    SELECT DISTINCT ON (known.id) known.id, event.key, event.document_id, event.tenant_id
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
        AS event (key, document_id, tenant_id, place_key, path_key)
    JOIN policies_knowledgedocument known ON NOT known.fed
        AND (known.tenant_id IN (event.tenant_id, '') OR event.tenant_id = '') AND (
        (known.place_key = event.place_key AND event.place_key <> '')
        OR (known.path_key = event.path_key AND event.path_key <> '')
    )
    WHERE NOT EXISTS (SELECT 1 FROM policies_knowledgedocument other WHERE other.key = event.key)
    ORDER BY known.id, event.key
) found
WHERE document.id = found.id AND found.id = (
    SELECT min(twin.id) FROM policies_knowledgedocument twin
    WHERE NOT twin.fed AND twin.path_key = document.path_key
        AND (twin.tenant_id IN (found.tenant_id, '') OR found.tenant_id = '')
)
"""
_DOCUMENTS = """
INSERT INTO policies_knowledgedocument AS document (
    key, tenant_id, document_id, name, place, id_key, place_key, path_key, name_key, fed, edits, last_edit_at,
    last_editor, last_revision, label, flagged, uses
)
SELECT key, tenant_id, document_id, name, place, id_key, place_key, path_key, name_key, true, 0, at, editor,
    revision, '', 0, 0
FROM unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::timestamptz[], %s::text[], %s::text[]
) AS event (
    key, tenant_id, document_id, name, place, id_key, place_key, path_key, name_key, at, editor, revision
)
ORDER BY event.key
ON CONFLICT (key) DO UPDATE SET
    id_key = EXCLUDED.id_key,
    fed = true,
    name = {newer_text[name]}, place = {newer_text[place]}, place_key = {newer_text[place_key]},
    path_key = {newer_text[path_key]}, name_key = {newer_text[name_key]},
    last_editor = CASE WHEN {newer} THEN EXCLUDED.last_editor ELSE document.last_editor END,
    last_revision = CASE WHEN {newer} THEN EXCLUDED.last_revision ELSE document.last_revision END,
    last_edit_at = GREATEST(document.last_edit_at, EXCLUDED.last_edit_at)
RETURNING id, key
"""
_NEWER = "(document.last_edit_at IS NULL OR EXCLUDED.last_edit_at >= document.last_edit_at)"
_REVISIONS = """
INSERT INTO policies_documentrevision (
    document_id, key, caller_id, revision, editor, editor_id, at, label, label_told, text_digest, text_chars,
    read_whole, holds_order, orders, fingerprinted, sentences, notice, told
)
SELECT edit.*, '', true FROM unnest(
    %s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[],
    %s::boolean[], %s::text[], %s::int[], %s::boolean[], %s::boolean[], %s::jsonb[], %s::boolean[], %s::jsonb[]
) AS edit
ON CONFLICT (key) DO NOTHING
RETURNING id, document_id
"""
_COUNT = """
UPDATE policies_knowledgedocument document SET
    edits = document.edits + fresh.edits, label = COALESCE(labelled.label, document.label)
FROM unnest(%s::bigint[], %s::int[]) AS fresh (id, edits)
LEFT JOIN LATERAL (
    SELECT label FROM policies_documentrevision WHERE document_id = fresh.id AND label_told
    ORDER BY at DESC, id DESC LIMIT 1
) labelled ON true
WHERE document.id = fresh.id
"""
_BEFORE = "earlier.document_id = edit.document_id AND (earlier.at, earlier.id) < (edit.at, edit.id)"
_MARKS = f"""
SELECT edit.id, edit.document_id, edit.at, edit.holds_order, before.holds_order, edit.label_told, edit.label,
    labelled.label, before.id IS NOT NULL,
    EXISTS (
        SELECT 1 FROM policies_documentrevision earlier WHERE {_BEFORE} AND lower(earlier.editor) = lower(edit.editor)
    )
FROM policies_documentrevision edit
LEFT JOIN LATERAL (
    SELECT id, holds_order FROM policies_documentrevision earlier WHERE {_BEFORE} ORDER BY at DESC, id DESC LIMIT 1
) before ON true
LEFT JOIN LATERAL (
    SELECT label FROM policies_documentrevision earlier WHERE {_BEFORE} AND label_told
    ORDER BY at DESC, id DESC LIMIT 1
) labelled ON true
WHERE edit.id = ANY(%s)
"""  # noqa: S608 constants above
# A feed often tells of an edit when a plan was stopped already.
_LATE = """
UPDATE policies_documentquote quote SET stale = true
FROM policies_documentrevision edit
WHERE edit.id = ANY(%s) AND quote.document_id = edit.document_id AND quote.at >= edit.at AND quote.at > %s
"""
_TRIM = """
DELETE FROM policies_documentrevision WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY document_id ORDER BY at DESC, id DESC) AS place
        FROM policies_documentrevision WHERE document_id = ANY(%s)
    ) ranked WHERE place > %s
)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadEdit:
    """One edit with what its text was found to hold; the columns of `DocumentRevision` mean the same."""

    key: str
    caller_id: int
    tenant_id: str
    document_id: str
    name: str
    place: str
    revision: str
    editor: str
    editor_id: str
    at: datetime
    label: str
    label_told: bool
    text_digest: str = ""
    text_chars: int = 0
    read_whole: bool = True
    holds_order: bool | None = None
    orders: tuple[dict[str, str | int], ...] = ()
    fingerprinted: bool = False
    sentences: tuple[str, ...] = ()

    @property
    def of(self) -> str:
        """The key of its document."""
        return document_key(tenant_id=self.tenant_id, document_id=self.document_id)


def record_edits(edits: Sequence[ReadEdit], *, now: datetime) -> int:
    """Add edits to the timelines of their documents and return how many were new. Needs a transaction."""
    if not edits:
        return 0
    by_document: dict[str, list[ReadEdit]] = {}
    for edit in edits:
        by_document.setdefault(edit.of, []).append(edit)
    documents = _save_documents(by_document)
    fresh = _save_revisions(edits, documents)
    counts: dict[int, int] = {}
    for document in fresh.values():
        counts[document] = counts.get(document, 0) + 1
    if fresh:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [list(counts), list(counts.values())])
        _mark(list(fresh), now=now)
        with connection.cursor() as cursor:
            cursor.execute(_LATE, [list(fresh), now - FRESH])
            cursor.execute(_TRIM, [list(counts), MOST_REVISIONS])
    return len(fresh)


def forget_old(now: datetime) -> int:
    """Drop edits, uses and documents past their time and return how many rows. Safe to run at any moment, and twice."""
    edits, _ = DocumentRevision.objects.filter(at__lt=now - KEPT).delete()
    uses, _ = DocumentUse.objects.filter(day__lt=(now - USES_KEPT).date()).delete()
    is_unused = Q(last_used_at=None) | Q(last_used_at__lt=now - KEPT)
    is_old = Q(last_edit_at=None) | Q(last_edit_at__lt=now - KEPT)
    documents, _ = KnowledgeDocument.objects.filter(is_unused, is_old, first_seen__lt=now - KEPT).delete()
    return edits + uses + documents


def _save_documents(by_document: dict[str, list[ReadEdit]]) -> dict[str, int]:
    """The id of each document by its key; its row is locked from here on."""
    rows = []
    for key, edits in sorted(by_document.items()):
        newest = max(edits, key=lambda edit: edit.at)
        placed = max(edits, key=lambda edit: (bool(edit.place), edit.at))
        named = max(edits, key=lambda edit: (bool(edit.name), edit.at))
        names = names_of(document_id=newest.document_id, place=placed.place, name=named.name)
        rows.append(
            (
                *(key, newest.tenant_id, newest.document_id, named.name, placed.place),
                *(names.id_key, names.place_key, names.path_key, names.name_key),
                *(newest.at, newest.editor, newest.revision),
            )
        )
    columns = [list(column) for column in zip(*rows, strict=True)]
    keys, tenants, ids, _, _, _, places, paths, *_ = columns
    texts = ("name", "place", "place_key", "path_key", "name_key")
    statement = _DOCUMENTS.format(
        newer=_NEWER,
        newer_text={
            name: f"CASE WHEN {_NEWER} AND EXCLUDED.{name} <> '' OR document.{name} = '' "
            f"THEN EXCLUDED.{name} ELSE document.{name} END"
            for name in texts
        },
    )
    with connection.cursor() as cursor:
        cursor.execute(_ADOPT, [keys, ids, tenants, places, paths])
        cursor.execute(statement, columns)
        return {key: pk for pk, key in cursor.fetchall()}


def _save_revisions(edits: Sequence[ReadEdit], documents: dict[str, int]) -> dict[int, int]:
    """The ids of the edits that were not known, each with its document's."""
    rows = [
        (
            *(documents[edit.of], edit.key, edit.caller_id, edit.revision, edit.editor, edit.editor_id, edit.at),
            *(edit.label, edit.label_told, edit.text_digest, edit.text_chars, edit.read_whole, edit.holds_order),
            *(json.dumps(edit.orders), edit.fingerprinted, json.dumps(edit.sentences)),
        )
        for edit in edits
    ]
    with connection.cursor() as cursor:
        cursor.execute(_REVISIONS, [list(column) for column in zip(*rows, strict=True)])
        return dict(cursor.fetchall())


def _mark(edits: Sequence[int], *, now: datetime) -> None:
    """Say of each new edit why somebody should look, where the document is one that agents read a lot."""
    with connection.cursor() as cursor:
        cursor.execute(_MARKS, [list(edits)])
        rows = cursor.fetchall()
    rows = [row for row in rows if row[2] > now - FRESH]
    frequent = frequently_used({row[1] for row in rows}, now=now)
    closed = _closed_labels() if frequent else frozenset()
    noticed: dict[str, list[int]] = {}
    for pk, document, _, holds, held, told, label, label_before, is_later, known_editor in rows:
        if document not in frequent:
            continue
        if holds and not held:
            noticed.setdefault(DocumentRevision.Notice.ORDER, []).append(pk)
        elif told and _is_lowered(label_before or "", label, closed):
            noticed.setdefault(DocumentRevision.Notice.LABEL, []).append(pk)
        elif is_later and not known_editor:
            noticed.setdefault(DocumentRevision.Notice.EDITOR, []).append(pk)
    for notice, ids in noticed.items():
        is_told = notice != DocumentRevision.Notice.ORDER
        DocumentRevision.objects.filter(pk__in=ids).update(notice=notice, told=is_told)


def _closed_labels() -> frozenset[str]:
    """Labels, in lower case, of classes that may not leave."""
    rows = DataClass.objects.filter(may_leave=False).values_list("name", "labels")
    return frozenset(str(label).lower() for name, labels in rows for label in (name, *labels))


def _is_lowered(before: str, now: str, closed: frozenset[str]) -> bool:
    return bool(before) and (not now or (before.lower() in closed and now.lower() not in closed))
