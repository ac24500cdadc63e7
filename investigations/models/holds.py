"""What nobody may erase for now."""

from django.conf import settings
from django.db import models


class LegalHold(models.Model):
    """Keeps what it is about from being erased or dropped until it is lifted. Written by `investigations.holds` only.

    `key` is the number of a case, the id of a call, or a user as calls name one.
    """

    class Kind(models.TextChoices):
        CASE = "case", "Investigation"
        CALL = "call", "Call"
        USER = "user", "User"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    key = models.CharField(max_length=200)
    reason = models.TextField()
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    lifted_why = models.TextField(blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "key"), condition=models.Q(lifted_at=None), name="legal_hold_open_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"[:80]
