"""Dictionaries: thousands of phrases found in one walk over a text's words, whatever stands between the words.

Pure. A phrase is a path in a tree of words, so a text costs its words times the words of the longest phrase, and no
more for the ten-thousandth phrase than for the first. Without a first word of a phrase a text costs one set operation.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

MOST_PHRASES = 10_000
MOST_IN_ALL = 50_000
LONGEST_PHRASE = 200
_MOST_WORDS = 12
_MOST_FOUND = 1000
# Scripts without spaces count by the character: a sentence would be one word.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
# The same for a text in ASCII, in a fifth of the time
_ASCII_WORD = re.compile(r"[a-z0-9]+")
# The key of a node that ends phrases; no word is empty.
_END = ""


class PhraseError(ValueError):
    """A phrase that is refused; the message says what was found and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dictionary:
    """Phrases that make a text of the class; `fewest` different ones must stand in what leaves."""

    data_class: str
    name: str
    fewest: int = 1
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrases:
    """All dictionaries as one tree. `ends` of a node are indexes of `dictionaries`."""

    dictionaries: tuple[Dictionary, ...] = ()
    tree: dict[str, Any] = field(default_factory=dict)

    def find(self, lower: str, *, is_over: Callable[[], bool]) -> Iterator[tuple[int, int, int]]:
        """(index of the dictionary, start, end) of phrases in a lower-case text, overlapping ones too; at most 1,000.

        Ends early once `is_over` says that time is up; it is asked every thousand words.
        """
        pattern = _ASCII_WORD if lower.isascii() else _WORD
        words = pattern.findall(lower) if self.tree else []
        if not words or self.tree.keys().isdisjoint(words):
            return
        found = list(islice(self._places(words, is_over), _MOST_FOUND))
        if found:
            spans = [match.span() for match in pattern.finditer(lower)]
            yield from ((index, spans[first][0], spans[last][1]) for index, first, last in found)

    def _places(self, words: list[str], is_over: Callable[[], bool]) -> Iterator[tuple[int, int, int]]:
        """(index of the dictionary, first word, last word) of each phrase in `words`."""
        starts = self.tree.get
        most = len(words)
        for at, word in enumerate(words):
            if at % 1000 == 999 and is_over():
                return
            node = starts(word)
            place = at
            while node is not None:
                if _END in node:
                    yield from ((index, at, place) for index in node[_END])
                place += 1
                node = node.get(words[place]) if place < most else None


NO_PHRASES = Phrases()


def words_of(phrase: str) -> tuple[str, ...]:
    """The words a phrase is known by. Raises PhraseError for one without, and for one too long."""
    words = tuple(_WORD.findall(phrase.lower()))
    shown = phrase.strip()[:40]
    if len(phrase) > LONGEST_PHRASE or len(words) > _MOST_WORDS:
        raise PhraseError(f"`{shown}…` is longer than {LONGEST_PHRASE} characters or {_MOST_WORDS} words")
    if sum(map(len, words)) < 2:
        raise PhraseError(f"`{shown}` has no word of two letters or digits, expected a phrase people write")
    return words


def compile_phrases(dictionaries: Sequence[Dictionary]) -> Phrases:
    """One tree of all of them, kept while they stay the same. About 15 ms for 10,000 phrases. Raises PhraseError."""
    return _compiled(tuple(dictionaries)) if dictionaries else NO_PHRASES


@lru_cache(maxsize=2)
def _compiled(dictionaries: tuple[Dictionary, ...]) -> Phrases:
    tree: dict[str, Any] = {}
    for index, dictionary in enumerate(dictionaries):
        for words in map(words_of, dictionary.phrases):
            node = tree
            for word in words:
                node = node.setdefault(word, {})
            ends = node.get(_END, ())
            if index not in ends:
                node[_END] = (*ends, index)
    return Phrases(dictionaries=dictionaries, tree=tree)


def read_phrases(text: str) -> tuple[str, ...]:
    """The phrases of a text with one on each line, each once; empty lines count for nothing. Raises PhraseError."""
    lines = _lines(text.splitlines())
    if len(lines) > MOST_PHRASES:
        raise PhraseError(f"there are {len(lines)} phrases, expected at most {MOST_PHRASES}")
    return lines


def _lines(lines: Iterable[str]) -> tuple[str, ...]:
    found: dict[tuple[str, ...], str] = {}
    for number, line in enumerate(lines, start=1):
        phrase = " ".join(line.split())
        if not phrase:
            continue
        if not phrase.isprintable():
            raise PhraseError(f"line {number} has a character nobody sees, expected plain text")
        try:
            found.setdefault(words_of(phrase), phrase)
        except PhraseError as error:
            raise PhraseError(f"line {number}: {error}") from None
    return tuple(found.values())
