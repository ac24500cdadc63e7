"""Hands out a backtest's calls chunk by chunk, and takes back what was found: each call once, whoever dies meanwhile.

Chunks are ranges of verdict ids, read by the primary key: nothing is counted and nothing skipped, so the millionth call
costs what the first one did. A chunk belongs to whoever holds its lease; its findings come in one transaction with its
end, so a worker that is killed leaves a chunk that another takes when the lease is over. INVARIANT: the row of the
backtest is locked before those of its chunks.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from guardrail.models import Verdict
from guardrail.verdict_id import floor_id
from investigations.models import Backtest, BacktestChange, BacktestChunk
from investigations.tally import Changed, Tally

CALLS_A_CHUNK = 1_000
LEASE = timedelta(seconds=60)
# A chunk that ended its worker so often is cut in two, down to the call that does it.
_ATTEMPTS = 2
# Rows of one backtest; beyond it only what people have found something out about is kept call by call.
MOST_KEPT = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Leased:
    """A chunk to work on, and the lease it is held by. `deadly` = one call that ended its worker each time."""

    backtest: Backtest
    chunk: BacktestChunk
    lease: uuid.UUID
    deadly: bool = False


def due() -> QuerySet[Backtest]:
    """Those that are not over, oldest first."""
    return Backtest.objects.filter(ended_at=None, cancelled_at=None).order_by("id")


def claim(now: datetime) -> Leased | None:
    """The next chunk: one whose lease is over, else calls nobody has had yet. None where nothing is left to do."""
    for backtest in due().select_related("base"):
        leased = _take_up_again(backtest, now) or _hand_out(backtest, now)
        if leased is not None:
            return leased
    return None


def calls_of(leased: Leased) -> QuerySet[Verdict]:
    """The calls of a chunk."""
    rows = _calls(leased.backtest)
    if leased.chunk.only:
        return rows.filter(pk__in=leased.chunk.only)
    return rows.filter(id__gt=leased.chunk.after, id__lte=leased.chunk.last)


def renew(leased: Leased, now: datetime) -> bool:
    """Hold the chunk longer; False where it was given to somebody else, or the backtest was cancelled."""
    held = BacktestChunk.objects.filter(pk=leased.chunk.pk, lease=leased.lease, done_at=None)
    return bool(held.filter(backtest__cancelled_at=None).update(leased_until=now + LEASE))


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What working on a chunk found; `left` are the calls there was no time for."""

    tally: Tally
    changed: Sequence[Changed]
    left: Sequence[uuid.UUID]
    depth: str
    serial: int
    worked_ms: int


@transaction.atomic
def hand_in(leased: Leased, found: Found, now: datetime) -> bool:
    """Keep what was found and end the chunk; False, and nothing is kept, where it is no longer ours."""
    backtest = Backtest.objects.select_for_update().get(pk=leased.backtest.pk)
    held = BacktestChunk.objects.filter(pk=leased.chunk.pk, lease=leased.lease, done_at=None)
    if backtest.cancelled_at is not None or not held.update(done_at=now, lease=None, leased_until=None):
        return False
    if found.left:
        _leave(leased, found.left, now)
    changed = [one for one in found.changed if backtest.kept < MOST_KEPT or one.disposition]
    BacktestChange.objects.bulk_create([_row(backtest, one) for one in changed], batch_size=500)
    total = Tally.of(backtest.result)
    total.merge(found.tally)
    backtest.result = total.as_json()
    backtest.kept += len(changed)
    backtest.worked_ms += found.worked_ms
    backtest.depth = backtest.depth or found.depth
    if found.serial not in backtest.serials:
        backtest.serials = [*backtest.serials, found.serial]
    if backtest.handed_out and not backtest.chunks.filter(done_at=None).exists():
        backtest.ended_at = now
    backtest.save(update_fields=("result", "kept", "worked_ms", "depth", "serials", "ended_at"))
    return True


def fail(backtest: Backtest, error: str, now: datetime) -> None:
    """End a backtest that cannot be done."""
    due().filter(pk=backtest.pk).update(ended_at=now, error=error[:500])


@transaction.atomic
def _take_up_again(backtest: Backtest, now: datetime) -> Leased | None:
    """A chunk whose worker died or was stopped."""
    left_behind = BacktestChunk.objects.filter(backtest=backtest, done_at=None, leased_until__lte=now).order_by("id")
    # looked for first: seldom is there one, and the lock is what everybody waits for
    if not left_behind.exists() or _locked(backtest) is None:
        return None
    chunk = left_behind.select_for_update().first()
    if chunk is None:
        return None
    if chunk.attempts >= _ATTEMPTS and chunk.calls > 1:
        chunk = _halved(backtest, chunk, now)
    return _lease(backtest, chunk, now)


@transaction.atomic
def _hand_out(backtest: Backtest, now: datetime) -> Leased | None:
    """The next calls nobody has had."""
    locked = _locked(backtest)
    if locked is None or locked.handed_out:
        return None
    after = locked.cursor or floor_id(locked.since)
    rows = _calls(locked).filter(id__gt=after, id__lt=floor_id(locked.until))
    ids = list(rows.order_by("id").values_list("pk", flat=True)[:CALLS_A_CHUNK])
    locked.began_at = locked.began_at or now
    locked.handed_out = len(ids) < CALLS_A_CHUNK
    locked.cursor = ids[-1] if ids else after
    if not ids and not locked.chunks.filter(done_at=None).exists():
        locked.ended_at = now
    locked.save(update_fields=("began_at", "handed_out", "cursor", "ended_at"))
    if not ids:
        return None
    chunk = BacktestChunk(backtest=locked, after=after, last=ids[-1], calls=len(ids))
    return _lease(locked, chunk, now)


def _locked(backtest: Backtest) -> Backtest | None:
    """The backtest held, and not the version it is compared with; None where it is over."""
    rows = Backtest.objects.select_for_update(of=("self",)).select_related("base")
    return rows.filter(pk=backtest.pk, cancelled_at=None, ended_at=None).first()


def _lease(backtest: Backtest, chunk: BacktestChunk, now: datetime) -> Leased:
    chunk.lease, chunk.leased_until = uuid.uuid4(), now + LEASE
    chunk.attempts += 1
    chunk.save()
    deadly = chunk.calls == 1 and chunk.attempts > _ATTEMPTS
    return Leased(backtest=backtest, chunk=chunk, lease=chunk.lease, deadly=deadly)


def _halved(backtest: Backtest, chunk: BacktestChunk, now: datetime) -> BacktestChunk:
    """Two halves in the place of a chunk that ends its workers; the first is returned, for somebody's lease."""
    whole = Leased(backtest=backtest, chunk=chunk, lease=uuid.uuid4())
    ids = list(calls_of(whole).order_by("id").values_list("pk", flat=True))
    middle = max(1, len(ids) // 2)
    chunk.done_at, chunk.lease, chunk.leased_until = now, None, None
    chunk.save()
    if ids[middle:]:
        _leave(whole, ids[middle:], now)
    return _part_of(chunk, ids[:middle])


def _leave(leased: Leased, ids: Sequence[uuid.UUID], now: datetime) -> None:
    """A chunk of what is left, which anybody may take at once."""
    part = _part_of(leased.chunk, ids)
    part.leased_until = now
    part.save()


def _part_of(chunk: BacktestChunk, ids: Sequence[uuid.UUID]) -> BacktestChunk:
    only = [str(pk) for pk in ids]
    return BacktestChunk(backtest_id=chunk.backtest_id, after=chunk.after, last=chunk.last, calls=len(ids), only=only)


def _calls(backtest: Backtest) -> QuerySet[Verdict]:
    rows = Verdict.objects.all()
    return rows.filter(agent_id=backtest.agent_id) if backtest.agent_id else rows


def _row(backtest: Backtest, one: Changed) -> BacktestChange:
    sides: dict[str, Any] = {
        f"{side}_{name}": getattr(answer, name)
        for side, answer in (("now", one.now), ("then", one.then))
        for name in ("action", "would_have", "failed")
    }
    return BacktestChange(
        backtest=backtest,
        verdict_id=one.verdict.pk,
        effect=one.effect,
        badness=one.badness,
        disposition=one.disposition,
        rule=one.rule[:80],
        **sides,
    )
