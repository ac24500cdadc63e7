"""Playbooks: what to do about a kind of case, step by step, and how far each case has come."""

from django.conf import settings
from django.db import models

from investigations.models.casework import Investigation


class PlaybookVersion(models.Model):
    """A version of a playbook that an admin wrote, never changed; the highest number of a `slug` is the one in use.

    Number 0 is what the product ships, which has no row. `kinds`, `carrier` and `steps` are those of
    `investigations.playbooks.Playbook`. `retired` = not proposed for new cases any more.
    """

    slug = models.SlugField(max_length=60)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    purpose = models.TextField(blank=True)
    kinds = models.JSONField(default=list)
    carrier = models.CharField(max_length=16, blank=True)
    steps = models.JSONField()
    retired = models.BooleanField(default=False)
    reason = models.TextField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        ordering = ("slug", "-number")
        constraints = (models.UniqueConstraint(fields=("slug", "number"), name="playbook_version_once"),)

    def __str__(self) -> str:
        return f"{self.slug} v{self.number}"


class CasePlaybook(models.Model):
    """A playbook an investigation goes by: `content` is the version it began with, whatever is written later.

    Written with the first thing done of it.
    """

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="playbooks")
    slug = models.SlugField(max_length=60)
    number = models.PositiveIntegerField()
    content = models.JSONField()
    begun_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("investigation", "slug"), name="case_playbook_once"),)

    def __str__(self) -> str:
        return f"{self.slug} in {self.investigation_id}"


class PlaybookStep(models.Model):
    """How one step of a case stands, and what was written down for it. The activity keeps what it was before.

    `revision` counts its changes, so that of two people who act at once the second is told.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        NOT_NEEDED = "not_needed", "Not needed"

    playbook = models.ForeignKey(CasePlaybook, on_delete=models.CASCADE, related_name="states")
    name = models.SlugField(max_length=60)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    note = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("playbook", "name"), name="playbook_step_once"),)

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"
