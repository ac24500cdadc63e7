"""One action on many investigations: asked for, begun, worked off in small transactions, and undone.

Which investigations is fixed when it is asked for, so that what came in meanwhile is not touched. Each is changed by
the same service as by hand, all or nothing for itself; what a service refuses is written down beside it. Undo gives
back what each had before, unless somebody changed it since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet

from investigations.models import BulkItem, BulkRun, Investigation
from investigations.queries import MOST_FITTING
from investigations.services import LONGEST_TEXT, InvestigationError
from policies import audit
from policies.access import Permission, may, require

Action, State = BulkRun.Action, BulkItem.State
# Begun and forgotten ones are deleted after this long.
UNBEGUN = timedelta(days=1)

_INSERT = """
INSERT INTO investigations_bulkitem (run_id, investigation_id, state, said, before, told)
SELECT %s, pk, 'waiting', '', '{}', true FROM unnest(%s::bigint[]) AS pk ORDER BY pk
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How many investigations of a run are in each state."""

    waiting: int
    done: int
    refused: int
    undone: int
    left: int
    untold: int


@transaction.atomic
def ask(action: str, rows: QuerySet[Investigation], *, query: str, now: datetime, actor: User) -> BulkRun:
    """Fix which investigations an action is for; nothing is done to them yet. Raises InvestigationError."""
    require(actor, Permission.INVESTIGATE)
    if action not in Action.values:
        raise InvestigationError(f"the action is `{action}`, expected one of {', '.join(Action.values)}")
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[: MOST_FITTING + 1])
    if not ids:
        raise InvestigationError("nothing is picked, expected at least one investigation")
    if len(ids) > MOST_FITTING:
        raise InvestigationError(f"more than {MOST_FITTING} investigations fit, expected a narrower filter")
    run = BulkRun.objects.create(action=action, query=query, total=len(ids), asked_by=actor, asked_at=now)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [run.pk, ids])
    return run


@transaction.atomic
def begin(
    run: BulkRun, *, note: str = "", disposition: str = "", assignee: User | None = None, now: datetime, actor: User
) -> None:
    """Let the work begin. What an action needs is checked here once, and by its service again for each.

    Raises InvestigationError when it is another's, has begun already, or lacks something.
    """
    require(actor, Permission.INVESTIGATE)
    if run.asked_by_id != actor.pk:
        raise InvestigationError(f"bulk action {run.pk} is not yours, ask for one of your own")
    text = note.strip()
    if len(text) > LONGEST_TEXT or "\x00" in text:
        raise InvestigationError(f"the note has {len(text)} characters, expected text of at most {LONGEST_TEXT}")
    if run.action in (Action.CLOSE, Action.COMMENT, Action.REOPEN) and not text:
        raise InvestigationError("the note is empty, expected a sentence: it is written into each of them")
    if run.action == Action.CLOSE and disposition not in Investigation.Disposition.values:
        raise InvestigationError(f"the disposition is `{disposition}`, expected one of the four")
    if run.action == Action.ASSIGN and assignee is not None and not may(assignee, Permission.INVESTIGATE):
        raise InvestigationError(f"`{assignee.get_username()}` may not work on investigations, expected an analyst")
    begun = BulkRun.objects.filter(pk=run.pk, begun_at=None).update(
        note=text, disposition=disposition, assignee=assignee, begun_at=now
    )
    if not begun:
        raise InvestigationError(f"bulk action {run.pk} has begun already")
    run.refresh_from_db()
    audit.record(
        actor=actor,
        action=f"bulk.{run.action}",
        run=run.pk,
        investigations=run.total,
        query=run.query,
        disposition=disposition,
        assignee=assignee.get_username() if assignee else "",
    )


@transaction.atomic
def undo(run: BulkRun, *, now: datetime, actor: User) -> None:
    """Let the undo begin: what nobody changed since gets back what it had. Raises InvestigationError.

    Safe to ask for while the run still goes on: what it has not reached is then never reached.
    """
    require(actor, Permission.INVESTIGATE)
    asked = BulkRun.objects.filter(pk=run.pk, begun_at__isnull=False, undo_at=None)
    if not asked.update(undo_at=now, undo_by=actor):
        raise InvestigationError(f"bulk action {run.pk} is undone already, or has never begun")
    run.refresh_from_db()
    audit.record(actor=actor, action="bulk.undone", run=run.pk, investigations=run.total)


def load_tally(run: BulkRun) -> Tally:
    """How far it is. One query."""
    states = {state: Count("pk", filter=Q(state=state)) for state in State.values}
    return Tally(**run.items.aggregate(**states, untold=Count("pk", filter=Q(told=False))))


def load_last(person: User, *, since: datetime) -> BulkRun | None:
    """The person's newest begun one since then, for the line over the queue. One query."""
    begun = BulkRun.objects.filter(asked_by=person, begun_at__gte=since)
    return begun.order_by("-id").first()


def load_items(run: BulkRun, *states: str, most: int) -> Sequence[BulkItem]:
    """Some of its investigations in these states, with their rows. One query."""
    return list(run.items.filter(state__in=states).select_related("investigation")[:most])


def forget_unbegun(now: datetime) -> int:
    """Delete what was asked for and never begun; returns how many. Safe to run twice."""
    return BulkRun.objects.filter(begun_at=None, asked_at__lt=now - UNBEGUN).delete()[0]
