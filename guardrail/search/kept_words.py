"""How the search keeps words: as they are, or, where transcripts are encrypted, as marks nobody reads without the key.

A mark is a keyed hash of the whole word under a key of the ring: who has the table alone can neither read words nor try
some out. So beginnings of words are not found there. A word is looked for under every key of the ring.
"""

import base64
import hmac
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings

from guardrail.packing import current_key_id
from guardrail.search.query import QueryError

# 72 bits: among 3,000 words of a call no two are taken for each other.
_MARK_BYTES = 9


def kept(words: Iterable[str]) -> list[str]:
    """The words of a call as they are to be kept; none where the search is told to keep none."""
    if settings.SEARCH_WORDS == "none":
        return []
    key_id = current_key_id()
    return [_mark(settings.TRANSCRIPT_KEYS[key_id], word) for word in words] if key_id else list(words)


def sought(word: str) -> list[str]:
    """All a word may be kept as. Raises QueryError where it cannot be found."""
    if settings.SEARCH_WORDS == "none":
        raise QueryError(f"`{word}` is a word, and words of calls are not kept here, expected fields, e.g. `agent:`")
    if not settings.TRANSCRIPT_KEYS:
        return [word]
    if word.endswith("*"):
        raise QueryError(f"`{word}` is the beginning of a word, expected a whole one: words are kept encrypted here")
    return [word, *(_mark(key, word) for key in settings.TRANSCRIPT_KEYS.values())]


def _mark(key: bytes, word: str) -> str:
    digest = hmac.digest(_word_key(key), word.encode("utf-8", "surrogatepass"), "sha256")
    # no word of a text has such a sign
    return "~" + base64.urlsafe_b64encode(digest[:_MARK_BYTES]).decode()


@lru_cache(maxsize=16)
def _word_key(key: bytes) -> bytes:
    return hmac.digest(key, b"guardrail.search", "sha256")
