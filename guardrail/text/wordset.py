"""A text to look values up in: lower case, spaces joined, with the set of its words."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from guardrail.text.directives import WORD

_SPACES = re.compile(r"\s+")
_MAX_CHARACTERS = 60_000


@dataclass(frozen=True, kw_only=True, slots=True)
class WordSet:
    lower: str
    words: frozenset[str]


def word_set(texts: Iterable[str]) -> WordSet:
    """The first 60,000 characters of `texts`, joined."""
    lower = _SPACES.sub(" ", "\n".join(texts)[:_MAX_CHARACTERS].lower())
    return WordSet(lower=lower, words=frozenset(WORD.findall(lower)))
