"""Threat intelligence: where indicators come from, the indicators, and the calls they were met in."""

import uuid

from django.core.validators import MaxValueValidator
from django.db import models


class IndicatorSource(models.Model):
    """A feed, or the list people write by hand. From `block_from` a match blocks, from `hold_from` it is held.

    `default_confidence` counts where the feed gives none, `default_days` where it gives no end (0 = it stays).
    `every_minutes` 0 = fetched by hand only. `claimed_until` is set by whoever fetches it now: nobody else does then.
    """

    class KindChoice(models.TextChoices):
        CSV = "csv", "CSV or a list, one a line"
        STIX = "stix", "STIX 2.1 bundle"
        NEW_DOMAINS = "new_domains", "Newly registered domains"
        MANUAL = "manual", "By hand"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=16, choices=KindChoice.choices)
    url = models.CharField(max_length=1000, blank=True)
    every_minutes = models.PositiveIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    default_confidence = models.PositiveSmallIntegerField(default=50, validators=[MaxValueValidator(100)])
    default_days = models.PositiveIntegerField(default=30)
    block_from = models.PositiveSmallIntegerField(default=80, help_text="101 = never.")
    hold_from = models.PositiveSmallIntegerField(default=50, help_text="101 = never.")
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    refused = models.JSONField(default=list, blank=True, help_text="[value, why], the first of them.")
    not_understood = models.JSONField(default=list, blank=True, help_text="Sentences, the first of them.")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        indexes = (models.Index(fields=("due_at",), name="indicator_source_due"),)

    def __str__(self) -> str:
        return self.name


class Indicator(models.Model):
    """One thing to look for, in the form `policies.intelligence.values.read_value` gives.

    `by_person` = put there by a person though a feed may not name it. `dismissed` = a person said that it is wrong: it
    is not looked for, whatever its source says later. `expires_at` None = it stays.
    """

    class KindChoice(models.TextChoices):
        DOMAIN = "domain", "Domain"
        EMAIL = "email", "Mail address"
        URL = "url", "URL"
        IP = "ip", "IP address or network"
        HASH = "hash", "Hash of a text or file"
        TEXT = "text", "Fingerprint of an instruction"
        NEW_DOMAIN = "new_domain", "Newly registered domain"

    source = models.ForeignKey(IndicatorSource, on_delete=models.CASCADE, related_name="indicators")
    kind = models.CharField(max_length=12, choices=KindChoice.choices)
    value = models.CharField(max_length=500)
    confidence = models.PositiveSmallIntegerField()
    valid_from = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    description = models.CharField(max_length=300, blank=True, db_default="")
    by_person = models.BooleanField(default=False, db_default=False)
    dismissed = models.BooleanField(default=False, db_default=False)
    sightings = models.BigIntegerField(default=0, db_default=0)
    last_sighted_at = models.DateTimeField(null=True, blank=True)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("source", "kind", "value"), name="indicator_once"),)
        indexes = (
            # sightings, and the search for a value or its beginning
            models.Index(fields=("value", "kind"), name="indicator_value", opclasses=("text_pattern_ops", "")),
            # the list of those that were met
            models.Index(
                fields=("-last_sighted_at", "-id"), name="indicator_sighted", condition=models.Q(sightings__gt=0)
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class IndicatorUpload(models.Model):
    """A file too large to be read while a person waits; the worker takes it in."""

    source = models.OneToOneField(IndicatorSource, on_delete=models.CASCADE, related_name="upload")
    body = models.BinaryField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{len(self.body)} bytes for {self.source_id}"


class IndicatorSighting(models.Model):
    """A call an indicator was met in, once each. No foreign key to the verdict: partitions are dropped by retention.

    `reached` = the call would have reached it; else it stood in a text in view.
    """

    indicator = models.ForeignKey(Indicator, on_delete=models.CASCADE, related_name="sighting_set")
    verdict_id = models.UUIDField()
    reached = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("-verdict_id",)
        constraints = (
            # two intakes, or one that runs again, count a call once; also the page's order
            models.UniqueConstraint(fields=("indicator", "verdict_id"), name="indicator_sighting_once"),
        )

    def __str__(self) -> str:
        return str(self.verdict_id)


class IndicatorIndex(models.Model):
    """One row: all indicators in force, packed for judging. `stale_at` is when the next one begins or ends.

    `sources` are [number, name]; an entry names its source by the place in that list.
    INVARIANT: written with every change of indicators and sources, in its transaction, with a new `revision`.
    """

    revision = models.UUIDField(default=uuid.uuid4)
    sources = models.JSONField(default=list)
    told = models.JSONField(default=dict)
    entries = models.BinaryField(default=bytes)
    stale_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.revision)
