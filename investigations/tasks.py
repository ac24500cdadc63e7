"""Celery shells of this package."""

from celery import shared_task
from django.utils import timezone

from investigations import intake, late_intake


@shared_task(name="investigations.take_in")
def take_in() -> None:
    """Take in what is pending; safe to run twice, and overlapping runs share the work."""
    intake.take_in_all()
    late_intake.take_in_all_late(timezone.now())
