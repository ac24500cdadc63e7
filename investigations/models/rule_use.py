"""What the rules of the policy did, counted by the intake."""

from django.db import models

from investigations.models.casework import Investigation


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
