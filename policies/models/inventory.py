"""Agents, environments and tools: what runs here, as admins registered it and as calls showed it."""

from django.db import models


class ModeChoice(models.TextChoices):
    MONITOR = "monitor"
    ENFORCE = "enforce"


class Environment(models.Model):
    """A Power Platform environment or its like; `mode` empty = the policy's default."""

    environment_id = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200, blank=True)
    mode = models.CharField(max_length=16, choices=ModeChoice.choices, blank=True)
    first_seen = models.DateTimeField(null=True, blank=True)
    last_seen = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name", "environment_id")

    def __str__(self) -> str:
        return self.name or self.environment_id


class Agent(models.Model):
    """An agent by its id. Not `registered` but seen = shadow; registered but never seen = uncovered.

    Empty `mode`, `profile` and `fail_posture` mean the default of the environment or of the policy.
    """

    class ProfileChoice(models.TextChoices):
        STRICT = "strict"
        CAUTIOUS = "cautious"

    class FailPostureChoice(models.TextChoices):
        BLOCK = "block"
        ALLOW = "allow"

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

    class Meta:
        ordering = ("name", "agent_id")

    def __str__(self) -> str:
        return self.name or self.agent_id


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

    def __str__(self) -> str:
        return f"{self.tool} of {self.agent_id}"


class AgentDay(models.Model):
    """What one agent's calls came to on one day (UTC), by when they came. Written by the intake only.

    `stopped` were answered hold or block. `late` were answered after a caller may have stopped waiting, and so may have
    gone through whatever the answer was; `executed` were stopped, and their output came up all the same: the days of
    the stop.
    """

    agent_id = models.CharField(max_length=200)
    day = models.DateField()
    calls = models.BigIntegerField(default=0)
    stopped = models.BigIntegerField(default=0)
    late = models.BigIntegerField(default=0)
    executed = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-day", "agent_id")
        constraints = (models.UniqueConstraint(fields=("agent_id", "day"), name="agent_day_once"),)
        indexes = (
            # the ledger of all agents over some days
            models.Index(fields=("day",), name="agent_day"),
        )

    def __str__(self) -> str:
        return f"{self.agent_id} {self.day}"
