"""People's work on a group of verdicts that share one cause."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from policies.models import PolicyDraft, PolicyVersion


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

    class Meta:
        ordering = ("-severity", "-last_seen", "-id")
        constraints = (
            # two intakes at once cannot open the same cause twice
            models.UniqueConstraint(
                fields=("fingerprint",), condition=~models.Q(status="closed"), name="investigation_open_once"
            ),
        )
        indexes = (
            # the queue's default order
            models.Index(fields=("status", "-severity", "-last_seen", "-id"), name="investigation_queue"),
            # what people found in one agent's calls
            models.Index(fields=("agent_id", "-last_seen"), name="investigation_agent"),
            # the search by conversation
            models.Index(fields=("conversation_id",), name="investigation_conversation"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.title}"


class InvestigationCall(models.Model):
    """A verdict's one place in an investigation. No foreign key to the verdict: partitions are dropped by retention."""

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="call_set")
    verdict_id = models.UUIDField(unique=True)

    class Meta:
        ordering = ("verdict_id",)

    def __str__(self) -> str:
        return str(self.verdict_id)


class Activity(models.Model):
    """What happened to an investigation and who did it. Append only."""

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="activities")
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    text = models.TextField(blank=True)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"[:80]


class Exercise(models.Model):
    """One play of the library of attacks and their honest twins against the policy in force. The row is the queue.

    `chosen` is a group of the library, empty for all of it. `results` are `guardrail.rehearsal.score.Result.as_json`
    in the order they were played, so that what is there of a running one can be shown. At most one is not ended.
    """

    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    chosen = models.CharField(max_length=40, blank=True)
    profile = models.CharField(max_length=16, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="When the worker last said that it goes on.")
    ended_at = models.DateTimeField(null=True, blank=True)
    policy_version = models.PositiveIntegerField(default=0)
    planned = models.PositiveIntegerField(default=0)
    results = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(models.Value(1), condition=models.Q(ended_at=None), name="exercise_one_at_a_time"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.chosen or 'all'}"


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

    class Meta:
        ordering = ("investigation_id",)

    def __str__(self) -> str:
        return f"{self.investigation_id} in {self.campaign_id}"


class RuleUse(models.Model):
    """One rule's matches since it has had its name, over all versions. No row = no stored call ever matched it.

    `matched` counts calls it matched while it acted, `watched` those while it was only watched: in monitor, or outside
    the share of a canary. It decided `stopped` of them; `spared` are those it would have stopped and nothing else did.
    Written by the intake only, as the two below.
    """

    name = models.CharField(max_length=60, unique=True)
    matched = models.BigIntegerField(default=0)
    watched = models.BigIntegerField(default=0)
    stopped = models.BigIntegerField(default=0)
    spared = models.BigIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    last_verdict = models.UUIDField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name}: {self.matched + self.watched}"


class RuleTrial(models.Model):
    """One agent's calls under one policy version: those a rule matched, acting or not, or all where `name` is empty.

    `stopped` are those the rule decided, `spared` as in RuleUse. What automatic rollback compares with a rule's bounds.
    """

    version = models.PositiveIntegerField()
    name = models.CharField(max_length=60, blank=True)
    agent_id = models.CharField(max_length=200, blank=True)
    calls = models.BigIntegerField(default=0)
    stopped = models.BigIntegerField(default=0)
    spared = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (
            # the agents of one rule, version by version
            models.UniqueConstraint(fields=("name", "version", "agent_id"), name="rule_trial_once"),
        )

    def __str__(self) -> str:
        return f"{self.name or 'all'} v{self.version} {self.agent_id}: {self.calls}"


class RuleMatch(models.Model):
    """That calls of an investigation were matched by a rule of the policy, under one version.

    What people then say of the investigation counts for or against the rule. `stopped` of them were decided by it. No
    constraint on the investigation: checking it would wait for whoever holds that row.
    """

    name = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    investigation = models.ForeignKey(
        Investigation, on_delete=models.CASCADE, related_name="rule_matches", db_constraint=False
    )
    calls = models.PositiveIntegerField(default=0)
    stopped = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("name", "investigation", "version"), name="rule_match_once"),)

    def __str__(self) -> str:
        return f"{self.name} in {self.investigation_id}"


class Backtest(models.Model):
    """A draft or a version tried on a span of stored calls. Written by `investigations.backtests` only.

    `document` is frozen when it is asked for, with the sha256 of its canonical form; `base` is the policy it is
    compared with, as it was then. `cursor` is the last call handed out to a worker, `handed_out` = all were. `result`
    is an `investigations.tally.Tally` as JSON, over the chunks that are done.
    """

    title = models.CharField(max_length=200)
    draft = models.ForeignKey(PolicyDraft, null=True, on_delete=models.SET_NULL, related_name="+")
    draft_revision = models.PositiveIntegerField(null=True)
    version = models.ForeignKey(PolicyVersion, null=True, on_delete=models.PROTECT, related_name="+")
    base = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    since = models.DateTimeField()
    until = models.DateTimeField()
    agent_id = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cursor = models.UUIDField(null=True)
    handed_out = models.BooleanField(default=False)
    depth = models.CharField(max_length=12, blank=True)
    serials = models.JSONField(default=list, help_text="The states of lists and inventory it was judged by.")
    result = models.JSONField(default=dict)
    kept = models.PositiveIntegerField(default=0)
    worked_ms = models.BigIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            # what is due
            models.Index(fields=("id",), condition=models.Q(ended_at=None, cancelled_at=None), name="backtest_due"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.title}"


class BacktestChunk(models.Model):
    """Some calls in a row of one backtest: those after `after`, up to and with `last`. The row is the queue.

    Whoever works on it holds `lease` until `leased_until`; when that is over, another may take it. `only` are the calls
    of the range that are left, where one run had no time for all; empty = all.
    """

    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, related_name="chunks")
    after = models.UUIDField()
    last = models.UUIDField()
    calls = models.PositiveIntegerField()
    only = models.JSONField(default=list)
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            # two workers cannot hand out the same calls
            models.UniqueConstraint(
                fields=("backtest", "last"), condition=models.Q(only=[]), name="backtest_chunk_once"
            ),
        )
        indexes = (
            # what somebody has to take up again
            models.Index(fields=("backtest", "id"), condition=models.Q(done_at=None), name="backtest_chunk_open"),
        )

    def __str__(self) -> str:
        return f"{self.pk} of {self.backtest_id}"


class BacktestChange(models.Model):
    """One call the draft would answer otherwise. No foreign key to the verdict: partitions are dropped by retention.

    `badness` is 2 for a confirmed attack that would pass, 1 for honest work that would be stopped.
    """

    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, related_name="changes")
    verdict_id = models.UUIDField()
    effect = models.CharField(max_length=12)
    badness = models.PositiveSmallIntegerField(default=0)
    disposition = models.CharField(max_length=20, blank=True)
    rule = models.CharField(max_length=80, blank=True)
    now_action = models.CharField(max_length=8)
    now_would_have = models.CharField(max_length=8)
    now_failed = models.BooleanField(default=False)
    then_action = models.CharField(max_length=8)
    then_would_have = models.CharField(max_length=8)
    then_failed = models.BooleanField(default=False)

    class Meta:
        ordering = ("-badness", "-verdict_id")
        constraints = (models.UniqueConstraint(fields=("backtest", "verdict_id"), name="backtest_change_once"),)
        indexes = (
            # one backtest's calls, the worst first, all of them or those of one effect
            models.Index(fields=("backtest", "-badness", "-verdict_id"), name="backtest_change_list"),
            models.Index(fields=("backtest", "effect", "-badness", "-verdict_id"), name="backtest_change_effect"),
        )

    def __str__(self) -> str:
        return f"{self.verdict_id} {self.effect}"
