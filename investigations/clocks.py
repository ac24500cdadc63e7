"""The clocks of an investigation: set when it is opened or its severity rises, moved on by what people do.

Due times are stored, so that the queue is sorted by them. The row is the queue: whose `clocked` is not its severity is
due to be set, whoever wrote it. Services call `touched`, `stopped` and `began` in their own transaction.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import F

from investigations import working_hours
from investigations.clock_settings import Clocks, load_clocks
from investigations.models import NEVER, Activity, Investigation, Transition
from policies import audit

_BATCH = 500
_MOST_BATCHES = 20
_MOST_RETURNED = 100
Kind = Transition.Kind

_SET = """
UPDATE investigations_investigation SET
    clock_from = new.clock_from, acknowledge_due = new.acknowledge_due, resolve_due = new.resolve_due,
    due_at = new.due_at, clocked = new.clocked
FROM unnest(
    %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::smallint[]
) AS new (id, clock_from, acknowledge_due, resolve_due, due_at, clocked)
WHERE investigations_investigation.id = new.id
"""


def set_due() -> int:
    """Set the clocks that are to be set, and return how many. Safe to run twice and by several."""
    total = 0
    for _ in range(_MOST_BATCHES):
        with transaction.atomic():
            to_set = Investigation.objects.exclude(status=Investigation.Status.CLOSED).exclude(clocked=F("severity"))
            rows = list(to_set.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("id")[:_BATCH])
            if rows:
                _set(rows, load_clocks())
        total += len(rows)
        if len(rows) < _BATCH:
            break
    return total


def _set(rows: Sequence[Investigation], clocks: Clocks) -> None:
    for row in rows:
        row.clock_from = row.clock_from or row.opened_at
        acknowledge, resolve = clocks.minutes(row.severity)
        row.acknowledge_due = _due(row.clock_from, timedelta(minutes=acknowledge), clocks) if acknowledge else None
        paused = timedelta(seconds=row.paused_seconds)
        row.resolve_due = _due(row.clock_from, timedelta(minutes=resolve) + paused, clocks) if resolve else None
        row.due_at, row.clocked = _running(row), row.severity
    names = ("pk", "clock_from", "acknowledge_due", "resolve_due", "due_at", "clocked")
    with connection.cursor() as cursor:
        cursor.execute(_SET, [[getattr(row, name) for row in rows] for name in names])


def _due(start: datetime, worked: timedelta, clocks: Clocks) -> datetime:
    return working_hours.after(start, worked, clocks.hours)


def _running(row: Investigation) -> datetime:
    """When the clock that runs now runs out: first to acknowledge, then to resolve; never while it waits."""
    if row.status == Investigation.Status.CLOSED or row.paused_at:
        return NEVER
    due = row.resolve_due if row.acknowledged_at else row.acknowledge_due or row.resolve_due
    return due or NEVER


def touched(pk: int, *, taken: bool | None, now: datetime, actor: AbstractBaseUser) -> None:
    """A person did something with it: the first time acknowledges it. `taken` = made somebody's, False = nobody's,
    None = any other work. Needs the transaction of that change.
    """
    row = Investigation.objects.select_for_update(no_key=True).get(pk=pk)
    if row.status == Investigation.Status.CLOSED:
        return
    was_acknowledged = row.acknowledged_at is not None
    row.held_since = now if taken else None
    if taken is not False and not was_acknowledged:
        row.acknowledged_at = now
        _note(row, Kind.ACKNOWLEDGED, now=now, actor=actor, late=_is_past(row.acknowledge_due, now))
    row.due_at = _running(row)
    row.save(update_fields=("held_since", "acknowledged_at", "due_at"))


def stopped(row: Investigation, *, now: datetime, actor: AbstractBaseUser | None) -> None:
    """It was closed: no clock runs. Needs the transaction of the close, and the row as it is after it."""
    if row.acknowledged_at is None:
        _note(row, Kind.ACKNOWLEDGED, now=now, actor=actor, late=_is_past(row.acknowledge_due, now))
    _note(row, Kind.CLOSED, now=now, actor=actor, late=_is_past(row.resolve_due, now))
    Investigation.objects.filter(pk=row.pk).update(
        due_at=NEVER, held_since=None, paused_at=None, acknowledged_at=row.acknowledged_at or now
    )


def began(row: Investigation, *, now: datetime, actor: AbstractBaseUser | None) -> None:
    """It was opened again: its clocks begin anew. Needs the transaction of that."""
    _note(row, Kind.REOPENED, now=now, actor=actor, late=False)
    acknowledged = now if row.assignee_id else None
    Investigation.objects.filter(pk=row.pk).update(
        clock_from=now, acknowledged_at=acknowledged, paused_at=None, paused_seconds=0, clocked=0
    )


def took_back(row: Investigation, *, was: str, acknowledged_at: datetime | None) -> None:
    """An undo gave it back what it had before: the steps that are undone count for no time. Needs its transaction.

    `was` is the status it had until then, `acknowledged_at` when it had been acknowledged.
    """
    if acknowledged_at and not row.acknowledged_at:
        steps = Transition.objects.filter(investigation=row, kind=Kind.ACKNOWLEDGED, at=acknowledged_at)
        steps.update(void=True)
        Investigation.objects.filter(pk=row.pk).update(clocked=0)
    closed = Investigation.Status.CLOSED
    if closed not in (row.status, was) or row.status == was:
        return
    kind = Kind.CLOSED if was == closed else Kind.REOPENED
    last = Transition.objects.filter(investigation=row, kind=kind).order_by("-id").first()
    if last is not None:
        Transition.objects.filter(pk=last.pk).update(void=True)
    Investigation.objects.filter(pk=row.pk).update(clocked=0, due_at=NEVER, paused_at=None)


def return_untouched(now: datetime) -> int:
    """Give back to the queue what somebody took and did nothing with for too long; returns how many. Safe to run twice.

    Its clock to acknowledge goes on from where it began: being taken was not being looked at.
    """
    clocks = load_clocks()
    if not clocks.untouched:
        return 0
    held = Investigation.objects.filter(held_since__lt=now - clocks.untouched, assignee__isnull=False)
    held = held.exclude(status=Investigation.Status.CLOSED)
    total = 0
    with transaction.atomic():
        rows = (
            held.select_related("assignee")
            .select_for_update(skip_locked=True, no_key=True, of=("self",))
            .order_by("pk")
        )
        for row in rows[:_MOST_RETURNED]:
            if working_hours.between(row.held_since or now, now, clocks.hours) >= clocks.untouched:
                _return(row, clocks, now=now)
                total += 1
    return total


def _return(row: Investigation, clocks: Clocks, *, now: datetime) -> None:
    holder = row.assignee.get_username() if row.assignee else ""
    minutes = int(clocks.untouched.total_seconds() // 60)
    _note(row, Kind.RETURNED, now=now, actor=None, late=False)
    row.assignee, row.status, row.held_since, row.acknowledged_at = None, Investigation.Status.NEW, None, None
    row.due_at = _running(row)
    row.save(update_fields=("assignee", "status", "held_since", "acknowledged_at", "due_at"))
    text = f"{holder} took it and did nothing with it for {minutes} minutes"
    activity = Activity.objects.create(investigation=row, kind="returned", text=text)
    audit.record(actor=None, action="investigation.returned", investigation=row.pk, activity=activity.pk, holder=holder)


def pause(row: Investigation, *, now: datetime, actor: AbstractBaseUser) -> bool:
    """Stop its clocks while it waits for somebody; False when they stand already, or it is closed."""
    waits = Investigation.objects.filter(pk=row.pk, paused_at=None).exclude(status=Investigation.Status.CLOSED)
    if not waits.update(paused_at=now, due_at=NEVER, held_since=None):
        return False
    row.refresh_from_db()
    _note(row, Kind.PAUSED, now=now, actor=actor, late=False)
    return True


def resume(row: Investigation, *, now: datetime, actor: AbstractBaseUser | None) -> bool:
    """Let its clocks go on, as much later as it waited; False when they run."""
    locked = Investigation.objects.select_for_update(no_key=True).get(pk=row.pk)
    if locked.paused_at is None:
        return False
    waited = working_hours.between(locked.paused_at, now, load_clocks().hours)
    locked.paused_seconds += int(waited.total_seconds())
    locked.paused_at, locked.clocked = None, 0
    locked.save(update_fields=("paused_seconds", "paused_at", "clocked"))
    _note(locked, Kind.RESUMED, now=now, actor=actor, late=False)
    return True


def _is_past(due: datetime | None, now: datetime) -> bool:
    return due is not None and now > due


def _note(row: Investigation, kind: str, *, now: datetime, actor: AbstractBaseUser | None, late: bool) -> None:
    since = row.clock_from or row.opened_at
    worked = working_hours.between(since, now, load_clocks().hours).total_seconds() - row.paused_seconds
    Transition.objects.create(
        investigation_id=row.pk,
        kind=kind,
        at=now,
        actor_id=actor.pk if actor else None,
        since=since,
        seconds=max(0, int((now - since).total_seconds())),
        worked_seconds=max(0, int(worked)),
        severity=row.severity,
        disposition=row.disposition,
        late=late,
    )
