"""One entry of a list that is not stored as an imported document says. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ListChange:
    """`before` None = it is new; both hold only what differs, in words for everybody who may read a draft.

    `part` is what of the entry it is about, empty for the entry itself. `left_out` says why it is not applied, empty
    for one that is.
    """

    member: str
    name: str
    before: Mapping[str, str] | None
    after: Mapping[str, str]
    part: str = ""
    left_out: str = ""
