"""What calls were judged by, member by member: the policy version with lists and inventory as they were then."""

from django.db import models


class RulesetMember(models.Model):
    """One member of a ruleset document under the sha256 of its JSON. Written by `policies.services.states`."""

    digest = models.CharField(max_length=64, primary_key=True)
    body_zstd = models.BinaryField()
    body_bytes = models.BigIntegerField()

    class Meta:
        ordering = ("digest",)

    def __str__(self) -> str:
        return self.digest


class RulesetState(models.Model):
    """One whole ruleset document: `members` maps the name of a member to its digest.

    `digest` is what the verdicts judged by it name. `last_at` moves on while a process judges by it, so that it is not
    dropped before the verdicts that name it.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    version = models.PositiveIntegerField()
    members = models.JSONField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ("-last_at",)
        indexes = (
            # what retention drops
            models.Index(fields=("last_at",), name="state_last_at"),
        )

    def __str__(self) -> str:
        return f"v{self.version} {self.digest[:12]}"
