"""What is counted while the product works, for Prometheus. On the hot path nothing is counted, only noted.

`note_*` puts a few words into a queue of this process: some microseconds, nothing waited for, nothing raised. The
housekeeper counts them a second later, in files of this process under DATA_DIR/metrics, which whoever is asked adds up.
INVARIANT: no label holds what a caller sent: each is a word of ours, or a name an admin gave.
See docs/decisions/0103-calls-are-counted-after-the-answer.md.
"""

import os
import re
import threading
import uuid
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, multiprocess

from guardrail.detectors import DETECTORS
from policies.decision import SHED, Decision
from policies.ruleset import SECOND_OPINION, Action

log = structlog.get_logger(__name__)

# Of one call, in order; `answer` is all of it but `auth`.
STAGES = ("auth", "read", "turn", "memory", "judge", "store", "answer")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.75, 1.0)
# What a call may be judged without beside detectors; anything else is counted as `other`.
PARTS = frozenset({*(name for name, _ in DETECTORS), "memory", "store", "wire", "rate", "shed", "attribution", "read"})
# Some seconds of a busy process; beyond these the oldest are not counted.
_MOST_NOTED = 10_000
# Of each file from the start, so that it never grows: see `_reserve`. All series there can be take a third of it.
FILE_BYTES = 1 << 18
_KINDS = ("counter", "histogram")
_STOPPED = (Action.MODIFY, Action.HOLD, Action.BLOCK)
_CORRELATION = re.compile(r"[\w.:-]{1,64}", re.ASCII)

_registry = CollectorRegistry()


class _Stages(Histogram):
    """A histogram that takes many at once: each number in its file costs microseconds, and a call has fourteen."""

    def observe_all(self, seconds: Sequence[float]) -> None:
        """As `observe` for each of them."""
        self._sum.inc(sum(seconds))
        counts: dict[int, int] = defaultdict(int)
        for one in seconds:
            counts[bisect_left(self._upper_bounds, one)] += 1
        for bucket, count in counts.items():
            self._buckets[bucket].inc(count)


CALLS = Counter(
    "guardrail_calls",
    "Answered calls: what was told, in which mode, by which reasoning, and whether something was missing.",
    ("decision", "mode", "regime", "degraded"),
    registry=_registry,
)
STAGE_SECONDS = _Stages(
    "guardrail_stage_seconds", "How long a stage of a call took.", ("stage",), buckets=_SECONDS, registry=_registry
)
DEGRADED = Counter("guardrail_degraded", "Calls judged without a part.", ("part",), registry=_registry)
LATE = Counter("guardrail_late_answers", "Answers later than GUARDRAIL_LATE_MS.", ("decision",), registry=_registry)
SHED_CALLS = Counter(
    "guardrail_shed",
    "Calls answered without being judged, as too many came at once.",
    ("decision",),
    registry=_registry,
)
KEPT = Counter("guardrail_verdicts_kept", "Verdicts by where they were kept.", ("where",), registry=_registry)
REFUSED = Counter("guardrail_callers_refused", "Requests of nobody we know.", ("of",), registry=_registry)
MEMORY = Counter("guardrail_memory_failures", "Questions memory did not answer.", ("why",), registry=_registry)
OPINIONS = Counter("guardrail_opinions", "Other engines asked.", ("engine", "outcome"), registry=_registry)
TASKS = Counter("guardrail_tasks", "Tasks run.", ("task", "outcome"), registry=_registry)
TASK_SECONDS = Counter("guardrail_task_seconds", "How long tasks took.", ("task",), registry=_registry)
REPLICA = Counter("guardrail_replica_pages", "Pages, by how it stood with the replica.", ("now",), registry=_registry)
COUNTED = (
    REPLICA,
    CALLS,
    STAGE_SECONDS,
    DEGRADED,
    LATE,
    SHED_CALLS,
    KEPT,
    REFUSED,
    MEMORY,
    OPINIONS,
    TASKS,
    TASK_SECONDS,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AnsweredCall:
    """What is counted of a call. Seconds are since its first byte; `timings` are milliseconds, as the judge's."""

    verdict_id: uuid.UUID
    correlation_id: str
    decision: Decision
    timings: tuple[tuple[str, float], ...]
    kept: str
    judged_s: float
    answered_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stage:
    stage: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Event:
    counter: Counter
    label: str


class _Found:
    """What is to be counted, added up: how often each series, and the seconds of each stage."""

    def __init__(self) -> None:
        self.times: dict[tuple[Counter, tuple[str, ...]], int] = defaultdict(int)
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def count(self, counter: Counter, *labels: str) -> None:
        """Once more."""
        self.times[counter, labels] += 1

    def write(self) -> None:
        """Into the files of this process."""
        for (counter, labels), times in self.times.items():
            counter.labels(*labels).inc(times)
        for stage, seconds in self.seconds.items():
            STAGE_SECONDS.labels(stage).observe_all(seconds)


_noted: deque[AnsweredCall | _Stage | _Event] = deque(maxlen=_MOST_NOTED)
_counting = threading.Lock()
_reserved_by = 0


def note_call(call: AnsweredCall) -> None:
    """Note an answered call."""
    _noted.append(call)


def note_stage(stage: str, seconds: float) -> None:
    """Note how long one of STAGES took."""
    _noted.append(_Stage(stage=stage, seconds=seconds))


def note_refused(of: str) -> None:
    """Note that somebody was not let in: `of` is `calls` or `knowledge`."""
    _noted.append(_Event(counter=REFUSED, label=of))


def note_memory(why: str) -> None:
    """Note that memory was `slow` or `away`."""
    _noted.append(_Event(counter=MEMORY, label=why))


def note_replica(now: str) -> None:
    """Note how it stood with the replica when a page was asked for: `read`, `behind`, `away` or `failed`."""
    _noted.append(_Event(counter=REPLICA, label=now))


def correlation_of(said: str) -> str:
    """The caller's own number of a call where it can stand in a log, else nothing: no sentence fits."""
    return said if _CORRELATION.fullmatch(said) else ""


def flush() -> None:
    """Count what was noted. Safe to run by several threads at once. Raises OSError where the disk is full."""
    with _counting:
        _reserve()
        shed, found = 0, _Found()
        try:
            with suppress(IndexError):  # it is empty
                while True:
                    noted = _noted.popleft()
                    shed += isinstance(noted, AnsweredCall) and SHED in noted.decision.degraded
                    _count(noted, found)
        finally:
            found.write()
    if shed:
        log.info("calls.shed", calls=shed)


def count_task(name: str, *, outcome: str, seconds: float) -> None:
    """Count a task that was run. Never raises: a task that is done is not to be done again for this."""
    try:
        with _counting:
            _reserve()
            TASKS.labels(name, outcome).inc()
            TASK_SECONDS.labels(name).inc(max(0.0, seconds))
    except OSError as error:
        log.warning("meters.not_counted", error=error.strerror)


class Counts:
    """What all processes that share this data folder have counted, dead ones too, as Prometheus' client collects it."""

    def collect(self) -> Iterator[Metric]:
        """Each series added up over the processes."""
        yield from multiprocess.MultiProcessCollector(None, path=str(settings.METRICS_DIR)).collect()


def _reserve() -> None:
    """Make this process's files, whole, before anything is counted in them. Raises OSError.

    They are written through memory: where a page of one had no place on a full disk, the kernel would end the process.
    """
    global _reserved_by  # noqa: PLW0603 once a process; what a fork leaves is another's
    if _reserved_by == os.getpid():
        return
    settings.METRICS_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    for kind in _KINDS:
        file = os.open(settings.METRICS_DIR / f"{kind}_{os.getpid()}.db", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(file, 0, FILE_BYTES)
        finally:
            os.close(file)
    _reserved_by = os.getpid()


def _count(noted: AnsweredCall | _Stage | _Event, found: _Found) -> None:
    if isinstance(noted, _Event):
        found.count(noted.counter, noted.label)
    elif isinstance(noted, _Stage):
        found.seconds[noted.stage].append(noted.seconds)
    else:
        _count_call(noted, found)


def _count_call(call: AnsweredCall, found: _Found) -> None:
    decision, told = call.decision, call.decision.action.name.lower()
    lacking = "yes" if decision.degraded else "no"
    found.count(CALLS, told, decision.mode.value, decision.regime.value, lacking)
    for part in dict.fromkeys(_part(name) for name in decision.degraded):
        found.count(DEGRADED, part)
    shed = SHED in decision.degraded
    if shed:
        found.count(SHED_CALLS, told)
    found.count(KEPT, call.kept)
    if call.answered_s * 1000 > settings.LATE_MS:
        found.count(LATE, told)
    # the first of each name: the judge has a stage of its own that is called so
    took: dict[str, float] = {}
    for name, ms in call.timings:
        took.setdefault(name, ms / 1000)
    read, turn, memory = took.get("read", 0.0), took.get("turn", 0.0), took.get("past", 0.0)
    judge, store = max(0.0, call.judged_s - read - turn - memory), call.answered_s - call.judged_s
    if shed and decision.failed:
        # a crowd of them is what there is no time for: neither for stages they did not have, nor for a line each
        found.seconds["turn"].append(turn)
        found.seconds["answer"].append(call.answered_s)
        return
    for stage, seconds in zip(STAGES[1:], (read, turn, memory, judge, store, call.answered_s), strict=True):
        found.seconds[stage].append(seconds)
    _count_opinions(found, decision, [name for name in took if name.startswith(f"{SECOND_OPINION}.")])
    if decision.would_have in _STOPPED:
        _tell(call)


def _count_opinions(found: _Found, decision: Decision, engines: list[str]) -> None:
    objected = {signal.name for signal in decision.signals}
    missing = dict(name.split(":", 1) for name in decision.degraded if ":" in name)
    for engine in engines:
        outcome = "objected" if engine in objected else missing.get(engine, "agreed")
        found.count(OPINIONS, engine.partition(".")[2], outcome)


def _part(name: str) -> str:
    if name.startswith(f"{SECOND_OPINION}."):
        return SECOND_OPINION
    return name if name in PARTS else "other"


def _tell(call: AnsweredCall) -> None:
    log.info(
        "call.stopped",
        verdict_id=str(call.verdict_id),
        correlation_id=call.correlation_id,
        action=call.decision.action.name.lower(),
        mode=call.decision.mode.value,
        regime=call.decision.regime.value,
        kept=call.kept,
        ms=round(call.answered_s * 1000, 1),
    )
