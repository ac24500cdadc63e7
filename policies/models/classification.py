"""Classes of data and the documents that carry them."""

import uuid

from django.db import models


class DataClass(models.Model):
    """A class such as `restricted`; not `may_leave` = stays inside. Changed by `policies.services.classes` only.

    `position` grows with how much it is protected. `terms` are phrases that mark it in a text, `labels` the names or
    ids of sensitivity labels that mean it; of `places` and `kinds` see `policies.recognition`. `former_names` still
    hold in policies that were written before it was renamed.
    `revision` counts what is changed of it and of its dictionaries and patterns.
    """

    name = models.CharField(max_length=100, unique=True)
    may_leave = models.BooleanField(default=False)
    terms = models.JSONField(default=list, blank=True)
    labels = models.JSONField(default=list, blank=True, db_default=[])
    position = models.PositiveIntegerField(default=0, db_default=0)
    note = models.CharField(max_length=300, blank=True, db_default="")
    places = models.JSONField(default=list, blank=True, db_default=[])
    kinds = models.JSONField(default=list, blank=True, db_default=[])
    former_names = models.JSONField(default=list, blank=True, db_default=[])
    revision = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        ordering = ("position", "name")
        verbose_name_plural = "data classes"

    def __str__(self) -> str:
        return self.name


class ClassDictionary(models.Model):
    """Phrases of which `fewest` different ones make what leaves be of the class."""

    data_class = models.ForeignKey(DataClass, on_delete=models.CASCADE, related_name="dictionaries")
    name = models.CharField(max_length=100)
    phrases = models.JSONField(default=list)
    fewest = models.PositiveSmallIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("data_class", "name"), name="class_dictionary_once"),)
        verbose_name_plural = "class dictionaries"

    def __str__(self) -> str:
        return self.name


class ClassPattern(models.Model):
    """A pattern of RE2 of which `fewest` different matches make what leaves be of the class. `sample` has one."""

    data_class = models.ForeignKey(DataClass, on_delete=models.CASCADE, related_name="patterns")
    name = models.CharField(max_length=100)
    pattern = models.CharField(max_length=500)
    sample = models.CharField(max_length=1000)
    fewest = models.PositiveSmallIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("data_class", "name"), name="class_pattern_once"),)

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
