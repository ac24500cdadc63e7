"""Splits prose into sentences, keeping addresses, links and numbers whole."""

import re
from collections.abc import Iterator

# Where a sentence may end: the pattern below is slow at every other place.
_MAY_END = re.compile(r"[.!?%\n;|{\[<]")
# A full stop ends a sentence before space or a closing quote, and between a word and a capital (text glued together).
_END = re.compile(
    r"[.!?]+[\"'’”)\]]{0,3}(?=\s|$)"
    r"|[.!?]+[\"'’”)\]]{0,3}(?=[A-Z][a-z]+[ ,'’])"
    r"|[.!?%]+[\"'’”)\]]{0,2}(?=[A-Z]{2,}[ :])"
    r"|\n\s*\n"
    r"|\n(?=\s*(?:[-*•>#|]|\d{1,2}[.)]\s|[A-Z<\[\"'“]))"
    r"|;\s"
    # what a cell of a table or a bracket of markup holds
    r"|(?:\|\s|[{\[])(?=[A-Z][a-z]+ [a-z])"
)
_TAG = re.compile(r"<[A-Za-z/]")
_ABBREVIATION = re.compile(
    r"(?:\b(?i:e\.g|i\.e|etc|mr|mrs|ms|dr|no|nr|st|vs|approx|inc|ltd|co|fig|p)|(?<![\w.])[A-Z])\.$"
)
_MAX_SENTENCE = 1200


def split_sentences(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each sentence, blanks trimmed; one longer than 1,200 characters is cut at that length."""
    start = done = 0
    for place in _MAY_END.finditer(text):
        at = place.start()
        if at < done:
            continue
        sign = text[at]
        if sign == "<":
            if not _is_tag_after_stop(text, at, start):
                continue
            done = at
        else:
            match = _END.match(text, at)
            if match is None:
                continue
            done = match.end()
            if sign == "." and _ABBREVIATION.search(text, max(start, at - 8), at + 1):
                continue
        yield from _pieces(text, start, done)
        start = done
    yield from _pieces(text, start, len(text))


def _is_tag_after_stop(text: str, at: int, start: int) -> bool:
    if not _TAG.match(text, at):
        return False
    while at > start and text[at - 1].isspace():
        at -= 1
    return at > start and text[at - 1] in ".!?"


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > _MAX_SENTENCE:
        cut = text.rfind(" ", start + _MAX_SENTENCE // 2, start + _MAX_SENTENCE)
        cut = cut if cut > 0 else start + _MAX_SENTENCE
        yield start, cut
        start = cut + 1
    if end > start:
        yield start, end
