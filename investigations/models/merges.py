"""Several investigations that were made one."""

from django.conf import settings
from django.db import models

from investigations.models.casework import Investigation


class Merge(models.Model):
    """One act of merging into `target`. `before` and `after` are the target's columns, for the undo."""

    target = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="merges")
    reason = models.TextField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.pk} into {self.target_id}"


class MergedSource(models.Model):
    """One investigation that a merge made part of another. `was_in` = it was part of that one before.

    `before` is what it had, empty where it was part of another one already.
    """

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="parts")
    source = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="merged_in")
    was_in = models.ForeignKey(Investigation, null=True, on_delete=models.CASCADE, related_name="+")
    before = models.JSONField(default=dict)

    class Meta:
        ordering = ("source_id",)
        constraints = (models.UniqueConstraint(fields=("merge", "source"), name="merged_source_once"),)

    def __str__(self) -> str:
        return f"{self.source_id} in {self.merge_id}"
