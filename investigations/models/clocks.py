"""How long people may take, and how long they took."""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models

from investigations.models.casework import Investigation


class ClockSettings(models.Model):
    """The one row of settings of the clocks. Written by `investigations.clock_settings` only.

    `targets` is severity -> [minutes to acknowledge, minutes to resolve], 0 = no clock. `days` are ISO weekdays (Monday
    is 1); `closes` at or before `opens` is on the next day. `untouched_minutes` 0 = nothing goes back to the queue.
    """

    targets = models.JSONField()
    working_hours = models.BooleanField(default=False)
    zone = models.CharField(max_length=64, default="UTC")
    days = models.JSONField(default=list)
    opens = models.TimeField()
    closes = models.TimeField()
    untouched_minutes = models.PositiveIntegerField(default=0, validators=(MaxValueValidator(10_080),))
    changed_at = models.DateTimeField(null=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"clocks in {self.zone}"


class Transition(models.Model):
    """One step of an investigation that times are computed from. Append only, but for `void`: an undo took it back.

    `since` is when the clock began: opened, or opened again. `seconds` is from there to `at` by the clock on the wall,
    `worked_seconds` within working hours and without pauses. Mean time to acknowledge is the mean over `acknowledged`,
    mean time to resolve over `closed`, both without void ones.
    """

    class Kind(models.TextChoices):
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        CLOSED = "closed", "Closed"
        REOPENED = "reopened", "Opened again"
        RETURNED = "returned", "Back to the queue"
        PAUSED = "paused", "Waits for somebody"
        RESUMED = "resumed", "Goes on"

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="transitions")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    seconds = models.PositiveBigIntegerField(default=0)
    worked_seconds = models.PositiveBigIntegerField(default=0)
    severity = models.PositiveSmallIntegerField()
    disposition = models.CharField(max_length=20, blank=True)
    late = models.BooleanField(default=False, help_text="The clock of this step had run out.")
    void = models.BooleanField(default=False)

    class Meta:
        ordering = ("id",)
        indexes = (
            # a period's times
            models.Index(fields=("kind", "at"), name="transition_period"),
        )

    def __str__(self) -> str:
        return f"{self.investigation_id} {self.kind}"
