"""Places: sites, libraries and folders whose contents are of a class, as `sites/finance/*` or `**/board/*.xlsx`.

Pure. A pattern counts wherever a path has its parts in a row, and covers what is below; `*` stands for anything inside
one part, `**` for any number of parts, `?` for one character. It is handed to RE2, so no path can hold it up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from policies.hosts import plain_parts, without_scheme

MOST_PLACES = 500
LONGEST_PLACE = 300
LONGEST_PATH = 1000
_MOST_STARS = 6
# What all places of a class may take for the least convenient path; it is measured when they are saved.
MOST_MS = 50
_TRIED = ("a", "ab", "a/b", "a/")
_MEMORY = 1 << 22


class PlaceError(ValueError):
    """A place that is refused; the message says what was found and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """The places of one class; `anywhere` finds any of them."""

    data_class: str
    patterns: tuple[str, ...]
    anywhere: Any

    def covering(self, path: str) -> str:
        """The first of the patterns that covers `path` (see `plain_path`), empty where none does."""
        if self.anywhere.search(path) is None:
            return ""
        return next((pattern for pattern in self.patterns if _alone(pattern).search(path) is not None), "")


def plain_path(value: str) -> str:
    """A path or URL as places are written: lower case, `/` between parts, no scheme, no query, escapes resolved.

    `..` goes up: what lies in a place lies there however the path to it is written.
    """
    path = without_scheme(value.strip()).partition("?")[0].partition("#")[0][:LONGEST_PATH]
    return "/".join(plain_parts(path.lower())[0])


def checked_place(text: str) -> str:
    """A place as it is kept. Raises PlaceError."""
    place = "/".join(part for part in plain_pattern(text).split("/") if part)
    if not text.isprintable() or len(text) > LONGEST_PLACE:
        raise PlaceError(f"`{text[:40]}` is longer than {LONGEST_PLACE} characters or has one nobody sees")
    if place.count("*") > _MOST_STARS:
        raise PlaceError(f"`{place[:40]}` has {place.count('*')} stars, expected at most {_MOST_STARS}")
    if sum(letter.isalnum() for letter in place) < 2:
        raise PlaceError(f"`{text.strip()[:40]}` would cover nearly every path, expected e.g. `sites/finance/*`")
    return place


def require_fast(places: Places, *, clock: Callable[[], float]) -> None:
    """Raises PlaceError where the least convenient path takes longer than `MOST_MS`."""
    for piece in _TRIED:
        began = clock()
        places.anywhere.search(piece * (LONGEST_PATH // len(piece)))
        took = (clock() - began) * 1000
        if took > MOST_MS:
            raise PlaceError(f"a path took them {took:.0f} ms, expected at most {MOST_MS}: fewer stars make it faster")


def plain_pattern(text: str) -> str:
    """A pattern in the form of a plain path; a `?` in it stays."""
    return text.strip().lower().replace("\\", "/").split("://", 1)[-1]


@lru_cache(maxsize=64)
def compile_places(data_class: str, patterns: Sequence[str]) -> Places:
    """Raises PlaceError for a pattern RE2 does not take."""
    anywhere = _compiled("|".join(_told(pattern) for pattern in patterns))
    return Places(data_class=data_class, patterns=tuple(patterns), anywhere=anywhere)


@lru_cache(maxsize=1024)
def _alone(pattern: str) -> Any:
    """One place by itself; only what was found once is compiled."""
    return _compiled(_told(pattern))


def _told(pattern: str) -> str:
    """The pattern in RE2's words."""
    parts = [part for part in plain_pattern(pattern).split("/") if part]
    while len(parts) > 1 and parts[-1] in ("*", "**"):
        parts.pop()
    said = "".join("(?:[^/]+/)*" if part == "**" else _part(part) + "/" for part in parts)
    # the last part may end the path, and everything below it is covered
    return f"(?:^|/){said.removesuffix('/')}(?:/|$)"


def _part(part: str) -> str:
    return "".join({"*": "[^/]*", "?": "[^/]"}.get(letter) or re2.escape(letter) for letter in part)


def _compiled(told: str) -> Any:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.never_capture = True
    try:
        return re2.compile(told, options)
    except (re2.error, UnicodeEncodeError):
        raise PlaceError("the places are too many or too long together, expected fewer") from None
