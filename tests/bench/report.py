"""Medians over rounds, as JSON, as a table, and as plots."""

import json
import os
import platform
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bench.plots import Series, bars
from tests.bench.wrk import Answered

# Calls at random times, half as many as eight clients got judged; `clients` is 0: as many connections as are needed.
HALF = "half"
_BEGIN, _END = "<!-- figures: made by make bench -->", "<!-- end of figures -->"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Case:
    """`asked` = `no-op`, or verdicts over `random` conversations, over `one`, on `new texts`, or HALF.

    `size` in bytes."""

    asked: str
    size: int
    clients: int

    @property
    def has_noop(self) -> bool:
        """Whether the no-op was asked the same way."""
        return self.asked not in ("no-op", HALF)

    def __str__(self) -> str:
        if self.asked == HALF:
            return f"half of what 8 clients got, at random times, {self.size // 1000} KB"
        return f"{self.asked}, {self.size // 1000} KB, {self.clients} clients"


@dataclass(kw_only=True, slots=True)
class Run:
    """Everything one run measured. `floor` is insertions a second, one of each round."""

    at: datetime
    rounds: int
    seconds: float
    verdict_bytes: int = 0
    missing: int = 0
    floor: list[float] = field(default_factory=list)
    _answered: dict[Case, list[Answered]] = field(default_factory=lambda: defaultdict(list))
    _processor_us: dict[Case, list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))
    _stages_ms: dict[Case, list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))
    _windows: dict[Case, list[tuple[datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))
    _shed: dict[Case, list[float]] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        """Answers that were none, and verdicts that were answered and are not stored."""
        return sum(answered.errors for several in self._answered.values() for answered in several) + self.missing

    @property
    def verdicts(self) -> int:
        """How many were answered."""
        several = (answered for case, answered in self._answered.items() if case.asked != "no-op")
        return sum(one.requests - one.errors for answered in several for one in answered)

    def add(self, case: Case, answered: Answered) -> None:
        self._answered[case].append(answered)

    def add_processor(self, case: Case, seconds: dict[str, float], requests: int) -> None:
        """`seconds` of processor time by part, for so many requests."""
        self._processor_us[case].append({part: 1e6 * used / max(1, requests) for part, used in seconds.items()})

    def add_stages(self, case: Case, milliseconds: dict[str, float]) -> None:
        self._stages_ms[case].append(milliseconds)

    def add_window(self, case: Case, begin: datetime, end: datetime) -> None:
        """When the calls of a round were asked."""
        self._windows[case].append((begin, end))

    def find_shed(self, share: Callable[[datetime, datetime], float]) -> None:
        """`share` of the calls of each window was answered unjudged. Before anything is described or written."""
        self._shed = {case: [share(*window) for window in windows] for case, windows in self._windows.items()}

    def cases(self) -> list[Case]:
        return sorted(self._answered)

    def shed(self, case: Case) -> float:
        """Share of the calls that was answered unjudged."""
        return statistics.median(self._shed.get(case, [0.0]))

    def rate(self, case: Case) -> float:
        """Answers a second, without those of calls that were shed."""
        return statistics.median(self._rates(case))

    def _rates(self, case: Case) -> list[float]:
        answered = self._answered[case]
        return [
            one.rate * (1 - shed)
            for one, shed in zip(answered, self._shed.get(case, [0.0] * len(answered)), strict=True)
        ]

    def newest_rate(self, case: Case) -> float:
        """Answers a second in the last round."""
        return self._answered[case][-1].rate

    def ms(self, case: Case, name: str) -> float:
        """`name` of Answered, such as `p99_ms`."""
        return float(statistics.median(getattr(answered, name) for answered in self._answered[case]))

    def of_noop(self, case: Case) -> float:
        """The median of the ratios of each round, so that a slow minute slows both."""
        noop = Case(asked="no-op", size=case.size, clients=case.clients)
        return statistics.median(one / other for one, other in zip(self._rates(case), self._rates(noop), strict=True))

    def of_floor(self, case: Case) -> float:
        return statistics.median(one / other for one, other in zip(self._rates(case), self.floor, strict=True))

    def processor_us(self, case: Case) -> dict[str, float]:
        """Microseconds of processor time by part, for one verdict; empty for the no-op."""
        return _medians(self._processor_us.get(case, []))

    def stages_ms(self, case: Case) -> dict[str, float]:
        """Milliseconds by the clock by stage, where one client asked at a time."""
        return _medians(self._stages_ms.get(case, []))


def describe(run: Run) -> Iterator[str]:
    """The tables of docs/performance.md, line by line."""
    yield f"{run.at:%Y-%m-%d}, {run.rounds} rounds of {run.seconds:.0f} s each, medians; {_machine()}."
    yield f"The floor: {statistics.median(run.floor):,.0f} insertions a second of {run.verdict_bytes:,} bytes each."
    yield ""
    yield "| what | judged/s | shed | of no-op | of floor | p50 ms | p95 ms | p99 ms | processor us (web, postgres) |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for case in run.cases():
        yield _row(run, case)
    yield ""
    yield "One verdict, one client at a time, milliseconds by the clock:"
    yield ""
    staged = [case for case in run.cases() if run.stages_ms(case)]
    names = list(dict.fromkeys(name for case in staged for name in run.stages_ms(case)))
    yield "| stage | " + " | ".join(f"{case.asked}, {case.size // 1000} KB" for case in staged) + " |"
    yield "|---" * (len(staged) + 1) + "|"
    for name in names:
        yield f"| {name} | " + " | ".join(f"{run.stages_ms(case).get(name, 0):.3f}" for case in staged) + " |"
    yield ""
    yield f"{run.errors} errors, of which {run.missing} answered and not stored."


def write(run: Run, *, docs: Path) -> Path:
    """Write the figures as JSON and plots, and put the tables in docs/performance.md. Returns the JSON's path."""
    folder = docs / "benchmarks"
    folder.mkdir(exist_ok=True)
    name = f"{run.at:%Y-%m-%d}"
    file = folder / f"{name}.json"
    file.write_text(json.dumps(_as_json(run), indent=1) + "\n")
    plots = []
    for title, unit, of in (
        ("Judged a second, by clients at once", "/s", run.rate),
        ("p99 of answers, by clients at once", "ms", lambda case: run.ms(case, "p99_ms")),
    ):
        plot = folder / f"{name}-{'rate' if unit == '/s' else 'p99'}.svg"
        plot.write_text(bars(_series(run, of), title=title, unit=unit))
        plots.append(f"![{title}](benchmarks/{plot.name})")
    page = docs / "performance.md"
    before, found, rest = page.read_text().partition(_BEGIN)
    assert found, f"`{page}` has no line `{_BEGIN}`"
    after = rest.partition(_END)[2]
    page.write_text("\n".join([before + _BEGIN, *describe(run), "", *plots, _END + after]))
    return file


def _series(run: Run, of: Any) -> list[Series]:
    names = list(
        dict.fromkeys((case.asked, case.size) for case in run.cases() if case.asked not in ("new texts", HALF))
    )
    return [
        Series(
            name=f"{asked}, {size // 1000} KB" if asked == "no-op" else f"verdicts, {asked}, {size // 1000} KB",
            values={str(case.clients): of(case) for case in run.cases() if (case.asked, case.size) == (asked, size)},
        )
        for asked, size in names
    ]


def _row(run: Run, case: Case) -> str:
    used = run.processor_us(case)
    parts = f"{sum(used.values()):,.0f} ({used['web']:,.0f}, {used['postgres']:,.0f})" if used else ""
    ratios = ("" if case.asked == "no-op" else f"{run.shed(case):.0%}", "", "")
    if case.has_noop:
        ratios = (ratios[0], f"{run.of_noop(case):.3f}", f"{run.of_floor(case):.3f}")
    times = " | ".join(f"{run.ms(case, name):,.1f}" for name in ("p50_ms", "p95_ms", "p99_ms"))
    return f"| {case} | {run.rate(case):,.0f} | {' | '.join(ratios)} | {times} | {parts} |"


def _as_json(run: Run) -> dict[str, Any]:
    return {
        "at": run.at.isoformat(timespec="seconds"),
        "machine": _machine(),
        "rounds": run.rounds,
        "seconds": run.seconds,
        "verdict_bytes": run.verdict_bytes,
        "floor_per_second": run.floor,
        "missing": run.missing,
        "cases": [
            {
                **asdict(case),
                "judged_per_second": round(run.rate(case), 1),
                **{name: run.ms(case, name) for name in ("p50_ms", "p95_ms", "p99_ms", "max_ms")},
                **({} if case.asked == "no-op" else _costs(run, case)),
            }
            for case in run.cases()
        ],
    }


def _costs(run: Run, case: Case) -> dict[str, Any]:
    ratios = {"of_noop": round(run.of_noop(case), 4), "of_floor": round(run.of_floor(case), 4)}
    return {
        "shed": round(run.shed(case), 4),
        **(ratios if case.has_noop else {}),
        "processor_us": {part: round(us) for part, us in run.processor_us(case).items()},
        "stages_ms": run.stages_ms(case),
    }


def _medians(several: list[dict[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for one in several for name in one)
    return {name: round(statistics.median(one.get(name, 0.0) for one in several), 3) for name in names}


def _machine() -> str:
    return f"{os.cpu_count()} processors, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
