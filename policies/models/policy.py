"""Policy versions, one JSON document each and immutable once published, and the drafts they are made from."""

from django.conf import settings
from django.db import models


class PolicyVersion(models.Model):
    """One published policy: `defaults`, `actions`, `rules` and `flows` of a ruleset document. The newest is in force.

    INVARIANT: insert only; a database trigger refuses UPDATE and DELETE. `authors` are names and not rows of a table
    beside it, which somebody could change.
    """

    number = models.PositiveIntegerField(unique=True)
    document = models.JSONField(help_text="What `policies/policy.schema.json` describes, without its lists.")
    title = models.CharField(max_length=200, blank=True, db_default="")
    reason = models.TextField(blank=True)
    base = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    # The version whose document this one publishes anew; None = it was written.
    restores = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    authors = models.JSONField(default=list, db_default=[])
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, blank=True, db_default="", help_text="sha256 of the canonical document.")
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-number",)

    def __str__(self) -> str:
        return f"v{self.number}"


class PolicyDraft(models.Model):
    """A policy that is being written. Changed by `policies.services.drafts` only.

    `revision` counts its saves; an approval is of one revision, `approved_revision`, and a later save voids it.
    `lists` are the entries of lists that came with an imported document, empty once it is closed: phrases that mark
    data are among them.
    """

    class State(models.TextChoices):
        OPEN = "open", "being written"
        IN_REVIEW = "in_review", "in review"
        PUBLISHED = "published", "published"
        DISCARDED = "discarded", "discarded"

    base = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    document = models.JSONField()
    lists = models.JSONField(default=dict, blank=True)
    revision = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN)
    authors = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    saved_at = models.DateTimeField(auto_now_add=True)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    approved_revision = models.PositiveIntegerField(null=True)
    remark = models.TextField(blank=True, help_text="Why the reviewer sent it back.")
    version = models.OneToOneField(PolicyVersion, null=True, on_delete=models.PROTECT, related_name="draft")

    class Meta:
        ordering = ("-saved_at", "-id")
        # the list of drafts that are worked on
        indexes = (
            models.Index(
                fields=("-saved_at",), condition=models.Q(state__in=("open", "in_review")), name="draft_worked_on"
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def worked_on(self) -> bool:
        """Whether it is neither published nor discarded."""
        return self.state in (self.State.OPEN, self.State.IN_REVIEW)

    @property
    def approved(self) -> bool:
        """Whether somebody approved it as it is now."""
        return self.approved_revision == self.revision


class PolicyDraftRevision(models.Model):
    """A draft as it was at one save, to tell the changes of two people apart; gone when the draft is closed."""

    draft = models.ForeignKey(PolicyDraft, on_delete=models.CASCADE, related_name="revisions")
    revision = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    document = models.JSONField()
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("revision",)
        constraints = (models.UniqueConstraint(fields=("draft", "revision"), name="draft_revision_once"),)

    def __str__(self) -> str:
        return f"{self.draft_id}, revision {self.revision}"


class RulesetSerial(models.Model):
    """One row counted up by every change that reaches judging; each web process watches it and recompiles.

    INVARIANT: bumped in the same transaction as the change, by `policies.services.changed`.
    """

    serial = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.serial)
