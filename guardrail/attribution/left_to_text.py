"""How surely a request leaves something to a text, by weights learned from requests that people wrote.

Phrases by hand (`guardrail.attribution.delegation`) hear about three of five requests of an author nobody has read;
these weights nine of ten (decision 0145). What is weighed is the user's own words and never what a tool brought, so
whom we guard against writes none of it. The lists and what learns from them are in `tests/requests`; `make requests`
writes `left_to_text.tsv` anew. Pure.
"""

import itertools
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

WEIGHTS = Path(__file__).with_name("left_to_text.tsv")
ALONE = ""
"""The feature every request has: what it weighs before a word of it is read."""
_LONGEST = 4_000
_READ_AS_ONE = 300
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[.,:;!?]")
_DIGITS = re.compile(r"\d+")
_STOP = re.compile(r"(?<=[.!?])\s+|\n+")
_LONG_WORD = 5


class Leaving(NamedTuple):
    """Logarithms of odds, 0 where it is as likely as not."""

    anything: float
    """That a text is to say what is done, or whom, where, when, how much or what with."""
    deeds: float
    """That it is to say what is done."""


@lru_cache(maxsize=512)
def leaving(said: str) -> Leaving:
    """By the weights the product has."""
    return leaving_by(_weights(), said)


def leaving_by(weights: dict[str, Leaving], said: str) -> Leaving:
    """Of a long request, the highest of any two sentences of it. Behind 4,000 characters nothing is read."""
    found = [_weighed(part, weights) for part in parts(said)]
    return Leaving(max(each.anything for each in found), max(each.deeds for each in found))


def parts(said: str) -> list[frozenset[str]]:
    """The features of a short request, or of each two sentences of a long one."""
    said = said[:_LONGEST]
    sentences = [sentence for sentence in _STOP.split(said) if sentence.strip()] if len(said) > _READ_AS_ONE else [said]
    return [_features(" ".join(sentences[at : at + 2])) for at in range(max(1, len(sentences) - 1))]


def _features(said: str) -> frozenset[str]:
    """Words, pairs of them side by side or with one between, and how long words begin and end. Any number is `0`."""
    words = ["^", *_TOKEN.findall(_DIGITS.sub("0", said.lower())), "$"]
    long = [word for word in words if len(word) >= _LONG_WORD]
    return frozenset(
        {
            *words,
            *(f"{one} {next_}" for one, next_ in itertools.pairwise(words)),
            *(f"{one} _ {next_}" for one, next_ in zip(words, words[2:], strict=False)),
            *("*" + word[:4] for word in long),
            *("-" + word[-3:] for word in long),
        }
    )


def _weighed(found: frozenset[str], weights: dict[str, Leaving]) -> Leaving:
    heard = [weights[ALONE], *(weights[feature] for feature in found if feature in weights)]
    return Leaving(sum(each.anything for each in heard), sum(each.deeds for each in heard))


@lru_cache(maxsize=1)
def _weights() -> dict[str, Leaving]:
    lines = WEIGHTS.read_text("utf-8").splitlines()
    return {
        feature: Leaving(float(anything), float(deeds))
        for feature, anything, deeds in (line.split("\t") for line in lines if not line.startswith("# "))
    }
