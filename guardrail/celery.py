"""The Celery application: a static beat schedule, tasks that call one function each."""

import gc
import os
from functools import cached_property
from typing import Any

from celery import Celery
from celery.signals import worker_process_init, worker_ready

from guardrail.queues import INDEX_CALLS, TAKE_IN_EDITS, VALIDATE, Polled
from investigations import queues

gc.set_threshold(50_000, 20, 50)  # what is loaded stays: to look through it was a tenth of each start (2026-11)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guardrail.settings")


class _Guardrail(Celery[Any]):
    """Celery with a clock of ours."""

    @cached_property
    def Beat(self) -> Any:
        """The class of the process `celery beat`, under Celery's own name for it."""
        from guardrail.beat import SendingByName

        return self.subclass_with_self(SendingByName)


@worker_process_init.connect
@worker_ready.connect
def _step_back(**_: Any) -> None:
    """Once it is there: whoever replaces a worker waits for the new one to start."""
    from django.conf import settings

    from guardrail.background import step_back

    step_back(settings.WORKER_NICE)


app = _Guardrail("guardrail", task_cls="guardrail.tasking:Told", fixups=["guardrail.task_connections:fixup"])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["guardrail", "investigations", "policies"])
app.conf.beat_schedule = {
    "take-in": {
        "task": "investigations.take_in",
        "schedule": Polled(1.0, waiting=queues.TAKE_IN),
        "options": {"expires": 5},
    },
    "validate": {
        "task": "guardrail.validate_due",
        "schedule": Polled(0.5, waiting=VALIDATE),
        "options": {"expires": 5},
    },
    "take-in-edits": {
        "task": "guardrail.take_in_edits",
        "schedule": Polled(1.0, waiting=TAKE_IN_EDITS),
        "options": {"expires": 5},
    },
    "forget-old-edits": {"task": "guardrail.forget_old_edits", "schedule": 600.0},
    "forget-not-done": {"task": "investigations.forget_not_done", "schedule": 6 * 3600.0},
    "roll-back-rules": {"task": "investigations.roll_back_rules", "schedule": 10.0, "options": {"expires": 8}},
    "forget-trials": {"task": "investigations.forget_trials", "schedule": 6 * 3600.0},
    "end-due-restrictions": {
        "task": "investigations.end_due_restrictions",
        "schedule": Polled(5.0, waiting=queues.END_RESTRICTIONS),
        "options": {"expires": 5},
    },
    "end-due-exceptions": {
        "task": "investigations.end_due_exceptions",
        "schedule": Polled(5.0, waiting=queues.END_EXCEPTIONS),
        "options": {"expires": 5},
    },
    "fetch-indicators": {"task": "policies.fetch_indicators", "schedule": 20.0, "options": {"expires": 15}},
    "end-indicators": {"task": "policies.end_indicators", "schedule": 30.0, "options": {"expires": 20}},
    "forget-sign-ins": {"task": "policies.forget_sign_ins", "schedule": 3600.0},
    "play-exercise": {
        "task": "investigations.play_exercise",
        "schedule": Polled(2.0, waiting=queues.PLAY_EXERCISE),
        "options": {"expires": 5},
    },
    "verify-remediations": {
        "task": "investigations.verify_remediations",
        "schedule": 20.0,
        "options": {"expires": 15},
    },
    "set-clocks": {
        "task": "investigations.set_clocks",
        "schedule": Polled(2.0, waiting=queues.SET_CLOCKS),
        "options": {"expires": 4},
    },
    "work-bulk": {
        "task": "investigations.work_bulk",
        "schedule": Polled(2.0, waiting=queues.WORK_BULK),
        "options": {"expires": 4},
    },
    "forget-backtests": {"task": "investigations.forget_backtests", "schedule": 3600.0},
    "run-backtests": {
        "task": "investigations.run_backtests",
        "schedule": Polled(1.0, waiting=queues.RUN_BACKTESTS),
        "options": {"expires": 2},
    },
    "index-calls": {
        "task": "guardrail.index_calls",
        "schedule": Polled(1.0, waiting=INDEX_CALLS),
        "options": {"expires": 2},
    },
    "tell-receivers": {
        "task": "investigations.tell_receivers",
        "schedule": Polled(1.0, waiting=queues.TELL_RECEIVERS),
        "options": {"expires": 2},
    },
    "deliver": {
        "task": "investigations.deliver",
        "schedule": Polled(1.0, waiting=queues.DELIVER),
        "options": {"expires": 2},
    },
    "sync-tickets": {
        "task": "investigations.sync_tickets",
        "schedule": Polled(3.0, waiting=queues.SYNC_TICKETS),
        "options": {"expires": 5},
    },
    "prune-deliveries": {"task": "investigations.prune_deliveries", "schedule": 60.0, "options": {"expires": 50}},
    "forget-states": {"task": "guardrail.forget_states", "schedule": 24 * 3600.0},
    "number-missed": {"task": "guardrail.number_missed", "schedule": 3600.0},
    "number-changes": {
        "task": "investigations.number_changes",
        "schedule": Polled(5.0, waiting=queues.NUMBER_CHANGES),
        "options": {"expires": 4},
    },
    "drop-old-months": {"task": "investigations.drop_old_months", "schedule": 3600.0},
    "keep-trail": {"task": "guardrail.keep_trail", "schedule": 30.0, "options": {"expires": 25}},
    "make-partitions": {"task": "guardrail.make_partitions", "schedule": 6 * 3600.0},
}
