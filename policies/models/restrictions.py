"""Restrictions people and rules put on agents, conversations, users, documents, destinations and channels."""

from collections.abc import Mapping
from types import MappingProxyType

from django.conf import settings
from django.db import models
from django.db.models import Q

from policies import restrictions


class Restriction(models.Model):
    """One restriction, in force until `ended_at`. Written by `policies.services.restrictions` only.

    `subject` is a list of names: one, or the parts of `policies.restrictions.PARTS`; `key` its digest. `until` is when
    it ends by itself, None never. Either `made_by` or `rule` says who made it; for a rule, `investigation` and
    `verdicts` say on what. `hits` counts the verdicts it stopped, or would have in monitor mode. `reason` is for
    people: callers are not told it.
    """

    class Kind(models.TextChoices):
        AGENT = "agent", "Agent"
        SESSION = "session", "Conversation"
        USER = "user", "User"
        DOCUMENT = "document", "Document"
        DESTINATION = "destination", "Destination"
        CHANNEL = "channel", "Channel"

    class Effect(models.TextChoices):
        QUARANTINE = "quarantine", "Quarantine"
        STEP_UP = "step_up", "Step up"
        TIGHTEN = "tighten", "Tighten"
        RATE_LIMIT = "rate_limit", "Rate limit"

    class End(models.TextChoices):
        UNDONE = "undone", "Undone"
        EXPIRED = "expired", "Expired"
        REPLACED = "replaced", "Replaced"
        CLEARED = "cleared", "Its investigation was closed as harmless"
        SWITCHED_OFF = "switched_off", "All made by rules were ended"

    agent_names: Mapping[str, str] = MappingProxyType({})

    kind = models.CharField(max_length=16, choices=Kind.choices)
    effect = models.CharField(max_length=16, choices=Effect.choices)
    subject = models.JSONField()
    key = models.CharField(max_length=64)
    per_minute = models.PositiveIntegerField(default=0)
    reason = models.TextField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    rule = models.CharField(max_length=60, blank=True)
    investigation = models.BigIntegerField(null=True, blank=True)
    verdicts = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    end = models.CharField(max_length=16, choices=End.choices, blank=True)
    hits = models.PositiveBigIntegerField(default=0)
    last_hit_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            # two workers at once cannot restrict one subject twice
            models.UniqueConstraint(
                fields=("kind", "effect", "key"), condition=Q(ended_at=None), name="restriction_open_once"
            ),
            # what nobody decided must not outlive everybody's memory of it
            models.CheckConstraint(condition=Q(rule="") | Q(until__isnull=False), name="restriction_of_rule_expires"),
        )
        indexes = (
            # what is to end next
            models.Index(fields=("until",), condition=Q(ended_at=None), name="restriction_due"),
            # the hour's budget of the rules
            models.Index(fields=("created_at",), condition=~Q(rule=""), name="restriction_by_rule"),
            # those an investigation led to
            models.Index(fields=("investigation",), name="restriction_investigation"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.get_effect_display()} {self.get_kind_display().lower()} {self.label}"

    @property
    def label(self) -> str:
        """What is restricted, as a page names it: a session by its conversation, a channel with its agent.

        An agent by its name, where `agent_names` was set.
        """
        parts = [str(part) for part in self.subject]
        named = self.agent_names.get(parts[0]) or parts[0]
        if self.kind == self.Kind.CHANNEL:
            return f"{parts[1]} of {named}" if parts[0] else f"{parts[1]} of every agent"
        return named if self.kind == self.Kind.AGENT else parts[-1]

    @property
    def agent_id(self) -> str:
        """The agent it names, empty where it names none."""
        return str(self.subject[0]) if self.kind in (self.Kind.AGENT, self.Kind.CHANNEL) else ""

    @property
    def compared(self) -> tuple[restrictions.Restricted, tuple[str, ...]]:
        """What it is on, as judging compares it."""
        kind = restrictions.Restricted(self.kind)
        return kind, restrictions.normal(kind, map(str, self.subject))


class ResponseRule(models.Model):
    """What an admin decided for one rule of `policies.response_rules`, by its slug; no row = as it is shipped."""

    class Mode(models.TextChoices):
        OFF = "off", "Off"
        DRY_RUN = "dry_run", "Dry run"
        ON = "on", "On"

    slug = models.SlugField(max_length=60, unique=True)
    mode = models.CharField(max_length=16, choices=Mode.choices)
    calls = models.PositiveIntegerField()
    agents = models.PositiveIntegerField()
    minutes = models.PositiveIntegerField()
    for_minutes = models.PositiveIntegerField()
    per_minute = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return f"{self.slug}: {self.mode}"


class ResponseSettings(models.Model):
    """One row: whether rules may restrict anything at all, and how much in an hour, in all and of each kind."""

    enabled = models.BooleanField(default=True)
    per_hour = models.PositiveIntegerField(default=20)
    per_kind = models.JSONField(default=dict)

    def __str__(self) -> str:
        return "on" if self.enabled else "off"


class NotDone(models.Model):
    """What a rule would have restricted and did not, once for each investigation and subject. Append only.

    `investigation` None = the calls that led to it are in none, as those a rule of the policy let pass.
    """

    class Why(models.TextChoices):
        DRY_RUN = "dry_run", "Dry run"
        MONITOR = "monitor", "Its calls were only watched, or rehearsed"
        BUDGET = "budget", "The hour's budget was used up"
        SWITCHED_OFF = "switched_off", "Autonomous response was switched off"
        VOUCHED = "vouched", "Somebody vouches for it, or everybody uses it"
        REFUSED = "refused", "It could not be restricted"

    rule = models.CharField(max_length=60)
    kind = models.CharField(max_length=16, choices=Restriction.Kind.choices)
    effect = models.CharField(max_length=16, choices=Restriction.Effect.choices)
    subject = models.JSONField()
    key = models.CharField(max_length=64)
    reason = models.TextField()
    why = models.CharField(max_length=16, choices=Why.choices)
    investigation = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "not done"
        constraints = (
            models.UniqueConstraint(fields=("investigation", "rule", "key", "effect", "why"), name="not_done_once"),
        )
        indexes = (
            # what one rule missed lately
            models.Index(fields=("rule", "at"), name="not_done_of_rule"),
        )

    def __str__(self) -> str:
        return f"{self.rule}: {self.effect} {self.kind}"

    agent_names: Mapping[str, str] = MappingProxyType({})

    @property
    def label(self) -> str:
        """As `Restriction.label`."""
        shown = Restriction(kind=self.kind, subject=self.subject)
        shown.agent_names = self.agent_names
        return shown.label

    @property
    def agent_id(self) -> str:
        """As `Restriction.agent_id`."""
        return Restriction(kind=self.kind, subject=self.subject).agent_id
