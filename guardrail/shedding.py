"""The turn of a call, and the answer to one whose turn cannot come in time.

That one is stopped unread where its agent's fail posture stops it; else it is answered by the quick checks, and by the
posture where these say nothing. It is kept as every other; a worker judges it in full as soon as it can
(`guardrail.validation`).
"""

import time
from contextlib import AbstractContextManager
from dataclasses import replace

import structlog
from django.conf import settings

from guardrail.admission import Claim, Turn, Turns
from guardrail.auth import Caller
from guardrail.destinations import reach_of
from guardrail.invocation import Invocation
from guardrail.judge import Judgement, judge_unread
from guardrail.memory.past import asking_for
from guardrail.store import Arrival
from guardrail.wire.glance import Glance
from policies.decision import SHED, decide
from policies.ruleset import Action, FailPosture, Ruleset, ToolKind

log = structlog.get_logger(__name__)

# Of an agent's id, for its turns: they are remembered, and whoever calls may send ids of megabytes.
_MOST_OF_ID = 200
_TOO_MANY = "more calls came at once than can be judged in time"

turns = Turns(at_once=settings.JUDGED_AT_ONCE, turn_seconds=settings.TURN_MS / 1000)


def turn_for(
    seen: Glance, caller: Caller, ruleset: Ruleset, arrival: Arrival, *, at: float
) -> AbstractContextManager[Turn]:
    """Whether this call is judged, once that is known. It came `at` (time.monotonic)."""
    return turns.take(
        Claim(
            caller=caller.orchestrator_id,
            agent=seen.agent_id[:_MOST_OF_ID],
            weight=ruleset.weight_of(seen.agent_id),
            critical=ruleset.is_critical(agent_id=seen.agent_id, tool_id=seen.tool_id, tool_name=seen.tool_name),
            body_bytes=arrival.body_bytes,
            arrived=at,
            until=at + (settings.DEADLINE_MS - settings.STORE_BUDGET_MS) / 1000,
        )
    )


def turned_away(seen: Glance, ruleset: Ruleset, *, before: tuple[tuple[str, float], ...]) -> Judgement | None:
    """The answer to a call that is not judged now and whose fail posture stops it: nothing it says could add to that.

    None where the posture would let it through, or the mode would: then it has to be read.
    """
    rules = ruleset.for_call(agent_id=seen.agent_id, environment_id=seen.environment_id)
    if ruleset.fails_shut_unjudged(seen.agent_id):
        rules = replace(rules, fail_posture=FailPosture.BLOCK)
    decision = decide((), degraded=(SHED,), rules=rules, ruleset=ruleset, sink=True, detail=_TOO_MANY)
    if decision.action < Action.HOLD:
        return None
    return Judgement(
        decision=decision, origins=(), tool_kind=ToolKind.EXECUTE, destinations=(), timings=before, deferred=True
    )


def shed(arrival: Arrival, call: Invocation, *, ruleset: Ruleset, before: tuple[tuple[str, float], ...]) -> Judgement:
    """The answer to a call that is not judged now. `before` are the stages it has been through.

    Raises RecursionError for one that is nested too deeply, and nothing else.
    """
    at = arrival.received_at
    try:
        judgement = judge_unread(call, ruleset, missing=SHED, detail=_TOO_MANY, at=at, clock=time.monotonic)
        reach, mode = reach_of(call, ruleset), judgement.decision.mode
        traces = asking_for(call, ruleset, reach=reach, mode=mode, at=at).traces
    except RecursionError:
        raise
    except Exception as error:
        log.exception("call.not_judged", error=type(error).__name__)
        return unjudged(call, ruleset, degraded="wire", detail="an error of our own, see the log")
    return replace(judgement, timings=(*before, *judgement.timings), traces=traces)


def unjudged(call: Invocation | None, ruleset: Ruleset, *, degraded: str, detail: str) -> Judgement:
    """The fail posture, for a call of which nothing can be said; `degraded` is one of FATAL, `detail` says why."""
    rules = ruleset.for_call(agent_id=call.agent_id if call else "", environment_id=call.environment_id if call else "")
    decision = decide((), degraded=(degraded,), rules=rules, ruleset=ruleset, sink=True, detail=detail)
    return Judgement(decision=decision, origins=(), tool_kind=ToolKind.EXECUTE, destinations=(), timings=())
