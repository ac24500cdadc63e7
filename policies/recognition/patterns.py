r"""An admin's own patterns, compiled by RE2: linear in the text, bounded in memory, whatever was written.

Pure. RE2 remembers states up to `_MEMORY`; what needs more is walked through instruction by instruction, about 7 ns an
instruction and byte (2026-11), so a pattern may have only `MOST_INSTRUCTIONS` and a text is searched in stretches.
RE2's own sets of patterns are not used: one that runs out of memory says that nothing matches.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any

import re2

LONGEST_PATTERN = 500
MOST_INSTRUCTIONS = 1000
# What 100 kB of the least convenient text may take; it is measured when a pattern is saved.
MOST_MS = 50
_MEMORY = 1 << 20
_STRETCH = 8_000
# A longer match may be missed where it spans two stretches.
LONGEST_MATCH = 1000
_MOST_MATCHES = 200
_TRIED = ("a", "1", "A1-", "word and ", "aB3 ", "0000-0000 ", "x@y.example ", "é", "\n")
_TRIED_CHARACTERS = 100_000
# The same for texts without a rhythm, which take RE2 through states it has not seen: what stands for hex digits.
_TRIED_MIXED = ("ab" * 8, "aB1 -.x@" * 2, "0123456789 ,-Az")


class PatternError(ValueError):
    """A pattern that is refused; the message says what was found and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """One pattern, ready to search in bytes."""

    regexp: Any

    def spans(self, text: bytes, *, is_over: Callable[[], bool]) -> Iterator[tuple[int, int]]:
        """(start, end) in bytes of up to 200 matches; ends early once `is_over` says that time is up."""
        count = 0
        for start in range(0, max(1, len(text)), _STRETCH):
            if start and is_over():
                return
            begins = max(0, start - LONGEST_MATCH)
            ends = min(len(text), start + _STRETCH)
            for near, far in _matches(self.regexp, text, begins, ends):
                # what touches a border that is not the text's own may only look whole; the next stretch sees all of it
                whole = (near > begins or begins == 0) and (far < ends or ends == len(text))
                if (far > start or start == 0) and (whole or far - near >= LONGEST_MATCH):
                    yield near, far
                    count += 1
                    if count >= _MOST_MATCHES:
                        return


def compile_pattern(text: str) -> Compiled:
    """Raises PatternError for what is no pattern of RE2, too large, or found in an empty text."""
    if not text.strip():
        raise PatternError("the pattern is empty, expected e.g. `PRJ-[0-9]{6}`")
    if len(text) > LONGEST_PATTERN:
        raise PatternError(f"the pattern has {len(text)} characters, expected at most {LONGEST_PATTERN}")
    return _compiled(text)


def require_fast(compiled: Compiled, *, clock: Callable[[], float]) -> float:
    """The most milliseconds that 100 kB took, of several texts; raises PatternError beyond `MOST_MS`."""
    slowest = 0.0
    for text in _tried_texts():
        began = clock()
        for _ in compiled.spans(text, is_over=partial(_is_over, clock, began)):
            pass
        slowest = max(slowest, (clock() - began) * 1000)
    if slowest > MOST_MS:
        raise PatternError(
            f"100 kB of text took it {slowest:.0f} ms, expected at most {MOST_MS}:"
            " fewer or shorter repetitions in a row make it faster"
        )
    return slowest


def _is_over(clock: Callable[[], float], began: float) -> bool:
    return clock() - began > 2 * MOST_MS / 1000


@lru_cache(maxsize=1)
def _tried_texts() -> tuple[bytes, ...]:
    """Texts of 100 kB that are the least convenient for some pattern, the same every time."""
    digits = "".join(sha256(str(number).encode()).hexdigest() for number in range(_TRIED_CHARACTERS // 64))
    mixed = (digits.translate(str.maketrans("0123456789abcdef", letters[:16].ljust(16))) for letters in _TRIED_MIXED)
    return tuple(text.encode() for text in (*(piece * (_TRIED_CHARACTERS // len(piece)) for piece in _TRIED), *mixed))


@lru_cache(maxsize=512)
def _compiled(text: str) -> Compiled:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.case_sensitive = False
    options.never_capture = True
    try:
        regexp = re2._re2.RE2(text.encode(), options)
    except UnicodeEncodeError:
        raise PatternError("the pattern has half a character, expected plain text") from None
    if not regexp.ok():
        said = regexp.error()
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise PatternError(f"RE2 does not take it: {said[:200]}")
    if regexp.ProgramSize() > MOST_INSTRUCTIONS:
        raise PatternError(
            f"the pattern has {regexp.ProgramSize()} instructions, expected at most {MOST_INSTRUCTIONS}:"
            " a repetition such as `{1,100}` counts its inside that often"
        )
    compiled = Compiled(regexp=regexp)
    if next(_matches(regexp, b"", 0, 0), None) is not None:
        raise PatternError("the pattern is found in an empty text too, expected one that needs some characters")
    return compiled


def _matches(regexp: Any, text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Every match of `regexp` in a stretch of `text`, in order."""
    anywhere = re2._re2.RE2.Anchor.UNANCHORED
    while start <= end:
        near, far = regexp.Match(anywhere, text, start, end)[0]
        if near < 0:
            return
        yield near, far
        start = max(far, near + 1)
