"""Other engines that are asked for a second opinion on planned calls."""

from django.db import models

from policies.ruleset import SECOND_OPINION


class SecondOpinion(models.Model):
    """An engine that answers the webhook we answer. Calls, with their whole transcripts, go to `base_url`.

    `sealed_token` opens with `policies.sealing` for this slug and address only, and is never shown. Empty actions = as
    the policy says; `agents` empty = every agent. `required` = a call that can do harm gets the fail posture where
    this engine gives no answer.
    """

    class AskedForChoice(models.TextChoices):
        CHANGES = "changes", "Calls that can change or send something"
        ALL = "all", "Every call"

    class ActionChoice(models.TextChoices):
        NOTICE = "notice", "Note it and let the call pass"
        HOLD = "hold", "Hold it for a person"
        BLOCK = "block", "Block it"

    name = models.CharField(max_length=100)
    slug = models.CharField(max_length=60, unique=True)
    base_url = models.CharField(max_length=500)
    sealed_token = models.CharField(max_length=4000)
    budget_ms = models.PositiveIntegerField(default=200)
    asked_for = models.CharField(max_length=16, choices=AskedForChoice.choices, default=AskedForChoice.CHANGES)
    strict_action = models.CharField(max_length=16, choices=ActionChoice.choices, blank=True)
    cautious_action = models.CharField(max_length=16, choices=ActionChoice.choices, blank=True)
    required = models.BooleanField(default=False)
    agents = models.JSONField(default=list, blank=True)
    enabled = models.BooleanField(default=True)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "slug")

    def __str__(self) -> str:
        return self.name

    @property
    def signal(self) -> str:
        """The name of its signal, as `Opinion.signal`."""
        return f"{SECOND_OPINION}.{self.slug}"
