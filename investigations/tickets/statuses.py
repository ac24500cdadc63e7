"""Which status of a ticket system is which of ours, as an admin wrote it. Pure.

Outward `new = To Do; active = In Progress; closed = Done`, inward `To Do = open; Done = closed undetermined`: what is
not named inward is told and changes nothing here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

OURS = ("new", "active", "closed")
DISPOSITIONS = ("true_positive", "benign_expected", "false_positive", "undetermined")
OPEN, CLOSED = "open", "closed"


class StatusError(ValueError):
    """A mapping that cannot be; the message says what was found and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What a status there means here: it is worked on, or it is over, as what."""

    closed: bool
    disposition: str = ""


def read_pairs(text: str) -> dict[str, str]:
    """`a = b; c = d` as a mapping; names keep their case. Raises StatusError."""
    pairs: dict[str, str] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or not name or not value:
            raise StatusError(f"`{part[:60]}` is no pair, expected e.g. `closed = Done`")
        if name in pairs:
            raise StatusError(f"`{name[:60]}` is there twice, expected once")
        pairs[name] = value
    return pairs


def read_outward(text: str) -> dict[str, str]:
    """Our status -> theirs. Raises StatusError."""
    pairs = read_pairs(text)
    for name in pairs:
        if name not in OURS:
            raise StatusError(f"`{name[:60]}` is no status of ours, expected one of {', '.join(OURS)}")
    return pairs


def read_inward(text: str) -> dict[str, Meaning]:
    """Their status, in lower case, -> what it means here. Raises StatusError."""
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
    raise StatusError(
        f"`{value[:60]}` means nothing here, expected `open`, or `closed` with one of {', '.join(DISPOSITIONS)}"
    )
