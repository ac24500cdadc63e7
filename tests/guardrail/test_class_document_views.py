"""Documents made known by their text on a page: taken, taken again, forgotten, and refused when they cannot be."""

import io
import re
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from policies.models import AuditEntry, DocumentFingerprints, FingerprintIndex
from tests.guardrail.test_class_views import a_class, admin, text_of

__all__ = ["admin"]
pytestmark = pytest.mark.django_db
PLAN = " ".join(
    f"Berth {number} of the northern pier is let to line {number * 7} until spring." for number in range(20)
)


def test_a_document_is_pasted_uploaded_taken_again_and_forgotten(admin: Client) -> None:
    a_class()
    address = "/policies/classes/documents/"
    pasted = admin.post(address, {"name": "Pier plan", "data_class": "restricted", "text": PLAN})
    again = {"name": "Pier plan", "data_class": "restricted", "text": PLAN + " And one line more of it."}
    twice = admin.post(address, again)
    assert (pasted.status_code, twice.status_code) == (302, 422)
    assert "is known already" in text_of(twice)
    first = DocumentFingerprints.objects.get()
    assert admin.post(address, {**again, "again": "Pier plan"}).status_code == 302
    assert DocumentFingerprints.objects.get().revision != first.revision
    file = SimpleUploadedFile("plan.txt", PLAN.replace("pier", "quay").encode())
    assert admin.post(address, {"data_class": "restricted", "file": file}).status_code == 302
    page = text_of(admin.get(address))
    assert "Pier plan" in page
    assert "plan.txt" in page
    assert "Berth 7" not in page
    assert "Pier plan" in text_of(admin.get(f"{address}?again=Pier%20plan"))

    admin.post(f"{address}remove/", {"name": ["Pier plan", "plan.txt"]})
    assert not DocumentFingerprints.objects.exists()
    assert "Berth 7" not in str(list(AuditEntry.objects.values_list("detail", flat=True)))


def _zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "<w:t>" + "word " * 6_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7 ...", "is a PDF, which is not read"),
        (b"PK\x03\x04broken", "is a damaged or encrypted Office file"),
        (b"x" * 10_000_001, "the file has 10000001 bytes, expected at most 10000000"),
        (b"See you on Monday.", "expected 24 or more, about 60 words of text"),
        (b"\x00\x01\x02", "is not text"),
        (_zip_bomb(), "unpacks to more than is read of one file"),
    ],
    ids=["a PDF", "a broken zip", "10 MB", "a line", "bytes", "a zip bomb"],
)
def test_it_refuses_a_file_it_cannot_know_again(admin: Client, content: bytes, message: str) -> None:
    a_class()
    file = SimpleUploadedFile("x.docx", content)
    answer = admin.post("/policies/classes/documents/", {"data_class": "restricted", "file": file})

    assert answer.status_code == 422
    assert message in re.sub("</?code>", "", text_of(answer))
    assert not DocumentFingerprints.objects.exists()


def test_documents_that_are_ticked_get_another_class(admin: Client) -> None:
    a_class()
    a_class("internal")
    address = "/policies/classes/documents/"
    admin.post(address, {"name": "Pier plan", "data_class": "restricted", "text": PLAN})
    admin.post(f"{address}class/", {"name": ["Pier plan", "gone"], "data_class": "internal"})
    assert DocumentFingerprints.objects.get().data_class.name == "internal"
    assert [document[1] for document in FingerprintIndex.objects.get().documents] == ["internal"]
    assert AuditEntry.objects.get(action="fingerprints.reclassified").detail["was"] == {"restricted": 1}
    answer = admin.post(f"{address}class/", {"name": ["Pier plan"], "data_class": "nowhere"}, follow=True)
    assert "there is no class" in text_of(answer)
    assert DocumentFingerprints.objects.get().data_class.name == "internal"
