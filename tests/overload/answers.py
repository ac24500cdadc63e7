"""What callers were told, and how long they waited."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.guardrail.instances import ROOT
from tests.overload.calling import Plan, as_json

_GRACE_SECONDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One call. `at` is when it was to be made (time.monotonic), `ms` are since then; `error` empty = answered."""

    at: float
    kind: str
    ms: float
    lag_ms: float
    status: int = 0
    blocked: bool | None = None
    verdict: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """All answers of one plan, and what asking took: seconds by the clock and of processor, connections opened."""

    answers: Sequence[Answer]
    seconds: float
    processor_seconds: float
    connections: int

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self.answers) / self.seconds


def ask(plan: Plan) -> Asked:
    """Carry out the plan in a process of its own. Raises subprocess.CalledProcessError."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.overload.calling"],
        cwd=ROOT,
        input=as_json(plan),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=plan.seconds + _GRACE_SECONDS,
        start_new_session=True,
    )
    with Path(plan.out).open() as lines:
        answers = [Answer(**json.loads(line)) for line in lines]
    return Asked(answers=answers, **json.loads(done.stdout))


def percentile(values: Sequence[float], part: float) -> float:
    """Of sorted values; 0 of none."""
    return values[min(len(values) - 1, int(len(values) * part))] if values else 0.0


def describe(asked: Asked) -> list[str]:
    """A few lines for people."""
    waited = sorted(one.ms for one in asked.answers)
    errors = Counter(one.error for one in asked.answers if one.error)
    blocked = Counter(one.kind for one in asked.answers if one.blocked)
    lag = sorted(one.lag_ms for one in asked.answers)
    return [
        f"{len(asked.answers)} calls in {asked.seconds:.0f} s = {asked.rate:.0f}/s on {asked.connections} connections;"
        f" asking took {asked.processor_seconds:.1f} s of processor",
        "waited ms: "
        + ", ".join(f"p{part * 100:g} {percentile(waited, part):.0f}" for part in (0.5, 0.95, 0.99, 0.999))
        + f", longest {waited[-1]:.0f}; sent after its time p99 {percentile(lag, 0.99):.0f}",
        f"gave up or broke: {sum(errors.values())} {dict(errors)};"
        f" blocked by kind: {dict(blocked)} of {dict(Counter(one.kind for one in asked.answers))}",
    ]
