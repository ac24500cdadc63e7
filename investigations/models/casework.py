"""Investigations: people's work on a group of verdicts that share one cause."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models.functions import Now

# When nothing is due: later than anything that is.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class Investigation(models.Model):
    """One cause: `fingerprint` over its kind, agent, and author, document, destination or conversation.

    At most one open investigation has a fingerprint. `severity` only rises by itself. `facts` holds what the page says
    about the cause: (name, value) pairs of the deciding signals, deduplicated.
    """

    class Status(models.TextChoices):
        NEW = "new", "New"
        ACTIVE = "active", "Active"
        CLOSED = "closed", "Closed"

    class Disposition(models.TextChoices):
        TRUE_POSITIVE = "true_positive", "True positive"
        BENIGN_EXPECTED = "benign_expected", "Benign, expected"
        FALSE_POSITIVE = "false_positive", "False positive"
        UNDETERMINED = "undetermined", "Undetermined"

    class Outcome(models.TextChoices):
        """The strongest thing that was done with one of its calls."""

        BLOCKED = "blocked", "Blocked"
        HELD = "held", "Held"
        WOULD_BLOCK = "would_block", "Would block"
        WOULD_HOLD = "would_hold", "Would hold"
        LET_THROUGH = "let_through", "Let through unjudged"
        FOUND_LATE = "found_late", "Let through, found afterwards"
        EXECUTED = "executed", "Stopped, and made all the same"
        NOTED = "noted", "Noted, no call was stopped"

    kind = models.CharField(max_length=60, help_text="The deciding signal's name.")
    fingerprint = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.NEW)
    severity = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    agent_id = models.CharField(max_length=200, blank=True)
    agent_name = models.CharField(max_length=200, blank=True)
    other_agents = ArrayField(
        models.CharField(max_length=200, blank=True),
        default=list,
        db_default=[],
        blank=True,
        help_text="Of what was merged into it, or opened on by hand.",
    )
    user_id = models.CharField(max_length=200, blank=True)
    conversation_id = models.CharField(max_length=200, blank=True)
    destination = models.CharField(max_length=500, blank=True)
    author = models.CharField(max_length=300, blank=True)
    document = models.CharField(max_length=1000, blank=True)
    facts = models.JSONField(default=list, blank=True)
    calls = models.PositiveIntegerField(default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="investigations"
    )
    disposition = models.CharField(max_length=20, choices=Disposition.choices, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(db_default=Now())
    kin = models.CharField(max_length=64, db_default="", blank=True, help_text="The cause at whatever agent.")
    follows = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="followers", help_text="An earlier one."
    )
    seen = models.JSONField(db_default={}, default=dict, blank=True, help_text="Destinations and rules of its calls.")
    again = models.PositiveIntegerField(db_default=0, help_text="Calls that came after it was closed as harmless.")
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="sources", help_text="Part of that one."
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # the clocks: written by `investigations.clocks` only
    clock_from = models.DateTimeField(null=True, blank=True, help_text="Opened, or opened again.")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    held_since = models.DateTimeField(null=True, blank=True, help_text="Taken, and nothing done with it since.")
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_seconds = models.PositiveBigIntegerField(db_default=0, help_text="Of working hours, pauses that are over.")
    acknowledge_due = models.DateTimeField(null=True, blank=True)
    resolve_due = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(db_default=NEVER, help_text="When the clock that runs now runs out.")
    clocked = models.PositiveSmallIntegerField(db_default=0, help_text="The severity the clocks were set for.")
    restricted = models.BooleanField(db_default=False, help_text="Only the people named, and leads, see it.")

    class Meta:
        ordering = ("-severity", "-last_seen", "-id")
        constraints = (
            # two intakes at once cannot open the same cause twice
            # what is part of another one keeps its cause, so that calls to come find their way
            models.UniqueConstraint(
                fields=("fingerprint",),
                condition=~models.Q(status="closed") | models.Q(merged_into__isnull=False),
                name="investigation_held_once",
            ),
        )
        indexes = (
            # the queue's default order, of what is open and of what is closed
            models.Index(
                fields=("-severity", "-last_seen", "-id"),
                condition=~models.Q(status="closed"),
                name="investigation_open_queue",
            ),
            models.Index(
                fields=("-severity", "-last_seen", "-id"),
                condition=models.Q(status="closed"),
                name="investigation_closed_queue",
            ),
            # its other orders; what is open is few enough to be sorted
            models.Index(
                fields=("-last_seen", "-id"), condition=models.Q(status="closed"), name="investigation_closed_seen"
            ),
            models.Index(
                fields=("-first_seen", "-id"), condition=models.Q(status="closed"), name="investigation_closed_first"
            ),
            models.Index(
                fields=("-calls", "-id"), condition=models.Q(status="closed"), name="investigation_closed_calls"
            ),
            # what people found in one agent's calls
            models.Index(fields=("agent_id", "-last_seen"), name="investigation_agent"),
            # the queue by what runs out first
            models.Index(fields=("due_at", "id"), condition=~models.Q(status="closed"), name="investigation_due"),
            # whose clocks are to be set
            models.Index(
                fields=("id",),
                condition=~models.Q(status="closed") & ~models.Q(clocked=models.F("severity")),
                name="investigation_to_clock",
            ),
            # what was taken and not touched
            models.Index(
                fields=("held_since",), condition=models.Q(held_since__isnull=False), name="investigation_held"
            ),
            # what shares something; hashes, because a text may be longer than a tree takes
            HashIndex(fields=("destination",), condition=~models.Q(destination=""), name="investigation_destination"),
            HashIndex(fields=("document",), condition=~models.Q(document=""), name="investigation_document"),
            HashIndex(fields=("author",), condition=~models.Q(author=""), name="investigation_author"),
            HashIndex(fields=("user_id",), condition=~models.Q(user_id=""), name="investigation_user"),
            # what was found to be an attack, or harmless, lately
            models.Index(
                fields=("disposition", "-closed_at"),
                condition=models.Q(status="closed"),
                name="investigation_found",
            ),
            # what few may see
            models.Index(fields=("id",), condition=models.Q(restricted=True), name="investigation_restricted"),
            # what was closed of a cause
            models.Index(
                fields=("fingerprint",), condition=models.Q(status="closed"), name="investigation_closed_cause"
            ),
            # the same cause at other agents
            models.Index(fields=("kin",), condition=~models.Q(kin=""), name="investigation_kin"),
            # the search by conversation
            models.Index(fields=("conversation_id",), name="investigation_conversation"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.title}"


class Reader(models.Model):
    """A person who may see one restricted investigation."""

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="readers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("investigation", "person"), name="reader_once"),)

    def __str__(self) -> str:
        return f"{self.person_id} sees {self.investigation_id}"


class InvestigationCall(models.Model):
    """A verdict's one place in an investigation. No foreign key to the verdict: partitions are dropped by retention."""

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="call_set")
    source = models.ForeignKey(
        Investigation, null=True, on_delete=models.PROTECT, related_name="+", help_text="Merged: whose call it was."
    )
    verdict_id = models.UUIDField(unique=True)

    class Meta:
        ordering = ("verdict_id",)

    def __str__(self) -> str:
        return str(self.verdict_id)


class Activity(models.Model):
    """What happened to an investigation and who did it. Append only but for `told`: the row is the queue."""

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="activities")
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    text = models.TextField(blank=True)
    told = models.BooleanField(db_default=False, help_text="Whether receivers were told, or need not be.")

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "activities"
        indexes = (
            # what receivers are still to be told of
            models.Index(fields=("id",), condition=models.Q(told=False), name="activity_untold"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"[:80]
