"""Reads backtests for their pages. Nothing is counted over verdicts: what is left is the planner's estimate."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Func, JSONField, QuerySet

from guardrail.models import Verdict
from guardrail.queries import load_briefs
from guardrail.replay import Effect
from guardrail.verdict_id import floor_id
from investigations import backtest_queue as queue
from investigations.impact import load_estimate
from investigations.models import Backtest, BacktestChange
from investigations.tally import Answer, Changed, Tally
from policies.models import PolicyDraft
from policies.policy_parts import digest_of

PAGE = 50
LISTED = 30
EFFECTS = tuple(effect.value for effect in Effect if effect not in (Effect.SAME, Effect.NOTED))
MOST_KEPT = queue.MOST_KEPT
_WIDE = ("document", "base__document")


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far it is. `state` is waiting, running, cancelled, done or failed; `left` is about how many calls remain.

    `seconds` is how long it takes or took by the clock, `a_second` how many calls a second, None before the first are
    done; `remaining` how long the rest takes at that speed.
    """

    state: str
    looked_at: int
    left: int
    seconds: float
    a_second: float | None

    @property
    def total(self) -> int:
        return self.looked_at + self.left

    @property
    def percent(self) -> int:
        if self.state == "done":
            return 100
        return min(99, 100 * self.looked_at // self.total) if self.total else 0

    @property
    def remaining(self) -> timedelta | None:
        return (
            timedelta(seconds=round(self.left / self.a_second)) if self.a_second and self.state == "running" else None
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedBacktest:
    """One in the list."""

    backtest: Backtest
    tally: Tally
    progress: Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangesPage:
    """Some of the changed calls, the worst first. `older` is where the next page goes on, empty at the end."""

    rows: Sequence[Changed]
    older: str


def load_list(*, before: int | None, now: datetime) -> tuple[list[ListedBacktest], int | None]:
    """Backtests, newest first, and where the next page goes on. Two queries, and one for each that runs."""
    rows = Backtest.objects.defer(*_WIDE, "result").select_related("asked_by", "base").annotate(sums=_Sums("result"))
    found = list((rows.filter(pk__lt=before) if before else rows)[: LISTED + 1])
    listed = [
        ListedBacktest(backtest=one, tally=tally, progress=progress_of(one, now, looked_at=tally.looked_at))
        for one in found[:LISTED]
        for tally in (Tally.of(one.sums),)
    ]
    return listed, found[LISTED - 1].pk if len(found) > LISTED else None


class _Sums(Func):
    """A result without its names, of which there may be thousands."""

    template = "(%(expressions)s - ARRAY['by_agent', 'by_user', 'by_rule', 'names', 'now', 'then'])"
    output_field = JSONField()


def progress_of(backtest: Backtest, now: datetime, *, looked_at: int) -> Progress:
    """One query where it is not over."""
    state = _state_of(backtest)
    over = backtest.ended_at or backtest.cancelled_at
    seconds = ((over or now) - backtest.began_at).total_seconds() if backtest.began_at else 0.0
    left = 0 if state in ("done", "failed") else _left(backtest)
    return Progress(
        state=state,
        looked_at=looked_at,
        left=left,
        seconds=seconds,
        a_second=looked_at / seconds if looked_at and seconds >= 1 else None,
    )


def load_changes(backtest: Backtest, *, effect: str, before: str) -> ChangesPage:
    """The changed calls, those of one effect where one is named, after the place `before`. Two or three queries."""
    rows = BacktestChange.objects.filter(backtest=backtest)
    if effect:
        rows = rows.filter(effect=effect)
    found = _after(rows, before)
    shown = found[:PAGE]
    briefs = load_briefs([row.verdict_id for row in shown])
    return ChangesPage(
        rows=[_changed(row, briefs[row.verdict_id]) for row in shown if row.verdict_id in briefs],
        older=f"{shown[-1].badness}.{shown[-1].verdict_id}" if len(found) > PAGE else "",
    )


def _after(rows: QuerySet[BacktestChange], before: str) -> list[BacktestChange]:
    """A page and one more; those as bad as the last one first, so that the index answers both parts."""
    place = _place(before)
    if place is None:
        return list(rows[: PAGE + 1])
    badness, verdict_id = place
    found = list(rows.filter(badness=badness, verdict_id__lt=verdict_id)[: PAGE + 1])
    return found if len(found) > PAGE else [*found, *rows.filter(badness__lt=badness)[: PAGE + 1 - len(found)]]


def moved_on(backtest: Backtest) -> PolicyDraft | None:
    """The draft, where it says something else by now than what was tried. One query for a draft, none for a version."""
    draft = PolicyDraft.objects.filter(pk=backtest.draft_id).first() if backtest.draft_id else None
    return draft if draft is not None and digest_of(draft.document) != backtest.digest else None


def _changed(row: BacktestChange, verdict: Verdict) -> Changed:
    return Changed(
        verdict=verdict,
        now=Answer(action=row.now_action, would_have=row.now_would_have, failed=row.now_failed),
        then=Answer(action=row.then_action, would_have=row.then_would_have, failed=row.then_failed),
        effect=row.effect,
        rule=row.rule,
        disposition=row.disposition,
    )


def _state_of(backtest: Backtest) -> str:
    if backtest.error:
        return "failed"
    if backtest.ended_at is not None:
        return "done"
    if backtest.cancelled_at is not None:
        return "cancelled"
    return "running" if backtest.began_at is not None else "waiting"


def _left(backtest: Backtest) -> int:
    """About how many calls are not judged yet: those handed out, and the planner's estimate of the rest."""
    open_calls = sum(backtest.chunks.filter(done_at=None).values_list("calls", flat=True))
    if backtest.handed_out:
        return open_calls
    after, agent = backtest.cursor or floor_id(backtest.since), backtest.agent_id
    rows = Verdict.objects.filter(id__gt=after, id__lt=floor_id(backtest.until))
    return open_calls + load_estimate(rows.filter(agent_id=agent) if agent else rows)


def _place(before: str) -> tuple[int, uuid.UUID] | None:
    badness, _, verdict_id = before.partition(".")
    try:
        return int(badness[:2]), uuid.UUID(verdict_id)
    except ValueError:
        return None
