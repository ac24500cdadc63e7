"""A policy tried on stored calls."""

from django.conf import settings
from django.db import models

from policies.models import PolicyDraft, PolicyVersion


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
