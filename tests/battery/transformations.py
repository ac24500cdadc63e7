"""Every disguise of the battery. Seeded: the same transformation of the same attack gives the same text."""

from hashlib import sha256
from random import Random

from tests.battery.attacks import Attack
from tests.battery.characters import CHARACTERS
from tests.battery.layout import ENCODINGS, HIDING, MARKUP, PADDING, STRUCTURE
from tests.battery.newer import NEWER
from tests.battery.rewording import WORDINGS
from tests.battery.transformation import Transformation

TRANSFORMATIONS: tuple[Transformation, ...] = (
    *CHARACTERS,
    *ENCODINGS,
    *HIDING,
    *MARKUP,
    *STRUCTURE,
    *PADDING,
    *WORDINGS,
    *NEWER,
)


def disguised(attack: Attack, transformation: Transformation, *, seed: int = 0) -> tuple[str, ...]:
    """The pieces the injection of `attack` stands in."""
    return transformation.of_wording(attack.wording, _random(attack, transformation, seed))


def disguised_honest(attack: Attack, transformation: Transformation, *, seed: int = 0) -> tuple[str, ...]:
    """The same done to the honest text in its place."""
    return transformation.of_text(attack.clean, _random(attack, transformation, seed))


def _random(attack: Attack, transformation: Transformation, seed: int) -> Random:
    digest = sha256(f"{seed}/{transformation.name}/{attack.name}".encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))
