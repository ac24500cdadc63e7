"""Fingerprints of a text by which a copy of part of it is known again, without keeping the text.

Winnowing: S. Schleimer, D. Wilkerson, A. Aiken, "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003.
Shingles of 5 words, of each 4 in a row the least: whatever shares 8 words in a row shares a fingerprint. Case,
punctuation, layout, markup and unseen characters do not count. Pure and linear; about 1 ms for 6 kB.
"""

import re
import struct
from collections.abc import Collection, Iterator
from functools import lru_cache
from hashlib import blake2b

from guardrail.text.budget import Budget
from guardrail.text.normalise import normalise
from guardrail.text.view import View

SHINGLE = 5
WINDOW = 4
# Characters read between two looks at the clock.
_PIECE = 32_000
# Scripts without spaces count by the character: a sentence would be one word that no other text has.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
# Words between two parts of one copied stretch.
_GAP = 20
# A longer run of letters is no word: it would be hashed whole.
_LONGEST_WORD = 64
_POSITIONS = struct.Struct(f"<{SHINGLE}Q")


def fingerprints_of(text: str, budget: Budget) -> list[int]:
    """The 64-bit fingerprints of `text` in order, the same for ever; fewer when the time runs out.

    A text below 5 words has none. Equal neighbours are one; what stands twice in the text is in the list twice.
    """
    found: list[int] = []
    for words in _pieces(text, budget):
        found += _winnowed(_shingles(words))
    return found


def find_copied(text: str, wanted: Collection[int], budget: Budget) -> tuple[int, int]:
    """The place in `text` (offsets) of the stretch that carries most fingerprints of `wanted`; (0, 0) if none does.

    Gaps of up to 20 words belong to the stretch: a copy in which single words were changed is still one copy.
    """
    spans: list[tuple[int, int]] = []
    best = (0, 0, 0)
    count = first = last = 0
    for start in range(0, len(text), _PIECE):
        if budget.spent_already():
            break
        view = _plain(text[start : start + _PIECE], base=start)
        matches = list(_WORD.finditer(view.text))
        before = len(spans)
        spans += [(view.place(match.start()), view.place(match.end() - 1) + 1) for match in matches]
        shingles = _shingles([match.group().lower() for match in matches])
        for at in [at for at, shingle in enumerate(shingles, start=before) if shingle in wanted]:
            if at > last + _GAP:
                count = 0
            first = at if count == 0 else first
            count, last = count + 1, at + SHINGLE - 1
            best = max(best, (count, first, last), key=lambda stretch: stretch[0])
    return (spans[best[1]][0], spans[best[2]][1]) if best[0] else (0, 0)


def _pieces(text: str, budget: Budget) -> Iterator[list[str]]:
    """The words of `text`, a piece at a time; each begins with the last words of the one before."""
    carried: list[str] = []
    start = 0
    while start < len(text) and not budget.spent():
        end = _blank_after(text, start + _PIECE)
        words = carried + [word.lower() for word in _WORD.findall(_plain(text[start:end], base=0).text)]
        yield words
        # so that a window which spans two pieces is seen whole
        carried = words[-(SHINGLE + WINDOW - 2) :]
        start = end


def _blank_after(text: str, offset: int) -> int:
    """The end of the word at `offset`, so that no word is cut in two."""
    for end in range(offset, min(offset + _LONGEST_WORD, len(text))):
        if text[end].isspace():
            return end
    return min(offset, len(text))


def _plain(text: str, *, base: int) -> View:
    return normalise(text, base=base).view


def _shingles(words: list[str]) -> list[int]:
    """The hash of each 5 words in a row: a word's own random number for its position, joined by XOR (Zobrist)."""
    numbers = [_numbers(word[:_LONGEST_WORD]) for word in words]
    rows = zip(numbers, numbers[1:], numbers[2:], numbers[3:], numbers[4:], strict=False)
    return [a[0] ^ b[1] ^ c[2] ^ d[3] ^ e[4] for a, b, c, d, e in rows]


def _winnowed(shingles: list[int]) -> list[int]:
    if len(shingles) < WINDOW:
        return [min(shingles)] if shingles else []
    least = map(min, shingles, shingles[1:], shingles[2:], shingles[3:])
    found = [next(least)]
    for number in least:
        if number != found[-1]:
            found.append(number)
    return found


@lru_cache(maxsize=8192)
def _numbers(word: str) -> tuple[int, ...]:
    """One stable 64-bit number for each position in a shingle; Python's own `hash` differs from process to process."""
    digest = blake2b(word.encode("utf-8", "replace"), digest_size=_POSITIONS.size, person=b"guardrail").digest()
    return _POSITIONS.unpack(digest)
