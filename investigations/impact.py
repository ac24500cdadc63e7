"""What an edit of policy would have changed in the last days, while somebody edits: as far as some seconds go.

What people have found out is looked at first, newest first: a confirmed attack that would pass must not be missed for
lack of time. Then every call, newest first. Nobody waits for it: each question gets a slice of time and an answer as
far as it got, and whoever asks again goes on where the last one stopped. The looks under way are kept by the process,
so another process begins its own. One works at a time in a process, and between calls it makes room: callers are
answered by the same process.
"""

import hashlib
import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from guardrail.models import EXERCISE, Orchestrator, Verdict
from guardrail.replay import NEEDED, Depth, compare, depth_between
from guardrail.verdict_id import floor_id, moment_of_id
from investigations.models import Investigation, InvestigationCall
from investigations.tally import CONFIRMED, HONEST, Changed, Tally
from policies.load import active_ruleset
from policies.ruleset import Ruleset

DAYS, MOST_DAYS = 7, 90
# Of looking, for one question in all, and at a time.
SECONDS, SLICE_SECONDS = 2.0, 0.06
# One call may not use up all the time.
_CALL_SECONDS = 0.5
# The share of the time for calls of closed investigations.
_FIRST_SHARE = 0.5
_MOST_DECIDED = 5_000
_BATCH = 250
_SHOWN = 30
_PAUSE_SECONDS, _WORK_SECONDS = 0.0002, 0.005
# Looks that are kept for whoever asks again: so many, and so long after they were asked for last.
_MOST_KEPT, _KEPT_SECONDS = 16, 60.0
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Impact:
    """Of the calls since `since`, what the edit would have changed in those that were looked at.

    `over` = this is all there will be; else asking again goes on. `complete` = all calls were looked at; else every
    call back to `back_to`, beside those of closed investigations, of about `about` in all. `decided_complete` = every
    call of a closed investigation was. `changed` shows some, the worst first.
    """

    since: datetime
    depth: Depth
    tally: Tally
    changed: tuple[Changed, ...]
    over: bool
    complete: bool
    decided_complete: bool
    about: int
    back_to: datetime | None


def load_impact(edit: object, compiled: Callable[[], Ruleset], *, days: int = DAYS) -> Impact:
    """What an edit would have changed, as far as SLICE_SECONDS and those asked for before sufficed.

    `edit` is the edit as JSON, by which a look under way is found again; `compiled` makes the ruleset of it where there
    is none. A look that is over is told once. Raises NoRuleset where no policy is in force, and what `compiled` raises.
    """
    in_force = active_ruleset()
    asked = hashlib.sha256(json.dumps([edit, days], sort_keys=True, default=str).encode()).hexdigest()
    looking = _looks.find(asked, in_force) or _looks.keep(asked, _Looking(compiled(), in_force, days=days))
    if not _one_at_a_time.acquire(timeout=SLICE_SECONDS):
        return looking.told
    try:
        looking.go_on(SLICE_SECONDS)
    except BaseException:
        _looks.drop(asked)
        raise
    finally:
        _one_at_a_time.release()
    if looking.told.over:
        _looks.drop(asked)
    return looking.told


class _Looking:
    """One look at the calls of the last days; `told` is as far as it got. Nobody may go on while somebody else does."""

    def __init__(self, draft: Ruleset, in_force: Ruleset, *, days: int) -> None:
        self.in_force, self.asked_at = in_force, time.monotonic()
        self._draft = draft
        self._left = SECONDS
        self._left_after_first = self._left * (1 - _FIRST_SHARE)
        self._depth = depth_between(in_force, draft)
        self._since = timezone.now() - timedelta(days=days)
        self._floor = floor_id(self._since)
        self._made_up = Orchestrator.objects.filter(slug=EXERCISE).values_list("pk", flat=True).first()
        self._tally = Tally()
        self._changed: list[Changed] = []
        self._seen: set[uuid.UUID] = set()
        self._last: uuid.UUID | None = None
        self._complete = self._decided_complete = False
        self._steps = self._look()
        self.told = self._told()

    def go_on(self, seconds: float) -> None:
        """Look further for so long, or till the end; at one call at least where there is any time left."""
        began = time.monotonic()
        left, pause_at = self._left, began
        while self._left > left - seconds and self._left > 0:
            if next(self._steps, None) is None:
                self._left = 0.0
                break
            if time.monotonic() >= pause_at:
                time.sleep(_PAUSE_SECONDS)
                pause_at = time.monotonic() + _WORK_SECONDS
            self._left = left - (time.monotonic() - began)
        self.told = self._told()

    def _look(self) -> Iterator[bool]:
        """Call by call."""
        yield from self._look_at_decided()
        yield from self._look_at_all()

    def _look_at_decided(self) -> Iterator[bool]:
        """Calls of closed investigations, newest first."""
        calls = InvestigationCall.objects.filter(
            verdict_id__gte=self._floor,
            investigation__status=Investigation.Status.CLOSED,
            investigation__disposition__in=(CONFIRMED, *HONEST),
        ).order_by("-verdict_id")
        ids = list(calls.values_list("verdict_id", flat=True)[:_MOST_DECIDED])
        for start in range(0, len(ids), _BATCH):
            some = Verdict.objects.filter(pk__in=ids[start : start + _BATCH]).only(*NEEDED).order_by("-id")
            for looked in self._look_at(list(some)):
                yield looked
                if self._left <= self._left_after_first:
                    return
        self._decided_complete = len(ids) < _MOST_DECIDED

    def _look_at_all(self) -> Iterator[bool]:
        """Every other call, newest first."""
        rows = Verdict.objects.filter(id__gte=self._floor).only(*NEEDED).order_by("-id")
        while True:
            verdicts = list((rows.filter(id__lt=self._last) if self._last else rows)[:_BATCH])
            yield from self._look_at([verdict for verdict in verdicts if verdict.pk not in self._seen], on_the_way=True)
            if len(verdicts) < _BATCH:
                self._complete = self._decided_complete = True
                return
            self._last = verdicts[-1].pk

    def _look_at(self, verdicts: Sequence[Verdict], *, on_the_way: bool = False) -> Iterator[bool]:
        """Each by both rulesets; `on_the_way` = nothing newer is left out."""
        real = [verdict for verdict in verdicts if verdict.orchestrator_id != self._made_up]
        dispositions = load_dispositions([verdict.pk for verdict in real])
        compared = compare(real, self._draft, in_force=self.in_force, depth=self._depth, call_seconds=_CALL_SECONDS)
        for one in compared:
            disposition = dispositions.get(one.verdict.pk, "")
            self._seen.add(one.verdict.pk)
            self._tally.add(one, disposition)
            if (changed := Changed.of(one, disposition)) is not None:
                self._keep(changed)
            if on_the_way:
                self._last = one.verdict.pk
            yield True

    def _keep(self, changed: Changed) -> None:
        self._changed.append(changed)
        if len(self._changed) >= 4 * _SHOWN:
            self._changed = _worst(self._changed)

    def _told(self) -> Impact:
        looked_at = self._tally.looked_at
        return Impact(
            since=self._since,
            depth=self._depth,
            # of its own: a page is written of it while somebody else goes on
            tally=Tally.of(self._tally.as_json()),
            changed=tuple(_worst(self._changed)),
            over=self._left <= 0,
            complete=self._complete,
            decided_complete=self._decided_complete,
            about=looked_at
            if self._complete
            else max(looked_at, load_estimate(Verdict.objects.filter(id__gte=self._floor))),
            back_to=None if self._complete or self._last is None else moment_of_id(self._last),
        )


class _Looks:
    """The looks of this process that somebody may go on with; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Looking] = OrderedDict()

    def find(self, asked: str, in_force: Ruleset) -> _Looking | None:
        """None also where it is of another policy, or nobody has asked for it in a while."""
        with self._lock:
            found = self._kept.get(asked)
            now = time.monotonic()
            if found is None or found.in_force is not in_force or now - found.asked_at > _KEPT_SECONDS:
                return None
            found.asked_at = now
            self._kept.move_to_end(asked)
            return found

    def keep(self, asked: str, looking: _Looking) -> _Looking:
        with self._lock:
            self._kept[asked] = looking
            self._kept.move_to_end(asked)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return looking

    def drop(self, asked: str) -> None:
        with self._lock:
            self._kept.pop(asked, None)


_looks = _Looks()


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
