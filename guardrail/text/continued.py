"""Instructions that break off at the end of a field and go on in the next one, as forms and rows cut them in two.

Only where the grammar says so: the field ends without a full stop, and the next one begins in the middle of a sentence.
What is not such a sentence stays apart, or the values of any neighbouring field would be taken for the instruction's.
"""

from collections.abc import Sequence
from typing import NamedTuple

from guardrail.text.sentences import split_sentences
from guardrail.text.words import ENGLISH
from guardrail.text.wordset import LookedAt, Sentences, Window

# How many fields with dates, names and numbers may stand between the two halves.
_MOST_BETWEEN = 6
_MOST_SENTENCES = 2
_MOST_PIECES = 4
_LONGEST = 2_000
_QUOTES = " \t\r\n\"'“”‘’()[]{},*_`"
_STOPS = (".", "!", "?", ";", "…")
_DIGITS = "0123456789_- "


class Place(NamedTuple):
    """Which field of which record, and whose. Fields `line1` and `line2` count as of one name."""

    name: str
    record: int
    author: str


class BrokenOff:
    """Follows the fields of one source in their order."""

    def __init__(self, looked_at: LookedAt) -> None:
        self._looked_at = looked_at
        self._windows: Sequence[Window] = ()
        self._place = Place(name="", record=0, author="")
        self._between = self._pieces = 0
        self._dangles = self._went_on = False

    @property
    def waits(self) -> bool:
        """An instruction has broken off and may go on in the next field."""
        return bool(self._windows)

    def goes_on_in(self, text: str, place: Place, *, orders: bool) -> bool:
        """Whether a field begins with the rest of what broke off. `orders` = it begins with an order of its own."""
        self._between += 1
        if self._between > _MOST_BETWEEN or place.record > self._place.record + 1:
            self._windows = ()
            return False
        same = place.name.rstrip(_DIGITS) == self._place.name.rstrip(_DIGITS)
        # a row goes on in the same column, in the same person's words
        if place.record > self._place.record and not (same and place.author == self._place.author):
            return False
        said = text[:200].strip(_QUOTES)
        words = said.split(None, 2)
        if not words or (orders and not self._dangles):
            return False
        if self._dangles:
            return True
        if len(words) < 2 or not said[0].islower() or "@" in words[0]:
            return False
        return same or words[0] in ENGLISH.linking

    def go_on(self, lower: str) -> tuple[int, int]:
        """Make the first sentences of a field, whose lower-cased text this is, a part of what broke off.

        Returns where they are.
        """
        bounds = split_sentences(lower[:_LONGEST])[:_MOST_SENTENCES]
        beyond = Window(Sentences(lower, bounds, self._looked_at), 0, len(bounds) - 1)
        for window in self._windows:
            window.go_on(beyond)
        self._pieces += 1
        self._went_on = True
        return bounds[0][0], bounds[-1][1]

    def note(self, text: str, place: Place, windows: Sequence[Window]) -> None:
        """After each field: remember its windows that were cut short, when its last sentence breaks off.

        One that went on in this field and breaks off again waits for the next piece.
        """
        went_on, self._went_on = self._went_on, False
        said = text[-200:].rstrip(_QUOTES)
        breaks_off = bool(said) and not said.endswith(_STOPS)
        if windows and breaks_off:
            self._windows, self._pieces = windows, 0
        elif went_on and not (breaks_off and self._pieces < _MOST_PIECES):
            self._windows = ()
        elif not went_on:
            return
        self._place, self._between = place, 0
        self._dangles = said.endswith(":") or not ENGLISH.dangling.isdisjoint(said[-40:].lower().split()[-1:])
