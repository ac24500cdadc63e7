"""How much time is left for reading text; every loop that grows with its input asks."""

from collections.abc import Callable


class Budget:
    """Time left until `deadline` on `clock`. `short` turns true once some text was left unread and stays true.

    One object serves one call and one thread.
    """

    __slots__ = ("_clock", "_deadline", "short")

    def __init__(self, *, deadline: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._deadline = deadline
        self.short = False

    def spent(self) -> bool:
        """True when there is no time left; whoever asks and stops early leaves text unread, which is remembered."""
        if self._clock() < self._deadline:
            return False
        self.short = True
        return True

    def spent_already(self) -> bool:
        """True when there is no time left, for work whose lack is only a lesser explanation."""
        return self._clock() >= self._deadline


def unlimited() -> Budget:
    """A budget that never ends, for tools that judge without a caller waiting."""
    return Budget(deadline=1.0, clock=lambda: 0.0)
