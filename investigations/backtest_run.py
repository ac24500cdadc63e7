"""Works on backtests: chunk after chunk, in as many processes as may, at the lowest priority of the machine.

A run takes a slot first, by an advisory lock that ends with its connection: never more processes than the setting says
are at it, and others stay free for calls that were stopped. Its thread gives way to everything else on the machine.
"""

import os
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone

from guardrail.models import EXERCISE, Orchestrator, Verdict
from guardrail.replay import NEEDED, Compared, Depth, compare, depth_between
from investigations import backtest_queue as queue
from investigations.impact import load_dispositions
from investigations.models import Backtest
from investigations.tally import Changed, Tally
from policies import load
from policies.ruleset import Ruleset, RulesetError
from policies.trial import trial_policy

log = structlog.get_logger(__name__)

# The last chunk ends long before the task would be killed.
_RUN_SECONDS = 40.0
_RENEW_SECONDS = 10.0
_NICENESS = 15
_SLOTS = 7_221_100
_DEADLY = "judging it ended its worker each time"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """The draft and what it is compared with, by lists of the same moment."""

    draft: Ruleset
    in_force: Ruleset
    depth: Depth
    serial: int


def run_due() -> int:
    """Work on what is due for a while; returns how many chunks were done. Any number may run at once."""
    if not queue.due().exists():
        return 0
    # a thread of its own: its priority can be lowered, and nobody could raise the process's again
    with ThreadPoolExecutor(1, thread_name_prefix="backtest") as apart:
        return apart.submit(_run).result()


def _run() -> int:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    try:
        return _work(until=time.monotonic() + _RUN_SECONDS) if _take_slot() else 0
    finally:
        # the slot is free again with it
        connection.close()


def _take_slot() -> bool:
    with connection.cursor() as cursor:
        for slot in range(settings.BACKTEST_PROCESSES):
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_SLOTS + slot])
            row = cursor.fetchone()
            if row and row[0]:
                return True
    return False


def _work(*, until: float) -> int:
    done = 0
    made_up = Orchestrator.objects.filter(slug=EXERCISE).values_list("pk", flat=True).first()
    pairs: dict[int, Pair] = {}
    while time.monotonic() < until and (leased := queue.claim(timezone.now())) is not None:
        try:
            pair = _pair_of(leased.backtest, pairs)
        except RulesetError as error:
            queue.fail(leased.backtest, f"the document does not compile: {error}", timezone.now())
            continue
        found = _work_on(leased, pair, made_up=made_up, until=until)
        done += found is not None and queue.hand_in(leased, found, timezone.now())
    return done


def _pair_of(backtest: Backtest, pairs: dict[int, Pair]) -> Pair:
    """Compiled once for each state of the lists. Raises RulesetError."""
    load.refresh()
    serial = load.load_serial()
    pair = pairs.get(backtest.pk)
    if pair is None or pair.serial != serial:
        draft, in_force = trial_policy(backtest.document), trial_policy(backtest.base.document)
        pair = pairs[backtest.pk] = Pair(
            draft=draft, in_force=in_force, depth=depth_between(in_force, draft), serial=serial
        )
    return pair


def _work_on(leased: queue.Leased, pair: Pair, *, made_up: int | None, until: float) -> queue.Found | None:
    """Judge the calls of a chunk; None where it is no longer ours. Calls of exercises count as looked at by nobody."""
    started = time.monotonic()
    verdicts = [v for v in queue.calls_of(leased).only(*NEEDED) if v.orchestrator_id != made_up]
    # what one conversation repeats is read once
    verdicts.sort(key=lambda verdict: (verdict.conversation_id, verdict.pk))
    dispositions = load_dispositions([verdict.pk for verdict in verdicts])
    tally, changed, judged = Tally(), list[Changed](), 0
    renewed = started
    for one in _compared(leased, verdicts, pair, until=until, tally=tally):
        judged += 1
        disposition = dispositions.get(one.verdict.pk, "")
        tally.add(one, disposition)
        if (different := Changed.of(one, disposition)) is not None:
            changed.append(different)
        if time.monotonic() - renewed > _RENEW_SECONDS:
            renewed = time.monotonic()
            if not queue.renew(leased, timezone.now()):
                log.info("backtest.chunk_lost", backtest=leased.backtest.pk, chunk=leased.chunk.pk)
                return None
    left: Sequence[uuid.UUID] = () if leased.deadly else [verdict.pk for verdict in verdicts[judged:]]
    return queue.Found(
        tally=tally,
        changed=changed,
        left=left,
        depth=pair.depth.value,
        serial=pair.serial,
        worked_ms=round((time.monotonic() - started) * 1000),
    )


def _compared(
    leased: queue.Leased, verdicts: Sequence[Verdict], pair: Pair, *, until: float, tally: Tally
) -> Iterator[Compared]:
    if leased.deadly:
        tally.looked_at += len(verdicts)
        tally.not_judged[_DEADLY] += len(verdicts)
        return iter(())
    return compare(verdicts, pair.draft, in_force=pair.in_force, depth=pair.depth, deadline=until)
