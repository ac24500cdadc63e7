"""Lets only so many bytes of large calls be judged at once in a process, so that whoever asks beside them is answered.

A caller with a token can send many bodies of several megabytes at once, and each takes memory and time in proportion.
What finds no room is not judged: the fail posture answers at once, and the beginning of its body is kept.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# A call above this is large: a history of twenty mails has a sixteenth of it.
LARGE_BYTES = 1_000_000
# What is kept of a body that found no room.
KEPT_BYTES = 65_536
# How many wait for room, and how long at most: each holds one of the process's threads while it does.
_WAITING = 2
_WAIT_SECONDS = 0.1


class Room:
    """The room of one process, in bytes. One call finds room when nobody else is in, however large it is."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._taken = 0
        self._waiting = 0
        self._changed = threading.Condition()

    @contextmanager
    def take(self, body_bytes: int) -> Iterator[bool]:
        """Whether there is room; it is given back at the end. Waits a moment, and only where few others do."""
        if body_bytes <= LARGE_BYTES:
            yield True
            return
        if not self._enter(body_bytes):
            yield False
            return
        try:
            yield True
        finally:
            with self._changed:
                self._taken -= body_bytes
                self._changed.notify_all()

    def _enter(self, body_bytes: int) -> bool:
        with self._changed:
            if not self._fits(body_bytes):
                if self._waiting >= _WAITING:
                    return False
                self._waiting += 1
                self._changed.wait_for(lambda: self._fits(body_bytes), timeout=_WAIT_SECONDS)
                self._waiting -= 1
            fits = self._fits(body_bytes)
            self._taken += body_bytes if fits else 0
            return fits

    def _fits(self, body_bytes: int) -> bool:
        return self._taken == 0 or self._taken + body_bytes <= self._most
