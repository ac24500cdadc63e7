"""Celery shells of this package."""

from celery import shared_task

from guardrail import partitions, validation


@shared_task(name="guardrail.make_partitions")
def make_partitions() -> None:
    """Make the partitions of the coming months; safe to run twice."""
    partitions.make_ahead()


@shared_task(name="guardrail.validate_due")
def validate_due() -> None:
    """Judge in full what was answered by the quick checks; safe to run twice, and overlapping runs share the work."""
    validation.validate_due()
