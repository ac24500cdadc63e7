"""Takes recorded verdicts in: what was stopped becomes part of an investigation, every agent part of the inventory.

The queue is a table that the verdict's own statement fills: taken with SKIP LOCKED, emptied in the transaction that
does the work. So any number may run at once, at any moment, and a crash takes in nothing twice and loses nothing.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from guardrail import feed, tickets
from guardrail.identities import load_identities
from guardrail.models import EXERCISE, Orchestrator, PendingIntake, Verdict
from guardrail.search.indexing import hand_in
from investigations import disobedience
from investigations.caused import Caused
from investigations.edits import join_edits
from investigations.grouping import NOTED, Cause, cause_not_taken_in, cause_of
from investigations.indicators import note_met
from investigations.joining import join
from investigations.models import Activity, Investigation, InvestigationCall
from investigations.passed import count_passed
from investigations.placing import hold, place_caused
from investigations.response import Grown, hits_of, respond
from investigations.rule_responses import restrict_for
from investigations.rule_uses import Matched, count_rules, load_matched
from investigations.siem.outbox import queue_calls
from policies.decision import ALLOWED_ONCE
from policies.services.drift import note_drift
from policies.services.exceptions import count_hits as count_exception_hits
from policies.services.restrictions import count_hits
from policies.services.sightings import Sighting, record_sightings

log = structlog.get_logger(__name__)

# Verdicts one transaction takes: 500 hold their locks for some 50 ms.
BATCH = 500
MOST_BATCHES = 40
# Calls one line of the log names.
_MOST_TOLD = 20
_LONGEST_TOOL = 300
_COLUMNS = (
    *("id", "received_at", "tenant_id", "environment_id", "agent_id", "agent_name", "user_id", "conversation_id"),
    *("client_ip", "tool_id", "tool_name", "tool_kind", "destination", "duplicate_of", "action", "would_have"),
    *("severity", "deciding_signal", "failed", "degraded", "answer_ms", "documents", "orchestrator_id", "channel_id"),
    *("policy_version", "wire", "mode", "deferred"),
)
# A row the database will not have. Any other error of it (away, deadlock, a migration not yet applied) says nothing
# about the rows: it ends the run, and the next one takes them.
REFUSED = (DataError, IntegrityError)
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)

# Calls that passed and whose signals are read all the same.
_LOOKED_AT = (ALLOWED_ONCE, disobedience.SIGNAL, *NOTED)
Row = Mapping[str, Any]


def take_in(now: datetime) -> int:
    """Take in one batch of pending verdicts and return how many; 0 when none is left or others hold them.

    One transaction; safe to run twice and by several at once. A batch that the database refuses is taken in verdict by
    verdict, and what is refused again is set aside as an investigation of its own: one bad row must not hold up the
    stopped calls behind it.
    """
    try:
        return _take_batch(now)
    except REFUSED as error:
        log.warning("intake.batch_refused", error=type(error).__name__)
        return _take_one_by_one(now)


def take_in_all() -> int:
    """Take in batch after batch until one is not full, at most MOST_BATCHES; returns how many verdicts.

    What is left then waits for the next run. A batch costs as much for five calls as for fifty, and while calls come
    a few are always pending: taken until none was, 13 batches a second had 1.2 ms of the worker a call (2026-11).
    """
    total = 0
    for _ in range(MOST_BATCHES):
        taken = take_in(timezone.now())
        total += taken
        if taken < BATCH:
            break
    return total


def _take_batch(now: datetime) -> int:
    with transaction.atomic():
        ids = _lock_pending(BATCH)
        if ids:
            _take(_load_rows(ids), now=now)
            _done(ids)
    return len(ids)


def _take_one_by_one(now: datetime) -> int:
    """Each in a transaction of its own: what one has locked, another intake may wait for while it holds the next."""
    ids = list(PendingIntake.objects.order_by("pk").values_list("pk", flat=True)[:BATCH])
    return sum(_take_alone(verdict_id, now=now) for verdict_id in ids)


@transaction.atomic
def _take_alone(verdict_id: uuid.UUID, *, now: datetime) -> bool:
    """False where another intake was faster."""
    ids = _lock_pending(1, of=[verdict_id])
    if not ids:
        return False
    rows = _load_rows(ids)
    try:
        with transaction.atomic():
            _take(rows, now=now)
    except REFUSED as error:
        log.error("intake.set_aside", verdict_id=str(verdict_id), error=type(error).__name__)
        set_aside(rows, now=now)
        queue_calls(rows, now=now)
    _done(ids)
    return True


def _done(ids: Sequence[uuid.UUID]) -> None:
    """Off the queue, on to the search's, and seen by programs: the last step, as all are numbered one by one."""
    hand_in(ids)
    PendingIntake.objects.filter(pk__in=ids).delete()
    feed.append_verdicts(ids)


def _lock_pending(limit: int, *, of: Sequence[uuid.UUID] | None = None) -> list[uuid.UUID]:
    pending = PendingIntake.objects.select_for_update(skip_locked=True).order_by("pk")
    if of is not None:
        pending = pending.filter(pk__in=of)
    return list(pending.values_list("pk", flat=True)[:limit])


def _load_rows(ids: Sequence[uuid.UUID]) -> list[Row]:
    """The verdicts in order, with the signals of those people had or have to look at: few, and signals are wide."""
    rows = {row["id"]: row for row in Verdict.objects.filter(pk__in=ids).order_by("pk").values(*_COLUMNS)}
    looked_at = [
        row["id"]
        for row in rows.values()
        if row["would_have"] in ("hold", "block") or row["deciding_signal"] in _LOOKED_AT
    ]
    wide = {row["id"]: row for row in Verdict.objects.filter(pk__in=looked_at).values("id", "signals", "traces")}
    return [{**row, **wide.get(verdict_id, {"signals": [], "traces": b""})} for verdict_id, row in rows.items()]


def _take(rows: Sequence[Row], *, now: datetime) -> None:
    placed = set(
        InvestigationCall.objects.filter(verdict_id__in=[row["id"] for row in rows]).values_list(
            "verdict_id", flat=True
        )
    )
    fresh = [row for row in rows if row["id"] not in placed]
    # made-up agents are none of the organisation's
    played = load_made_up()
    real = [row for row in fresh if row["orchestrator_id"] != played]
    joined = join_edits(fresh, made_up=played)
    grown = place(joined.rows, now=now, raised=disobedience.load_places(fresh))
    for row in fresh:
        if row["deciding_signal"] == ALLOWED_ONCE:
            _note_pass(row)
    note_met(real)
    note_drift(load_identities(real), record_sightings(map(_sighting, real)))
    joined.record()
    queue_calls(real, now=now)
    grown += disobedience.note(fresh, now=now)
    matched = load_matched(real)
    count_rules(real, matched)
    respond_to(made_by_others(grown, played), now=now, matched=matched)
    passed = count_passed(real)
    count_hits(hits_of(fresh), at=now)
    count_exception_hits(passed, at=now)


def load_made_up() -> int | None:
    """The caller whose calls are those of exercises, None where none was played yet. One query."""
    return Orchestrator.objects.filter(slug=EXERCISE).values_list("pk", flat=True).first()


def made_by_others(grown: Iterable[Grown], played: int | None) -> list[Grown]:
    """The same without the calls of exercises: what a rule would do about those is no news to anybody."""
    real = [replace(one, rows=tuple(row for row in one.rows if row["orchestrator_id"] != played)) for one in grown]
    return [one for one in real if one.rows]


def place(rows: Sequence[Row], *, now: datetime, raised: Collection[int] = ()) -> list[Grown]:
    """Give each verdict that needs people its place: what is open for its cause, or a new investigation.

    Returns those that were opened or grew. Needs a transaction, and verdicts that have no place yet. The investigations
    `raised` are held with the others: who takes one later may wait for who waits for us.
    """
    caused = [Caused(row=row, cause=cause) for row in rows if (cause := _cause_of(row)) is not None]
    if not caused and not raised:
        return []
    originals = [item.row["duplicate_of"] for item in caused if item.row["duplicate_of"] is not None]
    hold(
        {item.cause.fingerprint for item in (*caused, *_joined(caused))},
        also={*raised, *disobedience.places_of(originals)},
    )
    grown = place_caused(_joined(_repeats_placed(caused)), now=now)
    join([item.row for item in caused])
    transaction.on_commit(partial(_tell_placed, grown), robust=True)
    return grown


def _tell_placed(grown: Sequence[Grown]) -> None:
    for one in grown:
        ids = [str(row["id"]) for row in one.rows[:_MOST_TOLD]]
        log.info("intake.placed", investigation=one.investigation.pk, verdict_ids=ids, calls=len(one.rows))


def respond_to(grown: Sequence[Grown], *, now: datetime, matched: Sequence[Matched] = ()) -> None:
    """Let the rules answer what grew, and those of the policy what they matched.

    What they cannot is logged and told on the investigations: an investigation is worth more than a response.

    Last in its transaction but for counting hits: it waits for everybody who restricts something.
    """
    answered = not grown or _answered(lambda: respond(grown, now=now))
    answered = (not matched or _answered(lambda: restrict_for(matched, now=now))) and answered
    if not answered:
        Activity.objects.bulk_create(
            Activity(investigation_id=one.investigation.pk, kind="response_failed") for one in grown
        )


def _answered(answer: Callable[[], object]) -> bool:
    """Whether this answer could be given; one that cannot leaves nothing half done."""
    try:
        with transaction.atomic():
            answer()
    except (*REFUSED, *_UNREADABLE) as error:
        log.error("response.failed", error=type(error).__name__)
        return False
    return True


def set_aside(rows: Sequence[Row], *, now: datetime) -> None:
    """Put verdicts that cannot be taken in where people see them. Needs a transaction."""
    caused = [Caused(row=row, cause=cause_not_taken_in(row)) for row in rows]
    hold({item.cause.fingerprint for item in caused})
    place_caused(caused, now=now)


def _cause_of(row: Row) -> Cause | None:
    try:
        return cause_of(row)
    except _UNREADABLE as error:
        log.error("intake.set_aside", verdict_id=str(row["id"]), error=type(error).__name__)
        return cause_not_taken_in(row)


def _note_pass(row: Row) -> None:
    """Write down that a call passed which a person had allowed, at the permission and at its investigation."""
    try:
        facts = dict(row["signals"][0]["facts"])
        ticket = tickets.mark_used(int(facts["ticket"]), verdict_id=row["id"], at=row["received_at"])
    except _UNREADABLE as error:
        log.error("intake.pass_not_noted", verdict_id=str(row["id"]), error=type(error).__name__)
        return
    place = InvestigationCall.objects.filter(verdict_id=ticket.verdict_id).first() if ticket else None
    if place is not None:
        Activity.objects.create(
            investigation_id=place.investigation_id, kind="allowed_call_passed", text=str(row["id"])
        )


def _sighting(row: Row) -> Sighting:
    return Sighting(
        agent_id=row["agent_id"],
        name=row["agent_name"],
        tenant_id=row["tenant_id"],
        environment_id=row["environment_id"],
        at=row["received_at"],
        stopped=row["action"] in ("hold", "block"),
        counts=row["duplicate_of"] is None,
        tool=_tool_key(row),
        tool_name=row["tool_name"],
        tool_kind=row["tool_kind"],
        late=row["answer_ms"] > settings.LATE_MS,
        # what could not be judged is answered by the fail posture: policy said nothing of it
        would_have="" if row["failed"] else row["would_have"],
        verdict_id=row["id"],
    )


def _tool_key(row: Row) -> str:
    """What decisions on the tool are made by; empty where it is longer than an index takes: it is not listed then."""
    key = str(row["tool_id"] or row["tool_name"]).lower()
    return key if len(key) <= _LONGEST_TOOL else ""


def _repeats_placed(caused: Sequence[Caused]) -> list[Caused]:
    """Put a repeated delivery beside its original, even in a closed investigation; returns the others."""
    originals = {item.row["duplicate_of"] for item in caused} - {None}
    if not originals:
        return list(caused)
    found = InvestigationCall.objects.filter(verdict_id__in=originals).select_for_update().order_by("verdict_id")
    places = {place.verdict_id: place for place in found}
    repeats = [item for item in caused if item.row["duplicate_of"] in places]
    InvestigationCall.objects.bulk_create(
        InvestigationCall(
            investigation_id=places[item.row["duplicate_of"]].investigation_id,
            source_id=places[item.row["duplicate_of"]].source_id,
            verdict_id=item.row["id"],
        )
        for item in repeats
    )
    return [item for item in caused if item.row["duplicate_of"] not in places]


def _joined(caused: Sequence[Caused]) -> list[Caused]:
    """Let causes without a known author, document or conversation join what is open for the same conversation.

    Two steps of one story may quote two sentences, or end at two destinations; an analyst has one story to work on.
    """
    loose = [item for item in caused if not item.cause.attributed and item.row["conversation_id"]]
    open_for = _load_open_for(loose) if loose else {}
    joined = []
    for item in caused:
        cause, place = item.cause, (item.row["agent_id"], item.row["conversation_id"])
        if not cause.attributed and place in open_for:
            cause = replace(cause, fingerprint=open_for[place])
        elif place[1]:
            open_for.setdefault(place, cause.fingerprint)
        joined.append(replace(item, cause=cause))
    return joined


def _load_open_for(loose: Iterable[Caused]) -> dict[tuple[str, str], str]:
    """The fingerprint that is open for each agent and conversation, the first opened where there are several."""
    conversations = {item.row["conversation_id"] for item in loose}
    found = (
        Investigation.objects.filter(conversation_id__in=conversations)
        .exclude(Q(status=Investigation.Status.CLOSED) | Q(kind__in=("unjudged", "not_taken_in")))
        .order_by("-pk")
    )
    return {
        (agent, conversation): print_
        for agent, conversation, print_ in found.values_list("agent_id", "conversation_id", "fingerprint")
    }
