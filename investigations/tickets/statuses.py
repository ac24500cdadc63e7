"""Which status of a ticket system is which of ours, as an admin wrote it. Pure.

Outward `new = To Do; active = In Progress; closed = Done`, inward `To Do = open; Done = closed undetermined`: what is
not named inward is told and changes nothing here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from investigations.siem.sinks.pairs import PairError, read_pairs

OURS = ("new", "active", "closed")
DISPOSITIONS = ("true_positive", "benign_expected", "false_positive", "undetermined")
OPEN, CLOSED = "open", "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What a status there means here: it is worked on, or it is over, as what."""

    closed: bool
    disposition: str = ""


def read_outward(text: str) -> dict[str, str]:
    """Our status -> theirs. Raises PairError."""
    pairs = read_pairs(text)
    for name in pairs:
        if name not in OURS:
            raise PairError(f"`{name[:60]}` is no status of ours, expected one of {', '.join(OURS)}")
    return pairs


def read_inward(text: str) -> dict[str, Meaning]:
    """Their status, in lower case, -> what it means here. Raises PairError."""
    return {name.lower(): _meaning(value) for name, value in read_pairs(text).items()}


def means(inward: Mapping[str, Meaning], status: str) -> Meaning | None:
    """What a status of theirs means here, None where nobody said."""
    return inward.get(status.lower())


def _meaning(value: str) -> Meaning:
    word, _, disposition = (piece.strip() for piece in value.lower().partition(" "))
    if word == OPEN and not disposition:
        return Meaning(closed=False)
    if word == CLOSED and disposition in DISPOSITIONS:
        return Meaning(closed=True, disposition=disposition)
    raise PairError(
        f"`{value[:60]}` means nothing here, expected `open`, or `closed` with one of {', '.join(DISPOSITIONS)}"
    )
