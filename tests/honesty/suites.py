"""Leave one suite out: numbers chosen on all suites but one, measured on the one nobody looked at.

The search starts from the middle of every grid, so that nothing of the shipped numbers is in it, and goes coordinate by
coordinate: one step up or down the grid is kept where it is better. Seeded; on a share of the sessions, for speed.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from guardrail import benchmark
from guardrail.attribution.tuning import PRODUCTION, Tuning
from guardrail.benchmark_report import share_of
from tests.honesty.prepared import PreparedSession, judged, prepared_corpus

OBJECTIVE = (
    "mean over suites of: attack sessions stopped % - 5 x benign sessions hindered % - 2 x loyal calls hindered %"
)
_SHARES = (0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9)
_WEIGHTS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
_COUNTS = (1, 2, 3, 4, 5, 6)
_MEASURED = ("attack_stopped", "benign_sessions_false", "loyal_sessions_false", "loyal_calls_false")

Sessions = Sequence[PreparedSession]


@dataclass(frozen=True, kw_only=True, slots=True)
class Searched:
    """What a search chose, the objective of it where it was chosen, and how many tunings were tried."""

    tuning: Tuning
    objective: float
    tried: int


def suites_in(folder: Path, names: Sequence[str]) -> list[str]:
    """What corpora of all three kinds exist for: `x` where there are `x_attack`, `x_loyal` and `x_benign`."""
    known = {benchmark.corpus_name(path) for path in benchmark.corpora_in(folder)}
    suites = sorted(name.removesuffix("_attack") for name in known if name.endswith("_attack"))
    whole = [suite for suite in suites if {f"{suite}_loyal", f"{suite}_benign"} <= known]
    return [suite for suite in whole if not names or suite in names]


def load_suite(folder: Path, suite: str) -> list[PreparedSession]:
    sessions = []
    for kind in ("attack", "loyal", "benign"):
        sessions += prepared_corpus(folder / "corpora" / f"{suite}_{kind}.jsonl.gz", folder / "profiles")
    return sessions


def sampled(sessions: Sessions, share: float, seed: int) -> list[PreparedSession]:
    """A seeded share of the attack and loyal sessions, and all benign ones, which are few."""
    honest = [session for session in sessions if session.kind == "benign"]
    others = [session for session in sessions if session.kind != "benign"]
    return honest + Random(seed).sample(others, round(share * len(others)))


def objective_of(suites: Sequence[Sessions], tuning: Tuning) -> float:
    total = 0.0
    for suite in suites:
        found = judged(suite, tuning)
        stopped, benign, loyal = (
            (share_of(found, name) or {"percent": 0.0})["percent"]
            for name in ("attack_stopped", "benign_sessions_false", "loyal_calls_false")
        )
        total += stopped - 5 * benign - 2 * loyal
    return total / len(suites)


def neutral() -> Tuning:
    """Every number in the middle of its grid; the features as shipped."""
    middles: dict[str, Any] = {name: grid[len(grid) // 2] for name, grid in _grids().items()}
    return dataclasses.replace(PRODUCTION, **middles)


def search(
    suites: Sequence[Sessions],
    *,
    seed: int,
    passes: int,
    start: Tuning | None = None,
    on_try: Callable[[], object] = lambda: None,
) -> Searched:
    """The best tuning found for `suites`; ends after `passes` over all numbers or one without any gain."""
    grids, random = _grids(), Random(seed)
    best = start or neutral()
    reached, tried = objective_of(suites, best), 1
    for _ in range(passes):
        gained = False
        for name in random.sample(sorted(grids), len(grids)):
            for value in _beside(grids[name], getattr(best, name)):
                change: dict[str, Any] = {name: value}
                candidate = dataclasses.replace(best, **change)
                objective = objective_of(suites, candidate)
                tried += 1
                on_try()
                if objective > reached:
                    best, reached, gained = candidate, objective, True
        if not gained:
            break
    return Searched(tuning=best, objective=reached, tried=tried)


def measured(sessions: Sessions, tuning: Tuning) -> dict[str, dict[str, Any]]:
    found = judged(sessions, tuning)
    return {name: share for name in _MEASURED if (share := share_of(found, name)) is not None}


def _grids() -> dict[str, tuple[float, ...]]:
    return {
        field.name: _grid(field.name, getattr(PRODUCTION, field.name))
        for field in dataclasses.fields(Tuning)
        if not isinstance(getattr(PRODUCTION, field.name), bool)
    }


def _grid(name: str, value: float) -> tuple[float, ...]:
    if isinstance(value, int):
        return _COUNTS
    return _WEIGHTS if name.endswith(("explained", "bonus")) else _SHARES


def _beside(grid: tuple[float, ...], value: float) -> list[float]:
    below, above = [each for each in grid if each < value], [each for each in grid if each > value]
    return below[-1:] + above[:1]
