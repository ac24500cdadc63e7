"""A verdict with its cause, on its way to its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from investigations.grouping import NOT_TAKEN_IN, STOPS, Cause

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Caused:
    """A verdict with its cause."""

    row: Row
    cause: Cause

    @property
    def destinations(self) -> frozenset[str]:
        """Where the call was bound for, as far as it is known."""
        return frozenset(filter(None, (self.cause.destination.lower(), str(self.row["destination"]).lower()[:500])))

    @property
    def rules(self) -> frozenset[str]:
        """What stopped it; signals that could not be read are not looked at again."""
        if self.cause.kind == NOT_TAKEN_IN:
            return frozenset({NOT_TAKEN_IN})
        stopping = {str(one["name"]) for one in self.row["signals"] if one["action"] in STOPS}
        return frozenset(stopping or {self.row["deciding_signal"]} - {""})
