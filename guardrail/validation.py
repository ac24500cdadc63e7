"""Judges in full what was answered by the quick checks, or shed, and tells whoever must know what that found.

The queue is a table that the verdict's own statement fills. Any number may run at once: each call is judged under its
row's lock, and leaves the queue in the transaction that keeps the finding, so a crash judges twice at worst and loses
nothing. About one full judgement a call, some 10 to 100 ms.
"""

import time
import uuid

import msgspec
import structlog
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from guardrail import opinions, store
from guardrail.attribution.recall import proven
from guardrail.destinations import reach_of
from guardrail.invocation import Invocation, Past
from guardrail.judge import Judgement, explain, judge
from guardrail.memory import poisoned, session
from guardrail.memory.past import asking_for, keep, keep_surely, load_past
from guardrail.models import LateFinding, Orchestrator, PendingValidation, Verdict
from guardrail.packing import NotOpened
from guardrail.taught import taught_by, traces_once_judged
from guardrail.traces import Outcome, outcome_of, unpacked
from guardrail.transcripts import load_body, open_call
from guardrail.wire import copilot_studio
from policies import load
from policies.decision import decide
from policies.ruleset import Action, Ruleset, RulesetError, ToolKind

log = structlog.get_logger(__name__)

# What one run takes, so that the task ends long before it would be killed.
_MOST = 500
_RUN_SECONDS = 30.0
# Nobody waits for the answer any more: a history the request had no time for is read to its end.
_JUDGE_SECONDS = 10.0
_EXPLAIN_SECONDS = 0.5
# A call that ends the worker each time must not be tried for ever.
_ATTEMPTS = 5
_STOPPED = ("hold", "block")
_NEVER_FINISHED = f"judging it in full was begun {_ATTEMPTS} times and never finished"
_TELL_ATTEMPTS, _TELL_PAUSE_SECONDS = 5, 0.15
_NEXT = """
UPDATE guardrail_pendingvalidation SET attempts = attempts + 1 WHERE id = (
    SELECT id FROM guardrail_pendingvalidation WHERE NOT found
    ORDER BY attempts, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id, attempts
"""


class NotTold(RuntimeError):
    """The memory of calls (Redis) did not take a finding; the call stays in the queue."""


def validate_due() -> int:
    """Judge what is due, those tried least and then the oldest first; returns how many. Safe to run twice.

    Raises NotTold when Redis is away: what was found is judged again then.
    """
    try:
        load.refresh()
    except RulesetError as error:
        log.warning("validation.by_the_policy_before", error=str(error)[:200])
    until = time.monotonic() + _RUN_SECONDS
    seen: set[uuid.UUID] = set()
    while len(seen) < _MOST and time.monotonic() < until:
        claimed = _claim()
        # those that failed in this run come round again last: another run may have more luck
        if claimed is None or claimed[0] in seen:
            break
        seen.add(claimed[0])
        _validate(claimed[0], attempt=claimed[1])
    return len(seen)


def _claim() -> tuple[uuid.UUID, int] | None:
    """The next call and how often it was tried with this time; committed, so that a crash counts as a try."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT)
        row = cursor.fetchone()
    return None if row is None else (row[0], row[1])


@transaction.atomic
def _validate(verdict_id: uuid.UUID, *, attempt: int) -> None:
    """Judge one call in full under the lock of its row; nothing to do where another worker was faster."""
    waiting = PendingValidation.objects.select_for_update(skip_locked=True).filter(pk=verdict_id, found=False)
    if not waiting:
        return
    verdict = Verdict.objects.filter(pk=verdict_id).first()
    try:
        call = _load_call(verdict) if verdict else None
    except NotOpened as error:
        log.warning("validation.not_opened", verdict_id=str(verdict_id), key_id=error.key_id)
        if verdict and attempt > _ATTEMPTS:
            _write(verdict, _given_up(verdict, load.active_ruleset(), why=str(error)), waiting)
        return
    if verdict is not None and call is None and load_body(verdict.pk) is not None:
        # it was stopped unread, and nobody can read it
        _write(verdict, _given_up(verdict, load.active_ruleset(), why="its body cannot be read"), waiting)
        return
    if verdict is None or call is None:
        log.warning("validation.gone", verdict_id=str(verdict_id))  # retention, or its caller was deleted
        waiting.delete()
        return
    ruleset = load.active_ruleset()
    started = time.monotonic()
    judgement = (
        _judge(call, ruleset, verdict) if attempt <= _ATTEMPTS else _given_up(verdict, ruleset, why=_NEVER_FINISHED)
    )
    judged_ms = (time.monotonic() - started) * 1000
    if judgement.decision.would_have <= Action.NOTICE and not judgement.decision.failed:
        _keep(verdict, judgement)
        if _is_stopped_unjudged(verdict):
            # nothing was found, and people have to know all the same that honest work was stopped
            waiting.update(found=True)
        else:
            waiting.delete()
        return
    _tell(call, judgement, ruleset, verdict)
    _write(verdict, judgement, waiting, judged_ms=judged_ms)


def _write(
    verdict: Verdict, judgement: Judgement, waiting: QuerySet[PendingValidation], *, judged_ms: float = 0.0
) -> None:
    """Keep what was found, and hand it on to the intake."""
    columns = store.judged_columns(judgement.decision, judgement.origins, load.active_ruleset())
    LateFinding.objects.bulk_create(
        [LateFinding(id=verdict.pk, found_at=timezone.now(), judged_ms=round(judged_ms, 3), **columns)],
        ignore_conflicts=True,
    )
    waiting.update(found=True)
    log.info("validation.found", verdict_id=str(verdict.pk), would_have=columns["would_have"], ms=round(judged_ms, 1))


def _load_call(verdict: Verdict) -> Invocation | None:
    slug = Orchestrator.objects.filter(pk=verdict.orchestrator_id).values_list("slug", flat=True).first()
    return open_call(verdict, orchestrator=slug) if slug else None


def _judge(call: Invocation, ruleset: Ruleset, verdict: Verdict) -> Judgement:
    """The whole judgement as the request would have made it, second opinions included, had there been the time."""
    deadline = time.monotonic() + _JUDGE_SECONDS
    question = opinions.Question(body=lambda: _body_for_engines(call, verdict), seals="", reference=str(verdict.pk))
    asked = opinions.ask(call, question, ruleset, until=deadline)
    try:
        judgement = judge(call, _load_past(call, ruleset, verdict), ruleset, deadline=deadline, clock=time.monotonic)
        judgement = opinions.weigh(asked, judgement, until=deadline)
    finally:
        opinions.drop(asked)
    return explain(judgement, deadline=time.monotonic() + _EXPLAIN_SECONDS, clock=time.monotonic)


def _keep(verdict: Verdict, judgement: Judgement) -> None:
    """What only the whole judgement could teach of a call that was let through; kept twice it does no harm."""
    traces = unpacked(bytes(verdict.traces))
    taught = taught_by(traces, judgement) if traces is not None else None
    if verdict.failed and taught is not None:
        # memory knows nothing of a call that was shed
        if verdict.action not in _STOPPED:
            keep(taught, outcome_of(judgement.decision, verdict_id=verdict.pk))
    elif taught is not None and taught is not traces:
        outcome = Outcome(
            verdict_id=str(verdict.pk),
            action=verdict.action,
            would_have=verdict.would_have,
            signal=verdict.deciding_signal,
        )
        keep(taught, outcome)


def _load_past(call: Invocation, ruleset: Ruleset, verdict: Verdict) -> Past:
    """The poisoned texts of today; what was counted when the call came is not counted again.

    All of it for a call that was shed, which is counted in by that.
    """
    at = verdict.received_at
    mode = ruleset.for_call(agent_id=call.agent_id, environment_id=call.environment_id).mode
    if verdict.failed:
        return load_past(asking_for(call, ruleset, reach=reach_of(call, ruleset), mode=mode, at=at))
    texts = poisoned.load(poisoned.key_of(call.orchestrator, call.tenant_id), mode=mode)
    return Past(available=texts is not None, poisoned=texts or frozenset(), at=at)


def _body_for_engines(call: Invocation, verdict: Verdict) -> bytes:
    if verdict.wire == copilot_studio.NAME:
        return load_body(verdict.pk) or b""
    return copilot_studio.rendered(call)


def _is_stopped_unjudged(verdict: Verdict) -> bool:
    return verdict.failed and verdict.would_have in _STOPPED


def _given_up(verdict: Verdict, ruleset: Ruleset, *, why: str) -> Judgement:
    """It was tried often enough, and nobody could judge it: that is what people have to know."""
    decision = decide(
        (),
        degraded=("wire",),
        rules=ruleset.for_call(agent_id=verdict.agent_id, environment_id=verdict.environment_id),
        ruleset=ruleset,
        sink=True,
        detail=why,
    )
    return Judgement(decision=decision, origins=(), tool_kind=ToolKind.EXECUTE, destinations=(), timings=())


def _tell(call: Invocation, judgement: Judgement, ruleset: Ruleset, verdict: Verdict) -> None:
    """Teach memory what a stop would have, before the commit: told twice does no harm, not told would. Raises NotTold.

    So the text is known as poisoned, and the call when it comes again, in this conversation or another.
    """
    decision = judgement.decision
    if decision.would_have < Action.HOLD or decision.failed:
        return
    reach = reach_of(call, ruleset)
    asked = asking_for(call, ruleset, reach=reach, mode=decision.mode, at=verdict.received_at)
    traces = traces_once_judged(asked.traces, reach.destinations, judgement)
    told = outcome_of(decision, verdict_id=verdict.pk, proven=proven(decision, ruleset))
    # what was stopped for want of time has done no harm: the conversation goes on as after any other stop
    passed = verdict.action not in _STOPPED
    outcome = msgspec.structs.replace(told, action=verdict.action, late=passed)
    for attempt in range(_TELL_ATTEMPTS):
        if attempt:
            time.sleep(_TELL_PAUSE_SECONDS)
        known = session.remember_late_finding(traces.session, verdict.pk) if passed else True
        if known and keep_surely(traces, outcome):
            return
    raise NotTold("the memory of calls (Redis) does not answer")
