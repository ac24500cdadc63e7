"""Finds the document that a name in a tool's output means, and the edit of it that was in force at a moment.

The exact id first, then the URL, then the path, then the file name; a name that several documents bear means none.
Each wanted name costs four index look-ups in one query for all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from policies.document_names import Names, is_contradicted, names_of
from policies.models import KnowledgeDocument

# Among more of one file name the right one is looked for no further.
_MOST_OF_A_NAME = 20
_FITS = "(document.tenant_id IN (wanted.tenant_id, '') OR wanted.tenant_id = '')"
_COLUMNS = "document.id, document.tenant_id, document.place, document.name, document.fed"
_FIND = " UNION ALL ".join(
    f"""(SELECT {_COLUMNS}, {rank} AS how FROM policies_knowledgedocument document
    WHERE wanted.{key} <> '' AND document.{key} = wanted.{key} AND document.{key} <> '' AND {_FITS}
    LIMIT {_MOST_OF_A_NAME})"""  # noqa: S608 constants
    for rank, key in enumerate(("id_key", "place_key", "path_key", "name_key"))
)
_LOOK = f"""
SELECT wanted.number, found.* FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS wanted (number, tenant_id, id_key, place_key, path_key, name_key)
CROSS JOIN LATERAL ({_FIND}) found
ORDER BY wanted.number, found.how
"""  # noqa: S608 constants above
HOW = ("id", "place", "path", "name")
# With the edit before it: what the text held then says who put something there.
_IN_FORCE = """
SELECT asked.number, edit.id, edit.revision, edit.editor, edit.editor_id, edit.at, edit.holds_order,
    before.holds_order, brought_in.id IS NOT NULL, edit.holds_order IS NOT NULL AND edit.sentences ? asked.sentence,
    EXISTS (SELECT 1 FROM policies_documentquote quote WHERE quote.document_id = edit.document_id
        AND quote.at < edit.at)
FROM unnest(%s::int[], %s::bigint[], %s::timestamptz[], %s::text[]) AS asked (number, document_id, at, sentence)
-- the last text that did not hold the order, and the first edit after it that did
LEFT JOIN LATERAL (
    SELECT at, id FROM policies_documentrevision edit
    WHERE edit.document_id = asked.document_id AND edit.at <= asked.at AND edit.holds_order IS NOT NULL
        AND NOT edit.sentences ? asked.sentence ORDER BY edit.at DESC, edit.id DESC LIMIT 1
) lacking ON true
LEFT JOIN LATERAL (
    SELECT id FROM policies_documentrevision edit
    WHERE edit.document_id = asked.document_id AND edit.at <= asked.at AND (edit.at, edit.id) > (lacking.at, lacking.id)
        AND edit.sentences ? asked.sentence ORDER BY edit.at, edit.id LIMIT 1
) brought_in ON true
JOIN LATERAL (
    SELECT * FROM policies_documentrevision edit
    WHERE edit.document_id = asked.document_id AND edit.at <= asked.at
        AND (brought_in.id IS NULL OR edit.id = brought_in.id) ORDER BY edit.at DESC, edit.id DESC LIMIT 1
) edit ON true
LEFT JOIN LATERAL (
    SELECT earlier.id, earlier.holds_order FROM policies_documentrevision earlier
    WHERE earlier.document_id = edit.document_id AND (earlier.at, earlier.id) < (edit.at, edit.id)
    ORDER BY earlier.at DESC, earlier.id DESC LIMIT 1
) before ON true
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A document as a tool's output names it."""

    tenant_id: str
    document_id: str = ""
    place: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """`how` is one of HOW. `candidates` > 1 = several bear the name, and `document` is None."""

    document: int | None
    how: str
    candidates: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class EditInForce:
    """The edit that brought the order in, where the texts tell; else the newest one at that moment.

    `brought_in` = its text holds this very order, and the last one read before did not. `holds_it` = its text holds it,
    and that of every edit known before as well. `holds_order` = it holds one to an assistant, None = no text of it was
    read; `held_before` the same of the edit before, None also where none is known. `quoted_before` = plans that went by
    the document were stopped before this edit.
    """

    pk: int
    revision: str
    editor: str
    editor_id: str
    at: datetime
    holds_order: bool | None
    held_before: bool | None
    brought_in: bool
    holds_it: bool
    quoted_before: bool

    @property
    def put_order_in(self) -> bool:
        """This edit put the order there: the text before had none. Or, unread, it was the first that plans went by."""
        if self.brought_in or self.holds_it:
            return self.brought_in
        if self.holds_order is not None and self.held_before is not None:
            return self.holds_order and not self.held_before
        return self.holds_order is not False and not self.quoted_before


def find_documents(wanted: Iterable[Wanted]) -> dict[Wanted, Found]:
    """What each name means; a name that means no document is left out. One query, two where any is known."""
    asked = list(dict.fromkeys(wanted))
    if not asked or not KnowledgeDocument.objects.exists():
        return {}
    names = [names_of(document_id=one.document_id, place=one.place, name=one.name) for one in asked]
    keys = [[getattr(one, key) for one in names] for key in ("id_key", "place_key", "path_key", "name_key")]
    rows: dict[int, list[_Candidate]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [list(range(len(asked))), [one.tenant_id for one in asked], *keys])
        for number, pk, tenant_id, place, name, fed, how in cursor.fetchall():
            row = _Candidate(pk=pk, tenant_id=tenant_id, place=place, name=name, fed=fed, how=how)
            rows.setdefault(number, []).append(row)
    found = {asked[number]: _best(asked[number], names[number], some) for number, some in rows.items()}
    return {one: best for one, best in found.items() if best is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a stopped plan went by: the document, when, and the `sentence_key` of the order, empty where unknown."""

    document: int
    at: datetime
    sentence: str


def load_in_force(asked: Sequence[Asked]) -> Mapping[int, EditInForce]:
    """The edit behind each order, by its place in `asked`. One query, which looks through the edits of a document."""
    if not asked:
        return {}
    with connection.cursor() as cursor:
        documents, moments = [one.document for one in asked], [one.at for one in asked]
        sentences = [one.sentence for one in asked]
        cursor.execute(_IN_FORCE, [list(range(len(asked))), documents, moments, sentences])
        return {
            number: EditInForce(
                pk=pk,
                revision=revision,
                editor=editor,
                editor_id=editor_id,
                at=at,
                holds_order=holds,
                held_before=held,
                brought_in=brought_in,
                holds_it=holds_it,
                quoted_before=quoted,
            )
            for number, pk, revision, editor, editor_id, at, holds, held, brought_in, holds_it, quoted in cursor
        }


def is_document_name(name: str) -> bool:
    """A file or a place rather than the subject of a mail."""
    names = names_of(place=name)
    return bool(names.path_key or "." in names.tail.rpartition("/")[2].strip("."))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    pk: int
    tenant_id: str
    place: str
    name: str
    fed: bool
    how: int


def _best(wanted: Wanted, names: Names, rows: Sequence[_Candidate]) -> Found | None:
    for how in range(len(HOW)):
        some = [row for row in rows if row.how == how]
        if how >= 2:
            # a path or a file name may be another's: on another host, in another folder
            some = [row for row in some if not is_contradicted(names, names_of(place=row.place, name=row.name))]
        if not some:
            continue
        ids = {row.pk for row in [row for row in some if row.fed] or some}
        own = {row.pk for row in some if row.tenant_id == wanted.tenant_id and row.pk in ids}
        meant = own if len(own) == 1 else ids
        if len(meant) == 1:
            return Found(document=meant.pop(), how=HOW[how])
        return Found(document=None, how=HOW[how], candidates=len(meant))
    return None
