"""Whether a call carries out what a tool returned: by quoting it, or by naming the document it was. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator

from guardrail.attribution.provenance import stands_in
from guardrail.invocation import Passage
from guardrail.leaving import Outgoing
from guardrail.text.directives import WORD
from guardrail.text.labels import identity_of

FILE_NAME = re.compile(r"[^/\\\n]{1,200}\.[a-z][a-z0-9]{1,4}")
_SHINGLE = 6
_MIN_SHINGLES = 2
_MAX_WORDS = 20_000

Shingles = Collection[tuple[str, ...]]


def is_named(passages: Iterable[Passage], holder: str, texts: list[Outgoing]) -> bool:
    """One of the thing's names or ids is sent: as an argument of its own, or a file name in a text."""
    for called in identity_of(passages, holder):
        needle = called.lower()
        for text in texts:
            lower = text.text.lower()
            if lower.strip() == needle or lower.strip().endswith(f"/{needle}"):
                return True
            if FILE_NAME.fullmatch(needle) and stands_in(needle, lower) >= 0:
                return True
    return False


def is_quoted(passages: Iterable[Passage], shingles: Shingles) -> bool:
    """Words of `passages` in a row are among the `shingles` of what leaves."""
    shared = 0
    for passage in passages:
        shared += sum(1 for shingle in shingles_of(passage.text[: _MAX_WORDS * 6]) if shingle in shingles)
        if shared >= _MIN_SHINGLES:
            return True
    return False


def shingles_of(text: str) -> Iterator[tuple[str, ...]]:
    """Every six words in a row of the first 20,000."""
    words = WORD.findall(text.lower())[:_MAX_WORDS]
    for start in range(len(words) - _SHINGLE + 1):
        yield tuple(words[start : start + _SHINGLE])
