"""What every task does beside its work: its lines of the log carry its name and number, and it is counted."""

import time
from typing import Any

from celery import Task
from structlog.contextvars import bound_contextvars


class Told(Task[Any, Any]):
    """A task whose log lines can be put together, whichever function writes them."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        # not above: a beat has this class, too, and would load everything that is counted
        from guardrail import meters

        started, outcome = time.monotonic(), "failed"
        with bound_contextvars(task=self.name, task_id=self.request.id):
            try:
                result = super().__call__(*arguments, **named)
                outcome = "done"
                return result
            finally:
                meters.count_task(self.name, outcome=outcome, seconds=time.monotonic() - started)
