"""Which classified document a fingerprint belongs to: every document's fingerprints in one sorted array.

Pure. Eight bytes a fingerprint: its upper 48 bits, then the document's number. Two million stand in 16 MB, are loaded
without a loop and are found in about 2 microseconds. Whoever writes compiles, so that no web process sorts anything.
"""

import base64
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# A fingerprint in more documents than these is a footer, a clause or a form, and nobody's secret.
COMMON_TO = 8
MOST_DOCUMENTS = 65_536
_NUMBER_BITS = 16
_PIECE_BYTES = 240_000
_NUMBER = (1 << _NUMBER_BITS) - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class FingerprintedDocument:
    """One document. `size` counts the fingerprints that are its own, common ones left out."""

    name: str
    data_class: str
    revision: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprints:
    """The fingerprints of all documents. `entries` is sorted and read-only."""

    documents: tuple[FingerprintedDocument, ...] = ()
    entries: Sequence[int] = ()

    def documents_with(self, fingerprint: int) -> Iterator[int]:
        """The numbers of the documents that hold `fingerprint`, as indexes of `documents`."""
        least = fingerprint & ~_NUMBER
        entries = self.entries
        at = bisect_left(entries, least)
        while at < len(entries) and (entry := entries[at]) & ~_NUMBER == least:
            yield entry & _NUMBER
            at += 1


NOTHING = Fingerprints()


def pack(fingerprints: Iterable[int]) -> bytes:
    """One document's distinct fingerprints for storing: sorted, eight bytes each, little-endian."""
    return _little_endian(array("Q", sorted(set(fingerprints))))


def join(documents: Iterable[tuple[str, str, str, bytes]]) -> tuple[list[list[Any]], bytes]:
    """Compile (name, data class, revision, packed fingerprints) to what `compile_fingerprints` reads.

    Returns the documents as JSON lists and the entries as bytes. About 1 s and 100 MB a million fingerprints.
    A copy of a document counts once: twenty copies of one file must not make all of it common.
    """
    told: list[list[Any]] = []
    entries: list[int] = []
    seen: set[tuple[bytes, str]] = set()
    for name, data_class, revision, packed in documents:
        if (packed, data_class) in seen:
            continue
        seen.add((packed, data_class))
        number = len(told)
        if number >= MOST_DOCUMENTS:
            raise ValueError(f"more than `{MOST_DOCUMENTS}` documents have fingerprints, expected fewer")
        told.append([name, data_class, revision, 0])
        entries += [fingerprint & ~_NUMBER | number for fingerprint in _unpacked(packed)]
    entries.sort()
    kept = array("Q")
    for run in _runs(entries):
        if len(run) <= COMMON_TO:
            kept.extend(run)
            for entry in run:
                told[entry & _NUMBER][3] += 1
    return told, _little_endian(kept)


def encode(documents: list[list[Any]], entries: bytes) -> dict[str, Any]:
    """The `fingerprints` member of a ruleset document: JSON, the entries as base64 in pieces.

    In one piece, writing the snapshot of 5,000 documents kept every other thread of a web process waiting for 87 ms.
    """
    pieces = [entries[start : start + _PIECE_BYTES] for start in range(0, len(entries), _PIECE_BYTES)]
    return {"documents": documents, "entries": [base64.b64encode(piece).decode("ascii") for piece in pieces]}


def compile_fingerprints(member: Mapping[str, Any]) -> Fingerprints:
    """The `fingerprints` member of a ruleset document, compiled; an empty one is no fingerprints."""
    if not member.get("documents"):
        return NOTHING
    return Fingerprints(
        documents=tuple(
            FingerprintedDocument(name=name, data_class=data_class, revision=revision, size=size)
            for name, data_class, revision, size in member["documents"]
        ),
        entries=_entries(tuple(member["entries"])),
    )


def _runs(entries: list[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for entry in entries:
        if run and run[0] ^ entry > _NUMBER:
            yield run
            run = []
        # two fingerprints of one document that differ below 48 bits are one
        if not run or run[-1] != entry:
            run.append(entry)
    if run:
        yield run


@lru_cache(maxsize=1)
def _entries(pieces: tuple[str, ...]) -> Sequence[int]:
    """Kept for the next version of the ruleset, which most often changes something else."""
    entries = array("Q")
    for piece in pieces:
        entries.extend(_unpacked(base64.b64decode(piece)))
    return memoryview(entries).toreadonly()


def _unpacked(packed: bytes) -> "array[int]":
    numbers = array("Q", packed)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _little_endian(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers = array("Q", numbers)
        numbers.byteswap()
    return numbers.tobytes()
