"""Memory for a benchmark: the real one, by an organisation of its own, so that no run sees the one before."""

import time
import uuid
from dataclasses import dataclass, field

from django.utils import timezone

from guardrail.attribution.recall import proven
from guardrail.destinations import destinations_of
from guardrail.invocation import Invocation, Past
from guardrail.judge import Judgement, read_ahead
from guardrail.memory import poisoned
from guardrail.memory.past import asking_for, keep, load_past
from guardrail.memory.shelf import Asking
from guardrail.traces import outcome_of
from policies.ruleset import Action, Mode, Ruleset


class NoMemoryError(RuntimeError):
    """Redis did not answer."""


@dataclass(kw_only=True, slots=True)
class Remembering:
    """Reads and keeps what a web process would. `ms` is what a call waits for it, `cpu_ms` what this side computes."""

    orchestrator: str = field(default_factory=lambda: f"benchmark-{uuid.uuid4().hex[:12]}")
    ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    _asked: Asking | None = None

    def load(self, call: Invocation, ruleset: Ruleset) -> Past:
        """What earlier calls tell of this one. Raises NoMemoryError."""
        started, cpu_started = time.perf_counter(), time.thread_time()
        reached = destinations_of(call, ruleset)
        self._asked = asking_for(call, ruleset, destinations=reached, mode=Mode.ENFORCE, at=timezone.now())
        ahead_ms = ahead_cpu_ms = 0.0

        def read() -> None:
            # as a web process does: Redis works while texts are read that judging would read anyway
            nonlocal ahead_ms, ahead_cpu_ms
            began, cpu_began = time.perf_counter(), time.thread_time()
            read_ahead(call, deadline=time.monotonic() + 10, clock=time.monotonic)
            ahead_ms, ahead_cpu_ms = (time.perf_counter() - began) * 1000, (time.thread_time() - cpu_began) * 1000

        past = load_past(self._asked, meanwhile=read)
        self.ms.append((time.perf_counter() - started) * 1000 - ahead_ms)
        self.cpu_ms.append((time.thread_time() - cpu_started) * 1000 - ahead_cpu_ms)
        if not past.available:
            raise NoMemoryError("the memory of calls (Redis) does not answer in time, see REDIS_URL")
        return past

    def keep(self, call: Invocation, judgement: Judgement, ruleset: Ruleset) -> None:
        """What the judged call leaves."""
        started, cpu_started, decision = time.perf_counter(), time.thread_time(), judgement.decision
        if self._asked is not None:
            keep(self._asked.traces, outcome_of(decision, verdict_id=uuid.uuid4()))
        if decision.would_have >= Action.HOLD:
            texts = poisoned.key_of(call.orchestrator, call.tenant_id)
            poisoned.remember(texts, proven(decision, ruleset), agent_id=call.agent_id, mode=decision.mode)
        self.ms[-1] += (time.perf_counter() - started) * 1000
        self.cpu_ms[-1] += (time.thread_time() - cpu_started) * 1000
