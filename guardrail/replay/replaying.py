"""Judges stored calls by a ruleset: from the signals a verdict keeps, or from its transcript. Writes nothing."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from guardrail import modifying
from guardrail.case import Layout
from guardrail.detectors import AT_ONCE, Detect
from guardrail.invocation import Invocation, Past
from guardrail.judge import Judgement, decide_again, judge, judge_at_once, untraced, with_opinions
from guardrail.models import Verdict
from guardrail.replay.depth import Depth, depth_between, needs_calls, needs_volume
from guardrail.replay.remembered import detectors_for, past_of
from guardrail.replay.stored import NEEDED, Stored, load_stored
from policies.decision import Decision, decide, missing_name
from policies.load import active_ruleset
from policies.ruleset import SECOND_OPINION, Action, Ruleset
from policies.signal import Signal

__all__ = ["CALL_SECONDS", "NEEDED", "Known", "Replayed", "judged_by", "replay"]

# Nobody waits for one answer; but one hostile transcript must not hold up a hundred thousand others.
CALL_SECONDS = 3.0
_TOO_SLOW = "it could not be read in the time a call gets"


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """A stored call and what a ruleset says of it: `after`, or None and `why_not` in words.

    `action` is what the caller was told then, `would_have` what enforce mode would have said. `depth` is how it was
    done: a call that was judged without something stands on what was found, whatever was asked for.
    """

    verdict_id: UUID
    action: Action
    would_have: Action
    after: Decision | None
    why_not: str
    depth: Depth
    ms: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known of a call before it is judged: its layout, None = nothing, and who asks its detectors."""

    layout: Layout | None = None
    asked: Callable[[Sequence[tuple[str, Detect]]], Sequence[tuple[str, Detect]]] = tuple


NOTHING_KNOWN = Known()


def replay(
    verdicts: Iterable[Verdict],
    ruleset: Ruleset,
    *,
    in_force: Ruleset | None = None,
    depth: Depth | None = None,
    deadline: float | None = None,
) -> Iterator[Replayed]:
    """Each of `verdicts` (with the columns in NEEDED) judged by `ruleset`, in their order.

    Without `depth` it is chosen by what `ruleset` and the one in force differ in. Stops at `deadline` (time.monotonic).
    Raises NoRuleset where nothing is in force in this process.
    """
    depth = depth or depth_between(in_force or active_ruleset(), ruleset)
    with_calls = depth is Depth.JUDGED or needs_calls(ruleset)
    for stored in load_stored(verdicts, with_calls=with_calls, with_volume=needs_volume(ruleset)):
        if deadline is not None and time.monotonic() >= deadline:
            return
        yield judged_by(stored, ruleset, depth)


def judged_by(
    stored: Stored, ruleset: Ruleset, depth: Depth, *, call_seconds: float = CALL_SECONDS, known: Known = NOTHING_KNOWN
) -> Replayed:
    """One stored call judged by `ruleset`, in `call_seconds` of the processor at most. Never raises for what it holds.

    Not by the clock: backtests run at a low priority, and a machine that is busy makes no call harder to judge.
    """
    started = time.thread_time()
    used = Depth.REDECIDED if stored.incomplete else depth
    deadline = started + call_seconds
    if used is Depth.JUDGED:
        decision, why_not = _judged(stored, ruleset, deadline=deadline, known=known)
    else:
        decision, why_not = _redecided(stored, ruleset, deadline=deadline)
    return Replayed(
        verdict_id=stored.verdict.pk,
        action=stored.action,
        would_have=stored.would_have,
        after=None if decision is None else _agreed(stored, decision),
        why_not=why_not,
        depth=used,
        ms=(time.thread_time() - started) * 1000,
    )


def _redecided(stored: Stored, ruleset: Ruleset, *, deadline: float) -> tuple[Decision | None, str]:
    verdict = stored.verdict
    signals = (*stored.signals, *stored.opinions)
    if not stored.never_read and stored.unreadable:
        return None, stored.unreadable
    # it was read because a rule, an exception or what is to be taken out asks for it
    if stored.call is not None:
        again = decide_again(
            stored.call, _past(stored), ruleset, signals=signals, degraded=verdict.degraded, clock=time.thread_time
        )
        modifies = any(ruleset.action_for(signal.name, again.profile) is Action.MODIFY for signal in again.signals)
        if modifies and not stored.incomplete:
            # what there is to take out is not kept
            return _judged(stored, ruleset, deadline=deadline)
        return again, ""
    decision = decide(
        signals,
        degraded=verdict.degraded,
        rules=ruleset.for_call(agent_id=verdict.agent_id, environment_id=verdict.environment_id),
        ruleset=ruleset,
        sink=verdict.tool_kind != "read",
    )
    return decision, ""


def _judged(
    stored: Stored, ruleset: Ruleset, *, deadline: float, known: Known = NOTHING_KNOWN
) -> tuple[Decision | None, str]:
    call, verdict = stored.call, stored.verdict
    if call is None:
        return None, stored.unreadable
    past = _past(stored)
    judgement = _at_once(stored, call, ruleset, deadline=deadline) if verdict.deferred else None
    if judgement is None:
        judgement = judge(
            call,
            past,
            ruleset,
            deadline=deadline,
            clock=time.thread_time,
            detectors=known.asked(detectors_for(stored.signals, ruleset)),
            layout=known.layout,
            trace=untraced,
        )
        silent = [part for part in verdict.degraded if missing_name(part).startswith(f"{SECOND_OPINION}.")]
        if stored.opinions or silent:
            judgement = with_opinions(judgement, signals=stored.opinions, degraded=silent, timings=())
        judgement = _modified(stored, call, judgement, ruleset, deadline=deadline)
    if "attribution" in judgement.decision.degraded:
        return None, _TOO_SLOW
    return judgement.decision, ""


def _at_once(stored: Stored, call: Invocation, ruleset: Ruleset, *, deadline: float) -> Judgement | None:
    """As the caller was answered, where the tool need not be judged in full first by this ruleset either."""
    if ruleset.is_critical(agent_id=call.agent_id, tool_id=call.tool.tool_id, tool_name=call.tool.name):
        return None
    return judge_at_once(
        call,
        _past(stored),
        ruleset,
        deadline=deadline,
        clock=time.thread_time,
        detectors=detectors_for(stored.signals, ruleset, AT_ONCE),
    )


def _past(stored: Stored) -> Past:
    verdict = stored.verdict
    return past_of(stored.signals, verdict.degraded, at=verdict.received_at, calls_this_hour=stored.calls_this_hour)


def _modified(
    stored: Stored, call: Invocation, judgement: Judgement, ruleset: Ruleset, *, deadline: float
) -> Judgement:
    """Where policy says modify: whether what is left would pass, as when the call came."""
    if judgement.decision.would_have is not Action.MODIFY:
        return judgement
    if stored.arguments is None:
        return modifying.stopped(judgement, why="this caller can only be told to allow or to block.")

    def judge_again(smaller: Invocation) -> Judgement:
        return judge(
            smaller,
            _past(stored),
            ruleset,
            deadline=deadline,
            clock=time.thread_time,
            detectors=detectors_for((), ruleset),
            trace=untraced,
        )

    return modifying.modify(call, judgement, ruleset, arguments=stored.arguments(), judge_again=judge_again)


def _agreed(stored: Stored, decision: Decision) -> Decision:
    """A hold that a person had agreed to passes again: the word was for this very call."""
    agreed: Signal | None = stored.allowed_once
    if agreed is None or decision.action is not Action.HOLD:
        return decision
    return replace(
        decision,
        action=Action.ALLOW,
        would_have=Action.ALLOW,
        deciding=agreed,
        signals=(agreed, *decision.signals),
    )
