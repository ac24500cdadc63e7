"""What every task does beside its work: its log lines carry its name and number, it is counted, and takes its turn."""

import time
from typing import Any

import structlog
from celery import Task
from structlog.contextvars import bound_contextvars

log = structlog.get_logger(__name__)


class Told(Task[Any, Any]):
    """A task whose log lines can be put together, whichever function writes them.

    One that a worker has too many of under way (`guardrail.turns`) is left to those, unless `has_own_turns`.
    """

    has_own_turns = False

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        # not above: a beat has this class, too, and would load everything that is counted
        from guardrail import meters

        started, outcome = time.monotonic(), "failed"
        with bound_contextvars(task=self.name, task_id=self.request.id):
            try:
                outcome, result = self._in_turn(*arguments, **named)
                return result
            finally:
                meters.count_task(self.name, outcome=outcome, seconds=time.monotonic() - started)

    def _in_turn(self, *arguments: Any, **named: Any) -> tuple[str, Any]:
        """What came of it, and its result."""
        if self.has_own_turns or self.request.called_directly:
            return "done", super().__call__(*arguments, **named)
        from guardrail.turns import turn

        with turn(self.name, worker=self.request.hostname or "") as ours:
            if not ours:
                log.warning("task.left", why="as many as may are under way")
                return "left", None
            return "done", super().__call__(*arguments, **named)


class WithOwnTurns(Told):
    """A task of which a setting says how many may be under way."""

    has_own_turns = True
