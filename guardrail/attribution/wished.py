"""Deeds a user wishes done without ordering them: `I'd like the bill paid`, `I need Rosa's leave entered by Friday`."""

import re

from guardrail.text.words import ENGLISH

_LONGEST = 4_000
_WISH = re.compile(
    r"\b(?:(?:i|we)(?:'d| would) like|(?:i|we)(?: only| just| also)? (?:want|need)|"
    r"(?:please|can you|could you) have|get) ([^.!?;:\n]{4,120})"
)
_WORD = re.compile(r"[\w'’-]+")
# Behind these it says which one is meant: `the signed contract`.
_WHICH = frozenset(
    "the a an my our your his her their its this that these those any all no some each every last latest new old "
    "recently newly already not be been being is are was were get got have has had".split()
)
# In front of these it says whose deed it was: `the report sent by Tom`.
_WHOSE = frozenset("by to".split())


def verbs_wished(said: str) -> frozenset[str]:
    """The base forms of the verbs, of lower-case words; a participle that says which thing is meant is none."""
    found = set()
    for wish in _WISH.findall(said[:_LONGEST]):
        words = _WORD.findall(wish)
        for before, word, behind in zip(words, words[1:], [*words[2:], ""], strict=False):
            base = ENGLISH.verb_forms.get(word)
            if base is None or word.endswith(("ing", "s")) or (word == base and word not in ("put", "set")):
                continue
            if before in _WHICH or behind in _WHOSE:
                continue
            found.add(base)
    return frozenset(found)
