"""Takes edits in that feeds have told of: reads their texts, and writes them to the timelines of their documents.

The queue is the table the endpoint fills: taken with SKIP LOCKED, emptied in the transaction that does the work.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import structlog
from django.db import DataError, IntegrityError, transaction

from guardrail.knowledge_reading import TextFound, packed_fingerprints, read_text
from guardrail.packing import open_text
from policies.models import DataClass, KnowledgeEvent
from policies.services.fingerprints import Document, FingerprintError, save_fingerprints
from policies.services.knowledge import ReadEdit, record_edits

log = structlog.get_logger(__name__)

BATCH = 200
# A task has 120 s: what is left waits for the next run.
RUN_SECONDS = 20.0
# Of one text; a document that takes longer is marked as not read to its end.
_TEXT_SECONDS = 2.0
_REFUSED = (DataError, IntegrityError)


def take_in_all_edits(now: datetime) -> int:
    """Take in batch after batch until none is left or RUN_SECONDS have passed; returns how many. Safe to run twice."""
    ends = time.monotonic() + RUN_SECONDS
    total = 0
    while time.monotonic() < ends:
        taken = take_in_edits(now, until=ends)
        total += taken
        if not taken:
            break
    return total


def take_in_edits(now: datetime, *, until: float) -> int:
    """Take in one batch and return how many. One transaction; by several at once too.

    A batch that the database refuses is taken one by one; what is refused again is dropped with an error in the log.
    """
    try:
        with transaction.atomic():
            events = _lock(BATCH)
            read = _read(events, until=until)
            record_edits([edit for _, edit in read], now=now)
            KnowledgeEvent.objects.filter(pk__in=[event.pk for event, _ in read]).delete()
    except _REFUSED as error:
        log.warning("knowledge.batch_refused", error=type(error).__name__)
        return _take_one_by_one(now, until=until)
    return len(read)


def _take_one_by_one(now: datetime, *, until: float) -> int:
    """Each in a transaction of its own, as `investigations.intake` does; but never none, however late it is."""
    ids = list(KnowledgeEvent.objects.order_by("pk").values_list("pk", flat=True)[:BATCH])
    taken = 0
    for pk in ids:
        if taken and time.monotonic() > until:
            break
        taken += _take_alone(pk, now=now, until=until)
    return taken


@transaction.atomic
def _take_alone(pk: int, *, now: datetime, until: float) -> bool:
    """False where another intake was faster."""
    events = _lock(1, of=pk)
    if not events:
        return False
    try:
        with transaction.atomic():
            record_edits([edit for _, edit in _read(events, until=until)], now=now)
    except _REFUSED as error:
        log.error("knowledge.dropped", caller_id=events[0].caller_id, error=type(error).__name__)
    KnowledgeEvent.objects.filter(pk=pk).delete()
    return True


def _lock(limit: int, *, of: int | None = None) -> list[KnowledgeEvent]:
    waiting = KnowledgeEvent.objects.select_for_update(skip_locked=True).order_by("pk")
    events = list((waiting if of is None else waiting.filter(pk=of))[:limit])
    for event in events:
        event.text = open_text(event.text, purpose=event.key)
    return events


def _read(events: Sequence[KnowledgeEvent], *, until: float) -> list[tuple[KnowledgeEvent, ReadEdit]]:
    """The events with what their texts hold; those there was no time for are left out, but never the first."""
    found: list[tuple[KnowledgeEvent, TextFound | None]] = []
    for event in events:
        if found and time.monotonic() > until:
            break
        deadline = time.monotonic() + _TEXT_SECONDS
        told = read_text(event.text, deadline=deadline, clock=time.monotonic) if event.text_told else None
        found.append((event, told))
    fingerprinted = _fingerprint([event for event, _ in found if event.text and event.data_class])
    return [(event, _edit(event, told, fingerprinted=event.pk in fingerprinted)) for event, told in found]


def _edit(event: KnowledgeEvent, told: TextFound | None, *, fingerprinted: bool) -> ReadEdit:
    same = ("key", "caller_id", "tenant_id", "document_id", "name", "place", "revision", "editor", "editor_id", "at")
    return ReadEdit(
        **{name: getattr(event, name) for name in same},
        label=event.label,
        label_told=event.label_told,
        text_digest=told.digest if told else "",
        text_chars=told.chars if told else 0,
        read_whole=told.whole if told else True,
        holds_order=bool(told.orders) if told else None,
        orders=tuple(asdict(order) for order in told.orders) if told else (),
        fingerprinted=fingerprinted,
        sentences=told.sentences if told else (),
    )


def _fingerprint(events: Sequence[KnowledgeEvent]) -> frozenset[int]:
    """Make copies of these texts known; returns which events. A class that nobody has made counts for nothing."""
    wanted = {event.data_class for event in events}
    known = set(DataClass.objects.filter(name__in=wanted).values_list("name", flat=True)) if wanted else set()
    by_class: dict[str, dict[str, Document]] = {}
    done: dict[str, list[int]] = {}
    for event in sorted(events, key=lambda event: event.at):
        if event.data_class not in known:
            continue
        deadline = time.monotonic() + _TEXT_SECONDS
        hashes = packed_fingerprints(event.text, deadline=deadline, clock=time.monotonic)
        if hashes:
            name = event.place or event.name or event.document_id
            document = Document(name=name, revision=event.revision, hashes=hashes)
            by_class.setdefault(event.data_class, {})[name] = document
            done.setdefault(event.data_class, []).append(event.pk)
    saved: list[int] = []
    for data_class, documents in by_class.items():
        try:
            with transaction.atomic():
                save_fingerprints(list(documents.values()), data_class=data_class, actor=None)
        except FingerprintError as error:
            log.warning("knowledge.not_fingerprinted", data_class=data_class, why=str(error))
        else:
            saved += done[data_class]
    return frozenset(saved)
