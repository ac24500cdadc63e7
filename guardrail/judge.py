"""Judges one planned call: lays it out, asks every detector, and lets policy decide. Pure; p95 a few milliseconds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from guardrail.attribution.origins import trace_origins
from guardrail.attribution.recall import with_memory
from guardrail.attribution.request import read_request
from guardrail.attribution.tuning import PRODUCTION, Tuning
from guardrail.case import Case, Layout, Source, lay_out, open_case, read_sources
from guardrail.counterfactuals import WhatIf, told, what_if
from guardrail.destinations import Reach
from guardrail.detectors import AT_ONCE, DETECTORS, Detect
from guardrail.insiders import note_insiders
from guardrail.invocation import Invocation, Origin, Past
from guardrail.rule_facts import may_be_lifted, with_rules
from guardrail.text.budget import Budget
from guardrail.traces import Traces
from policies.decision import SHED, Decision, decide
from policies.ruleset import SECOND_OPINION, Action, FailPosture, Ruleset, ToolKind
from policies.signal import Signal

T = TypeVar("T")

# Laying a call out without reading takes microseconds; a hostile one may not take for ever.
_DECIDE_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """The decision with what people need to follow it. `timings` are (stage, milliseconds) in order.

    `case` is the call as it was laid out, None where it could not be. `modified_arguments` are those that may be sent,
    where the decision is to modify. `deferred` = by the quick checks only, or not in time: the whole judgement follows
    the answer. `traces` are what memory was asked with, put here by who asked it, to be kept with the verdict.
    """

    decision: Decision
    origins: tuple[Origin, ...]
    tool_kind: ToolKind
    destinations: tuple[str, ...]
    timings: tuple[tuple[str, float], ...]
    case: Case | None = None
    modified_arguments: Any = None
    deferred: bool = False
    traces: Traces | None = None


class _Stages:
    """Milliseconds a stage, by the caller's clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self.timings: list[tuple[str, float]] = []

    def end(self, stage: str) -> None:
        now = self._clock()
        self.timings.append((stage, (now - self._last) * 1000))
        self._last = now


def judge(
    call: Invocation,
    past: Past,
    ruleset: Ruleset,
    *,
    deadline: float,
    clock: Callable[[], float],
    detectors: Sequence[tuple[str, Detect]] = DETECTORS,
    tuning: Tuning = PRODUCTION,
    layout: Layout | None = None,
    trace: Callable[[Case], tuple[Origin, ...]] = trace_origins,
) -> Judgement:
    """Judge `call` before `deadline` (on `clock`). Never raises for what a call contains.

    `layout` is the call's where it was laid out before (`read_ahead`), by the same ruleset and tuning. `trace` tells
    where its values come from, which no decision needs.
    A detector that fails or runs out of time is named in the decision's `degraded`; so is `attribution` when text
    was left unread, because nobody can then say where a value came from.
    """
    stages = _Stages(clock)
    budget = Budget(deadline=deadline, clock=clock)
    degraded = [] if past.available else ["memory"]
    if ruleset.indicators.texts:
        # what others found poisoned counts as what we found ourselves
        past = replace(past, poisoned=past.poisoned | ruleset.indicators.texts)
    nothing_read: tuple[Source, ...] = ()
    sources = _try(
        "attribution", lambda: with_memory(read_sources(call, budget), past.poisoned), nothing_read, degraded
    )
    case = open_case(call, past, ruleset, budget, sources, tuning=tuning, layout=layout)
    stages.end("read")
    decision = _decide(case, detectors, degraded, ended=stages.end)
    nowhere: tuple[Origin, ...] = ()
    origins = _try("origins", lambda: trace(case), nowhere, [])
    stages.end("decide")
    return Judgement(
        decision=decision,
        origins=origins,
        tool_kind=case.kind,
        destinations=tuple(dict.fromkeys(target.value for target in case.targets)),
        timings=tuple(stages.timings),
        case=case,
    )


def untraced(case: Case) -> tuple[Origin, ...]:
    """No origins, for whoever needs only the decision."""
    return ()


def read_ahead(
    call: Invocation, ruleset: Ruleset, *, deadline: float, clock: Callable[[], float], reach: Reach | None = None
) -> Layout | None:
    """Read the texts of a call, and what the user asks for, and lay it out, so that judging finds it done, while
    something is waited for.

    None where it could not be laid out. Never raises.
    """
    nothing_read: tuple[Source, ...] = ()
    layout = _try("layout", lambda: lay_out(call, ruleset, reach=reach), None, [])
    if layout is not None:
        # kept by the words' own object, which the layout hands on
        _try("request", partial(read_request, layout.user, call.tool, layout.kind, PRODUCTION), None, [])
    _try("attribution", lambda: read_sources(call, Budget(deadline=deadline, clock=clock)), nothing_read, [])
    return layout


def with_opinions(
    judgement: Judgement,
    *,
    signals: Sequence[Signal],
    degraded: Sequence[str],
    timings: Sequence[tuple[str, float]],
    detail: str = "",
) -> Judgement:
    """The judgement decided again with what other engines said, and with those that said nothing.

    Signals are only added, so the answer becomes stricter or stays. `detail` says which opinion is lacking that policy
    requires; where judging had failed before, that is the reason to give.
    """
    case, decided = judgement.case, judgement.decision
    if case is None:
        return judgement
    if len(signals) == 1 and decided.would_have <= Action.NOTICE:
        # nothing else is in the way
        signals = [replace(signals[0], would_pass_if=(f"{signals[0].fact('engine')} had nothing against it",))]
    decision = decide(
        with_rules(case, (*decided.signals, *signals)),
        degraded=(*decided.degraded, *degraded),
        rules=case.rules,
        ruleset=case.ruleset,
        sink=case.sink,
        detail="" if decided.failed else detail,
    )
    return replace(judgement, decision=decision, timings=(*judgement.timings, *timings))


def judge_at_once(
    call: Invocation,
    past: Past,
    ruleset: Ruleset,
    *,
    deadline: float,
    clock: Callable[[], float],
    detectors: Sequence[tuple[str, Detect]] = AT_ONCE,
) -> Judgement | None:
    """Judge by what needs no reading, for a tool that is not critical. Never raises for what a call contains.

    None where the whole judgement must not wait: a quick check speaks against the call or failed, memory could not
    carry what is found later to the conversation's next call, or a person has allowed this very call.
    """
    if not past.available or past.late_finding or past.ticket is not None:
        return None
    stages = _Stages(clock)
    case = open_case(call, past, ruleset, Budget(deadline=deadline, clock=clock), ())
    decision = _decide(case, detectors, (), ended=stages.end)
    if decision.would_have > Action.NOTICE or decision.degraded:
        return None
    said = decision.reason if decision.deciding else "The quick checks have nothing against this call."
    return Judgement(
        decision=replace(decision, reason=f"{said} It is judged in full after the answer."),
        origins=(),
        tool_kind=case.kind,
        destinations=tuple(dict.fromkeys(target.value for target in case.targets)),
        timings=tuple(stages.timings),
        case=case,
        deferred=True,
    )


def judge_unread(
    call: Invocation, ruleset: Ruleset, *, missing: str, detail: str, at: datetime, clock: Callable[[], float]
) -> Judgement:
    """What the quick checks stop; else the fail posture, as `missing` (one of FATAL) kept it from being judged.

    Asks no memory and reads no text. Never raises for what a call contains. `detail` says why there was no judging.
    """
    stages = _Stages(clock)
    budget = Budget(deadline=clock() + _DECIDE_SECONDS, clock=clock)
    case = open_case(call, Past(available=False, at=at), ruleset, budget, ())
    decision = _decide(case, AT_ONCE, (missing,), ended=stages.end, detail=detail)
    return Judgement(
        decision=decision,
        origins=(),
        tool_kind=case.kind,
        destinations=tuple(dict.fromkeys(target.value for target in case.targets)),
        timings=tuple(stages.timings),
        # what was answered by its posture is judged once there is time
        deferred=missing == SHED and decision.failed,
    )


def decide_again(
    call: Invocation,
    past: Past,
    ruleset: Ruleset,
    *,
    signals: Sequence[Signal],
    degraded: Sequence[str],
    clock: Callable[[], float],
) -> Decision:
    """What policy says of a call on which `signals` were found before; no detector is asked.

    Its texts are read only where rules or exceptions ask for the classes of its data. `degraded` is what it was judged
    without then. Never raises for what a call contains.
    """
    budget = Budget(deadline=clock() + _DECIDE_SECONDS, clock=clock)
    nothing_read: tuple[Source, ...] = ()
    asks_for_classes = "data.classes" in ruleset.rules.reads or ruleset.exceptions.read_classes
    sources = _try("attribution", partial(read_sources, call, budget), nothing_read, []) if asks_for_classes else ()
    return _decide(open_case(call, past, ruleset, budget, sources), (), degraded, said=signals)


def explain(
    judgement: Judgement,
    *,
    deadline: float,
    clock: Callable[[], float],
    detectors: Sequence[tuple[str, Detect]] = DETECTORS,
) -> Judgement:
    """The judgement with its deciding signal saying what would have let a stopped call pass.

    Judges variations of the call again, which takes longer than judging it did: whoever needs only the decision leaves
    it out. What the time until `deadline` did not suffice for is not said.
    """
    stages = _Stages(clock)
    found = find_variations(judgement, deadline=deadline, clock=clock, detectors=detectors)
    stages.end("explain")
    timings = (*judgement.timings, *stages.timings)
    return replace(judgement, decision=told(judgement.decision, found), timings=timings)


def find_variations(
    judgement: Judgement,
    *,
    deadline: float,
    clock: Callable[[], float],
    detectors: Sequence[tuple[str, Detect]] = DETECTORS,
) -> WhatIf:
    """The variations of a stopped call that would have passed, as far as the time goes. Never raises."""
    case, decision = judgement.case, judgement.decision
    if case is None:
        return WhatIf()
    # nobody knows what another engine would say of the call varied: what it said stands
    said = [signal for signal in decision.signals if signal.name.startswith(f"{SECOND_OPINION}.")]
    # what stops most calls is asked first: a variation that is stopped for it again needs no other answer
    ordered = sorted(detectors, key=lambda named: named[0] != "attribution")
    again = partial(_decide, detectors=ordered, degraded=decision.degraded, said=said, enough=decision.would_have)
    budget = Budget(deadline=deadline, clock=clock)
    return _try("explain", lambda: what_if(case, decision, again, budget=budget), WhatIf(), [])


def _decide(
    case: Case,
    detectors: Sequence[tuple[str, Detect]],
    degraded: Sequence[str],
    ended: Callable[[str], None] = lambda _: None,
    said: Sequence[Signal] = (),
    enough: Action | None = None,
    detail: str = "",
) -> Decision:
    """Ask every detector and let policy decide; `ended` is told after each. `detail` is for the fail posture.

    `degraded` = missing already, `said` = signals of others that stand whatever the detectors find. Nobody is asked
    any more once policy does `enough` on what was found; None = all are asked.
    """
    missing = list(degraded)
    signals: list[Signal] = list(said)
    for name, detect in detectors:
        none: list[Signal] = []
        found = _try(name, partial(detect, case), none, missing)
        signals += found
        ended(name)
        if enough is not None and any(case.ruleset.action_on(signal, case.rules.profile) >= enough for signal in found):
            enough = None if may_be_lifted(case) else enough
            if enough is not None:
                break
    if case.budget.short and "attribution" not in missing:
        missing.append("attribution")
    nobody: list[Signal] = []
    signals += _try("insiders", partial(note_insiders, signals, case), nobody, missing)
    signals = _try("rules", partial(with_rules, case, signals), signals, missing)
    rules = case.rules
    if SHED in missing and case.ruleset.fails_shut_unjudged(case.call.agent_id):
        rules = replace(rules, fail_posture=FailPosture.BLOCK)
    return decide(signals, degraded=missing, rules=rules, ruleset=case.ruleset, sink=case.sink, detail=detail)


def _try(name: str, work: Callable[[], T], otherwise: T, degraded: list[str]) -> T:
    """What `work` gives; `otherwise`, with `name` noted in `degraded`, when it fails."""
    try:
        return work()
    except Exception:  # noqa: BLE001
        # one broken part must not answer for the others; the decision says that it was missing
        if name not in degraded:
            degraded.append(name)
        return otherwise
