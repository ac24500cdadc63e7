"""What investigations share between agents and conversations."""

from django.conf import settings
from django.db import models

from investigations.models.casework import Investigation


class Campaign(models.Model):
    """Investigations that share a text, a destination or a document between agents or conversations: one attack.

    Written by `investigations.joining` in the intake's transaction, which holds the organisation's lock. `organisation`
    is the hash memory knows it by. Two that turn out to be one become the older one; `merged_into` then says which.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CONFIRMED = "confirmed", "Confirmed"
        DISMISSED = "dismissed", "Not an attack"
        MERGED = "merged", "Part of another"

    organisation = models.CharField(max_length=24)
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.OPEN)
    severity = models.PositiveSmallIntegerField()
    agents = models.PositiveIntegerField(default=0)
    conversations = models.PositiveIntegerField(default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-last_seen", "-id")
        indexes = (
            # the list of campaigns
            models.Index(fields=("-last_seen", "-id"), name="campaign_list"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.title}"


class SharedKey(models.Model):
    """A fingerprint stopped calls may share: a text, a destination or a document. `label` is what people read."""

    organisation = models.CharField(max_length=24)
    digest = models.CharField(max_length=24)
    kind = models.CharField(max_length=16)
    label = models.CharField(max_length=300, blank=True)
    campaign = models.ForeignKey(Campaign, null=True, on_delete=models.SET_NULL, related_name="keys")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("organisation", "digest"), name="shared_key_once"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.label}"[:80]


class Sharing(models.Model):
    """That calls of one agent in one conversation, in one investigation, had this fingerprint."""

    key = models.ForeignKey(SharedKey, on_delete=models.CASCADE, related_name="sharings")
    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="sharings")
    agent_id = models.CharField(max_length=200, blank=True)
    conversation_id = models.CharField(max_length=200, blank=True)
    first_seen = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("key", "investigation", "conversation_id"), name="sharing_once"),
        )
        # whether a campaign knows an agent, or one of its conversations
        indexes = (models.Index(fields=("agent_id", "conversation_id", "key"), name="sharing_place"),)

    def __str__(self) -> str:
        return f"{self.key_id} in {self.investigation_id}"


class CampaignMember(models.Model):
    """An investigation's one campaign.

    No constraint on the investigation: checking it would wait for whoever holds that row and waits for us.
    """

    investigation = models.OneToOneField(
        Investigation, primary_key=True, on_delete=models.CASCADE, related_name="membership", db_constraint=False
    )
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="members")
    raised = models.PositiveSmallIntegerField(db_default=0, help_text="How far `escalation` has raised its severity.")

    class Meta:
        ordering = ("investigation_id",)

    def __str__(self) -> str:
        return f"{self.investigation_id} in {self.campaign_id}"
