"""Callers, verdicts and transcripts. Verdicts and transcripts are insert only and partitioned by month of their id."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

# The slug of the caller in whose name exercises are kept; it has no token, so nobody can call as it.
EXERCISE = "exercise"


class Orchestrator(models.Model):
    """One caller of the webhook: a platform that asks before its agents use a tool.

    `slug` is its base path (`/<slug>/analyze-tool-execution`). Entra tokens are accepted when `entra_tenant_id` and
    `entra_app_ids` are both set: the app ids are the mandatory allow-list of `appid`/`azp`.
    """

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=60, unique=True)
    enabled = models.BooleanField(default=True)
    entra_tenant_id = models.CharField(max_length=60, blank=True)
    entra_app_ids = models.JSONField(default=list, blank=True)
    entra_audiences = models.JSONField(default=list, blank=True)
    certificates = models.JSONField(default=list, db_default=[], blank=True, help_text="SHA-256; one must be shown.")
    per_minute = models.PositiveIntegerField(default=0, db_default=0, help_text="Calls that are judged; 0 = all.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class OrchestratorToken(models.Model):
    """A static bearer token, kept as its sha256 only. At most two of one orchestrator and purpose are valid at a time.

    One that tells of edits may not ask about calls, and the other way round. With an `account`, a program's, it ends
    when that is turned off.
    """

    class Purpose(models.TextChoices):
        CALLS = "calls", "Ask about calls"
        KNOWLEDGE = "knowledge", "Tell of edits to documents"

    orchestrator = models.ForeignKey(Orchestrator, on_delete=models.CASCADE, related_name="tokens")
    token_sha256 = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12, help_text="The first characters, to tell tokens apart.")
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.CALLS, db_default=Purpose.CALLS)
    created_at = models.DateTimeField(auto_now_add=True)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # to the minute; written by `guardrail.token_uses` only
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.hint}… of {self.orchestrator}"


class ApiToken(models.Model):
    """A bearer token a program reads verdicts and investigations with, kept as its sha256 only; it always ends.

    `scopes` are words of `guardrail.api_tokens.Scope`. A name is used once and for ever: what was read is written down
    under it. Made anew it keeps the name: `previous_sha256` is then accepted until `previous_ends_at`. With an
    `account`, a program's, it ends when that is turned off. Written by `guardrail.api_tokens` only.
    """

    name = models.CharField(max_length=100, unique=True)
    scopes = models.JSONField(default=list)
    token_sha256 = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12, help_text="The first characters, to tell tokens apart.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    rotated_at = models.DateTimeField(null=True)
    previous_sha256 = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001 many have none, and none twice
    previous_ends_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    minute = models.BigIntegerField(default=0, help_text="In which it asked last, since 1970.")
    asked = models.PositiveIntegerField(default=0, help_text="How often in that minute.")

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.name


class Verdict(models.Model):
    """One answered call. INVARIANT: insert only, by `guardrail.store.record`; a trigger refuses UPDATE and DELETE.

    `id` is a UUIDv7: its first 48 bits are milliseconds, so ordering by id is ordering by time, and the table is
    partitioned by ranges of it. `action` is what the caller was told, `would_have` what enforce mode would have said.
    `signals` and `origins` are lists of objects shaped like `policies.signal.Signal` and `guardrail.invocation.Origin`.
    `timings` maps a stage to milliseconds. `duplicate_of` = the same step was delivered before. `deferred` = answered
    by the quick checks, or, `failed`, not judged in time; what judging in full found afterwards is a LateFinding.
    `traces` are what it left in memory, packed by `guardrail.traces`. `documents` are shaped like
    `guardrail.named_documents.NamedDocument`, without what is empty. `ruleset_state` is the digest of all it was judged
    by (`policies.states`), empty where that was not told.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    received_at = models.DateTimeField()
    orchestrator_id = models.BigIntegerField()
    wire = models.CharField(max_length=40)
    correlation_id = models.CharField(max_length=200, blank=True)
    api_version = models.CharField(max_length=40, blank=True)
    tenant_id = models.CharField(max_length=200, blank=True)
    environment_id = models.CharField(max_length=200, blank=True)
    agent_id = models.CharField(max_length=200, blank=True)
    agent_name = models.CharField(max_length=200, blank=True)
    user_id = models.CharField(max_length=200, blank=True)
    conversation_id = models.CharField(max_length=200, blank=True)
    channel_id = models.CharField(max_length=100, blank=True)
    client_ip = models.CharField(max_length=60, blank=True)
    tool_id = models.CharField(max_length=500, blank=True)
    tool_name = models.CharField(max_length=500, blank=True)
    tool_kind = models.CharField(max_length=16, blank=True)
    destination = models.CharField(max_length=500, blank=True)
    step_key = models.CharField(max_length=64, blank=True)
    duplicate_of = models.UUIDField(null=True)
    action = models.CharField(max_length=8)
    would_have = models.CharField(max_length=8)
    mode = models.CharField(max_length=8)
    severity = models.PositiveSmallIntegerField(null=True)
    deciding_signal = models.CharField(max_length=60, blank=True)
    reason = models.TextField(blank=True)
    failed = models.BooleanField(default=False)
    degraded = models.JSONField(default=list)
    signals = models.JSONField(default=list)
    origins = models.JSONField(default=list)
    policy_version = models.PositiveIntegerField()
    timings = models.JSONField(default=dict)
    answer_ms = models.FloatField()
    unknown_members = models.JSONField(default=list)
    deferred = models.BooleanField(default=False)
    traces = models.BinaryField(default=bytes)
    documents = models.JSONField(default=list)
    ruleset_state = models.CharField(max_length=64, blank=True)

    class Meta:
        managed = False
        db_table = "guardrail_verdict"
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.id)


class Transcript(models.Model):
    """The whole raw body of one call, byte for byte, as `guardrail.packing` keeps it: compressed, and encrypted.

    INVARIANT: insert only, like Verdict; but `guardrail.rekeying` puts one under another key, under which it says the
    same. `key_id` is the name of its key, empty for none.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    body_zstd = models.BinaryField()
    body_bytes = models.BigIntegerField(help_text="Bytes received; more than kept when the call was oversize.")
    key_id = models.CharField(max_length=20, blank=True)

    class Meta:
        managed = False
        db_table = "guardrail_transcript"

    def __str__(self) -> str:
        return str(self.id)


class FeedHead(models.Model):
    """The last number that was taken of a feed; whoever takes one holds the row. Written by `guardrail.feed` only."""

    name = models.CharField(max_length=40, primary_key=True)
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class FeedEntry(models.Model):
    """The place of a verdict among all, in the order in which they could be seen. Written by `guardrail.feed` only."""

    id = models.UUIDField(primary_key=True, editable=False)
    number = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "guardrail_feedentry"

    def __str__(self) -> str:
        return f"{self.number} {self.id}"


class PendingIntake(models.Model):
    """A verdict the intake has not taken in yet: written with it, deleted by the intake. The row is the queue."""

    id = models.UUIDField(primary_key=True, editable=False)

    class Meta:
        managed = False
        db_table = "guardrail_pendingintake"

    def __str__(self) -> str:
        return str(self.id)


class PendingValidation(models.Model):
    """A deferred verdict that is still to be judged in full, or, `found`, whose finding the intake has not taken in.

    Written with the verdict; deleted when nothing was found, or by the intake. The row is the queue.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    found = models.BooleanField(default=False)

    class Meta:
        managed = False
        db_table = "guardrail_pendingvalidation"

    def __str__(self) -> str:
        return str(self.id)


class PendingSearch(models.Model):
    """A verdict that is taken in and not in the search yet. Written by the intake; the row is the queue."""

    id = models.UUIDField(primary_key=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        managed = False
        db_table = "guardrail_pendingsearch"

    def __str__(self) -> str:
        return str(self.id)


class SearchEntry(models.Model):
    """What the search knows of a verdict, `id` is the verdict's. Written by `guardrail.search.indexing` only.

    Names of tools, destinations and hosts are in lower case. Its words are in the column `words`, which only the
    database reads.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    agent_id = models.CharField(max_length=200)
    user_id = models.CharField(max_length=200)
    conversation_id = models.CharField(max_length=200)
    tool = models.CharField(max_length=500)
    tool_name = models.CharField(max_length=500)
    destination = models.CharField(max_length=500)
    host = models.CharField(max_length=500)
    rule = models.CharField(max_length=60)
    would_have = models.CharField(max_length=8)
    severity = models.PositiveSmallIntegerField(null=True)
    policy_version = models.PositiveIntegerField()

    class Meta:
        managed = False
        db_table = "guardrail_searchentry"
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.id)


class EntityDay(models.Model):
    """What the calls about one thing came to on one day (UTC). Written by `guardrail.search.indexing` only.

    `kind` is a word of `guardrail.search.days.Kind`. `blocked` and `held` were answered so, `watched` went through and
    enforce mode would have stopped them, `noted` are all others something was found about.
    """

    kind = models.CharField(max_length=12)
    key = models.CharField(max_length=500, blank=True)
    day = models.DateField()
    calls = models.BigIntegerField(default=0)
    blocked = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    noted = models.BigIntegerField(default=0)
    watched = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-day", "kind", "key")
        constraints = (models.UniqueConstraint(fields=("kind", "key", "day"), name="entity_day_once"),)
        indexes = (
            # all of one kind over some days
            models.Index(fields=("kind", "day"), name="entity_day"),
            # those that were stopped
            models.Index(
                fields=("kind", "day"),
                condition=models.Q(blocked__gt=0) | models.Q(held__gt=0) | models.Q(watched__gt=0),
                name="entity_day_stopped",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.day}"[:80]


class KeptCall(models.Model):
    """A call that is for few, and the people who may see it beside leads. Asked by `guardrail.kept` only.

    A view that whoever keeps work to few defines over its own tables: nothing writes here.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    people = ArrayField(models.IntegerField())

    class Meta:
        managed = False
        db_table = "guardrail_keptcall"

    def __str__(self) -> str:
        return str(self.id)


class TranscriptOpened(models.Model):
    """That somebody saw what stands in a call, on one day, on one page. Insert only; by `guardrail.opened`.

    No foreign keys: it outlives the verdict and the person.
    """

    verdict_id = models.UUIDField()
    day = models.DateField()
    actor_id = models.IntegerField()
    actor_name = models.CharField(max_length=200)
    first_at = models.DateTimeField()
    how = models.CharField(max_length=20)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "transcripts opened"
        constraints = (
            models.UniqueConstraint(fields=("verdict_id", "actor_id", "day", "how"), name="transcript_opened_once"),
        )
        # a report over some days
        indexes = (models.Index(fields=("day", "id"), name="transcript_opened_day"),)

    def __str__(self) -> str:
        return f"{self.verdict_id} by {self.actor_name}"


class LateFinding(models.Model):
    """What judging a deferred call in full found, when it was answered already. INVARIANT: insert only, like Verdict.

    `id` is the verdict's; the columns mean what they mean there. One that could not be judged is `failed`.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    found_at = models.DateTimeField()
    would_have = models.CharField(max_length=8)
    severity = models.PositiveSmallIntegerField(null=True)
    deciding_signal = models.CharField(max_length=60, blank=True)
    reason = models.TextField(blank=True)
    failed = models.BooleanField(default=False)
    degraded = models.JSONField(default=list)
    signals = models.JSONField(default=list)
    origins = models.JSONField(default=list)
    policy_version = models.PositiveIntegerField()
    judged_ms = models.FloatField()

    class Meta:
        managed = False
        db_table = "guardrail_latefinding"

    def __str__(self) -> str:
        return str(self.id)


class ExecutedCall(models.Model):
    """A stopped call that was made all the same: its output came up in a later call, `seen_in`. Written by the intake.

    `id` is the stopped verdict's. No foreign keys, as partitions are dropped by retention.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    seen_in = models.UUIDField()
    agent_id = models.CharField(max_length=200, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (
            # one agent's, newest first
            models.Index(fields=("agent_id", "-id"), name="executed_agent"),
        )

    def __str__(self) -> str:
        return str(self.id)


class AllowOnce(models.Model):
    """A person's permission for one held call to pass once. Written by `guardrail.tickets` only.

    `call_key` is `Invocation.call_key`: this caller, agent, user, conversation, tool and arguments, and no others.
    `verdict_id` is the hold a person read, `used_verdict_id` the verdict that let the call pass; no foreign keys, as
    partitions are dropped by retention. At most one permission of a key is open at a time.
    """

    call_key = models.CharField(max_length=64)
    verdict_id = models.UUIDField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_verdict_id = models.UUIDField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "allow once"
        indexes = (
            # one held call's permissions, on its page
            models.Index(fields=("call_key", "-id"), name="allowonce_call"),
        )

    def __str__(self) -> str:
        return f"{self.pk} for {self.call_key[:12]}"


class BeatRun(models.Model):
    """When a task that runs each minute or less often was sent last. Written and read by `guardrail.beat` only."""

    name = models.CharField(max_length=100, primary_key=True)
    sent_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
