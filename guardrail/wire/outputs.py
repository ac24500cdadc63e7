"""Opens an entry of a call's tool outputs once: every call of a conversation sends the whole history again.

Known by its very bytes, so nothing that differs is taken for the same. Of 64 kB in records that were sent before, the
bytes are compared and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from guardrail.invocation import ToolOutput
from guardrail.text.passages import Opening
from guardrail.text.recent import Recent

_MOST = 4_000
_MOST_BYTES = 32_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An output with the moment it names. Two of the same `seal` say the same, where an adapter gives them one."""

    output: ToolOutput
    at: datetime | None
    seal: bytes = b""


# How an adapter opens an entry.
Make = Callable[[Any, Opening], Entry]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """`opened` = what its strings took of the call's Opening."""

    entry: Entry
    opened: int
    size: int


_known: dict[Make, Recent[bytes, _Known]] = {}


def open_entry(entry: Any, make: Make, opening: Opening) -> Entry:
    """What `make` makes of an entry: one as it stands in the body (msgspec.Raw) is made once, any other each time.

    Raises msgspec.DecodeError and RecursionError for one that only a tolerant reader opens.
    """
    if not isinstance(entry, msgspec.Raw):
        return make(entry, opening)
    raw = bytes(entry)
    kept = _known.get(make) or _known.setdefault(make, _room())
    known = kept.find(raw)
    if known is not None and opening.take(known.opened):
        return known.entry
    left = opening.left
    made = make(msgspec.json.decode(raw), opening)
    if not opening.refused:
        # 150 bytes each passage, and its text beside the bytes
        size = 600 + 3 * len(raw) + 150 * len(made.output.passages)
        kept.keep(raw, _Known(entry=made, opened=left - opening.left, size=size))
    return made


def forget_entries() -> None:
    """Open every entry anew, as in a process that has just started."""
    _known.clear()


def _room() -> Recent[bytes, _Known]:
    return Recent(most=_MOST, most_bytes=_MOST_BYTES, size_of=lambda known: known.size)
