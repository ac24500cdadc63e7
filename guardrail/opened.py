"""Writes down who opened which transcript: once a day for each person and call, without waiting for the audit trail."""

import uuid

from django.contrib.auth.models import User
from django.utils import timezone

from guardrail.api_tokens import Reader
from guardrail.models import TranscriptOpened


def note_opened(verdict_id: uuid.UUID, *, actor: User, how: str) -> None:
    """Note that `actor` saw what stands in a call; `how` is the page. Safe to run twice."""
    _note(verdict_id, actor_id=actor.pk, actor_name=actor.get_username(), how=how)


def note_read(verdict_id: uuid.UUID, *, token: Reader) -> None:
    """Note that a program read what stands in a call; its number is negative: no person's. Safe to run twice."""
    _note(verdict_id, actor_id=-token.pk, actor_name=token.called, how="api")


def _note(verdict_id: uuid.UUID, *, actor_id: int, actor_name: str, how: str) -> None:
    now = timezone.now()
    opened = TranscriptOpened(
        verdict_id=verdict_id, day=now.date(), actor_id=actor_id, actor_name=actor_name, first_at=now, how=how
    )
    TranscriptOpened.objects.bulk_create([opened], ignore_conflicts=True)
