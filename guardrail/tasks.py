"""Celery shells of this package."""

from celery import shared_task

from guardrail import partitions


@shared_task(name="guardrail.make_partitions")
def make_partitions() -> None:
    """Make the partitions of the coming months; safe to run twice."""
    partitions.make_ahead()
