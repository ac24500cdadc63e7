"""Taking the fingerprints of a document, by which copies of it are known."""

import hashlib

from guardrail.text.budget import unlimited
from guardrail.text.documents import MOST_XML, document_text
from guardrail.text.fingerprint import fingerprints_of
from policies.fingerprints import pack
from policies.services.fingerprints import Document, FingerprintError

# Fewer are some 60 words: any mail on the same matter could hold a tenth of that by chance.
_FEWEST = 24


def take(content: bytes, *, name: str, most_xml: int = MOST_XML) -> Document:
    """One document's fingerprints; its revision is the beginning of the digest of its bytes.

    About 1 ms for 6 kB of text. Raises FingerprintError, and UnreadableDocument for what is not text.
    """
    found = set(fingerprints_of(document_text(content, most_xml=most_xml), unlimited()))
    if len(found) < _FEWEST:
        raise FingerprintError(f"has `{len(found)}` fingerprints, expected `{_FEWEST}` or more, about 60 words of text")
    return Document(name=name, revision=hashlib.sha256(content).hexdigest()[:12], hashes=pack(found))
