"""Plays of the library of attacks and their honest twins."""

from django.conf import settings
from django.db import models


class Exercise(models.Model):
    """One play of the library of attacks and their honest twins against the policy in force. The row is the queue.

    `chosen` is a group of the library, empty for all of it. `results` are `guardrail.rehearsal.score.Result.as_json`
    in the order they were played, so that what is there of a running one can be shown. At most one is not ended.
    """

    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    chosen = models.CharField(max_length=40, blank=True)
    profile = models.CharField(max_length=16, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="When the worker last said that it goes on.")
    ended_at = models.DateTimeField(null=True, blank=True)
    policy_version = models.PositiveIntegerField(default=0)
    planned = models.PositiveIntegerField(default=0)
    results = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(models.Value(1), condition=models.Q(ended_at=None), name="exercise_one_at_a_time"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.chosen or 'all'}"
