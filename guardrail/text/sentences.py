"""Splits prose into sentences, keeping addresses, links and numbers whole."""

import re
from collections.abc import Iterator
from itertools import product

# A full stop ends a sentence before space or a closing quote, and between a word and a capital (text glued together).
# It begins with one class of signs, so that a search skips everything else at once; what may follow which sign is told
# by looking back at it.
_END = re.compile(
    r"[.!?%\n;|{\[<](?:"
    r"(?<=[.!?])[.!?]*+[\"'’”)\]]{0,3}+(?=\s|$|[A-Z][a-z]++[ ,'’])"
    r"|(?<=[.!?%])[.!?%]*+[\"'’”)\]]{0,2}+(?=[A-Z]{2,}+[ :])"
    r"|(?<=\n)(?:\s*\n|(?=\s*(?:[-*•>#|]|\d{1,2}[.)]\s|[A-Z<\[\"'“])))"
    r"|(?<=;)\s"
    # what a cell of a table or a bracket of markup holds
    r"|(?:(?<=\|)\s|(?<=[{\[]))(?=[A-Z][a-z]++ [a-z])"
    # or a cell that says what it holds: `| note: call before 16:00`
    r"|(?<=\|)\s(?=[^\W\d_][\w ]{0,30}:\s)"
    r"|(?<=<)(?=[A-Za-z/]))"
)
_SHORTENED = "e.g i.e etc mr mrs ms dr no nr st vs approx inc ltd co fig p".split()
_ABBREVIATION = re.compile(rf"(?:\b(?i:{'|'.join(map(re.escape, _SHORTENED))})|(?<![\w.])[A-Z])\.$")
# Looked at first: the pattern takes longer than all else that is done for a sentence.
_SHORT_TAILS = frozenset(
    tail for word in _SHORTENED for tail in map("".join, product(*((letter, letter.upper()) for letter in word[-2:])))
)
_MAX_SENTENCE = 1200


def split_sentences(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence, blanks trimmed; one longer than 1,200 characters is cut at that length."""
    found: list[tuple[int, int]] = []
    start = 0
    for end in _ends(text):
        near, far = start, end
        start = end
        if near == far:
            continue
        # most sentences have one blank in front of them
        if text[near] == " ":
            near += 1
        if text[near : near + 1].isspace() or text[far - 1].isspace():
            said = text[near:far].lstrip()
            near = far - len(said)
            far = near + len(said.rstrip())
        if far - near > _MAX_SENTENCE:
            found += _cut(text, near, far)
        elif far > near:
            found.append((near, far))
    return found


def _ends(text: str) -> list[int]:
    ends = []
    last = 0
    for match in _END.finditer(text):
        at, end = match.span()
        sign = text[at]
        if sign == ".":
            tail = text[at - 2 : at] if at - 2 > last else ""
            plain = tail[:1].isalnum() and tail not in _SHORT_TAILS
            if not plain and _is_abbreviation(text, at, last):
                continue
        elif sign == "<":
            if not _is_after_stop(text, at, last):
                continue
            end = at
        ends.append(end)
        last = end
    ends.append(len(text))
    return ends


def _is_abbreviation(text: str, at: int, start: int) -> bool:
    tail = text[max(start, at - 2) : at]
    if tail not in _SHORT_TAILS and tail[:1].isalnum() and len(tail) > 1:
        return False
    return _ABBREVIATION.search(text, max(start, at - 8), at + 1) is not None


def _is_after_stop(text: str, at: int, start: int) -> bool:
    while at > start and text[at - 1].isspace():
        at -= 1
    return at > start and text[at - 1] in ".!?"


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > _MAX_SENTENCE:
        cut = text.rfind(" ", start + _MAX_SENTENCE // 2, start + _MAX_SENTENCE)
        cut = cut if cut > 0 else start + _MAX_SENTENCE
        yield start, cut
        start = cut + 1
    if end > start:
        yield start, end
