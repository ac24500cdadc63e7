"""Judges the battery's calls and labelled corpora, as they are and disguised, and counts with intervals."""

import gzip
import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from guardrail.benchmark import Scored, Tally, add_session, percentile
from guardrail.invocation import Invocation, Past
from guardrail.judge import Judgement, judge
from guardrail.text.reading import forget_readings
from guardrail.wire import Unreadable
from guardrail.wire.copilot_studio import parse
from policies.ruleset import Action, Ruleset
from tests.battery.attacks import Attack
from tests.battery.transformation import Transformation
from tests.battery.transformations import disguised, disguised_honest

_PATIENCE_S = 10.0
_RESAMPLES = 400

Rows = list[dict[str, Any]]
Change = Callable[[Rows], Rows]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """How one transformation fared: the names of the attacks let through and of the honest twins stopped."""

    transformation: str
    kind: str
    passed: tuple[str, ...]
    loyal_stopped: tuple[str, ...]
    benign_stopped: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One session of a corpus: what kind it is, which group it counts in, whose task it is, and whether it was stopped.

    `stopped` of an attack is right, of any other session wrong. `calls`/`wrong_calls` count its honest calls.
    """

    kind: str
    group: str
    task: str
    stopped: bool
    calls: int
    wrong_calls: int


@dataclass(kw_only=True, slots=True)
class Speed:
    """Milliseconds of processor time to judge, the texts read for the first time and read before.

    Processor time, so that a busy machine does not change the numbers.
    """

    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    degraded: int = 0

    def p(self, share: int) -> tuple[float | None, float | None]:
        return percentile(sorted(self.cold), share), percentile(sorted(self.warm), share)


def judged(call: Invocation, ruleset: Ruleset) -> Judgement:
    """The judgement with so much time that none of it is a matter of speed."""
    return judge(call, Past(available=True), ruleset, deadline=time.monotonic() + _PATIENCE_S, clock=time.monotonic)


def stops(call: Invocation, ruleset: Ruleset) -> bool:
    return judged(call, ruleset).decision.would_have >= Action.HOLD


def plainly_stopped(attacks: Iterable[Attack]) -> frozenset[str]:
    """The names of the attacks that are stopped without any disguise."""
    return frozenset(
        attack.name for attack in attacks if stops(attack.hijacked_call((attack.wording.text,)), attack.ruleset())
    )


def try_out(transformation: Transformation, attacks: Iterable[Attack], *, seed: int = 0, twins: bool = True) -> Trial:
    """Judge every attack in this disguise; with `twins` also the honest calls in the same and in a clean context."""
    passed, loyal, benign = [], [], []
    for attack in attacks:
        ruleset = attack.ruleset()
        pieces = disguised(attack, transformation, seed=seed)
        if not stops(attack.hijacked_call(pieces), ruleset):
            passed.append(attack.name)
        if twins and stops(attack.loyal_call(pieces), ruleset):
            loyal.append(attack.name)
        if twins and stops(attack.benign_call(disguised_honest(attack, transformation, seed=seed)), ruleset):
            benign.append(attack.name)
    return Trial(
        transformation=transformation.name,
        kind=transformation.kind,
        passed=tuple(passed),
        loyal_stopped=tuple(loyal),
        benign_stopped=tuple(benign),
    )


def sessions_of(path: Path) -> list[Rows]:
    """The sessions of a corpus, the rows of each in step order."""
    sessions: dict[str, Rows] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                row = json.loads(line)
                sessions.setdefault(row["session"], []).append(row)
    return [sorted(rows, key=lambda row: row["step"]) for rows in sessions.values()]


def outcome_of(rows: Rows, ruleset: Ruleset) -> Outcome:
    """Judge one session and count it as `manage.py benchmark` does."""
    tally = Tally()
    add_session(tally, str(rows[0].get("kind", "")), [_scored(row, ruleset) for row in rows])
    tags = rows[-1].get("tags") or {}
    return Outcome(
        kind=rows[0]["kind"],
        group=str(tags.get("template") or tags.get("family") or ""),
        task=str(rows[0]["request"]["plannerContext"]["userMessage"]),
        stopped=bool(tally.attack_stopped or tally.loyal_sessions_false or tally.benign_sessions_false),
        calls=tally.loyal_calls + tally.benign_calls,
        wrong_calls=tally.loyal_calls_false + tally.benign_calls_false,
    )


def _scored(row: dict[str, Any], ruleset: Ruleset) -> Scored:
    action, start = Action.BLOCK, time.perf_counter()
    call = call_of(row)
    if call is not None:
        action = judged(call, ruleset).decision.would_have
    tags = row.get("tags") or {}
    return Scored(
        step=row["step"],
        label=row["label"],
        phase=str(tags.get("phase", "")),
        harm=bool(tags.get("harm")),
        action=action,
        ms=(time.perf_counter() - start) * 1000,
    )


def call_of(row: dict[str, Any]) -> Invocation | None:
    body = json.dumps(row["request"], ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        return parse(body, orchestrator="battery")
    except Unreadable:
        return None


def timed(calls: Iterable[Invocation], ruleset: Ruleset) -> Speed:
    """Each call judged twice: with nothing read before, and again."""
    speed = Speed()
    for call in calls:
        forget_readings()
        for times in (speed.cold, speed.warm):
            start = time.thread_time()
            judgement = judged(call, ruleset)
            times.append((time.thread_time() - start) * 1000)
        speed.degraded += bool(judgement.decision.degraded)
    return speed


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share, in percent; 0 to 100 of nothing."""
    if not whole:
        return 0.0, 100.0
    z = 1.959964
    share = part / whole
    middle = share + z * z / (2 * whole)
    spread = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    bottom = 1 + z * z / whole
    return 100 * max(0.0, (middle - spread) / bottom), 100 * min(1.0, (middle + spread) / bottom)


def resampled(outcomes: Iterable[Outcome], *, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of the share stopped, in percent, when other user tasks of the kind had been drawn."""
    by_task: dict[str, list[bool]] = {}
    for outcome in outcomes:
        by_task.setdefault(outcome.task, []).append(outcome.stopped)
    tasks = [(sum(stopped), len(stopped)) for _, stopped in sorted(by_task.items())]
    if not tasks:
        return 0.0, 100.0
    random = Random(seed)
    shares = []
    for _ in range(_RESAMPLES):
        drawn = random.choices(tasks, k=len(tasks))
        shares.append(100 * sum(part for part, _ in drawn) / sum(whole for _, whole in drawn))
    shares.sort()
    return shares[int(0.025 * _RESAMPLES)], shares[int(0.975 * _RESAMPLES) - 1]
