"""Documents agents read, who changed them when, and how often plans went by them."""

from django.db import models
from django.db.models.functions import Now


class KnowledgeEvent(models.Model):
    """One edit a change feed has told us of, waiting to be taken in. The row is the queue; deleted when taken in.

    `text` lies here only until it was read. `key` is the same for a resend. A label that was not told is not
    `label_told`; an empty one that was is a document without a label.
    """

    key = models.CharField(max_length=64, unique=True)
    caller_id = models.BigIntegerField()
    tenant_id = models.CharField(max_length=200, blank=True)
    document_id = models.CharField(max_length=500)
    name = models.CharField(max_length=300, blank=True)
    place = models.CharField(max_length=1000, blank=True)
    revision = models.CharField(max_length=100, blank=True)
    editor = models.CharField(max_length=200)
    editor_id = models.CharField(max_length=200, blank=True)
    label = models.CharField(max_length=200, blank=True)
    label_told = models.BooleanField(default=False)
    data_class = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()
    text = models.TextField(blank=True)
    text_told = models.BooleanField(default=False)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.document_id} {self.revision}"


class KnowledgeDocument(models.Model):
    """One document. `key` = `policies.document_names.document_key`; the other keys as in `Names`.

    Not `fed` = no feed told of it: known only because a plan that was stopped quoted it. `flagged` counts the stopped
    plans that went by it, `uses` the calls of 30 days whose history holds it, summed up every ten minutes. Written by
    `policies.services.knowledge` and `document_uses` only.
    """

    key = models.CharField(max_length=32, unique=True)
    tenant_id = models.CharField(max_length=200, blank=True)
    document_id = models.CharField(max_length=500, blank=True)
    name = models.CharField(max_length=300, blank=True)
    place = models.CharField(max_length=1000, blank=True)
    id_key = models.CharField(max_length=32, blank=True)
    place_key = models.CharField(max_length=32, blank=True)
    path_key = models.CharField(max_length=32, blank=True)
    name_key = models.CharField(max_length=32, blank=True)
    fed = models.BooleanField(default=True)
    edits = models.PositiveIntegerField(default=0)
    last_edit_at = models.DateTimeField(null=True, blank=True)
    last_editor = models.CharField(max_length=200, blank=True)
    last_revision = models.CharField(max_length=100, blank=True)
    label = models.CharField(max_length=200, blank=True)
    flagged = models.PositiveIntegerField(default=0)
    uses = models.BigIntegerField(default=0)
    last_used_at = models.DateTimeField(null=True, blank=True)
    first_seen = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-flagged", "-uses", "-id")
        indexes = (
            # the page of documents, by key
            models.Index(fields=("-flagged", "-uses", "-id"), name="document_rank"),
            # which document an output means
            models.Index(fields=("id_key",), name="document_by_id", condition=~models.Q(id_key="")),
            models.Index(fields=("place_key",), name="document_by_place", condition=~models.Q(place_key="")),
            models.Index(fields=("path_key",), name="document_by_path", condition=~models.Q(path_key="")),
            models.Index(fields=("name_key",), name="document_by_name", condition=~models.Q(name_key="")),
        )

    def __str__(self) -> str:
        return self.name or self.place or self.document_id


class DocumentRevision(models.Model):
    """One edit: who, when, and what its text was found to hold; the text itself is not kept.

    `holds_order` None = no text came with it. `orders` are at most five quotes of 500 characters. `sentences` are
    `policies.document_names.sentence_key` of every sentence that asks for something, whomever. `notice` says why
    somebody should look, empty when nobody need; `told` = the intake has seen the notice.
    """

    class Notice(models.TextChoices):
        ORDER = "order", "An order to an assistant"
        LABEL = "label", "Its label was lowered or removed"
        EDITOR = "editor", "Somebody new changed it"

    document = models.ForeignKey(KnowledgeDocument, on_delete=models.CASCADE, related_name="revisions")
    key = models.CharField(max_length=64, unique=True)
    caller_id = models.BigIntegerField()
    revision = models.CharField(max_length=100, blank=True)
    editor = models.CharField(max_length=200)
    editor_id = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now())
    label = models.CharField(max_length=200, blank=True)
    label_told = models.BooleanField(default=False)
    text_digest = models.CharField(max_length=64, blank=True)
    text_chars = models.PositiveIntegerField(default=0)
    read_whole = models.BooleanField(default=True)
    holds_order = models.BooleanField(null=True)
    orders = models.JSONField(default=list, blank=True)
    sentences = models.JSONField(default=list, blank=True, db_default=[])
    fingerprinted = models.BooleanField(default=False)
    notice = models.CharField(max_length=12, choices=Notice.choices, blank=True)
    told = models.BooleanField(default=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (
            # a document's timeline, and the edit in force when a call was made
            models.Index(fields=("document", "-at", "-id"), name="revision_timeline"),
            # what the intake has to look at
            models.Index(fields=("id",), name="revision_untold", condition=models.Q(told=False)),
            # edits to look at
            models.Index(fields=("-id",), name="revision_noticed", condition=~models.Q(notice="")),
            # retention
            models.Index(fields=("at",), name="revision_at"),
        )

    def __str__(self) -> str:
        return f"{self.document} {self.revision} by {self.editor}"


class DocumentUse(models.Model):
    """Calls of one day whose history holds a document, by reader: agent and user hashed to one of 64 numbers."""

    document = models.ForeignKey(KnowledgeDocument, on_delete=models.CASCADE, related_name="use_days")
    day = models.DateField()
    reader = models.PositiveSmallIntegerField()
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("day", "reader")
        constraints = (models.UniqueConstraint(fields=("document", "day", "reader"), name="document_use_once"),)
        indexes = (models.Index(fields=("day",), name="document_use_day"),)

    def __str__(self) -> str:
        return f"{self.document_id} on {self.day}"


class DocumentQuote(models.Model):
    """A stopped plan that went by a document. `revision` is the edit in force at the call's time, where one is known.

    `matched_by` = `id`, `place`, `path`, `name`, or `call` where only calls know the document. No foreign key to the
    verdict: partitions are dropped by retention. `sentence` is the key of the order it went by. `stale` = a feed has
    told of an edit from before it since: the intake looks again whose edit it was.
    """

    document = models.ForeignKey(KnowledgeDocument, on_delete=models.CASCADE, related_name="quotes")
    verdict_id = models.UUIDField(unique=True)
    at = models.DateTimeField()
    agent_id = models.CharField(max_length=200, blank=True)
    agent_name = models.CharField(max_length=200, blank=True)
    user_id = models.CharField(max_length=200, blank=True)
    would_have = models.CharField(max_length=8)
    action = models.CharField(max_length=8)
    severity = models.PositiveSmallIntegerField(null=True)
    tool_name = models.CharField(max_length=500, blank=True)
    matched_by = models.CharField(max_length=8)
    revision = models.ForeignKey(
        DocumentRevision, null=True, blank=True, on_delete=models.SET_NULL, related_name="quotes"
    )
    insider = models.CharField(max_length=12, blank=True)
    sentence = models.CharField(max_length=16, blank=True, db_default="")
    stale = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("document", "-at", "-id"), name="quote_timeline"),
            # what the intake has to look at again
            models.Index(fields=("id",), name="quote_stale", condition=models.Q(stale=True)),
        )

    def __str__(self) -> str:
        return str(self.verdict_id)
