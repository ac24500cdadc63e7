"""How people work through the queue: bulk runs that can be undone, and views they keep."""

from django.conf import settings
from django.db import models

from investigations.models.casework import Investigation


class BulkRun(models.Model):
    """One action on many investigations. Which ones is fixed when it is asked for; the rows are the queue of the work.

    `query` is the filter it was asked with, for people to read; empty = rows that were picked. `begun_at` None = still
    asks for what it needs. Written by `investigations.bulk` only.
    """

    class Action(models.TextChoices):
        CLAIM = "claim", "Claim"
        ASSIGN = "assign", "Assign"
        CLOSE = "close", "Close"
        COMMENT = "comment", "Comment"
        REOPEN = "reopen", "Open again"

    action = models.CharField(max_length=10, choices=Action.choices)
    query = models.CharField(max_length=2000, blank=True)
    total = models.PositiveIntegerField(default=0)
    note = models.TextField(blank=True)
    disposition = models.CharField(max_length=20, choices=Investigation.Disposition.choices, blank=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bulk_runs")
    asked_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    undo_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    undo_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            # what a person did last
            models.Index(fields=("asked_by", "-id"), name="bulk_of_person"),
            # what is to be worked on
            models.Index(
                fields=("id",),
                condition=models.Q(begun_at__isnull=False, ended_at=None)
                | models.Q(undo_at__isnull=False, undone_at=None),
                name="bulk_due",
            ),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.action} {self.total}"


class BulkItem(models.Model):
    """One investigation of a bulk run. `before` is what it was, `activity` the last line of its history that is ours.

    `said` is why it was refused, or left as it is by the undo. `told` False = memory has still to take the word.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        UNDONE = "undone", "Undone"
        LEFT = "left", "Left as it is"

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="items")
    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    said = models.CharField(max_length=500, blank=True)
    before = models.JSONField(default=dict)
    activity = models.BigIntegerField(null=True)
    told = models.BooleanField(default=True)

    class Meta:
        ordering = ("investigation_id",)
        constraints = (models.UniqueConstraint(fields=("run", "investigation"), name="bulk_item_once"),)
        indexes = (
            # what is left to do, and what became of it
            models.Index(fields=("run", "state", "investigation"), name="bulk_item_state"),
            # what memory was not told
            models.Index(fields=("id",), condition=models.Q(told=False), name="bulk_item_untold"),
        )

    def __str__(self) -> str:
        return f"{self.investigation_id} of {self.run_id}"


class SavedView(models.Model):
    """A filter of the queue under a name, for its owner or everybody. `query` is the URL's, without a page's key."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000)
    shared = models.BooleanField(default=False)
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("owner", "name"), name="saved_view_once"),
            models.UniqueConstraint(fields=("name",), condition=models.Q(shared=True), name="shared_view_once"),
        )

    def __str__(self) -> str:
        return self.name


class FirstView(models.Model):
    """The view a person's queue opens with, where it is another than mine and unassigned."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="first_view"
    )
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.person_id} opens {self.view_id}"
