"""Leaves a service alone for a while after it failed several times in a row, then lets one call try it. Pure."""

TOLERATED = 5
FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 30.0


class Breaker:
    """For one thread. `now` is seconds of a clock that only goes forward; each rest is twice as long as the last."""

    def __init__(self) -> None:
        self._failures = 0
        self._rests = 0
        self._rest_until = 0.0
        self._trying = False

    def is_resting(self, now: float) -> bool:
        """Whether nobody may ask now. Changes nothing, so that any thread may look."""
        return self._failures >= TOLERATED and (now < self._rest_until or self._trying)

    def may_ask(self, now: float) -> bool:
        """Whether to ask now; after a rest only the first is told yes, until it comes back with one of the three."""
        if self.is_resting(now):
            return False
        self._trying = self._failures >= TOLERATED
        return True

    def succeeded(self) -> None:
        """It answered."""
        self._failures = self._rests = 0
        self._trying = False

    def failed(self, now: float) -> None:
        """It did not; failures of calls that were under way when the rest began change nothing."""
        if now < self._rest_until:
            return
        self._failures += 1
        self._trying = False
        if self._failures >= TOLERATED:
            self._rest_until = now + min(FIRST_REST_SECONDS * 2**self._rests, LONGEST_REST_SECONDS)
            self._rests = min(self._rests + 1, 10)

    def gave_up(self) -> None:
        """We no longer wanted to know, which says nothing of it."""
        self._trying = False
