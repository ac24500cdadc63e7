"""A rewritten text that still knows where each of its characters stood in the original."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import accumulate

from guardrail.text.traits import traits_of

# (start, end, new text) of a stretch to be replaced
Cut = tuple[int, int, str]


class View:
    """`text` after some rewriting; `place` maps an offset in it to the offset in the original passage."""

    __slots__ = ("_after", "_before", "_begins", "_pieces", "_traits", "_under", "_words", "text")

    def __init__(
        self, text: str, under: "View | None" = None, after: list[int] | None = None, before: list[int] | None = None
    ) -> None:
        self.text = text
        self._under = under
        self._after = after
        self._before = before
        # of a stretch as it stands in what is under it
        self._begins = 0
        self._pieces: tuple[list[str], list[str]] | None = None
        self._words: dict[str, None] | None = None
        self._traits: frozenset[str] | None = None

    @property
    def traits(self) -> frozenset[str]:
        """What it may hold that most texts do not, see `traits.py`."""
        if self._traits is None:
            self._traits = traits_of(self.text)
        return self._traits

    @property
    def words(self) -> dict[str, None]:
        """What stands between blanks, in lower case, each once, in order: a glance at these saves many at the text."""
        if self._words is None:
            self._words = dict.fromkeys(self.text.lower().split())
        return self._words

    def place(self, offset: int) -> int:
        """The original offset of `offset`; inside a rewritten stretch, an offset within what it was made from."""
        return self.places([offset])[0]

    def places(self, offsets: list[int]) -> list[int]:
        """`place` of each of many offsets."""
        if self._pieces is not None:
            self._after, self._before = map(_starts, self._pieces)
            self._pieces = None
        after, before = self._after, self._before
        if after is not None and before is not None:
            offsets = _moved(offsets, after, before)
        elif begins := self._begins:
            offsets = [offset + begins for offset in offsets]
        return offsets if self._under is None else self._under.places(offsets)

    def rewrite(self, pattern: re.Pattern[str], spell: Callable[[str], str]) -> "View":
        """A view with each match of `pattern`, which has no groups, as `spell` has it; this view itself without any."""
        pieces = _in_group(pattern).split(self.text)
        if len(pieces) == 1:
            return self
        # a text of many lines has a thousand matches and few that differ
        spelled = {found: spell(found) for found in set(pieces[1::2])}
        now = pieces.copy()
        now[1::2] = [spelled[found] for found in pieces[1::2]]
        view = View("".join(now), self)
        view._pieces = (now, pieces)
        return view

    def replaced(self, cuts: Iterable[Cut]) -> "View":
        """A view with other text in the place of each cut; cuts are in order and do not overlap."""
        text = self.text
        now: list[str] = []
        before: list[str] = []
        done = 0
        for start, end, new in cuts:
            between = text[done:start]
            now += (between, new)
            before += (between, text[start:end])
            done = end
        if not now:
            return self
        rest = text[done:]
        now.append(rest)
        before.append(rest)
        view = View("".join(now), self)
        view._pieces = (now, before)
        return view

    def cut(self, start: int, end: int) -> "View":
        """The stretch from `start` to `end` as a view of its own."""
        view = View(self.text[start:end], self)
        view._begins = start
        return view


def _starts(pieces: list[str]) -> list[int]:
    return list(accumulate(map(len, pieces), initial=0))


def _moved(offsets: list[int], after: list[int], before: list[int]) -> list[int]:
    found = []
    last = len(before) - 1
    for offset in offsets:
        at = bisect_right(after, offset) - 1
        if at >= 0:
            moved = before[at] + offset - after[at]
            offset = min(moved, before[at + 1]) if at < last else moved
        found.append(offset)
    return found


@lru_cache(maxsize=64)
def _in_group(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """The same pattern as a group, so that `split` gives what it found along with what stands between."""
    return re.compile(f"({pattern.pattern})", pattern.flags)


class Mirrored(View):
    """A stretch of another view read backwards. Each of `sentences` leads to the stretch it was written in."""

    __slots__ = ("_ends", "_origin", "_starts")

    def __init__(self, origin: View, start: int, end: int, split: Callable[[str], Iterable[tuple[int, int]]]) -> None:
        super().__init__(origin.text[start:end][::-1])
        self._origin = origin
        bounds = list(split(self.text)) or [(0, len(self.text))]
        self._starts = [near for near, _ in bounds]
        # where the first letter of each sentence's stretch stands in the origin
        self._ends = [end - far for _, far in bounds]

    def place(self, offset: int) -> int:
        """The original offset; offsets grow within a sentence and shrink from one sentence to the next."""
        at = max(0, bisect_right(self._starts, offset) - 1)
        return self._origin.place(max(0, self._ends[at] + offset - self._starts[at]))

    def places(self, offsets: list[int]) -> list[int]:
        return [self.place(offset) for offset in offsets]


def lowered(text: str) -> str:
    """`text` in lower case, as long as before: a letter that would become two stays as it is, so offsets hold."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
