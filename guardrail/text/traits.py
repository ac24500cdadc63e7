"""Which rare things a text may hold, told of all at once: what would look for each by itself asks here first.

Each trait is a necessary condition. RE2 tells them all in 4 us of 900 characters, where the words of a text alone take
27 and `re` takes 16 for one of these (2026-11). Pure; linear in the text.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import re2

from guardrail.text.turned import PROBED, SHIFTS

# Pieces of letters or words that somebody took apart, or put into other signs (`joined.py`).
DEFANGED: Final = "signs of addresses in brackets"
SEAM: Final = "a seam of code"
LONG: Final = "a long word"
BROKEN: Final = "a word broken at the end of its line"
LOGGED: Final = "a time at the start of a line"
NOISE: Final = "a sign that stands alone"
APART: Final = "letters apart"
HYPHENED: Final = "letters apart by hyphens"
DOTTED: Final = "letters apart by dots"
NUMBERED: Final = "a word with digits for letters"
# What is encoded (`encodings.py`).
CODED: Final = "a run of base64"
ODD_LONG: Final = "a long word that is no path"
BYTES_APART: Final = "bytes in hex"
BITS: Final = "binary digits"
OCTAL: Final = "octal escapes"
PERCENT_U: Final = "percent encoding of two bytes"
DECIMAL: Final = "a blank by its number"
UTF_7: Final = "UTF-7"
PERCENT: Final = "percent encoding"
QUOTED: Final = "quoted-printable"
TURNED: Final = "a common word in turned letters"

# What `re` takes for a letter or digit, and more: all that is not ASCII. Signs may become a letter in lower case.
_LETTER = r"[0-9A-Za-z_\x{80}-\x{10FFFF}]"
_NUMBERED = r"[A-Za-z013457$@\x{130}\x{212A}]"
_NUMBER = r"[013457$@]"
_LATIN = r"[A-Za-z\x{130}\x{212A}]"
# What parts words, and more.
_BLANK = r"[\x00-\x20\x{80}-\x{10FFFF}]"
# What stands behind a number in other words than `1st`, `3rd` and `4th`, which are no words in any reading.
_OTHERS = r"\x{130}\x{212A}"
_NO_ORDINAL = (
    rf"(?:{_LATIN}|{_LATIN}{{3,}}|[a-qu-z{_OTHERS}]{_LATIN}|s[a-su-z{_OTHERS}]|r[a-ce-z{_OTHERS}]|t[a-gi-z{_OTHERS}])"
)
_START = r"(?:\A|\n)"

# Apart from the others: these count, and every mix of counts is a state of its own. 100 kB made to meet most of them
# take 7 ms for the others, 62 for these and then 1, and 330 each time for all together (2026-11).
_LONG_RUNS = {
    # U+0130 is longer in lower case
    LONG: r"[^ \t\n\r]{40}|\x{130}",
    CODED: r"[A-Za-z0-9+/_-]{24}",
    ODD_LONG: r"[^ \t\n\r/.:,\"'\\\[\]]{24}|\x{130}",
}
_PIECES = {
    DEFANGED: r"[\[({] ?(?:[@.]|:[\])/]|[aA][tT] ?[\])}]|[dD][oO][tT] ?[\])}])|xxp",
    SEAM: r"[+&][ \t\n]*[\"']|CONCAT",
    BROKEN: r"[a-z]{2}-\r?\n[ \t>]*[a-z]{2}",
    LOGGED: _START + r"(?:[\[(]?\p{Nd}{4}-|[\[(]\p{Nd}\p{Nd}:)",
    NOISE: r" (?:[|~^*#•·¦]|//)",
    APART: rf" {_LETTER} {_LETTER} {_LETTER}",
    HYPHENED: rf"-{_LETTER}-{_LETTER}-{_LETTER}",
    DOTTED: rf"\.{_LETTER}\.{_LETTER}\.{_LETTER}",
    NUMBERED: rf"(?i:(?:\A|[^0-9A-Za-z_@./$-])(?:{_NUMBERED}*{_LATIN}{_NUMBER}{_NUMBERED}*|{_NUMBER}+{_NO_ORDINAL})"
    r"(?:\z|[^0-9A-Za-z_@/$-]))",
    BYTES_APART: r"[0-9A-Fa-f]{2}[ ,:\n]{1,2}(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ ,:\n]{1,2}){2}",
    BITS: "0110",
    OCTAL: r"\\1",
    PERCENT_U: "%u00",
    DECIMAL: r"[ ,;#]32(?:, ?|; ?| )",
    UTF_7: r"\+A",
    PERCENT: r"%[0-9A-Fa-f]{2}",
    QUOTED: r"=(?:[0-9A-F]{2}|\r?\n)",
    TURNED: rf"(?i:(?:\A|{_BLANK})(?:{'|'.join(sorted(SHIFTS.keys() | PROBED))})(?:{_BLANK}|\z))",
}


class Traits:
    """Several patterns of RE2 by their names, looked for together."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        options = re2.Options()
        options.log_errors = False
        options.never_capture = True
        self._set = re2.Set.SearchSet(options)
        self._names = tuple(patterns)
        for pattern in patterns.values():
            self._set.Add(pattern)
        # it is in every text: RE2 tells of nothing where it lacks memory, and that is no text without traits
        self._set.Add("")
        self._set.Compile()
        self._named = lru_cache(maxsize=1_024)(self._name)

    def of(self, text: bytes) -> frozenset[str]:
        """Those of a text in UTF-8 that may be there."""
        return self._named(tuple(self._set.Match(text) or ()))

    def _name(self, found: tuple[int, ...]) -> frozenset[str]:
        if len(self._names) not in found:
            return frozenset(self._names)
        return frozenset(self._names[number] for number in found if number < len(self._names))


_IN_PIECES, _IN_LONG_RUNS = Traits(_PIECES), Traits(_LONG_RUNS)


def traits_of(text: str) -> frozenset[str]:
    """The traits a text may have."""
    # half a character is no part of any, and RE2 takes none
    told = text.encode("utf-8", "replace")
    return _IN_PIECES.of(told) | _IN_LONG_RUNS.of(told)
