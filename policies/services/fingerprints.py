"""Which documents' text may not leave: adding and removing their fingerprints. The text itself is never stored."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies import audit
from policies.access import Permission, require
from policies.fingerprints import MOST_DOCUMENTS, join
from policies.models import DataClass, DocumentFingerprints, FingerprintIndex
from policies.services.publish import changed
from policies.tenant import OPEN_CLASSES

_SHOWN = 20


class FingerprintError(ValueError):
    """Fingerprints that are refused; the message says what was found and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A document to know again. `hashes` as `policies.fingerprints.pack` writes them."""

    name: str
    revision: str
    hashes: bytes


@transaction.atomic
def save_fingerprints(documents: Sequence[Document], *, data_class: str, actor: AbstractBaseUser | None) -> int:
    """Add documents, replacing those of the same name; returns how many fingerprints are in force afterwards.

    A class that does not exist is made: it may leave only when its name says public. Safe to run twice. Takes about
    1 s a million fingerprints, of all documents together, so give many documents at once. Raises FingerprintError.
    """
    require(actor, Permission.CHANGE_POLICY)
    _require_storable(documents, data_class)
    # two at once would each compile an index without the other's documents
    FingerprintIndex.objects.get_or_create(pk=1)
    index = FingerprintIndex.objects.select_for_update().get(pk=1)
    owner, _ = DataClass.objects.get_or_create(
        name=data_class, defaults={"may_leave": data_class.lower() in OPEN_CLASSES}
    )
    once = {document.name: document for document in documents}
    DocumentFingerprints.objects.filter(name__in=list(once)).delete()
    DocumentFingerprints.objects.bulk_create(
        [
            DocumentFingerprints(
                name=document.name, data_class=owner, revision=document.revision, hashes=document.hashes
            )
            for document in once.values()
        ],
        batch_size=1000,
    )
    in_force = compile_index(index)
    names = sorted(once)
    audit.record(
        actor=actor,
        action="fingerprints.saved",
        data_class=data_class,
        documents=len(names),
        names=names[:_SHOWN],
        revisions=[once[name].revision for name in names[:_SHOWN]],
    )
    changed()
    return in_force


@transaction.atomic
def remove_fingerprints(names: Sequence[str], *, actor: AbstractBaseUser | None) -> None:
    """Forget documents. Raises FingerprintError, and forgets none, when one is not known."""
    require(actor, Permission.CHANGE_POLICY)
    FingerprintIndex.objects.get_or_create(pk=1)
    index = FingerprintIndex.objects.select_for_update().get(pk=1)
    found = DocumentFingerprints.objects.filter(name__in=names)
    missing = sorted(set(names) - set(found.values_list("name", flat=True)))
    if missing:
        raise FingerprintError(f"`{missing[0]}` has no fingerprints, expected the name a document was added by")
    found.delete()
    compile_index(index)
    audit.record(actor=actor, action="fingerprints.removed", documents=len(set(names)), names=sorted(names)[:_SHOWN])
    changed()


@transaction.atomic
def reclass_fingerprints(names: Sequence[str], *, data_class: str, actor: AbstractBaseUser | None) -> int:
    """Give documents another class; returns how many had another. Raises FingerprintError."""
    require(actor, Permission.CHANGE_POLICY)
    FingerprintIndex.objects.get_or_create(pk=1)
    index = FingerprintIndex.objects.select_for_update().get(pk=1)
    owner = DataClass.objects.select_for_update(no_key=True).filter(name=data_class).first()
    if owner is None:
        raise FingerprintError(f"there is no class `{data_class[:60]}` any more, expected another")
    found = DocumentFingerprints.objects.filter(name__in=names).exclude(data_class=owner)
    was = sorted(found.values_list("name", "data_class__name"))
    if not was:
        return 0
    found.update(data_class=owner)
    compile_index(index)
    told = dict(Counter(before for _, before in was))
    audit.record(
        actor=actor,
        action="fingerprints.reclassified",
        data_class=owner.name,
        documents=len(was),
        was=told,
        names=[name for name, _ in was[:_SHOWN]],
    )
    changed()
    return len(was)


def _require_storable(documents: Sequence[Document], data_class: str) -> None:
    texts = [("data class", data_class, 100)]
    texts += [("name", document.name, 1000) for document in documents]
    texts += [("revision", document.revision or "none", 100) for document in documents]
    for what, text, limit in texts:
        if not text.strip() or len(text) > limit or not text.isprintable():
            shown = text[:60].encode("ascii", "backslashreplace").decode()
            raise FingerprintError(f"the {what} `{shown}` is not plain text of 1 to {limit} characters")


def compile_index(index: FingerprintIndex) -> int:
    """Write the index anew and return how many fingerprints it holds."""
    stored = DocumentFingerprints.objects.order_by("pk").values_list("name", "data_class__name", "revision", "hashes")
    if stored.count() > MOST_DOCUMENTS:
        raise FingerprintError(f"more than `{MOST_DOCUMENTS}` documents would have fingerprints, expected fewer")
    index.documents, index.entries = join(
        (name, data_class, revision, bytes(hashes)) for name, data_class, revision, hashes in stored.iterator()
    )
    index.revision = uuid.uuid4()
    index.save()
    return len(index.entries) // 8
