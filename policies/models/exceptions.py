"""Exceptions people made: calls that pass although something was found, for a time."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from policies.exceptions import Scope


class PolicyException(models.Model):
    """One exception, in force until `ended_at`. Written by `policies.services.exceptions` only.

    The scope is `policies.exceptions.Scope`. `owner` answers for it; `verdict_id` is the call it was made from, None
    where it was made by hand, and `investigation` that call's. `hits` counts the verdicts in which it lifted something.
    `renewed_at` is when a person last said that it should go on.
    """

    class End(models.TextChoices):
        ENDED = "ended", "Ended by a person"
        EXPIRED = "expired", "Expired"

    agent_id = models.CharField(max_length=200, blank=True)
    tool = models.CharField(max_length=500, blank=True)
    argument = models.CharField(max_length=500, blank=True)
    destinations = models.JSONField(default=list, blank=True)
    data_classes = models.JSONField(default=list, blank=True)
    trigger_id = models.CharField(max_length=500, blank=True)
    signals = models.JSONField(default=list, blank=True)
    owner = models.CharField(max_length=200)
    reason = models.TextField()
    verdict_id = models.UUIDField(null=True, blank=True)
    investigation = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField()
    renewed_at = models.DateTimeField(null=True, blank=True)
    hits = models.PositiveBigIntegerField(default=0)
    last_hit_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    end = models.CharField(max_length=16, choices=End.choices, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            # wider than this it would be a policy, and policies are published
            models.CheckConstraint(condition=~Q(agent_id="", tool=""), name="exception_names_agent_or_tool"),
        )
        indexes = (
            # what is to end next, and what people have to look at before
            models.Index(fields=("expires_at", "id"), condition=Q(ended_at=None), name="exception_due"),
            # those an investigation led to
            models.Index(fields=("investigation",), name="exception_investigation"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.agent_id or self.tool}"

    @property
    def scope(self) -> Scope:
        """What it is for, as judging compares it."""
        return Scope(
            agent_id=self.agent_id,
            tool=self.tool.lower(),
            argument=self.argument,
            destinations=tuple(self.destinations),
            data_classes=tuple(self.data_classes),
            trigger_id=self.trigger_id,
            signals=tuple(self.signals),
        )
