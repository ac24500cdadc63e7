"""Looks again whose edit a stopped plan went by, when a feed tells of an edit after the plan was stopped.

The queue is the quote that is `stale`: taken with SKIP LOCKED, settled in the transaction that changes its
investigation. What the investigation says of the edit is replaced; its severity only rises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import transaction

from guardrail.models import Verdict
from investigations.edits import edit_of, load_ours
from investigations.grouping import INSIDER_EDIT, Edit, edit_facts, how_long, insider_title
from investigations.models import Activity, Investigation, InvestigationCall
from policies.document_lookup import Asked, load_in_force
from policies.models import DocumentQuote
from policies.signal import Severity

_BATCH = 200
_OF_EDIT = frozenset(("document_page", "editor", "revision", "edited", "insider"))


def join_late_edits() -> int:
    """Settle one batch of stale quotes and return how many. One transaction; safe to run twice and by several."""
    with transaction.atomic():
        stale = DocumentQuote.objects.select_for_update(skip_locked=True, of=("self",)).filter(stale=True)
        quotes = list(stale.select_related("document").order_by("pk")[:_BATCH])
        if quotes:
            _settle(quotes)
    return len(quotes)


def _settle(quotes: Sequence[DocumentQuote]) -> None:
    asked = [Asked(document=quote.document_id, at=quote.at, sentence=quote.sentence) for quote in quotes]
    found = load_in_force(asked)
    ours = load_ours([edit for edit in found.values() if edit.put_order_in])
    names = {quote.document_id: quote.document.place or str(quote.document) for quote in quotes}
    changed: dict[object, Edit] = {}
    for number, quote in enumerate(quotes):
        row = {"user_id": quote.user_id, "received_at": quote.at}
        edit = edit_of(row, found.get(number), document=quote.document_id, names=names, ours=ours)
        revision = found[number].pk if number in found else None
        if (revision, edit.insider) != (quote.revision_id, quote.insider):
            changed[quote.verdict_id] = edit
        quote.revision_id, quote.insider, quote.stale = revision, edit.insider, False
    DocumentQuote.objects.bulk_update(quotes, ("revision", "insider", "stale"))
    places = InvestigationCall.objects.filter(verdict_id__in=list(changed)).order_by("verdict_id")
    # the newest call of each investigation tells
    newest = {place.investigation_id: place.verdict_id for place in places}
    kinds = dict(Verdict.objects.filter(pk__in=list(newest.values())).values_list("pk", "deciding_signal"))
    _tell(
        {investigation: changed[verdict_id] for investigation, verdict_id in newest.items()},
        kinds={investigation: kinds.get(verdict_id, "") for investigation, verdict_id in newest.items()},
    )


def _tell(edits: Mapping[int, Edit], *, kinds: Mapping[int, str]) -> None:
    """Say it in each investigation; `kinds` are what they are where nobody of ours put the order in."""
    activities = []
    for row in Investigation.objects.filter(pk__in=list(edits)).select_for_update(no_key=True).order_by("pk"):
        edit = edits[row.pk]
        was_insider = row.kind == INSIDER_EDIT
        if edit.insider == "insider" and not was_insider:
            raised = min(row.severity + 1, int(Severity.CRITICAL))
            row.severity, row.kind = raised, INSIDER_EDIT
        elif was_insider and edit.insider != "insider":
            row.kind = kinds[row.pk] or row.kind
        if edit.insider or was_insider:
            row.title = insider_title(edit)
        if edit.editor:
            row.author = edit.editor[:300]
        kept = [fact for fact in row.facts if fact[0] not in _OF_EDIT]
        row.facts = [list(fact) for fact in edit_facts(replace(edit, document=""), ())] + kept
        row.save(update_fields=["severity", "kind", "title", "author", "facts"])
        activities.append(Activity(investigation=row, kind="edit_told", text=_said(edit)))
    Activity.objects.bulk_create(activities)


def _said(edit: Edit) -> str:
    revision = f", revision {edit.revision}" if edit.revision else ""
    return f"{edit.editor}{revision}, {how_long(edit.before)} before the call"
