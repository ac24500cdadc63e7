"""Agents, environments and tools: what runs here, as admins registered it and as calls showed it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value


class ModeChoice(models.TextChoices):
    MONITOR = "monitor"
    ENFORCE = "enforce"


class Environment(models.Model):
    """A Power Platform environment or its like; `mode` empty = the policy's default.

    `masked` are the kinds (`policies.recognition.kinds.MASKED`) that are masked in its calls, None = all of them.
    Transcripts, and whole calls, are erased after so many days; None = as the settings say. Written by
    `policies.services.privacy`.
    """

    environment_id = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200, blank=True)
    mode = models.CharField(max_length=16, choices=ModeChoice.choices, blank=True)
    first_seen = models.DateTimeField(null=True, blank=True)
    last_seen = models.DateTimeField(null=True, blank=True)
    masked = ArrayField(models.CharField(max_length=12), null=True, blank=True)
    keep_transcript_days = models.PositiveIntegerField(null=True, blank=True)
    keep_call_days = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("name", "environment_id")

    def __str__(self) -> str:
        return self.name or self.environment_id


class Agent(models.Model):
    """An agent by its id. Not `registered` but seen = shadow; registered but never seen = uncovered.

    Empty `mode`, `profile` and `fail_posture` mean the default of the environment or of the policy. What an inventory
    says of it (`authentication` to `instructions_digest`) is empty where nobody said it; its tools are GrantedTool.
    What begins with `seen_` is what its calls said last, written by the intake only: `seen_signed_in`, `seen_anonymous`
    and `seen_triggered` are when such a call came last, `identity_at` is when the call came that the rest is of.
    """

    class ProfileChoice(models.TextChoices):
        STRICT = "strict"
        CAUTIOUS = "cautious"

    class FailPostureChoice(models.TextChoices):
        BLOCK = "block"
        ALLOW = "allow"

    class Authentication(models.TextChoices):
        NONE = "none", "None: anybody may talk to it"
        ENTRA = "entra", "Microsoft Entra"
        MANUAL = "manual", "Manual: another identity provider"

    class Orchestration(models.TextChoices):
        GENERATIVE = "generative", "Generative"
        CLASSIC = "classic", "Classic: not covered, it asks nobody"

    class Lifecycle(models.TextChoices):
        DRAFT = "draft", "Draft"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    class Criticality(models.TextChoices):
        LOW = "low", "Low"
        MEDIUM = "medium", "Medium"
        HIGH = "high", "High"
        CRITICAL = "critical", "Critical"

    agent_id = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200, blank=True)
    tenant_id = models.CharField(max_length=200, blank=True)
    environment = models.ForeignKey(Environment, null=True, blank=True, on_delete=models.PROTECT, related_name="agents")
    owner = models.CharField(max_length=200, blank=True)
    registered = models.BooleanField(default=False)
    mode = models.CharField(max_length=16, choices=ModeChoice.choices, blank=True)
    profile = models.CharField(max_length=16, choices=ProfileChoice.choices, blank=True)
    fail_posture = models.CharField(max_length=16, choices=FailPostureChoice.choices, blank=True)
    first_seen = models.DateTimeField(null=True, blank=True)
    last_seen = models.DateTimeField(null=True, blank=True)
    calls = models.BigIntegerField(default=0)
    stopped = models.BigIntegerField(default=0)
    # db_default: the intake of the previous release inserts without these
    authentication = models.CharField(
        max_length=16, choices=Authentication.choices, blank=True, default="", db_default=""
    )
    orchestration = models.CharField(
        max_length=16, choices=Orchestration.choices, blank=True, default="", db_default=""
    )
    lifecycle = models.CharField(max_length=16, choices=Lifecycle.choices, blank=True, default="", db_default="")
    criticality = models.CharField(max_length=16, choices=Criticality.choices, blank=True, default="", db_default="")
    process = models.CharField(max_length=100, blank=True, default="", db_default="")
    parent_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    published = models.BooleanField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    channels = models.JSONField(default=list, blank=True, db_default=Value([], models.JSONField()))
    knowledge = models.JSONField(default=list, blank=True, db_default=Value([], models.JSONField()))
    topics = models.JSONField(default=list, blank=True, db_default=Value([], models.JSONField()))
    version = models.CharField(max_length=100, blank=True, default="", db_default="")
    description = models.CharField(max_length=2000, blank=True, default="", db_default="")
    instructions_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    imported_at = models.DateTimeField(null=True, blank=True)
    seen_version = models.CharField(max_length=100, blank=True, default="", db_default="")
    seen_published = models.BooleanField(null=True, blank=True)
    seen_parent = models.CharField(max_length=200, blank=True, default="", db_default="")
    seen_channels = models.JSONField(default=list, blank=True, db_default=Value([], models.JSONField()))
    seen_knowledge = models.JSONField(default=list, blank=True, db_default=Value([], models.JSONField()))
    seen_signed_in = models.DateTimeField(null=True, blank=True)
    seen_anonymous = models.DateTimeField(null=True, blank=True)
    seen_triggered = models.DateTimeField(null=True, blank=True)
    identity_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name", "agent_id")
        indexes = (
            # the pages of a list, by key
            models.Index(fields=("name", "agent_id"), name="agent_list"),
        )

    def __str__(self) -> str:
        return self.name or self.agent_id


class GrantedTool(models.Model):
    """A tool an inventory says an agent was given. `tool` is compared with SeenTool's, and `name` with its name.

    `since` is when we first heard of it. Written by `policies.services.agent_import`.
    """

    agent_id = models.CharField(max_length=200)
    tool = models.CharField(max_length=300)
    name = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField()

    class Meta:
        ordering = ("agent_id", "tool")
        constraints = (models.UniqueConstraint(fields=("agent_id", "tool"), name="granted_tool_once"),)

    def __str__(self) -> str:
        return f"{self.tool} of {self.agent_id}"


class Charter(models.Model):
    """What one agent may do, pinned by a person: a call outside it makes a signal.

    `tools` are ids or names in lower case. `destinations` are addresses, domains (with what is below them) or standings
    written as `@internal`; they hold only where `limits_destinations`, any will do otherwise.
    """

    agent_id = models.CharField(max_length=200, unique=True)
    purpose = models.CharField(max_length=500, blank=True)
    tools = models.JSONField(default=list)
    limits_destinations = models.BooleanField(default=False)
    destinations = models.JSONField(default=list)
    pinned_at = models.DateTimeField()
    pinned_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("agent_id",)

    def __str__(self) -> str:
        return f"charter of {self.agent_id}"


class AgentChange(models.Model):
    """One thing about an agent that is not as it was: drift. Append only, but for who looked at it.

    `verdict_id` is the call that showed it, None where an import said it; no foreign key, as partitions are dropped.
    """

    class What(models.TextChoices):
        TOOL = "tool", "New tool"
        VERSION = "version", "Version"
        PUBLISHED = "published", "Publication"
        PARENT = "parent", "Parent agent"
        CHANNEL = "channel", "New channel"
        KNOWLEDGE = "knowledge", "New knowledge source"
        ACCESS = "access", "Who calls it"
        INSTRUCTIONS = "instructions", "Instructions"
        AUTHENTICATION = "authentication", "Authentication"
        ORCHESTRATION = "orchestration", "Orchestration"
        GRANTED = "granted", "Tool granted"
        WITHDRAWN = "withdrawn", "Tool taken away"

    agent_id = models.CharField(max_length=200)
    what = models.CharField(max_length=16, choices=What.choices)
    was = models.CharField(max_length=300, blank=True)
    now = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    verdict_id = models.UUIDField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ("-id",)
        indexes = (
            # one agent's, newest first
            models.Index(fields=("agent_id", "-id"), name="agent_change"),
            # those nobody has looked at
            models.Index(fields=("agent_id",), condition=Q(acknowledged_at=None), name="agent_change_open"),
        )

    def __str__(self) -> str:
        return f"{self.what} of {self.agent_id}"


class AgentImport(models.Model):
    """A file of agents between its preview and its being taken over. `rows` are emptied once it is decided.

    `columns` are the fields of an agent the file has, `left_out` its columns nobody reads; `problems` are
    (line, column, message) of rows that are not taken.
    """

    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    rows = models.JSONField(default=list)
    columns = models.JSONField(default=list)
    left_out = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    summary = models.JSONField(default=dict)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    taken = models.BooleanField(default=False)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.pk} {self.name}"


class Tool(models.Model):
    """What an admin decided for a tool, by id or name; for one agent, or for all when `agent_id` is empty.

    An empty `kind` is inferred. Not `critical` = its calls are answered by the quick checks and judged in full after.
    """

    class KindChoice(models.TextChoices):
        READ = "read"
        WRITE = "write"
        SEND = "send"
        PAY = "pay"
        DELETE = "delete"
        SHARE = "share"
        EXECUTE = "execute"

    tool = models.CharField(max_length=500, help_text="Tool id or name, lower case.")
    agent_id = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=16, choices=KindChoice.choices, blank=True)
    critical = models.BooleanField(default=True, db_default=True)

    class Meta:
        ordering = ("tool",)
        constraints = (models.UniqueConstraint(fields=("agent_id", "tool"), name="tool_kind_once"),)

    def __str__(self) -> str:
        return f"{self.tool} ({self.kind or 'inferred'})"


class SeenTool(models.Model):
    """A tool one agent has planned to use, as its calls showed it. Written by the intake only.

    `tool` is the key decisions are made by: the id, or the name of a tool without one, in lower case. `kind` is the one
    its newest call was judged by.
    """

    agent_id = models.CharField(max_length=200)
    tool = models.CharField(max_length=500)
    name = models.CharField(max_length=500, blank=True)
    kind = models.CharField(max_length=16, choices=Tool.KindChoice.choices, blank=True)
    calls = models.BigIntegerField(default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        ordering = ("tool", "agent_id")
        constraints = (models.UniqueConstraint(fields=("tool", "agent_id"), name="seen_tool_once"),)
        indexes = (
            # one agent's
            models.Index(fields=("agent_id",), name="seen_tool_agent"),
        )

    def __str__(self) -> str:
        return f"{self.tool} of {self.agent_id}"


class AgentDay(models.Model):
    """What one agent's calls came to on one day (UTC), by when they came. Written by the intake only.

    `stopped` were answered hold or block. `late` were answered after a caller may have stopped waiting, and so may have
    gone through whatever the answer was; `executed` were stopped, and their output came up all the same: the days of
    the stop. `would_block`, `would_hold` (or take something out) and `noticed` are what policy said of them, enforced
    or not; they are counted from 2026-11 on.
    """

    agent_id = models.CharField(max_length=200)
    day = models.DateField()
    calls = models.BigIntegerField(default=0)
    stopped = models.BigIntegerField(default=0)
    late = models.BigIntegerField(default=0)
    executed = models.BigIntegerField(default=0)
    would_block = models.BigIntegerField(default=0, db_default=0)
    would_hold = models.BigIntegerField(default=0, db_default=0)
    noticed = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ("-day", "agent_id")
        constraints = (models.UniqueConstraint(fields=("agent_id", "day"), name="agent_day_once"),)
        indexes = (
            # the ledger's sums of all agents over some days
            models.Index(fields=("day",), name="agent_day"),
            # the agents of the ledger: what came late or was made all the same is rare
            models.Index(
                fields=("day",),
                include=("agent_id", "late", "executed"),
                condition=Q(late__gt=0) | Q(executed__gt=0),
                name="agent_day_failed_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.agent_id} {self.day}"
