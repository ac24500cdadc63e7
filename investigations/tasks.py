"""Celery shells of this package."""

from celery import shared_task
from django.utils import timezone

from guardrail.tasking import WithOwnTurns
from investigations import (
    backtest_run,
    backtests,
    bulk,
    bulk_work,
    changes,
    clocks,
    edit_notices,
    escalation,
    exercise,
    intake,
    late_edits,
    late_intake,
    remediation,
    retention,
    rule_rollback,
    rule_uses,
)
from investigations.siem import delivery, outbox
from investigations.tickets import sync
from policies.services import exceptions, response, restrictions


@shared_task(name="investigations.take_in")
def take_in() -> None:
    """Take in what is pending; safe to run twice, and overlapping runs share the work."""
    intake.take_in_all()
    late_intake.take_in_all_late(timezone.now())
    edit_notices.take_in_notices(timezone.now())
    late_edits.join_late_edits()


@shared_task(name="investigations.end_due_restrictions")
def end_due_restrictions() -> None:
    """End the restrictions whose time is over; safe to run twice, and overlapping runs wait for each other."""
    restrictions.end_due(timezone.now())


@shared_task(name="investigations.end_due_exceptions")
def end_due_exceptions() -> None:
    """End the exceptions whose time is over; safe to run twice, and overlapping runs wait for each other."""
    exceptions.end_due(timezone.now())


@shared_task(name="investigations.play_exercise")
def play_exercise() -> None:
    """Play the exercise somebody asked for; safe to run twice, one worker has it."""
    exercise.play_due()


@shared_task(name="investigations.run_backtests", base=WithOwnTurns)
def run_backtests() -> None:
    """Work on the backtests somebody asked for; safe to run twice, and overlapping runs share the work."""
    backtest_run.run_due()


@shared_task(name="investigations.set_clocks")
def set_clocks() -> None:
    """Raise what its campaign makes graver, set the clocks that are to be set, and give back what nobody touched.

    Safe to run twice, and by several at once.
    """
    escalation.raise_due(timezone.now())
    clocks.set_due()
    clocks.return_untouched(timezone.now())


@shared_task(name="investigations.verify_remediations")
def verify_remediations() -> None:
    """Look whether documents that are cleaned are clean; safe to run twice, and by several at once."""
    remediation.verify_due(timezone.now())


@shared_task(name="investigations.work_bulk")
def work_bulk() -> None:
    """Work on bulk actions and their undos; safe to run twice, and overlapping runs share the work."""
    bulk_work.work_due(timezone.now())
    bulk.forget_unbegun(timezone.now())


@shared_task(name="investigations.forget_backtests")
def forget_backtests() -> None:
    """Delete backtests that were over long ago; safe to run twice."""
    backtests.forget_old(timezone.now())


@shared_task(name="investigations.drop_old_months")
def drop_old_months() -> None:
    """Drop calls that are older than they are to be kept; safe to run twice."""
    retention.drop_old_months(timezone.now())
    retention.erase_expired(timezone.now())


@shared_task(name="investigations.forget_not_done")
def forget_not_done() -> None:
    """Delete what rules did not do months ago; safe to run twice."""
    response.forget_not_done(timezone.now())


@shared_task(name="investigations.forget_trials")
def forget_trials() -> None:
    """Delete what old versions of rules came to; safe to run twice."""
    rule_uses.forget_trials(timezone.now())


@shared_task(name="investigations.roll_back_rules")
def roll_back_rules() -> None:
    """Put rules that passed their bounds back to monitor; safe to run twice, and by several at once."""
    rule_rollback.roll_back_rules(timezone.now())


@shared_task(name="investigations.tell_receivers")
def tell_receivers() -> None:
    """Queue for receivers what happened to investigations and policy; safe to run twice, one worker has it."""
    outbox.queue_told(timezone.now())


@shared_task(name="investigations.number_changes")
def number_changes() -> None:
    """Number what changed since somebody read it last; safe to run twice, and by several at once."""
    changes.number_changes()


@shared_task(name="investigations.deliver", base=WithOwnTurns)
def deliver() -> None:
    """Send what is queued; safe to run twice, and overlapping runs share the work."""
    delivery.deliver_due()


@shared_task(name="investigations.sync_tickets")
def sync_tickets() -> None:
    """Bring tickets in other systems in step; safe to run twice, one worker has it."""
    sync.sync_due()


@shared_task(name="investigations.prune_deliveries")
def prune_deliveries() -> None:
    """End what was tried for its whole time, forget what was settled long ago, tell of lag; safe to run twice."""
    delivery.prune(timezone.now())
