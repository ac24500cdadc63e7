"""The same labelled calls with every signature phrase taken out of what the tools returned.

A phrase is what the product's own signature table finds, nothing else: this module knows no template. The clause that
holds it goes, or is put in neutral words; what an attack needs (its values, addresses and links) always stays.
Deterministic: a text gives the same text in every call and every session, as the same history is sent again and again.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any

from guardrail.destinations import EMAIL, IBAN, URL
from guardrail.text.folded import Folded, Found
from guardrail.text.signatures import SIGNATURES
from guardrail.text.view import lowered

# Line ends that are none: a folded scalar, a continued quoted scalar, and the two characters `\\n` of a literal.
_FOLD = re.compile(r"\\\n[ \t]*(?P<blank>\\ )?|(?P<escaped>\\n)|[ \t]*\n[ \t]+(?=\S)|(?<=\S)\n(?=[a-z])")
_WORDS_BEFORE = re.compile(r"(?:[A-Za-z][A-Za-z'’,]* ){1,14}$")
# A clause also ends where its value does: before a closing quote and a comma, brace or line end.
_CLAUSE_END = re.compile(r"[.:;!?]+(?=\s|$|['\"<])[ ]*|,[ ]+|(?=\n)|\s+(?:and|then)\s+|(?=['\"](?!\w))|$")
_TOKEN_TAIL = re.compile(r"[\w)\]}>]*")
_NEUTRAL = ("One more point. ", "Also: ", "For the record: ", "By the way: ", "In addition: ", "Further: ")
_MAX_CUTS = 200
# The table is made for lower-cased text; here the text stays as it is.
_LOWER = tuple(
    re.compile(pattern.pattern, re.IGNORECASE) for _, pattern in SIGNATURES if isinstance(pattern, re.Pattern)
)
_FOLDED = tuple(pattern for _, pattern in SIGNATURES if isinstance(pattern, Folded))


class _InAnyCase:
    """Such a pattern, asked as one of `re` is."""

    def __init__(self, pattern: Folded) -> None:
        self._pattern = pattern

    def finditer(self, text: str, after: int = 0) -> Iterator[Found]:
        return self._pattern.finditer(lowered(text), after)

    def search(self, text: str, after: int = 0) -> Found | None:
        return next(self.finditer(text, after), None)


_SIGNS: tuple[re.Pattern[str] | _InAnyCase, ...] = (*_LOWER, *map(_InAnyCase, _FOLDED))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hit:
    start: int
    end: int
    pattern: re.Pattern[str] | _InAnyCase


def paraphrased_session(rows: list[dict[str, Any]], *, neutral_words: bool, seed: int = 0) -> list[dict[str, Any]]:
    """The rows of one session, their tool outputs without a signature. `neutral_words` puts others in their place."""
    keep = tuple(sorted(set(_values_of(rows)), key=len, reverse=True))

    def change(text: str) -> str:
        return without_signatures(text, keep, neutral_words=neutral_words, seed=seed)

    return [{**row, "request": _with_outputs(row["request"], change)} for row in rows]


def without_signatures(text: str, keep: tuple[str, ...] = (), *, neutral_words: bool = False, seed: int = 0) -> str:
    """`text` without what the signature table finds in it; a phrase nothing can be cut from is left."""
    random = Random(int.from_bytes(sha256(f"{seed}/{text}".encode("utf-8", "replace")).digest()[:8], "big"))
    after = 0
    for _ in range(_MAX_CUTS):
        flat, places = _unfolded(text)
        hit = _first_hit(flat, after)
        if hit is None:
            return text
        cut = _cut_for(flat, hit, keep)
        if cut is None:
            after = hit.end
            continue
        start, end = cut
        rest = text[places[end] :]
        opens = not flat[:start].rstrip() or flat[:start].rstrip()[-1] in ".!?:>'\"\n"
        said = flat[:start].rstrip().endswith(tuple(word.rstrip() for word in _NEUTRAL))
        word = random.choice(_NEUTRAL) if neutral_words and opens and not said and end - start > 12 else ""
        text = text[: places[start]] + word + (rest[:1].upper() + rest[1:] if opens else rest)
    return text


def signs_left(text: str) -> int:
    """How many signature phrases stand in `text`, as the product reads it: folded lines joined."""
    flat, _ = _unfolded(text)
    return sum(1 for pattern in _SIGNS for _ in pattern.finditer(flat))


def _values_of(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """What the attacker's calls are made with, lower-cased."""
    for row in rows:
        if row["label"] == "block":
            yield from _texts_in(row["request"].get("inputValues"))


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value).strip().lower()
        if 4 <= len(text) <= 80:
            yield text


def _with_outputs(request: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    planner = request["plannerContext"]
    outputs = [
        {**entry, "outputs": [{**item, "value": _changed(item["value"], change)} for item in entry["outputs"]]}
        for entry in planner.get("previousToolsOutputs") or []
    ]
    return {**request, "plannerContext": {**planner, "previousToolsOutputs": outputs}}


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_changed(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _changed(item, change) for name, item in value.items()}
    return value


def _unfolded(text: str) -> tuple[str, list[int]]:
    """`text` with folded lines joined by a blank, and where each of its characters (and its end) stood."""
    flat: list[str] = []
    places: list[int] = []
    done = 0
    for match in _FOLD.finditer(text):
        new = "\n" if match["escaped"] else "" if text[match.start()] == "\\" and not match["blank"] else " "
        flat += (text[done : match.start()], new)
        places += [*range(done, match.start()), *([match.start()] * len(new))]
        done = match.end()
    flat.append(text[done:])
    places += [*range(done, len(text)), len(text)]
    return "".join(flat), places


def _first_hit(flat: str, after: int) -> _Hit | None:
    hits = [
        # the line end before a mark belongs to the text: it keeps the sentences apart
        _Hit(start=match.end() - len(flat[match.start() : match.end()].lstrip()), end=match.end(), pattern=pattern)
        for pattern in _SIGNS
        if (match := pattern.search(flat, after)) is not None
    ]
    return min(hits, key=lambda hit: (hit.start, -hit.end)) if hits else None


def _cut_for(flat: str, hit: _Hit, keep: tuple[str, ...]) -> tuple[int, int] | None:
    """The clause of the phrase; the phrase alone, or one word of it, where the clause holds what must stay."""
    before = _WORDS_BEFORE.search(flat, max(0, hit.start - 80), hit.start)
    start = before.start() if before else hit.start
    # the end of a gap in a pattern may reach into what follows: cut no further than its first clause end
    ends = _CLAUSE_END.search(flat, min(hit.end, hit.start + 12))
    tail = _TOKEN_TAIL.match(flat, hit.end)
    token_end = tail.end() if tail else hit.end
    last = _CLAUSE_END.search(flat, hit.end - 1 if flat[hit.end - 1 : hit.end] in ".:;!?" else token_end)
    # a mark made of signs is no part of the sentence that follows it
    mark = ((hit.start, token_end),) if flat[hit.start] in "#<[=" else ()
    for left, right in (
        *mark,
        (start, last.end() if last else hit.end),
        (hit.start, last.end() if last else hit.end),
        (hit.start, ends.end() if ends else hit.end),
        (hit.start, token_end),
        (hit.start, hit.end),
    ):
        if right > left and not _holds(flat[left:right], keep) and _breaks(flat, hit, left, right):
            return left, right
    for word in re.finditer(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]+", flat[hit.start : hit.end]):
        left, right = hit.start + word.start(), hit.start + word.end()
        if not _holds(flat[left:right], keep) and _breaks(flat, hit, left, right):
            return left, right
    return None


def _holds(stretch: str, keep: tuple[str, ...]) -> bool:
    lower = stretch.lower()
    if any(value in lower for value in keep):
        return True
    return any(pattern.search(stretch) for pattern in (EMAIL, URL, IBAN))


def _breaks(flat: str, hit: _Hit, left: int, right: int) -> bool:
    """Without this stretch the pattern no longer begins where it did."""
    around = flat[max(0, left - 200) : left] + flat[right : right + 200]
    at = hit.pattern.search(around, max(0, min(left, 200) - (left - hit.start)))
    return at is None or at.end() - len(around[at.start() : at.end()].lstrip()) > min(left, 200)
