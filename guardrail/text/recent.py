"""What was found of something that comes again: kept in this process, the longest unused goes first."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A map bounded by entries and by bytes as `size_of` counts them; safe to use from several threads.

    What is found is counted anew each time: a value may grow by being looked at. One that takes more than a third of
    the room is not kept.
    """

    def __init__(self, *, most: int, most_bytes: int, size_of: Callable[[V], int]) -> None:
        self._most, self._most_bytes, self._size_of = most, most_bytes, size_of
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0

    def find(self, key: K) -> V | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            value, counted = found
            size = self._size_of(value)
            if size != counted:
                self._kept[key] = (value, size)
                self._bytes += size - counted
            self._kept.move_to_end(key)
            return value

    def keep(self, key: K, value: V) -> None:
        size = self._size_of(value)
        if size > self._most_bytes // 3:
            return
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = (value, size)
            self._bytes += size
            while len(self._kept) > self._most or self._bytes > self._most_bytes:
                _, (_, dropped) = self._kept.popitem(last=False)
                self._bytes -= dropped

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._bytes = 0
