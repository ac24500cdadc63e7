"""Every indicator in force, packed for judging: sorted 64-bit digests, four bytes of what is known, a bitmap. Pure.

Written by whoever changes an indicator, so that no web process sorts anything; 100,000 stand in 2.2 MB and a value that
is not listed is told in half a microsecond. The digests are blake2b: an outsider cannot choose a name that is taken for
a listed one.
"""

import base64
import enum
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from typing import Any
from zlib import crc32

from policies.intelligence.domains import registered
from policies.intelligence.values import Kind

_PIECE_BYTES = 240_000
# What a call is judged by as if the text had hijacked an agent before: looked through with every call.
MOST_TEXTS = 2_000
MOST_SOURCES = 4_000
_MOST_STEPS = 12


class Tier(enum.IntEnum):
    """What is done about an indicator, by its confidence and its source."""

    NOTED = 0
    LOW = 1
    HIGH = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """An indicator in force. `by_person` = somebody put it there though a feed may not."""

    kind: Kind
    value: str
    tier: Tier
    confidence: int
    source: str
    by_person: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One indicator to be packed; `source` is a number into the list of source names."""

    kind: str
    value: str
    tier: Tier
    confidence: int
    source: int
    by_person: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicators:
    """All indicators. `keys` is sorted; `infos` runs along it. `prefixes` are the lengths of the networks listed.

    `marks` is a bitmap with a bit for the CRC of each value: what has none is not listed, which nearly every look-up
    ends with, eight times sooner than by the keys.
    """

    keys: Sequence[int] = ()
    infos: Sequence[int] = ()
    marks: bytes = b""
    sources: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    prefixes: tuple[int, ...] = ()
    texts: frozenset[str] = frozenset()
    revision: str = ""

    @property
    def count(self) -> int:
        """How many are in force."""
        return len(self.keys)

    def find(self, kind: Kind, value: str) -> Listed | None:
        """The indicator of exactly this kind and value."""
        if kind.value not in self.kinds or not _may_hold(self.marks, kind.value, value):
            return None
        key = key_of(kind.value, value)
        at = bisect_left(self.keys, key)
        if at >= len(self.keys) or self.keys[at] != key:
            return None
        info = self.infos[at]
        number = info & 0xFFFF
        return Listed(
            kind=kind,
            value=value,
            tier=Tier(info >> 24 & 3),
            confidence=info >> 16 & 0x7F,
            source=self.sources[number] if number < len(self.sources) else "",
            by_person=bool(info >> 26 & 1),
        )

    def find_host(self, host: str) -> Listed | None:
        """The domain itself or one above it, the most exact first; for a number itself or its network."""
        if host.replace(".", "").isdecimal() or ":" in host:
            return self._find_number(host)
        if Kind.DOMAIN.value not in self.kinds:
            return None
        labels = host.split(".")
        ways = (".".join(labels[start:]) for start in range(max(0, len(labels) - 8), len(labels) - 1))
        return next((found for way in ways if (found := self.find(Kind.DOMAIN, way))), None)

    def find_url(self, url: str) -> Listed | None:
        """The address itself, or one it lies below; `url` in the stored form (`values.read_value`)."""
        if Kind.URL.value not in self.kinds:
            return None
        return next((found for way in _ways(url) if (found := self.find(Kind.URL, way))), None)

    def find_new(self, host: str) -> Listed | None:
        """The domain that was registered lately to which `host` belongs."""
        domain = registered(host).domain if Kind.NEW_DOMAIN.value in self.kinds else ""
        return self.find(Kind.NEW_DOMAIN, domain) if domain else None

    def _find_number(self, host: str) -> Listed | None:
        if Kind.IP.value not in self.kinds:
            return None
        found = self.find(Kind.IP, host)
        for length in self.prefixes if found is None else ():
            network = network_of(host, length)
            found = found or (self.find(Kind.IP, network) if network else None)
        return found


NO_INDICATORS = Indicators()


def _may_hold(marks: bytes, kind: str, value: str) -> bool:
    if not marks:
        return True
    at = _mark(marks, kind, value)
    return bool(marks[at >> 3] >> (at & 7) & 1)


def _mark(marks: bytes | bytearray, kind: str, value: str) -> int:
    return crc32(f"{kind}\x1f{value}".encode("utf-8", "replace")) & (len(marks) * 8 - 1)


def key_of(kind: str, value: str) -> int:
    """The 64-bit digest an indicator is kept under."""
    digest = blake2b(f"{kind}\x1f{value}".encode("utf-8", "replace"), digest_size=8, person=b"indicator").digest()
    return int.from_bytes(digest, "little")


@lru_cache(maxsize=4096)
def network_of(host: str, length: int) -> str:
    """The network of this length that `host` is in; empty where it is no number, or the length is none of its."""
    try:
        return str(ip_network((ip_address(host).packed, length), strict=False))
    except ValueError:
        return ""


def _ways(url: str) -> Iterator[str]:
    """The address itself, then shorter and shorter: without its query, then up to its host."""
    yield url
    path, mark, _ = url.partition("?")
    path = path.rstrip("/")
    if mark:
        yield path
    for _ in range(_MOST_STEPS):
        path, slash, _ = path.rpartition("/")
        if not slash:
            return
        yield path


def pack(rows: Iterable[Row]) -> tuple[bytes, dict[str, Any]]:
    """The entries as bytes, and what else `compile_indicators` wants to know of them.

    Where several sources list one value a person's word comes first, then the one that does most. About 1 s a million.
    """
    best: dict[int, int] = {}
    told: dict[str, Any] = {"count": 0, "kinds": {}, "prefixes": [], "texts": []}
    marked: list[int] = []
    for row in rows:
        marked.append(crc32(f"{row.kind}\x1f{row.value}".encode("utf-8", "replace")))
        key, info = key_of(row.kind, row.value), _info(row)
        if key not in best:
            _tell(told, row)
        if info >> 16 > best.get(key, -1) >> 16:
            best[key] = info
    keys = array("Q", sorted(best))
    infos = array("I", [best[key] for key in keys])
    # a power of two, at least 64 bits a value: one look-up in a hundred goes on to the keys
    marks = bytearray(1 << max(10, (len(best) * 8).bit_length()))
    for crc in marked:
        at = crc & (len(marks) * 8 - 1)
        marks[at >> 3] |= 1 << (at & 7)
    return _joined(keys, infos, bytes(marks)), told


def patch(entries: bytes, told: Mapping[str, Any], *, kind: str, value: str, row: Row | None) -> tuple[bytes, Any]:
    """The packed entries with what is now in force of one value: `row`, or nothing. Some 2 ms for 100,000."""
    keys, infos, marks = _parted(int(told.get("count", 0)), entries)
    after: dict[str, Any] = {"count": 0, "kinds": {}, "prefixes": [], "texts": [], **told}
    after |= {name: type(after[name])(after[name]) for name in ("kinds", "prefixes", "texts")}
    key = key_of(kind, value)
    at = bisect_left(keys, key)
    if at < len(keys) and keys[at] == key:
        del keys[at], infos[at]
        after["count"] -= 1
        after["kinds"][kind] -= 1
        after["kinds"] = {name: count for name, count in after["kinds"].items() if count > 0}
        after["texts"] = [text for text in after["texts"] if text != value]
    if row is not None:
        keys.insert(at, key)
        infos.insert(at, _info(row))
        _tell(after, row)
        changed = bytearray(marks or bytes(1 << 10))
        place = _mark(changed, kind, value)
        changed[place >> 3] |= 1 << (place & 7)
        marks = bytes(changed)
    return _joined(keys, infos, marks), after


def _info(row: Row) -> int:
    return row.by_person << 26 | row.tier << 24 | min(100, row.confidence) << 16 | min(row.source, 0xFFFF)


def _tell(told: dict[str, Any], row: Row) -> None:
    """Count one more value. A length of networks stays told when the last of it goes: it costs a look-up."""
    told["count"] += 1
    told["kinds"][row.kind] = told["kinds"].get(row.kind, 0) + 1
    length = int(row.value.rpartition("/")[2]) if row.kind == Kind.IP.value and "/" in row.value else -1
    if length >= 0 and length not in told["prefixes"]:
        told["prefixes"] = sorted([*told["prefixes"], length], reverse=True)
    if row.kind == Kind.TEXT.value and row.tier > Tier.NOTED and len(told["texts"]) < MOST_TEXTS:
        told["texts"].append(row.value)


def _joined(keys: "array[int]", infos: "array[int]", marks: bytes) -> bytes:
    if sys.byteorder == "big":
        keys.byteswap()
        infos.byteswap()
    return keys.tobytes() + infos.tobytes() + marks


def _parted(count: int, packed: bytes) -> "tuple[array[int], array[int], bytes]":
    keys, infos = array("Q", packed[: count * 8]), array("I", packed[count * 8 : count * 12])
    if sys.byteorder == "big":
        keys.byteswap()
        infos.byteswap()
    return keys, infos, packed[count * 12 :]


def encode(*, revision: str, sources: Sequence[str], told: Mapping[str, Any], entries: bytes) -> dict[str, Any]:
    """The `indicators` member of a ruleset document: JSON, the entries as base64 in pieces."""
    pieces = [entries[start : start + _PIECE_BYTES] for start in range(0, len(entries), _PIECE_BYTES)]
    encoded = [base64.b64encode(piece).decode("ascii") for piece in pieces]
    return {"revision": revision, "sources": list(sources), **told, "entries": encoded}


def compile_indicators(member: Mapping[str, Any]) -> Indicators:
    """The `indicators` member of a ruleset document, compiled; an empty one is no indicators."""
    if not member.get("count"):
        return NO_INDICATORS
    keys, infos, marks = _entries(int(member["count"]), tuple(member["entries"]))
    return Indicators(
        keys=keys,
        infos=infos,
        marks=marks,
        sources=tuple(member["sources"]),
        kinds=frozenset(member["kinds"]),
        prefixes=tuple(member["prefixes"]),
        texts=frozenset(member["texts"]),
        revision=str(member["revision"]),
    )


@lru_cache(maxsize=1)
def _entries(count: int, pieces: tuple[str, ...]) -> tuple[Sequence[int], Sequence[int], bytes]:
    """Kept for the next version of the ruleset, which most often changes something else."""
    keys, infos, marks = _parted(count, b"".join(map(base64.b64decode, pieces)))
    return memoryview(keys).toreadonly(), memoryview(infos).toreadonly(), marks
