"""Patterns in plain letters for texts in any: `système` is found as `systeme`, at the place where it stands.

RE2 looks for them, so their gaps may be wide and it takes no longer. It knows no look ahead or behind. Pure; linear.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import re2

# What is no letter with a mark, and what a line is drawn with.
_PLAIN = dict(zip(map(ord, "łıßøđ’‘`´–—«»“”„【】〔〕（）！：＃＊＝"), "lisod''''--<>\"\"\"[][]()!:#*=", strict=True))
_DRAWN = range(0x2500, 0x2600)
_MOST_LETTERS = 4_000
# How far before and after what is found `unless` looks.
_AROUND = 24
# What a pattern may begin with to be at the start of a clause belongs to the one before.
_ENDS = b".?:;,( \n"
# A blank of a pattern, or an escape or a class, which stays as it is.
_BLANK = re.compile(r"(\\.|\[(?:\\.|[^\]\\])*\])| ")


class _Letters(dict[int, str]):
    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFD", chr(code))[0]
        found = "=" if code in _DRAWN else " " if plain.isspace() else plain if plain.isascii() else "?"
        if len(self) < _MOST_LETTERS:
            self[code] = found
        return found


_LETTERS = _Letters(_PLAIN | {code: chr(code) for code in range(128)})


class Found(NamedTuple):
    """Where a pattern stands, asked for as a match of `re` is."""

    near: int
    far: int

    def start(self) -> int:
        return self.near

    def end(self) -> int:
        return self.far

    def span(self) -> tuple[int, int]:
        return self.near, self.far


class Folded:
    """A pattern of plain lower-case letters. A blank in it may be the end of a line. Its group, if any, is what counts.

    Where `unless` stands in what matches, or close by, nothing is found, nor is what is longer than `longest`.
    """

    def __init__(self, pattern: str, *, unless: str = "", longest: int = 240) -> None:
        options = re2.Options()
        options.log_errors = False
        self._pattern = re2.compile(_in_lines(pattern), options)
        self._unless = re2.compile(_in_lines(unless), options) if unless else None
        self._longest = longest
        self._group = min(1, self._pattern.groups)

    def finditer(self, lower: str, start: int = 0, end: int = sys.maxsize) -> Iterator[Found]:
        """In a lower-cased text, between `start` and `end`."""
        told = folded(lower[start:end])
        for match in self._pattern.finditer(told):
            near, far = match.span(self._group)
            near = far - len(told[near:far].lstrip(_ENDS))
            if far - near > self._longest:
                continue
            if self._unless is None or self._unless.search(told[max(0, near - _AROUND) : far + _AROUND]) is None:
                yield Found(start + near, start + far)


def _in_lines(pattern: str) -> bytes:
    return _BLANK.sub(lambda found: found[1] or r"[ \n]", pattern).encode("ascii")


def folded(text: str) -> bytes:
    """As many bytes as the text has characters."""
    return (text if text.isascii() else text.translate(_LETTERS)).encode("ascii", "replace")
