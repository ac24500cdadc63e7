"""Judges one planned call: lays it out, asks every detector, and lets policy decide. Pure; p95 a few milliseconds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from guardrail.attribution.origins import trace_origins
from guardrail.attribution.tuning import PRODUCTION, Tuning
from guardrail.case import Source, open_case, read_sources
from guardrail.detectors import DETECTORS, Detect
from guardrail.invocation import Invocation, Origin, Past
from guardrail.text.budget import Budget
from policies.decision import Decision, decide
from policies.ruleset import Ruleset, ToolKind
from policies.signal import Signal

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """The decision with what people need to follow it. `timings` are (stage, milliseconds) in order."""

    decision: Decision
    origins: tuple[Origin, ...]
    tool_kind: ToolKind
    destinations: tuple[str, ...]
    timings: tuple[tuple[str, float], ...]


class _Stages:
    """Milliseconds a stage, by the caller's clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self.timings: list[tuple[str, float]] = []

    def end(self, stage: str) -> None:
        now = self._clock()
        self.timings.append((stage, round((now - self._last) * 1000, 3)))
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
) -> Judgement:
    """Judge `call` before `deadline` (on `clock`). Never raises for what a call contains.

    A detector that fails or runs out of time is named in the decision's `degraded`; so is `attribution` when text
    was left unread, because nobody can then say where a value came from.
    """
    stages = _Stages(clock)
    budget = Budget(deadline=deadline, clock=clock)
    degraded = [] if past.available else ["memory"]
    nothing_read: tuple[Source, ...] = ()
    sources = _try("attribution", lambda: read_sources(call, budget), nothing_read, degraded)
    case = open_case(call, past, ruleset, budget, sources, tuning=tuning)
    stages.end("read")
    signals: list[Signal] = []
    for name, detect in detectors:
        none: list[Signal] = []
        signals += _try(name, partial(detect, case), none, degraded)
        stages.end(name)
    if budget.short and "attribution" not in degraded:
        degraded.append("attribution")
    decision = decide(signals, degraded=degraded, rules=case.rules, ruleset=ruleset, sink=case.sink)
    untraced: tuple[Origin, ...] = ()
    origins = _try("origins", lambda: trace_origins(case), untraced, [])
    stages.end("decide")
    return Judgement(
        decision=decision,
        origins=origins,
        tool_kind=case.kind,
        destinations=tuple(dict.fromkeys(target.value for target in case.targets)),
        timings=tuple(stages.timings),
    )


def _try(name: str, work: Callable[[], T], otherwise: T, degraded: list[str]) -> T:
    """What `work` gives; `otherwise`, with `name` noted in `degraded`, when it fails."""
    try:
        return work()
    except Exception:  # noqa: BLE001
        # one broken part must not answer for the others; the decision says that it was missing
        if name not in degraded:
            degraded.append(name)
        return otherwise
