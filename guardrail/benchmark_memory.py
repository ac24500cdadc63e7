"""Memory for a benchmark: the real one, by an organisation of its own, so that no run sees the one before."""

import time
import uuid
from dataclasses import dataclass, field

from django.utils import timezone

from guardrail.case import Layout
from guardrail.destinations import reach_of
from guardrail.invocation import Invocation, Past
from guardrail.judge import Judgement, read_ahead
from guardrail.memory.past import asking_for, load_past, may_teach, remember
from guardrail.memory.shelf import Asking
from guardrail.taught import traces_once_judged
from guardrail.verdict_id import new_verdict_id
from policies.ruleset import Mode, Ruleset


class NoMemoryError(RuntimeError):
    """Redis did not answer."""


@dataclass(kw_only=True, slots=True)
class Remembering:
    """Reads and keeps what a web process would. `ms` is what a call waits for it, `cpu_ms` what this side computes.

    `told_ms` is what telling memory takes, of those calls that leave it something. A web process does that while
    Postgres writes the verdict: it is computed, and not waited for. `layout` is that of the call asked about last.
    """

    orchestrator: str = field(default_factory=lambda: f"benchmark-{uuid.uuid4().hex[:12]}")
    ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    told_ms: list[float] = field(default_factory=list)
    layout: Layout | None = None
    _asked: Asking | None = None

    def load(self, call: Invocation, ruleset: Ruleset) -> Past:
        """What earlier calls tell of this one. Raises NoMemoryError."""
        self.layout = None
        # judging needs it anyway, and finds it in the layout
        reach = reach_of(call, ruleset)
        started, cpu_started = time.perf_counter(), time.thread_time()
        self._asked = asking_for(call, ruleset, reach=reach, mode=Mode.ENFORCE, at=timezone.now())
        ahead_ms = ahead_cpu_ms = 0.0

        def read() -> None:
            # as a web process does: Redis works while texts are read that judging would read anyway
            nonlocal ahead_ms, ahead_cpu_ms
            began, cpu_began = time.perf_counter(), time.thread_time()
            self.layout = read_ahead(call, ruleset, deadline=time.monotonic() + 10, clock=time.monotonic, reach=reach)
            ahead_ms, ahead_cpu_ms = (time.perf_counter() - began) * 1000, (time.thread_time() - cpu_began) * 1000

        past = load_past(self._asked, meanwhile=read)
        self.ms.append((time.perf_counter() - started) * 1000 - ahead_ms)
        self.cpu_ms.append((time.thread_time() - cpu_started) * 1000 - ahead_cpu_ms)
        if not past.available:
            raise NoMemoryError("the memory of calls (Redis) does not answer in time, see REDIS_URL")
        return past

    def keep(self, call: Invocation, judgement: Judgement, ruleset: Ruleset) -> None:
        """What the judged call leaves."""
        # of its time, as a verdict's: what was stopped later stands before what was stopped earlier
        verdict_id = new_verdict_id(timezone.now())
        started, cpu_started = time.perf_counter(), time.thread_time()
        asked = self._asked
        traces = traces_once_judged(asked.traces, asked.destinations, judgement) if asked else None
        judged = time.perf_counter()
        remember(traces, judgement.decision, ruleset, verdict_id=verdict_id)
        self.ms[-1] += (judged - started) * 1000
        self.cpu_ms[-1] += (time.thread_time() - cpu_started) * 1000
        if traces is not None and may_teach(traces, judgement.decision):
            self.told_ms.append((time.perf_counter() - judged) * 1000)
