"""How long a request may have waited before one of our threads took it: the server says nothing of that.

It hands each to a thread that is idle, and where none is, requests wait in it unseen. So while nearly all threads are
busy, whoever comes may have waited since that began; and while some are idle, nobody waited.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

# In `environ`: seconds a request may have waited, at most.
WAITED = "guardrail.waited_seconds"
# Nearly all threads, and when some are idle again: one that is between two requests looks idle.
_BUSY, _IDLE = 0.9, 0.75

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Arrivals:
    """A WSGI application that notes it for the one it wraps. `threads` are those the server has in this process."""

    def __init__(self, application: Application, *, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._application, self._clock = application, clock
        self._busy_at, self._idle_at = max(2.0, threads * _BUSY), threads * _IDLE
        self._under_way = 0
        self._busy_since: float | None = None
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[WAITED] = self._enter()
        try:
            # a file that is sent afterwards holds its thread for longer: that thread counts as idle
            return self._application(environ, start_response)
        finally:
            self._leave()

    def _enter(self) -> float:
        now = self._clock()
        with self._lock:
            self._under_way += 1
            if self._under_way < self._busy_at:
                return 0.0
            if self._busy_since is None:
                self._busy_since = now
            return now - self._busy_since

    def _leave(self) -> None:
        with self._lock:
            self._under_way -= 1
            if self._under_way < self._idle_at:
                self._busy_since = None
