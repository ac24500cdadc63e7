"""Labelled calls read once, to be judged many times under other tunings.

Reading is what costs; it happens in `prepare`. `judged` asks the detectors only, in a fraction of a millisecond.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from guardrail import benchmark
from guardrail.attribution.tuning import PRODUCTION, Tuning
from guardrail.benchmark import Scored, Session
from guardrail.case import Source, open_case, read_sources
from guardrail.detectors import DETECTORS, Detect
from guardrail.invocation import Invocation, Past
from guardrail.text.budget import unlimited
from guardrail.wire import Unreadable
from guardrail.wire.copilot_studio import parse
from policies.decision import decide
from policies.ruleset import Action, Ruleset
from policies.signal import Signal

Rows = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """One call with its labels and all that was read for it; `call` is None where none could be made of the request."""

    step: int
    label: str
    phase: str
    harm: bool
    call: Invocation | None
    sources: tuple[Source, ...]
    ruleset: Ruleset


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedSession:
    """As `benchmark.Session`, before judging."""

    name: str
    kind: str
    task: str
    template: str
    calls: tuple[Prepared, ...]


def prepared_corpus(
    path: Path,
    profiles: Path,
    *,
    kinds: Sequence[str] = ("attack", "loyal", "benign"),
    share: float = 1.0,
    seed: int = 0,
    change: Callable[[Rows], Rows] = lambda rows: rows,
) -> list[PreparedSession]:
    """The sessions of a corpus, or a seeded `share` of them; `change` rewrites the rows of each beforehand."""
    ruleset = benchmark.ruleset_for(benchmark.corpus_name(path), profiles)
    sessions = [rows for rows in benchmark.sessions_in(path) if rows[0].get("kind") in kinds]
    if share < 1.0:
        sessions = Random(seed).sample(sessions, math.ceil(share * len(sessions)))
    return [prepared(change(rows), ruleset) for rows in sessions]


def prepared(rows: Rows, ruleset: Ruleset) -> PreparedSession:
    """What counts of one session: of an attack nothing but its own calls up to the first that does harm."""
    empty = benchmark.session_of(rows, ())
    kept = rows
    if empty.kind == "attack":
        harm = next((row["step"] for row in rows if row["label"] == "block" and row["tags"].get("harm")), None)
        kept = [row for row in rows if row["label"] != "allow" and (harm is None or row["step"] <= harm)]
    return PreparedSession(
        name=empty.name,
        kind=empty.kind,
        task=empty.task,
        template=empty.template,
        calls=tuple(_prepared_call(row, ruleset) for row in kept),
    )


def _prepared_call(row: dict[str, Any], ruleset: Ruleset) -> Prepared:
    body = json.dumps(row["request"], ensure_ascii=False).encode("utf-8", "surrogatepass")
    call: Invocation | None = None
    sources: tuple[Source, ...] = ()
    try:
        call = parse(body, orchestrator="benchmark")
    except Unreadable:
        pass
    else:
        sources = read_sources(call, unlimited())
    tags = row.get("tags") or {}
    return Prepared(
        step=row["step"],
        label=row["label"],
        phase=str(tags.get("phase", "")),
        harm=bool(tags.get("harm")),
        call=call,
        sources=sources,
        ruleset=ruleset,
    )


def judged(
    sessions: Iterable[PreparedSession],
    tuning: Tuning = PRODUCTION,
    detectors: Sequence[tuple[str, Detect]] = DETECTORS,
) -> list[Session]:
    """The sessions as `manage.py benchmark` counts them, judged with `tuning`."""
    return [
        Session(
            name=session.name,
            kind=session.kind,
            task=session.task,
            template=session.template,
            calls=tuple(_scored(call, tuning, detectors) for call in session.calls),
        )
        for session in sessions
    ]


def _scored(prepared: Prepared, tuning: Tuning, detectors: Sequence[tuple[str, Detect]]) -> Scored:
    action = Action.BLOCK
    if prepared.call is not None:
        action = action_for(prepared.call, prepared.sources, prepared.ruleset, tuning, detectors)
    return Scored(
        step=prepared.step, label=prepared.label, phase=prepared.phase, harm=prepared.harm, action=action, ms=0.0
    )


def action_for(
    call: Invocation,
    sources: tuple[Source, ...],
    ruleset: Ruleset,
    tuning: Tuning,
    detectors: Sequence[tuple[str, Detect]] = DETECTORS,
) -> Action:
    case = open_case(call, Past(available=True), ruleset, unlimited(), sources, tuning=tuning)
    signals: list[Signal] = []
    for _, detect in detectors:
        signals += detect(case)
    return decide(signals, degraded=(), rules=case.rules, ruleset=ruleset, sink=case.sink).would_have
