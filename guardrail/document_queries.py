"""Reads what the pages of documents show: the ranking, edits to look at, and one document's timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Max, Q, Sum
from django.utils.dateparse import parse_datetime

from guardrail.kept import Person, for_eyes
from guardrail.models import Verdict
from policies.document_names import names_of
from policies.models import DocumentQuote, DocumentRevision, DocumentUse, KnowledgeDocument, Restriction
from policies.restrictions import Restricted
from policies.services.document_uses import FREQUENT_DAYS
from policies.services.restrictions import open_ones

PAGE = 50
EDITS_SHOWN = 30
# Stopped plans between two edits that are listed; the newest.
QUOTES_SHOWN = 20
_MOST_QUOTES = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Lately:
    """How much a document was read in the last 30 days; more than 64 readers count as 64."""

    calls: int = 0
    readers: int = 0
    last_day: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentRow:
    document: KnowledgeDocument
    lately: Lately


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """Documents by the stopped plans that went by them, then by use. `next_key` None = these are the last."""

    rows: Sequence[DocumentRow]
    next_key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EditsPage:
    """Edits somebody should look at, newest first. `older` empty = these are the oldest."""

    edits: Sequence[DocumentRevision]
    older: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One edit with the stopped plans made while it was in force, newest first.

    `edit` None = plans from before the first edit that is known. `is_new_editor` = their first edit of this document.
    `put_order_in` = its text holds an order and that of the edit before held none.
    """

    edit: DocumentRevision | None
    quotes: Sequence[DocumentQuote]
    left_out: int
    is_new_editor: bool = False
    put_order_in: bool = False
    label_before: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """Edits, newest first; `older` is the key of the next page, empty at the end."""

    steps: Sequence[Step]
    older: str


def load_ranking(words: str, *, after: str) -> Ranking:
    """The documents whose name, place, id, label or last editor holds `words`, all when empty. Two queries."""
    found = KnowledgeDocument.objects.all()
    for word in words.split():
        found = found.filter(
            Q(name__icontains=word)
            | Q(place__icontains=word)
            | Q(document_id__icontains=word)
            | Q(last_editor__icontains=word)
            | Q(label__icontains=word)
        )
    key = _numbers(after)
    if key:
        flagged, uses, pk = key
        found = found.filter(
            Q(flagged__lt=flagged) | Q(flagged=flagged, uses__lt=uses) | Q(flagged=flagged, uses=uses, pk__lt=pk)
        )
    rows = list(found[: PAGE + 1])
    shown = rows[:PAGE]
    lately = load_lately([row.pk for row in shown])
    last = shown[-1] if len(rows) > PAGE else None
    return Ranking(
        rows=[DocumentRow(document=row, lately=lately.get(row.pk, Lately())) for row in shown],
        next_key=f"{last.flagged}~{last.uses}~{last.pk}" if last else "",
    )


def load_lately(documents: Sequence[int], *, today: datetime | None = None) -> dict[int, Lately]:
    """How much each was read in the last 30 days; those not read are left out. One query."""
    now = today or datetime.now().astimezone()
    rows = (
        DocumentUse.objects.filter(document_id__in=documents, day__gt=(now - timedelta(days=FREQUENT_DAYS)).date())
        .values("document_id")
        .annotate(total=Sum("calls"), who=Count("reader", distinct=True), last=Max("day"))
        .order_by()
    )
    return {row["document_id"]: Lately(calls=row["total"], readers=row["who"], last_day=row["last"]) for row in rows}


def load_noticed(*, before: str) -> EditsPage:
    """Edits with a notice, newest told first. One query."""
    found = DocumentRevision.objects.exclude(notice="").select_related("document").order_by("-pk")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE + 1])
    return EditsPage(edits=rows[:PAGE], older=str(rows[PAGE - 1].pk) if len(rows) > PAGE else "")


def load_timeline(document: KnowledgeDocument, *, before: str, person: Person) -> Timeline:
    """One page of edits with the plans stopped between them that are for the person. Four queries at most."""
    edits = DocumentRevision.objects.filter(document=document)
    quotes = for_eyes(DocumentQuote.objects.all(), person, key="verdict_id").filter(document=document)
    key = _moment(before)
    if key:
        at, pk = key
        edits = edits.filter(Q(at__lt=at) | Q(at=at, pk__lt=pk))
        quotes = quotes.filter(at__lt=at)
    rows = list(edits[: EDITS_SHOWN + 1])
    shown, rest = rows[:EDITS_SHOWN], rows[EDITS_SHOWN:]
    if rest:
        quotes = quotes.filter(at__gte=shown[-1].at)
    known = list(quotes[:_MOST_QUOTES])
    first_by = _first_edits(document, [edit.editor for edit in shown])
    steps = []
    for place, edit in enumerate(shown):
        newer = shown[place - 1].at if place else None
        mine = [quote for quote in known if quote.at >= edit.at and (newer is None or quote.at < newer)]
        earlier = rows[place + 1] if place + 1 < len(rows) else None
        steps.append(_step(edit, mine, earlier=earlier, first_by=first_by))
    if not rest:
        unknown = [quote for quote in known if not shown or quote.at < shown[-1].at]
        if unknown:
            steps.append(_step(None, unknown, earlier=None, first_by=first_by))
    return Timeline(steps=steps, older=f"{shown[-1].at.isoformat()}~{shown[-1].pk}" if rest else "")


def load_quote(verdict: Verdict) -> DocumentQuote | None:
    """The document a stopped call went by, with the edit then in force; None where the intake knew none. One query."""
    return DocumentQuote.objects.select_related("document", "revision").filter(verdict_id=verdict.pk).first()


def load_editors(document: KnowledgeDocument) -> list[tuple[str, int]]:
    """Who changed it, and how often, most first. One query."""
    rows = DocumentRevision.objects.filter(document=document).values("editor").annotate(times=Count("pk"))
    return [(row["editor"], row["times"]) for row in rows.order_by("-times", "editor")[:10]]


def restrictable_name(document: KnowledgeDocument) -> str:
    """The name a restriction should bear: the path, which stands at the end of its URL as well; else the file name."""
    path = names_of(place=document.place).tail
    return path if "/" in path else document.name or document.place


def load_restrictions(document: KnowledgeDocument) -> list[Restriction]:
    """What is in force on it by any of its names. One query."""
    names = dict.fromkeys(filter(None, (restrictable_name(document), document.place, document.name)))
    return list(open_ones(Restricted.DOCUMENT, [(name,) for name in names]))


def _step(
    edit: DocumentRevision | None,
    quotes: list[DocumentQuote],
    *,
    earlier: DocumentRevision | None,
    first_by: dict[str, int],
) -> Step:
    shown, left_out = quotes[:QUOTES_SHOWN], max(0, len(quotes) - QUOTES_SHOWN)
    if edit is None:
        return Step(edit=None, quotes=shown, left_out=left_out)
    return Step(
        edit=edit,
        quotes=shown,
        left_out=left_out,
        is_new_editor=earlier is not None and first_by.get(edit.editor) == edit.pk,
        put_order_in=bool(edit.holds_order and earlier is not None and earlier.holds_order is False),
        label_before=earlier.label if earlier and earlier.label_told and edit.label_told else edit.label,
    )


def _first_edits(document: KnowledgeDocument, editors: Sequence[str]) -> dict[str, int]:
    """The first edit of each editor. One query."""
    rows = DocumentRevision.objects.filter(document=document, editor__in=set(editors))
    return dict(rows.order_by("editor", "at", "pk").distinct("editor").values_list("editor", "pk"))


def _numbers(key: str) -> tuple[int, int, int] | None:
    parts = key.split("~")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        return None
    flagged, uses, pk = map(int, parts)
    return (flagged, uses, pk) if flagged < 2**31 else None


def _moment(key: str) -> tuple[datetime, int] | None:
    moment, _, pk = key.rpartition("~")
    try:
        at = parse_datetime(moment)
    except ValueError:
        return None
    if at is None or at.tzinfo is None or not (pk.isascii() and pk.isdecimal() and len(pk) < 19):
        return None
    return at, int(pk)
