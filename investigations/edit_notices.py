"""Opens an investigation for an edit that put an order to an assistant into a document agents go by.

One a document: while it is open, further such edits are added to it. Other edits somebody should look at (a new editor,
a lowered label) stay on the page of documents: in the queue they would bury what was stopped. The queue is the
revision that is not yet `told`, taken with SKIP LOCKED.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from investigations.grouping import KNOWLEDGE_EDITED
from investigations.models import Activity, Investigation
from investigations.placing import HOLDS
from investigations.recurrence import wake
from policies.models import DocumentRevision
from policies.signal import Severity

_BATCH = 100
# A feed under somebody else's control, or a find-and-replace over a library, must not bury the queue.
MOST_AN_HOUR = 20


def take_in_notices(now: datetime) -> int:
    """Take in one batch of untold notices and return how many. One transaction; safe to run twice and by several."""
    with transaction.atomic():
        untold = DocumentRevision.objects.select_for_update(skip_locked=True, of=("self",)).filter(told=False)
        edits = list(untold.select_related("document").order_by("pk")[:_BATCH])
        if not edits:
            return 0
        since = now - timedelta(hours=1)
        room = MOST_AN_HOUR - Investigation.objects.filter(kind=KNOWLEDGE_EDITED, opened_at__gte=since).count()
        _open(edits, room=room, now=now)
        DocumentRevision.objects.filter(pk__in=[edit.pk for edit in edits]).update(told=True)
    return len(edits)


def _open(edits: Sequence[DocumentRevision], *, room: int, now: datetime) -> None:
    by_document: dict[int, list[DocumentRevision]] = {}
    for edit in edits:
        by_document.setdefault(edit.document_id, []).append(edit)
    prints = {document: _fingerprint(document) for document in sorted(by_document)}
    holders = Investigation.objects.filter(HOLDS, fingerprint__in=prints.values())
    known = set(holders.values_list("fingerprint", flat=True))
    missing = [document for document in prints if prints[document] not in known][: max(0, room)]
    fresh = [_opened(by_document[document], fingerprint=prints[document], now=now) for document in missing]
    Investigation.objects.bulk_create(fresh, ignore_conflicts=True)
    rows = holders.all().select_for_update(no_key=True, of=("self",)).order_by("pk")
    activities = []
    for row in rows:
        document = next(pk for pk in prints if prints[pk] == row.fingerprint)
        if prints[document] not in known:
            activities.append(Activity(investigation=row, kind="opened", text=row.title))
        if row.merged_into_id:
            _tell_target(row.merged_into_id, by_document[document], now=now)
            continue
        activities += [Activity(investigation=row, kind="edited", text=_said(edit)) for edit in by_document[document]]
        row.last_seen = max([row.last_seen, *(edit.at for edit in by_document[document])])
        row.facts = [["document_page", str(document)], *_facts(by_document[document])]
        row.save(update_fields=["last_seen", "facts"])
    Activity.objects.bulk_create(activities)


def _tell_target(pk: int, edits: Sequence[DocumentRevision], *, now: datetime) -> None:
    """Add edits to what their investigation became part of; its own facts stay."""
    target = Investigation.objects.select_for_update(no_key=True).get(pk=pk)
    if target.status == Investigation.Status.CLOSED:
        wake(target, "its document was edited again", now=now)
    target.last_seen = max([target.last_seen, *(edit.at for edit in edits)])
    target.save(update_fields=["last_seen"])
    Activity.objects.bulk_create(Activity(investigation=target, kind="edited", text=_said(edit)) for edit in edits)


def _opened(edits: Sequence[DocumentRevision], *, fingerprint: str, now: datetime) -> Investigation:
    last = max(edits, key=lambda edit: edit.at)
    name = str(last.document)
    return Investigation(
        kind=KNOWLEDGE_EDITED,
        fingerprint=fingerprint,
        title=_title(name),
        severity=int(Severity.MEDIUM),
        outcome=Investigation.Outcome.NOTED,
        author=last.editor,
        document=last.document.place or name,
        first_seen=min(edit.at for edit in edits),
        last_seen=last.at,
        opened_at=now,
    )


def _title(name: str) -> str:
    clean = "".join(letter if letter.isprintable() else "�" for letter in name)
    return f"Order put into {clean if len(clean) <= 60 else f'{clean[:59]}…'}"


def _facts(edits: Sequence[DocumentRevision]) -> list[list[str]]:
    last = max(edits, key=lambda edit: edit.at)
    return [["editor", last.editor], ["revision", last.revision], ["edit", str(last.pk)]]


def _said(edit: DocumentRevision) -> str:
    return f"{edit.editor}, revision {edit.revision or 'not named'}, {edit.at:%Y-%m-%d %H:%M} UTC"


def _fingerprint(document: int) -> str:
    return hashlib.sha256(f"{KNOWLEDGE_EDITED} {document}".encode()).hexdigest()
