"""Classes of data and the documents that carry them."""

import uuid

from django.db import models


class DataClass(models.Model):
    """A class such as `restricted`; not `may_leave` = stays inside.

    `terms` are phrases that mark it in a text, `labels` the names or ids of sensitivity labels that mean it.
    """

    name = models.CharField(max_length=100, unique=True)
    may_leave = models.BooleanField(default=False)
    terms = models.JSONField(default=list, blank=True)
    labels = models.JSONField(default=list, blank=True, db_default=[])

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


class DocumentFingerprints(models.Model):
    """The fingerprints of one document's text, by which copies of it are known; the text itself is never stored.

    `hashes` as `policies.fingerprints.pack` writes them.
    """

    name = models.CharField(max_length=1000, unique=True)
    data_class = models.ForeignKey(DataClass, on_delete=models.PROTECT, related_name="+")
    revision = models.CharField(max_length=100, blank=True)
    hashes = models.BinaryField()
    taken_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "document fingerprints"

    def __str__(self) -> str:
        return self.name


class FingerprintIndex(models.Model):
    """One row: all fingerprints compiled for judging, so that no web process has to sort millions of them.

    INVARIANT: written with every change of `DocumentFingerprints`, in its transaction, with a new `revision`.
    """

    revision = models.UUIDField(default=uuid.uuid4)
    documents = models.JSONField(default=list)
    entries = models.BinaryField(default=bytes)

    def __str__(self) -> str:
        return str(self.revision)
