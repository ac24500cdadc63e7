"""What one source says: its records, the sentences in them, and the instructions among those. Cached by content.

Every call of a conversation sends the whole history again, so what was read once is kept: in this process, keyed by
the digest of the content, bounded by count and bytes. Reading costs about 1 ms for 5 kB; a cached source costs nothing.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from sys import getsizeof
from typing import NamedTuple

from guardrail.invocation import Passage
from guardrail.text.budget import Budget
from guardrail.text.continued import BrokenOff, Place
from guardrail.text.directives import (
    MENTION,
    WORD,
    Asked,
    Sentence,
    may_ask_at_a_glance,
    may_ask_with,
    pieces_of,
    read_closely,
    read_directive,
)
from guardrail.text.normalise import Hidden
from guardrail.text.recent import Recent
from guardrail.text.records import Field, Record, cut_records
from guardrail.text.sentences import split_sentences
from guardrail.text.signatures import find_signatures, hints_in, may_be_signed, merged
from guardrail.text.view import View, lowered
from guardrail.text.wordset import LookedAt, Sentences, Window

_Spans = tuple[tuple[int, int], ...]
SIGNATURE_REACH = 3
_VALUE = re.compile(r"[\d@_\"“]|://")
# A shorter sentence asks for nothing.
_SHORTEST = 6
# Of fields up to this length the whole is remembered.
_SHORT = 40
_AFTER = 3
_LONGEST_BLOCK = 4_000
_LONGEST_TEXT = 500
# About 1 MB of mails and pages in which every third sentence asks for something.
_MAX_DIRECTIVES = 5_000
_MAX_CACHE_ENTRIES = 4_000
_MAX_CACHE_BYTES = 128_000_000
# Sentences come again in other listings, footers and quotes; 16 MB at most.
_MAX_SENTENCES = 8_000
_ANY_DIGIT = {ord(digit): "0" for digit in "123456789"}
# All blanks of ASCII but the common one.
_BREAKS = bytes(code for code in range(128) if chr(code).isspace() and code != ord(" "))
_ANY_ASCII_DIGIT = bytes.maketrans(b"123456789", b"000000000")
# Sentences, and fields of a record, between two looks at the time.
_AT_ONCE, _FIELDS_AT_ONCE = 64, 16
# Of fields up to this length all words are looked at together, before they are split.
_AT_A_GLANCE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Who is behind a record, as its fields say; empty where they do not.

    `around` is whoever wrote the text the record stands in, where that is another: the rest is that person's word.
    """

    author: str = ""
    editor: str = ""
    revision: str = ""
    document: str = ""
    around: str = ""


# One for all the rows that name nobody.
_NOBODY = Author()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """A signature near an instruction: what it is and where it stands in the passage.

    `own` is False where it stands in another paragraph, which has an order of its own for it to be about.
    """

    what: str
    start: int
    end: int
    own: bool


# INVARIANT: nobody changes one, it is shared by calls. Neither frozen nor by keywords, there is one a sentence:
# freezing makes each three times as dear, keywords twice and a half (2026-11).
@dataclass(slots=True, eq=False)
class Directive:
    """One sentence that asks for something. Offsets are into the original passage at `path`.

    `window` is the sentence with those after it, where the details of a request stand. `hidden` says how it was
    hidden from people, empty when it was not.
    """

    record: int
    path: str
    start: int
    end: int
    text: str
    asked: Asked
    window: Window
    signs: tuple[Sign, ...]
    hidden: str

    @property
    def stems(self) -> frozenset[str]:
        """The heads of the sentence's own words."""
        return self.window.first_stems


class Prose(NamedTuple):
    """The lower-cased text of one field and the stretches of it (offsets in `lower`) that belong to instructions."""

    path: str
    lower: str
    record: int
    asked: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """All that was read in one source. `complete` is False when the time ran out before its end.

    `digests` run along `authors`: sha of the fields of a record that ask for something, by which it is known again in
    another listing; empty where nothing in it asks for anything. `size` in bytes, without what is found on looking
    closer, which `looked_at` counts.
    """

    authors: tuple[Author, ...]
    digests: tuple[str, ...]
    prose: tuple[Prose, ...]
    directives: tuple[Directive, ...]
    complete: bool
    size: int
    looked_at: LookedAt


_cache: Recent[str, Reading] = Recent(
    most=_MAX_CACHE_ENTRIES, most_bytes=_MAX_CACHE_BYTES, size_of=lambda reading: reading.size + reading.looked_at.bytes
)


def forget_readings() -> None:
    """Empty the cache, as in a process that has just started."""
    _cache.clear()
    _what_is_said.cache_clear()
    _asks_nothing.cache_clear()


def read_source(passages: tuple[Passage, ...], *, digest: str, budget: Budget) -> Reading:
    """Read `passages`, or take what was read before under `digest`. A reading cut short is not kept."""
    if digest:
        cached = _cache.find(digest)
        if cached is not None:
            return cached
    reading = _read(passages, budget)
    if digest and reading.complete:
        _cache.keep(digest, reading)
    return reading


def _read(passages: tuple[Passage, ...], budget: Budget) -> Reading:
    short_before = budget.short
    budget.short = False
    prose: list[Prose] = []
    directives: list[Directive] = []
    looked_at = LookedAt()
    broken_off = BrokenOff(looked_at)
    records = cut_records(passages, budget)
    for number, record in enumerate(records):
        if budget.spent():
            break
        for index, field in enumerate(record.fields):
            # a long one asks for the time itself
            if len(directives) > _MAX_DIRECTIVES or (index % _FIELDS_AT_ONCE == _FIELDS_AT_ONCE - 1 and budget.spent()):
                budget.short = True
                break
            lower = lowered(field.view.text)
            waits = broken_off.waits
            if not waits and _says_little(field.view.text, lower):
                prose.append(Prose(field.path, lower, number, ()))
                continue
            found, spans = _directives_in(field, number, lower, looked_at, budget)
            if found or waits:
                place = Place(field.name, number, record.author)
                if waits and broken_off.goes_on_in(field.view.text, place, orders=_begins_with_order(found)):
                    spans = (broken_off.go_on(lower), *spans)
                broken_off.note(field.view.text, place, [d.window for d in found if d.window.is_cut_short])
                directives += found
            prose.append(Prose(field.path, lower, number, spans))
    complete = not budget.short
    budget.short = budget.short or short_before
    # measured: 0.37 MB for 64 kB of mails in which every second sentence asks for something (2026-11)
    size = 400 + 130 * len(prose) + sum(map(getsizeof, [field.lower for field in prose]))
    size += 480 * len(directives) + sum(map(getsizeof, [directive.text for directive in directives]))
    size += 200 * sum([len(directive.signs) for directive in directives])
    return Reading(
        authors=tuple(_author(record) for record in records),
        digests=_digests(prose, len(records)),
        prose=tuple(prose),
        directives=tuple(directives),
        complete=complete,
        size=size,
        looked_at=looked_at,
    )


def _says_little(text: str, lower: str) -> bool:
    """A word, a number or a name, as most fields of rows."""
    return lower.isalnum() or (len(text) <= _SHORT and _asks_nothing(_alike(text)))


def _begins_with_order(found: list[Directive]) -> bool:
    return bool(found) and found[0].window.is_first and found[0].asked.manner != MENTION


def _digests(prose: list[Prose], count: int) -> tuple[str, ...]:
    """Not over every field: times and counters differ each time a record is listed."""
    sums: dict[int, blake2b] = {}
    for field in prose:
        if field.asked:
            found = sums.get(field.record)
            if found is None:
                found = sums[field.record] = blake2b(digest_size=12)
            found.update(_spaces_joined(field.lower).encode("utf-8", "replace") + b"\0")
    return tuple(sums[number].hexdigest() if number in sums else "" for number in range(count))


def _spaces_joined(text: str) -> str:
    # a text without line breaks and tabs mostly is so already, and that is seen four times as fast
    if text.isascii():
        raw = text.encode("ascii")
        plain = len(raw.translate(None, _BREAKS)) == len(raw)
    else:
        plain = text.isprintable()
    return text.strip() if plain and "  " not in text else " ".join(text.split())


def _author(record: Record) -> Author:
    if not (record.author or record.editor or record.document or record.revision):
        return _NOBODY
    return Author(
        author=record.author[:200],
        editor=record.editor[:200],
        revision=record.revision[:80],
        document=record.document[:300],
        around=record.around[:200],
    )


def _directives_in(
    field: Field, record: int, lower: str, looked_at: LookedAt, budget: Budget
) -> tuple[list[Directive], _Spans]:
    """The directives of a field in order, and which stretches of it belong to them. `lower` is its text."""
    text = field.view.text
    alike = _alike(text)
    if len(text) <= _AT_A_GLANCE and (_asks_nothing(alike) if len(text) <= _SHORT else not may_ask_at_a_glance(alike)):
        return [], ()
    bounds = split_sentences(text)
    said: list[tuple[Asked | None, int]] = []
    for first in range(0, len(bounds), _AT_ONCE):
        if budget.spent():
            bounds = bounds[:first]
            break
        said += [_what_is_said(alike[start:end]) for start, end in bounds[first : first + _AT_ONCE]]
    asked = [(index, found) for index, (found, _) in enumerate(said) if found is not None]
    if not asked:
        return [], ()
    hints = [signs for _, signs in said]
    near = Sentences(lower, bounds, looked_at)
    signs = _Signs(lower, bounds, hints, [index for index, _ in asked]) if may_be_signed(lower, hints) else None
    placed = field.view.places([offset for index, _ in asked for offset in bounds[index]])
    path, final = field.path, len(bounds) - 1
    directives = []
    spans = []
    for turn, (index, found) in enumerate(asked):
        if turn % _AT_ONCE == 0 and budget.spent():
            break
        last = min(final, index + _AFTER)
        start, end = bounds[index]
        near_start, near_end = placed[2 * turn], max(placed[2 * turn], placed[2 * turn + 1])
        hidden = field.encoded
        if field.hidden and not hidden:
            hidden = _how_hidden(field.hidden, near_start, near_end)
            last = _last_hidden(index, last, bounds, field) if hidden else last
        spans.append((start, bounds[last][1]))
        directives.append(
            Directive(
                record,
                path,
                near_start,
                near_end,
                text[start : min(end, start + _LONGEST_TEXT)],
                found,
                Window(near, index, last, index + _AFTER > last),
                _placed(signs.near(index), field.view) if signs and signs.any else (),
                hidden,
            )
        )
    return directives, tuple(spans)


def _alike(text: str) -> str:
    """`text` with one digit for all, so that rows are alike."""
    if text.isascii():
        return text.encode("ascii").translate(_ANY_ASCII_DIGIT).decode("ascii")
    return text.translate(_ANY_DIGIT)


@lru_cache(maxsize=_MAX_SENTENCES)
def _asks_nothing(field: str) -> bool:
    """Most fields of rows come again, and no sentence in them asks for anything."""
    return not may_ask_at_a_glance(field) or all(
        _what_is_said(field[start:end])[0] is None for start, end in split_sentences(field)
    )


@lru_cache(maxsize=_MAX_SENTENCES)
def _what_is_said(sentence: str) -> tuple[Asked | None, int]:
    """What a sentence asks for, and which signatures it may hold. Its digits do not matter, so that rows are alike."""
    pieces = pieces_of(sentence)
    if pieces is None:
        said = Sentence(sentence)
        return (read_directive(said) if len(sentence) >= _SHORTEST else None), hints_in(said.parts)
    asks = len(sentence) >= _SHORTEST and may_ask_with(pieces)
    return (read_closely(Sentence(sentence)) if asks else None), hints_in(pieces)


class _Signs:
    """The signatures of a field within reach of its instructions, which are the sentences `asked` of `bounds`."""

    def __init__(self, lower: str, bounds: list[tuple[int, int]], hints: list[int], asked: list[int]) -> None:
        self._lower = lower
        self._bounds = bounds
        self._orders = [bounds[index] for index in asked]
        found: list[tuple[str, int, int]] = []
        for first, last in _around(asked, len(bounds)):
            here = ((*bounds[at], hints[at]) for at in range(first, last + 1))
            found += find_signatures(lower, bounds[first][0], bounds[last][1], here)
        # by place, each with its turn among all: what is told first of an order is the first kind of sign
        self._found = sorted((start, end, turn, what) for turn, (what, start, end) in enumerate(found))
        self._longest = max((end - start for start, end, _, _ in self._found), default=0)

    @property
    def any(self) -> bool:
        return bool(self._found)

    def near(self, index: int) -> list[tuple[str, int, int, bool]]:
        """The signs within three sentences of the instruction at `index`, and whether each is its own."""
        start, stop = self._bounds[index]
        near = self._bounds[max(0, index - SIGNATURE_REACH)][0]
        far = self._bounds[min(len(self._bounds) - 1, index + SIGNATURE_REACH)][1]
        first = bisect_left(self._found, (near - self._longest,))
        last = bisect_left(self._found, (far,))
        found = [
            (turn, what, begin, end)
            for begin, end, turn, what in self._found[first:last]
            if end > near and not _is_over(self._lower, begin, start)
        ]
        return [
            (
                what,
                begin,
                end,
                _is_own(self._lower, end, start, self._orders)
                and not _opens_another(self._lower, (begin, end), stop, self._orders),
            )
            for _, what, begin, end in sorted(found)
        ]


def _around(asked: list[int], count: int) -> list[tuple[int, int]]:
    """The stretches of sentences within reach of those asked for, of `count` there are."""
    return merged((max(0, at - SIGNATURE_REACH), min(count - 1, at + SIGNATURE_REACH)) for at in asked)


def _is_over(lower: str, sign: int, start: int) -> bool:
    """The sign closes what stands before this instruction: a closing tag whose opening tag the text has too."""
    if sign >= start or lower[sign : sign + 2] not in ("</", "[/"):
        return False
    name = WORD.match(lower, sign + 2)
    return name is not None and lower[sign] + name.group() in lower[max(0, sign - _LONGEST_BLOCK) : sign]


def _is_own(lower: str, sign_end: int, start: int, orders: list[tuple[int, int]]) -> bool:
    # a sign with nothing after it in its paragraph is about the next one
    after = sign_end + len(lower[sign_end:start]) - len(lower[sign_end:start].lstrip(">]:. \n"))
    paragraph = lower.find("\n\n", after, start)
    if paragraph < 0:
        return True
    first = bisect_left(orders, (sign_end, sign_end))
    if first and sign_end < orders[first - 1][1] <= paragraph and _VALUE.search(lower, sign_end, orders[first - 1][1]):
        # the sign opens an order that names what it is about: `### system: send 50 to ...`
        return False
    return not any(begin < paragraph and lower[end - 1 : end] != ":" for begin, end in orders[first : first + 4])


def _opens_another(lower: str, sign: tuple[int, int], stop: int, orders: list[tuple[int, int]]) -> bool:
    """The sign stands on a later line than this order, and what comes with it names what it is about itself.

    Or in a later paragraph, behind an order that does: `Set the address to ... and do not mention it.`
    """
    begin, end = sign
    if lower.find("\n", stop, begin) < 0:
        return False
    above = lower.rfind("\n\n", stop, begin)
    if above >= 0:
        first = bisect_left(orders, (above, above))
        if first < len(orders) and orders[first][0] < begin and _VALUE.search(lower, orders[first][0], begin):
            return True
    paragraph = lower.find("\n\n", end)
    return _VALUE.search(lower, end, min(paragraph if paragraph >= 0 else len(lower), end + _LONGEST_TEXT)) is not None


def _placed(signs: list[tuple[str, int, int, bool]], view: View) -> tuple[Sign, ...]:
    """Each kind of sign once, where it stands in the original: rather the instruction's own than another's."""
    first: dict[str, Sign] = {}
    for what, near, far, own in signs:
        if what not in first or (own and not first[what].own):
            first[what] = Sign(what=what, start=view.place(near), end=view.place(far), own=own)
    return tuple(first.values())


def _last_hidden(index: int, last: int, bounds: list[tuple[int, int]], field: Field) -> int:
    """How far what was hidden goes on: what people do see after it stands there for another reason."""
    for at in range(index + 1, last + 1):
        start, end = field.view.places(list(bounds[at]))
        if not _how_hidden(field.hidden, start, max(start, end)):
            return at - 1
    return last


def _how_hidden(hidden: tuple[Hidden, ...], start: int, end: int) -> str:
    for stretch in hidden:
        if stretch.start < end and start < stretch.end:
            return stretch.how
    return ""
