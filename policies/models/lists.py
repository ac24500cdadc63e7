"""Destinations this organisation knows, and how it stands to them."""

from django.db import models


class Destination(models.Model):
    """An address, domain, host, handle or account with a standing. Stored lower case: lookups are exact."""

    class StandingChoice(models.TextChoices):
        INTERNAL = "internal"
        KNOWN = "known"
        DENIED = "denied"

    value = models.CharField(max_length=500, unique=True)
    standing = models.CharField(max_length=16, choices=StandingChoice.choices)
    note = models.CharField(max_length=500, blank=True)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("value",)

    def __str__(self) -> str:
        return f"{self.value} ({self.standing})"
