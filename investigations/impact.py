"""What an edit of policy would have changed in the last days, while somebody edits: as far as some seconds go.

What people have found out is looked at first, newest first: a confirmed attack that would pass must not be missed for
lack of time. Then every call, newest first. One such question is answered at a time in a process, and between calls it
makes room: callers are answered by the same process.
"""

import json
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from django.db.models import QuerySet
from django.utils import timezone

from guardrail.models import EXERCISE, Orchestrator, Verdict
from guardrail.replay import NEEDED, Compared, Depth, compare, depth_between
from guardrail.verdict_id import floor_id, moment_of_id
from investigations.models import Investigation, InvestigationCall
from investigations.tally import CONFIRMED, HONEST, Changed, Tally
from policies.load import active_ruleset
from policies.ruleset import Ruleset

DAYS, MOST_DAYS = 7, 90
SECONDS = 2.0
# One call may not use up all the time.
_CALL_SECONDS = 0.5
# The share of the time for calls of closed investigations.
_FIRST_SHARE = 0.5
_MOST_DECIDED = 5_000
_BATCH = 250
_SHOWN = 30
_PAUSE_SECONDS, _WORK_SECONDS = 0.0002, 0.005
# Whoever waits takes up a thread that answers callers.
_WAIT_SECONDS = 0.5
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Impact:
    """Of the calls since `since`, what the edit would have changed in those that were looked at.

    `complete` = all were; else every call back to `back_to`, beside those of closed investigations, of about `about`
    in all. `decided_complete` = every call of a closed investigation was. `busy` = somebody else's question took all
    the time. `changed` shows some, the worst first.
    """

    since: datetime
    depth: Depth
    tally: Tally
    changed: tuple[Changed, ...]
    complete: bool
    decided_complete: bool
    about: int
    back_to: datetime | None
    busy: bool = False


def load_impact(
    ruleset: Ruleset, *, days: int = DAYS, seconds: float | None = None, in_force: Ruleset | None = None
) -> Impact:
    """What `ruleset` would have changed. Takes about `seconds`. Raises NoRuleset where no policy is in force."""
    seconds = SECONDS if seconds is None else seconds
    until = time.monotonic() + seconds
    in_force = in_force or active_ruleset()
    looking = _Looking(ruleset, in_force, days=days, until=until)
    if not _one_at_a_time.acquire(timeout=min(_WAIT_SECONDS, seconds)):
        return looking.impact(busy=True)
    try:
        looking.look_at_decided(until=time.monotonic() + max(0.0, until - time.monotonic()) * _FIRST_SHARE)
        looking.look_at_all()
    finally:
        _one_at_a_time.release()
    return looking.impact()


class _Looking:
    """One look at the calls of the last days."""

    def __init__(self, draft: Ruleset, in_force: Ruleset, *, days: int, until: float) -> None:
        self._draft, self._in_force, self._until = draft, in_force, until
        self._depth = depth_between(in_force, draft)
        self._since = timezone.now() - timedelta(days=days)
        self._floor = floor_id(self._since)
        self._made_up = Orchestrator.objects.filter(slug=EXERCISE).values_list("pk", flat=True).first()
        self._tally = Tally()
        self._changed: list[Changed] = []
        self._seen: set[uuid.UUID] = set()
        self._last: uuid.UUID | None = None
        self._pause_at = 0.0
        self._complete = self._decided_complete = False

    def look_at_decided(self, *, until: float) -> None:
        """Calls of closed investigations, newest first."""
        calls = InvestigationCall.objects.filter(
            verdict_id__gte=self._floor,
            investigation__status=Investigation.Status.CLOSED,
            investigation__disposition__in=(CONFIRMED, *HONEST),
        ).order_by("-verdict_id")
        ids = list(calls.values_list("verdict_id", flat=True)[:_MOST_DECIDED])
        for start in range(0, len(ids), _BATCH):
            some = ids[start : start + _BATCH]
            verdicts = Verdict.objects.filter(pk__in=some).only(*NEEDED).order_by("-id")
            if not self._compare(list(verdicts), until=until):
                return
        self._decided_complete = len(ids) < _MOST_DECIDED

    def look_at_all(self) -> None:
        """Every other call, newest first."""
        while time.monotonic() < self._until:
            rows = Verdict.objects.filter(id__gte=self._floor).only(*NEEDED).order_by("-id")
            verdicts = list((rows.filter(id__lt=self._last) if self._last else rows)[:_BATCH])
            if not self._compare([v for v in verdicts if v.pk not in self._seen], until=self._until):
                looked = takewhile(lambda v: v.pk in self._seen or v.orchestrator_id == self._made_up, verdicts)
                self._last = next((v.pk for v in reversed(list(looked))), self._last)
                return
            if len(verdicts) < _BATCH:
                self._complete = self._decided_complete = True
                return
            self._last = verdicts[-1].pk

    def _compare(self, verdicts: Sequence[Verdict], *, until: float) -> bool:
        """False where the time was over before the last of them."""
        real = [verdict for verdict in verdicts if verdict.orchestrator_id != self._made_up]
        dispositions = load_dispositions([verdict.pk for verdict in real])
        looked = 0
        for one in self._compared(real, until=until):
            looked += 1
            disposition = dispositions.get(one.verdict.pk, "")
            self._seen.add(one.verdict.pk)
            self._tally.add(one, disposition)
            if (changed := Changed.of(one, disposition)) is not None:
                self._keep(changed)
            self._make_room()
        return looked == len(real)

    def _compared(self, verdicts: Sequence[Verdict], *, until: float) -> Iterator[Compared]:
        return compare(
            verdicts,
            self._draft,
            in_force=self._in_force,
            depth=self._depth,
            deadline=until,
            call_seconds=_CALL_SECONDS,
        )

    def _make_room(self) -> None:
        if time.monotonic() >= self._pause_at:
            time.sleep(_PAUSE_SECONDS)
            self._pause_at = time.monotonic() + _WORK_SECONDS

    def _keep(self, changed: Changed) -> None:
        self._changed.append(changed)
        if len(self._changed) >= 4 * _SHOWN:
            self._changed = _worst(self._changed)

    def impact(self, *, busy: bool = False) -> Impact:
        looked_at = self._tally.looked_at
        return Impact(
            since=self._since,
            depth=self._depth,
            tally=self._tally,
            changed=tuple(_worst(self._changed)),
            complete=self._complete,
            decided_complete=self._decided_complete,
            about=looked_at
            if self._complete
            else max(looked_at, load_estimate(Verdict.objects.filter(id__gte=self._floor))),
            back_to=None if self._complete or self._last is None else moment_of_id(self._last),
            busy=busy,
        )


def load_dispositions(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What the closed investigations of these calls were closed with. One query."""
    calls = InvestigationCall.objects.filter(
        verdict_id__in=ids, investigation__status=Investigation.Status.CLOSED
    ).exclude(investigation__disposition="")
    return dict(calls.values_list("verdict_id", "investigation__disposition"))


def _worst(changed: list[Changed]) -> list[Changed]:
    """Confirmed attacks that would pass, honest work that would be stopped, then the newest."""
    return sorted(changed, key=lambda one: (one.badness, one.verdict.pk), reverse=True)[:_SHOWN]


def load_estimate(rows: QuerySet[Verdict]) -> int:
    """About how many calls these are, as the planner sees it: counting them would take seconds."""
    plan = json.loads(rows.order_by().values("pk").explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])
