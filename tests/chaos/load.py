"""A steady stream of attacks and honest calls from several callers; what each was told is written down."""

import itertools
import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import httpx

from guardrail.rehearsal.stories import Story, stories

# A platform gives up after this long, and allows
LATE_MS = 1000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One call and its answer, after the last `fault`. `error` names why there was none; `blocked` is None then."""

    correlation_id: str
    attack: bool
    phase: str
    ms: float
    status: int = 0
    blocked: bool | None = None
    verdict_id: str = ""
    error: str = ""
    fault: str = ""


class Load:
    """Sends `rate` calls a second over `callers` connections from `start` until `stop`.

    `prepare` is what each thread does first.
    """

    def __init__(
        self, *, url: str, token: str, rate: float, callers: int, prepare: Callable[[], None] = lambda: None
    ) -> None:
        self._prepare = prepare
        self.asked: list[Asked] = []
        self.phase, self.fault = "quiet", ""
        self._url = f"{url}/copilot-studio/analyze-tool-execution?api-version=2025-05-01"
        self._token = token
        self._pause_seconds = callers / rate
        self._over = threading.Event()
        self._numbers = itertools.count()
        self._threads = [threading.Thread(target=self._ask_on, daemon=True) for _ in range(callers)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _ask_on(self) -> None:
        self._prepare()
        client = httpx.Client(timeout=10)
        due = monotonic()
        while not self._over.is_set():
            self.asked.append(self._ask(client))
            # behind schedule after an outage: go on from here, a burst would be another experiment
            due = max(due + self._pause_seconds, monotonic())
            self._over.wait(due - monotonic())

    def _ask(self, client: httpx.Client) -> Asked:
        attack = next(self._numbers) % 2 == 0
        body = _body(attack=attack)
        correlation_id, phase, fault = str(uuid.uuid4()), self.phase, self.fault
        headers = {"Authorization": f"Bearer {self._token}", "x-ms-correlation-id": correlation_id}
        started, answer, error = monotonic(), None, ""
        try:
            answer = client.post(self._url, content=body, headers=headers)
        except httpx.TransportError as failure:
            error = type(failure).__name__
        ms = (monotonic() - started) * 1000
        blocked, verdict_id = _read(answer) if answer is not None else (None, "")
        if fault != self.fault:
            # it was under way when the next one came
            phase = fault = self.fault
        return Asked(
            correlation_id=correlation_id,
            attack=attack,
            phase=phase,
            fault=fault,
            ms=ms,
            status=answer.status_code if answer is not None else 0,
            blocked=blocked,
            verdict_id=verdict_id,
            error=error,
        )


def _read(answer: httpx.Response) -> tuple[bool | None, str]:
    """What was answered, and the verdict's id; None when the answer is not explicit."""
    try:
        members: dict[str, Any] = answer.json()
        blocked = members["blockAction"]
        verdict_id = json.loads(members["diagnostics"])["verdict"]
    except (ValueError, KeyError, TypeError):
        return None, ""
    return (blocked, str(verdict_id)) if isinstance(blocked, bool) else (None, "")


def _body(*, attack: bool) -> bytes:
    """The last step of the first story of its kind, with ids of its own: a repeated step would be recognised."""
    wanted: Callable[[Story], bool] = lambda story: story.attack is attack  # noqa: E731 read once, here
    story = next(filter(wanted, stories(uuid.uuid4(), datetime.now(UTC))))
    return json.dumps(story.steps[-1].body).encode()
