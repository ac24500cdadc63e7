"""The words of a text as the search knows them. Pure; linear in the text, whatever somebody wrote into it."""

import re
import unicodedata
from collections.abc import Iterable

# Longer ones are keys and base64: nobody types them, and Postgres takes lexemes of 2 kB at most.
LONGEST_WORD = 60
# Of one text at most, the first ones: a transcript may be a dictionary.
MOST_WORDS = 3_000
_WORD = re.compile(r"[^\W_]+")
# Addresses and hosts as a whole; their parts are words, too.
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,253}|(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
_UNSEEN = dict.fromkeys((0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))


def normal(text: str) -> str:
    """In one spelling: compatibility forms, case and characters nobody sees folded away."""
    return unicodedata.normalize("NFKC", text).translate(_UNSEEN).casefold()


def words_of(texts: Iterable[str]) -> list[str]:
    """The distinct words and addresses of texts, in the order they are first met, at most MOST_WORDS."""
    found: dict[str, None] = {}
    for text in texts:
        folded = normal(text)
        for pattern in (_WORD, _ADDRESS):
            for match in pattern.finditer(folded):
                word = match.group().strip(".-")
                if 0 < len(word) <= LONGEST_WORD:
                    found.setdefault(word)
                    if len(found) >= MOST_WORDS:
                        return list(found)
    return list(found)
