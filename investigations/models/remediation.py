"""A document that has to be cleaned, until it is seen to be clean."""

from django.conf import settings
from django.db import models

from investigations.models.casework import Investigation
from policies.models import KnowledgeDocument


class Remediation(models.Model):
    """One document of an investigation: who cleans it until when, and what showed that it is clean.

    `document` None = only its name is known, so nothing can be seen and a person says it. `checked_revision` and
    `checked_quote` are the newest rows that were looked at. Written by `investigations.remediation` only.
    """

    class State(models.TextChoices):
        OPEN = "open", "To be cleaned"
        DONE = "done", "Done, not yet seen to be"
        VERIFIED = "verified", "Clean"
        DROPPED = "dropped", "Not to be cleaned"

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="remediations")
    document = models.ForeignKey(
        KnowledgeDocument, null=True, blank=True, on_delete=models.SET_NULL, related_name="remediations"
    )
    name = models.CharField(max_length=1000)
    owner = models.CharField(max_length=200)
    due = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    marked_at = models.DateTimeField()
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    verified_at = models.DateTimeField(null=True, blank=True)
    seen = models.CharField(max_length=300, blank=True, help_text="What showed that it is clean, or is not.")
    checked_revision = models.BigIntegerField(default=0)
    checked_quote = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("due", "id")
        constraints = (
            # one document is cleaned once for one investigation
            models.UniqueConstraint(
                fields=("investigation", "name"),
                condition=models.Q(state__in=("open", "done")),
                name="remediation_once",
            ),
        )
        indexes = (
            # what is to be done, and what is to be looked at
            models.Index(fields=("due", "id"), condition=models.Q(state__in=("open", "done")), name="remediation_due"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.state}"[:80]
