"""Works bulk runs off, and undoes them: a few investigations in each transaction, so that nobody waits long for one.

Rows of the run are taken with SKIP LOCKED: the page and any number of workers may work at once, at any moment, and a
crash does nothing twice. Investigations are locked in one order, before the lock of restrictions and of the audit
trail, as the intake does.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from investigations import recollection, services
from investigations.models import Activity, BulkItem, BulkRun, Investigation
from investigations.services import InvestigationError
from investigations.visibility import visible_to
from policies.services import restrictions

Action, State = BulkRun.Action, BulkItem.State
# Some 5 ms each; the audit trail's lock is held meanwhile.
CHUNK = 25
MOST_CHUNKS = 80
# Lines of a history after which an undo would undo a colleague's work, too.
CHANGES = (
    *("claimed", "assigned", "closed", "reopened", "undone", "returned", "merged", "merged_away", "unmerged"),
    *("split", "split_off", "paused", "resumed"),
)
_KEPT = ("status", "disposition")
_TIMES = ("closed_at", "acknowledged_at", "held_since")
_KEPT_TO_FEW = "it is kept to few by now, who may see it changes it"


def work_due(now: datetime) -> int:
    """Work on what was begun or is to be undone, and tell memory what it was not told; returns how many rows."""
    done = 0
    begun = Q(begun_at__isnull=False, ended_at=None, undo_at=None)
    undoing = Q(undo_at__isnull=False, undone_at=None)
    for run in BulkRun.objects.filter(begun | undoing).order_by("id")[:20]:
        done += work(run, now=now, chunks=MOST_CHUNKS)
    return done + _tell_again()


def work(run: BulkRun, *, now: datetime, chunks: int) -> int:
    """At most so many chunks of one run, or of its undo; returns how many rows. Safe to run twice and by several."""
    total = 0
    for _ in range(chunks):
        run.refresh_from_db()
        done = _undo_chunk(run, now=now) if run.undo_at else _do_chunk(run, now=now)
        total += done
        if not done:
            _end(run, now=now)
            break
    return total


def _end(run: BulkRun, *, now: datetime) -> None:
    """Write down that nothing is left, unless another worker still holds some of it."""
    left = (State.WAITING, State.DONE) if run.undo_at else (State.WAITING,)
    if run.items.filter(state__in=left).exists():
        return
    if run.undo_at:
        BulkRun.objects.filter(pk=run.pk, undone_at=None).update(undone_at=now)
    BulkRun.objects.filter(pk=run.pk, ended_at=None).update(ended_at=now)
    run.refresh_from_db()


def _do_chunk(run: BulkRun, *, now: datetime) -> int:
    with transaction.atomic():
        # an undo waits for the rows locked here, and leaves no others waiting
        items, rows = _locked(run, State.WAITING, actor=run.asked_by)
        if run.action == Action.CLOSE:
            restrictions.serialise()
        for item in items:
            _do(run, item, rows.get(item.investigation_id), now=now)
        BulkItem.objects.bulk_update(items, ("state", "said", "before", "activity", "told"))
    _tell(items)
    return len(items)


def _locked(run: BulkRun, state: str, *, actor: User | None) -> tuple[list[BulkItem], dict[int, Investigation]]:
    """Some rows of the run in this state, and their investigations, as far as they are for the actor's eyes."""
    waiting = run.items.filter(state=state).select_for_update(skip_locked=True, of=("self",))
    items = list(waiting.order_by("investigation_id")[:CHUNK])
    rows = Investigation.objects.filter(visible_to(actor), pk__in=[item.investigation_id for item in items])
    return items, {row.pk: row for row in rows.select_for_update(no_key=True, of=("self",)).order_by("pk")}


def _do(run: BulkRun, item: BulkItem, row: Investigation | None, *, now: datetime) -> None:
    if row is None:
        item.state, item.said = State.REFUSED, _KEPT_TO_FEW
        return
    before = _as_json(row)
    last = _last_activity(row)
    try:
        with transaction.atomic():
            _ACTIONS[run.action](run, row, now)
    except InvestigationError as error:
        item.state, item.said = State.REFUSED, str(error)[:500]
        return
    item.activity = _last_activity(row)
    if item.activity == last:
        item.state, item.said = State.REFUSED, "it was so already"
        return
    item.state, item.before = State.DONE, before
    item.told = run.action not in (Action.CLOSE, Action.REOPEN)


def _claim(run: BulkRun, row: Investigation, now: datetime) -> None:
    services.claim(row, actor=run.asked_by)
    _note(run, row)


def _assign(run: BulkRun, row: Investigation, now: datetime) -> None:
    if row.assignee_id != run.assignee_id:
        services.assign(row, assignee=run.assignee, seen=row.assignee_id, actor=run.asked_by)
        _note(run, row)


def _close(run: BulkRun, row: Investigation, now: datetime) -> None:
    services.write_closed(row, disposition=run.disposition, reason=run.note, now=now, actor=run.asked_by)


def _comment(run: BulkRun, row: Investigation, now: datetime) -> None:
    services.comment(row, run.note, actor=run.asked_by)


def _reopen(run: BulkRun, row: Investigation, now: datetime) -> None:
    services.write_reopened(row, reason=run.note, actor=run.asked_by)


def _note(run: BulkRun, row: Investigation) -> None:
    if run.note:
        services.comment(row, run.note, actor=run.asked_by)


_ACTIONS: dict[str, Callable[[BulkRun, Investigation, datetime], None]] = {
    Action.CLAIM: _claim,
    Action.ASSIGN: _assign,
    Action.CLOSE: _close,
    Action.COMMENT: _comment,
    Action.REOPEN: _reopen,
}


def _undo_chunk(run: BulkRun, *, now: datetime) -> int:
    with transaction.atomic():
        run.items.filter(state=State.WAITING).update(state=State.LEFT, said="it was not reached before the undo")
        items, rows = _locked(run, State.DONE, actor=run.undo_by)
        if run.action == Action.CLOSE:
            restrictions.serialise()
        for item in items:
            _undo(run, item, rows.get(item.investigation_id))
        BulkItem.objects.bulk_update(items, ("state", "said", "told"))
    _tell(items)
    return len(items)


def _undo(run: BulkRun, item: BulkItem, row: Investigation | None) -> None:
    if row is None:
        item.state, item.said = State.LEFT, _KEPT_TO_FEW
        return
    since_then = Activity.objects.filter(investigation=row, id__gt=item.activity or 0)
    changed = since_then.filter(kind__in=CHANGES).select_related("actor").order_by("id").first()
    if changed is not None:
        who = changed.actor.get_username() if changed.actor else "the system"
        item.state, item.said = State.LEFT, f"`{who}` changed it since ({changed.kind.replace('_', ' ')})"
        return
    before = _from_json(item.before)
    if since_then.filter(actor__isnull=False).exists():
        # a colleague's comment acknowledged it as well
        before.pop("acknowledged_at", None)
    try:
        with transaction.atomic():
            services.write_restored(row, before, what=_what(run), actor=run.undo_by)
    except (InvestigationError, IntegrityError) as error:
        said = str(error) if isinstance(error, InvestigationError) else "the same cause is open as another one"
        item.state, item.said = State.LEFT, said[:500]
        return
    item.state, item.told = State.UNDONE, run.action not in (Action.CLOSE, Action.REOPEN)


def _what(run: BulkRun) -> str:
    word = "comment" if run.action == Action.COMMENT else Action(run.action).label.lower()
    return f"{word} of bulk action {run.pk}"


def _as_json(row: Investigation) -> dict[str, Any]:
    times = {name: at.isoformat() if (at := getattr(row, name)) else None for name in _TIMES}
    return {**{name: getattr(row, name) for name in _KEPT}, "assignee_id": row.assignee_id, **times}


def _from_json(before: dict[str, Any]) -> dict[str, Any]:
    times = {name: datetime.fromisoformat(at) if (at := before[name]) else None for name in _TIMES if name in before}
    return {**before, **times}


def _last_activity(row: Investigation) -> int | None:
    newest = Activity.objects.filter(investigation_id=row.pk).order_by("-id")
    return newest.values_list("pk", flat=True).first()


def _tell(items: list[BulkItem]) -> int:
    """Let memory take the word on what was closed or opened; what it does not take is told again later."""
    told = []
    for item in items:
        if item.told:
            continue
        row = Investigation.objects.get(pk=item.investigation_id)
        if row.status == Investigation.Status.CLOSED:
            done = recollection.settle(row, disposition=row.disposition)
        else:
            done = recollection.take_back(row)
        if not done:
            break
        told.append(item.pk)
    BulkItem.objects.filter(pk__in=told).update(told=True)
    return len(told)


def _tell_again() -> int:
    return _tell(list(BulkItem.objects.filter(told=False).order_by("id")[: CHUNK * 4]))
