"""One way to put an injected text so that people and models still follow it and a matcher may not."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.battery.attacks import Wording

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)


Change = Callable[[str, Random], str]
# What a lossy change leaves alone in any text: whatever holds a digit, an @, a slash or a dot inside, and names.
_EXACT = r"\S*[@\d_/]\S*|\S+\.\S+|(?<=[a-z,] )[A-Z]\S*(?: [A-Z]\S*)*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Transformation:
    """`of_wording` gives the pieces the injection stands in, side by side; `of_text` does the same to an honest text.

    `read` undoes it as far as a model reader would, so that a test can find the values again.
    """

    name: str
    kind: str
    of_wording: Callable[[Wording, Random], tuple[str, ...]]
    of_text: Callable[[str, Random], tuple[str, ...]]
    read: Callable[[str], str]


def plain_reading(text: str) -> str:
    """What is left of `text` for a reader who overlooks unseen characters, forms of letters and marks on them."""
    apart = unicodedata.normalize("NFKD", _UNSEEN.sub("", text))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def on_text(name: str, kind: str, change: Change, *, read: Callable[[str], str] = plain_reading) -> Transformation:
    """A transformation that takes any text, whoever wrote it."""
    return Transformation(
        name=name,
        kind=kind,
        of_wording=lambda wording, random: (change(wording.text, random),),
        of_text=lambda text, random: (change(text, random),),
        read=read,
    )


def lossy(name: str, kind: str, change: Change) -> Transformation:
    """A transformation that cannot be undone, so that it spares addresses, numbers, names and the attack's values."""
    return Transformation(
        name=name,
        kind=kind,
        of_wording=lambda wording, random: (_spared(wording.text, wording.values, change, random),),
        of_text=lambda text, random: (_spared(text, (), change, random),),
        read=plain_reading,
    )


def on_wording(name: str, change: Callable[[Wording, Random], str]) -> Transformation:
    """Another way of saying the same; honest text is left as it is."""
    return Transformation(
        name=name,
        kind="wording",
        of_wording=lambda wording, random: (change(wording, random),),
        of_text=lambda text, random: (text,),
        read=plain_reading,
    )


def _spared(text: str, values: tuple[str, ...], change: Change, random: Random) -> str:
    exact = re.compile("|".join([*(re.escape(value) for value in values), _EXACT]))
    pieces, done = [], 0
    for match in exact.finditer(text):
        pieces += [change(text[done : match.start()], random), match.group()]
        done = match.end()
    return "".join([*pieces, change(text[done:], random)])
