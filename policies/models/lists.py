"""Destinations this organisation knows, and how it stands to them."""

import uuid

from django.conf import settings
from django.db import models


class Destination(models.Model):
    """An address, domain, host, URL, handle or account with a standing. Stored lower case: lookups are exact.

    `changed_at` and `changed_by` say who decided last; a command or an import by the system has no `changed_by`.
    """

    class StandingChoice(models.TextChoices):
        INTERNAL = "internal"
        KNOWN = "known"
        PARTNER = "partner"
        DENIED = "denied"

    value = models.CharField(max_length=500, unique=True)
    standing = models.CharField(max_length=16, choices=StandingChoice.choices)
    note = models.CharField(max_length=500, blank=True)
    added_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ("value",)

    def __str__(self) -> str:
        return f"{self.value} ({self.standing})"


class DestinationRevision(models.Model):
    """One row: which list of destinations this is. A trigger gives it another value with every change of the list."""

    revision = models.UUIDField(default=uuid.uuid4)

    def __str__(self) -> str:
        return str(self.revision)
