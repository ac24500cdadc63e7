"""Which rows a periodic task waits for: it is sent where there are some, and now and then whether there are or not.

A task that looks into an empty queue costs some 10 ms of processor time on its way; one statement of a quarter of a
millisecond looks into all of them. Each condition is that of the task itself, or a wider one.
"""

from celery.schedules import schedule

VALIDATE = "EXISTS (SELECT FROM guardrail_pendingvalidation WHERE NOT found)"
TAKE_IN_EDITS = "EXISTS (SELECT FROM policies_knowledgeevent)"
INDEX_CALLS = "EXISTS (SELECT FROM guardrail_pendingsearch)"


class Polled(schedule):
    """Every so many seconds where `waiting`, an SQL condition, holds."""

    def __init__(self, seconds: float, *, waiting: str) -> None:
        super().__init__(seconds)
        self.waiting = waiting
