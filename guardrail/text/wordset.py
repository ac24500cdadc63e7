"""A text to look values up in: lower case, spaces joined, with the set of its words."""

import re
from array import array
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from guardrail.text.directives import WORD, words_of
from guardrail.text.words import stem, stems

_SPACES = re.compile(r"\s+")
_MAX_CHARACTERS = 60_000
_SHORT = 2_000


class WordSet:
    """`lower` is the text, `words` its words; they are found when first asked for."""

    __slots__ = ("_lower", "_words")

    def __init__(self, lower: str | None = None) -> None:
        self._lower = lower
        self._words: frozenset[str] | None = None

    @property
    def lower(self) -> str:
        if self._lower is None:
            self._lower = self._find_lower()
        return self._lower

    @property
    def words(self) -> frozenset[str]:
        if self._words is None:
            self._words = self._find_words()
        return self._words

    @property
    def stretch(self) -> str:
        """The text with its spaces as they are, for a quick look."""
        return self.lower

    def _find_lower(self) -> str:
        return ""

    def _find_words(self) -> frozenset[str]:
        return frozenset(words_of(self.lower))


def word_set(texts: Iterable[str]) -> WordSet:
    """The first 60,000 characters of `texts`, joined. The same object for a short text that comes again."""
    whole = "\n".join(texts)[:_MAX_CHARACTERS]
    return _known(whole) if len(whole) <= _SHORT else _made(whole)


def _made(whole: str) -> WordSet:
    return WordSet(_SPACES.sub(" ", whole.lower()))


# every call of a turn repeats what was said; 10 MB at most
_known = lru_cache(maxsize=1_024)(_made)


@lru_cache(maxsize=64)
def word_set_of(text: str) -> WordSet:
    """The same of one text, kept for whoever asks of another value next."""
    return word_set((text,))


class LookedAt:
    """Counts the bytes of what was found on looking closer, and is kept: about as much as Python takes for it."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0

    def keeps_words(self, words: frozenset[str]) -> frozenset[str]:
        self.bytes += 300 + 120 * len(words)
        return words

    def keeps_text(self, text: str) -> str:
        self.bytes += 60 + 2 * len(text)
        return text


class Sentences:
    """Sentences of one lower-cased text, `bounds` the starts and ends of all; what was looked at once is kept."""

    __slots__ = ("_edges", "_lower", "_stems", "_words", "looked_at")

    def __init__(self, lower: str, bounds: Iterable[tuple[int, int]], looked_at: LookedAt) -> None:
        self._lower = lower
        # two numbers each: as tuples they took a fifth of all that is kept of a text (2026-11)
        self._edges = array("I", chain.from_iterable(bounds))
        self._words: dict[int, frozenset[str]] | None = None
        self._stems: dict[int, frozenset[str]] | None = None
        self.looked_at = looked_at

    @property
    def lower(self) -> str:
        return self._lower

    def text(self, first: int, last: int) -> str:
        """The stretch from one sentence to another, spaces joined."""
        return " ".join(self.stretch(first, last).split())

    def stretch(self, first: int, last: int) -> str:
        """The same as it stands there."""
        return self._lower[self._edges[2 * first] : self._edges[2 * last + 1]]

    def has_stem(self, wanted: str, first: int, last: int) -> bool:
        """Whether a word with this stem stands in that stretch, which is not taken apart into words for it."""
        lower = self._lower
        start, end = self._edges[2 * first], self._edges[2 * last + 1]
        at = lower.find(wanted, start, end)
        while at >= 0:
            if at == start or _begins_word(lower, at):
                word = WORD.match(lower, at, end)
                if word is not None and stem(word.group()) == wanted:
                    return True
            at = lower.find(wanted, at + 1, end)
        return False

    def words(self, index: int) -> frozenset[str]:
        if self._words is None:
            self._words = {}
        found = self._words.get(index)
        if found is None:
            found = self.looked_at.keeps_words(frozenset(words_of(self.stretch(index, index))))
            self._words[index] = found
        return found

    def stems(self, index: int) -> frozenset[str]:
        if self._stems is None:
            self._stems = {}
        found = self._stems.get(index)
        if found is None:
            found = self._stems[index] = self.looked_at.keeps_words(stems(self.words(index)))
        return found


def _begins_word(lower: str, at: int) -> bool:
    """No letter or digit stands before it, nor a hyphen or apostrophe that joins it to one."""
    before = lower[at - 1]
    return not (before.isalnum() or (before in "'’-" and at > 1 and lower[at - 2].isalnum()))


class Window(WordSet):
    """A sentence, the one at `first`, with those that follow it, up to the one at `last`.

    `is_cut_short` when the field ends before as many sentences as belong to it. One that breaks off there goes on in
    another field, see `go_on`.
    """

    __slots__ = ("_beyond", "_first", "_last", "_near", "is_cut_short")

    def __init__(self, near: Sentences, first: int, last: int, cut_short: bool = False) -> None:
        # INVARIANT: as WordSet's own; not called, because there is one for every directive
        self._lower = None
        self._words = None
        self._near = near
        self._first = first
        self._last = last
        self._beyond: tuple[Window, ...] = ()
        self.is_cut_short = cut_short

    @property
    def is_first(self) -> bool:
        """It begins with its field."""
        return self._first == 0

    def go_on(self, beyond: "Window") -> None:
        """Make `beyond` a part of this window; before anything was looked up in it."""
        self._beyond = (*self._beyond, beyond)

    @property
    def field(self) -> str | None:
        """The whole text it stands in, for a quick look; None where it goes on in another."""
        return None if self._beyond else self._near.lower

    def holds(self, stem: str) -> bool:
        """Whether one of its words has this stem."""
        if self._near.has_stem(stem, self._first, self._last):
            return True
        return bool(self._beyond) and any(window.holds(stem) for window in self._beyond)

    def begins_with(self, stem: str) -> bool:
        """The same of the sentence it begins with."""
        return self._near.has_stem(stem, self._first, self._first)

    @property
    def stretch(self) -> str:
        own = self._near.stretch(self._first, self._last)
        return " ".join((own, *(window.stretch for window in self._beyond))) if self._beyond else own

    @property
    def first_stems(self) -> frozenset[str]:
        """Of the words of the sentence itself."""
        return self._near.stems(self._first)

    def _find_lower(self) -> str:
        own = self._near.text(self._first, self._last)
        return self._near.looked_at.keeps_text(" ".join((own, *(window.lower for window in self._beyond))))

    def _find_words(self) -> frozenset[str]:
        rest = range(self._first + 1, self._last + 1)
        beyond = (window.words for window in self._beyond)
        words = self._near.words(self._first).union(*(self._near.words(index) for index in rest), *beyond)
        return self._near.looked_at.keeps_words(words)
