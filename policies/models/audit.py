"""Who changed what: append only, each entry holding the hash of the one before."""

from django.conf import settings
from django.db import models
from django.db.models import F
from django.db.models.fields.json import KeyTransform


class AuditEntry(models.Model):
    """One change or access. `digest` = sha256 over the previous digest and this entry's canonical JSON.

    INVARIANT: insert only; a database trigger refuses UPDATE and DELETE.
    """

    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=200)
    action = models.CharField(max_length=100)
    detail = models.JSONField(default=dict)
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "audit entries"
        indexes = (
            # a report over some days
            models.Index(fields=("at",), name="audit_at"),
            # what was done about one agent, newest first
            models.Index(KeyTransform("agent", "detail"), F("id").desc(), name="audit_agent"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.action}"
