"""Writes down who opened which transcript: once a day for each person and call, without waiting for the audit trail."""

import uuid

from django.contrib.auth.models import User
from django.utils import timezone

from guardrail.models import TranscriptOpened


def note_opened(verdict_id: uuid.UUID, *, actor: User, how: str) -> None:
    """Note that `actor` saw what stands in a call; `how` is the page. Safe to run twice."""
    now = timezone.now()
    opened = TranscriptOpened(
        verdict_id=verdict_id, day=now.date(), actor_id=actor.pk, actor_name=actor.get_username(), first_at=now, how=how
    )
    TranscriptOpened.objects.bulk_create([opened], ignore_conflicts=True)
