"""Classes of data and the documents that carry them."""

from django.db import models


class DataClass(models.Model):
    """A class such as `restricted`. `terms` are phrases that mark it in a text; not `may_leave` = stays inside."""

    name = models.CharField(max_length=100, unique=True)
    may_leave = models.BooleanField(default=False)
    terms = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "data classes"

    def __str__(self) -> str:
        return self.name


class ClassifiedFile(models.Model):
    """A document, or a folder when `name` ends in `/`; without a class it only says who owns it."""

    name = models.CharField(max_length=1000, blank=True)
    file_id = models.CharField(max_length=500, blank=True)
    owner = models.CharField(max_length=300, blank=True)
    data_class = models.ForeignKey(DataClass, null=True, blank=True, on_delete=models.PROTECT, related_name="files")

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("name", "file_id"), name="classified_file_once"),)

    def __str__(self) -> str:
        return self.name or self.file_id
