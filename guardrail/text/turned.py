"""Alphabets in which each letter stands for another, and common words as they look in them or backwards. Pure."""

from collections.abc import Callable

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_COMMON = ("the", "and", "with")
# Each stands between other words in most texts that were turned.
_PROBES = (" the ", " to ", " and ", " of ", " for ")


def _shifted(by: int) -> dict[int, int]:
    turned = _ALPHABET[by:] + _ALPHABET[:by]
    return str.maketrans(_ALPHABET + _ALPHABET.upper(), turned + turned.upper())


_ROT13 = _shifted(13)
_MIRRORED = str.maketrans(_ALPHABET + _ALPHABET.upper(), _ALPHABET[::-1] + _ALPHABET[::-1].upper())


def rot13(text: str) -> str:
    return text.translate(_ROT13)


def backwards(text: str) -> str:
    return text[::-1]


def _by(table: dict[int, int]) -> Callable[[str], str]:
    return lambda text: text.translate(table)


# Common words as they look in shifted letters -> what turns them back.
SHIFTS = {
    word.translate(there): (how, _by(back))
    for how, there, back in (
        *((f"letters shifted by {by}", _shifted(by), _shifted(26 - by)) for by in range(1, 26) if by != 13),
        ("mirrored letters", _MIRRORED, _MIRRORED),
    )
    for word in _COMMON
}
TURNS: tuple[tuple[str, Callable[[str], str], tuple[str, ...]], ...] = tuple(
    (how, turn, tuple(turn(probe) for probe in _PROBES))
    for how, turn in (("rot13", rot13), ("written backwards", backwards))
)
PROBED = frozenset(probe.strip() for _, _, probes in TURNS for probe in probes)
