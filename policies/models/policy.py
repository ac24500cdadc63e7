"""Policy versions: one JSON document each, immutable once published."""

from django.conf import settings
from django.db import models


class PolicyVersion(models.Model):
    """What is done on which signal, and the defaults. The highest number is in force."""

    number = models.PositiveIntegerField(unique=True)
    document = models.JSONField(help_text="`defaults` and `actions` of a ruleset document.")
    reason = models.TextField(blank=True)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-number",)

    def __str__(self) -> str:
        return f"v{self.number}"


class RulesetSerial(models.Model):
    """One row counted up by every change that reaches judging; each web process watches it and recompiles.

    INVARIANT: bumped in the same transaction as the change, by `policies.services.changed`.
    """

    serial = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.serial)
