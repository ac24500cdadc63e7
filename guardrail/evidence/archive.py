"""Writes the zip file of a bundle, and reads one somebody hands in: bounded, in memory only, nothing is unpacked."""

import hashlib
import json
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import IO, Any

from guardrail.evidence.sealing import (
    MANIFEST,
    SIGNATURE,
    Entry,
    SealError,
    chained,
    entries_of,
    manifest_of,
    signature_of,
)

# What a bundle may hold: whoever hands one in does not decide how much memory it takes.
MOST_ENTRIES = 5_000
MOST_BYTES = 1_000_000_000
MOST_ENTRY_BYTES = 300_000_000
_MOST_MANIFEST_BYTES = 4_000_000
# A sha256 in hexadecimal digits.
_SEAL_BYTES = 64
# What reading a damaged zip file ends in.
_UNREADABLE = (EOFError, OSError, NotImplementedError, ValueError, struct.error, zlib.error)
# Letters, digits, dashes and dots in plain folders: no path that leads anywhere, no name two systems read otherwise.
_NAME = re.compile(r"(?:[a-z0-9_-]{1,80}/){0,3}[a-z0-9_-]{1,80}(?:\.[a-z0-9]{1,8})?")


class BundleError(ValueError):
    """A file that is no bundle, or one somebody changed; the message says what was found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One entry to write."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """`head` is the end of the chain, which names the whole content; `sha256` is of the manifest."""

    head: str
    entries: int
    bytes: int
    signed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """A bundle whose every entry is what the manifest says. `signature` None = it is not signed."""

    manifest: Mapping[str, Any]
    manifest_bytes: bytes
    signature: bytes | None
    entries: tuple[Entry, ...]
    contents: Mapping[str, bytes]

    def json(self, name: str) -> Any:
        """An entry as JSON. Raises BundleError."""
        if name not in self.contents:
            raise BundleError(f"the entry `{name[:200]}` is missing")
        return _json(self.contents[name], name)


def write(file: IO[bytes], parts: Iterable[Part], *, told: Mapping[str, Any], at: datetime, key: str) -> Written:
    """Write the parts in their order, then the manifest, then the signature where there is a `key`.

    Raises BundleError where it would become larger than what is read again.
    """
    digests: list[tuple[str, int, str]] = []
    total = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for part in parts:
            total += len(part.content)
            if total > MOST_BYTES or len(part.content) > MOST_ENTRY_BYTES or len(digests) + 2 >= MOST_ENTRIES:
                raise BundleError(f"the bundle is larger than `{MOST_BYTES}` bytes, expected fewer calls")
            digests.append((part.name, len(part.content), hashlib.sha256(part.content).hexdigest()))
            _add(archive, part.name, part.content, at)
        entries = chained(digests)
        manifest = manifest_of(entries, told)
        _add(archive, MANIFEST, manifest, at)
        if key:
            _add(archive, SIGNATURE, signature_of(manifest, private=key), at)
        archive.comment = b"0" * _SEAL_BYTES
    close(file)
    return Written(head=entries[-1].chain if entries else "", entries=len(entries), bytes=total, signed=bool(key))


def close(file: IO[bytes]) -> None:
    """End a written bundle with the sha256 of all bytes before it, in the place of its comment."""
    sealed = _sha256_before_seal(file)
    file.seek(-_SEAL_BYTES, os.SEEK_END)
    file.write(sealed)
    file.flush()


def read(file: IO[bytes]) -> Bundle:
    """The bundle, with every entry checked against the manifest. Raises BundleError and SealError."""
    try:
        with zipfile.ZipFile(file) as archive:
            bundle, comment = _read(archive), archive.comment
    except (BundleError, SealError):
        raise
    except zipfile.BadZipFile as error:
        raise BundleError(f"it is no whole zip file ({error})") from None
    except _UNREADABLE as error:
        raise BundleError(f"it is no whole zip file ({type(error).__name__})") from None
    # last, as what was found before says more: this covers what a zip file holds beside its entries, too
    if comment != _sha256_before_seal(file):
        raise BundleError("it was changed: it does not end with the sha256 of its bytes")
    return bundle


def _sha256_before_seal(file: IO[bytes]) -> bytes:
    left = file.seek(0, os.SEEK_END) - _SEAL_BYTES
    file.seek(0)
    digest = hashlib.sha256()
    for piece in _pieces(file, max(0, left)):
        digest.update(piece)
    return digest.hexdigest().encode()


def _read(archive: zipfile.ZipFile) -> Bundle:
    names = _names(archive)
    if MANIFEST not in names:
        raise BundleError(f"it has no `{MANIFEST}`, expected an evidence bundle")
    manifest_bytes = _content(archive, MANIFEST, most=_MOST_MANIFEST_BYTES)
    manifest = _json(manifest_bytes, MANIFEST)
    if not isinstance(manifest, dict):
        raise BundleError(f"`{MANIFEST}` is no object")
    entries = entries_of(manifest)
    _compare(names, [entry.name for entry in entries])
    contents: dict[str, bytes] = {}
    left = MOST_BYTES
    for entry in entries:
        # what the manifest says is what may be unpacked: an entry that claims less than it holds is cut off
        if not 0 <= entry.bytes <= min(left, MOST_ENTRY_BYTES):
            raise BundleError(f"`{entry.name}` says it has {entry.bytes} bytes, more than is read")
        content = _content(archive, entry.name, most=entry.bytes)
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise BundleError(f"`{entry.name}` was changed: its sha256 is not that of the manifest")
        contents[entry.name] = content
        left -= len(content)
    signature = _content(archive, SIGNATURE, most=10_000) if SIGNATURE in names else None
    return Bundle(
        manifest=manifest, manifest_bytes=manifest_bytes, signature=signature, entries=entries, contents=contents
    )


def _names(archive: zipfile.ZipFile) -> list[str]:
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise BundleError(f"it has {len(infos)} entries, expected at most {MOST_ENTRIES}")
    for info in infos:
        if not _NAME.fullmatch(info.filename):
            raise BundleError(f"an entry is called `{info.filename[:200]!a}`, expected a plain name inside the bundle")
        if info.flag_bits & 0x1:
            raise BundleError(f"`{info.filename}` is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BundleError(f"`{info.filename}` is packed in another way than a bundle's entries are")
    names = [info.filename for info in infos]
    if len(set(names)) < len(names):
        doubled = next(one for one, other in pairwise(sorted(names)) if one == other)
        raise BundleError(f"there are two entries called `{doubled}`")
    return names


def _compare(found: list[str], wanted: list[str]) -> None:
    present = [name for name in found if name not in (MANIFEST, SIGNATURE)]
    if missing := next((name for name in wanted if name not in set(present)), ""):
        raise BundleError(f"the entry `{missing[:200]}` is missing")
    if more := next((name for name in present if name not in set(wanted)), ""):
        raise BundleError(f"the entry `{more}` is none of the manifest")
    if present != wanted:
        moved = next(name for name, other in zip(present, wanted, strict=True) if name != other)
        raise BundleError(f"the entries are not in the order of the manifest, from `{moved}` on")


def _content(archive: zipfile.ZipFile, name: str, *, most: int) -> bytes:
    with archive.open(name) as opened:
        content = b"".join(_pieces(opened, most + 1))
    if len(content) > most:
        raise BundleError(f"`{name}` holds more than the `{most}` bytes it may have")
    return content


def _pieces(opened: IO[bytes], most: int) -> Iterator[bytes]:
    while most > 0 and (piece := opened.read(min(1 << 20, most))):
        most -= len(piece)
        yield piece


def _json(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise BundleError(f"`{name[:200]}` is not JSON") from None


def _add(archive: zipfile.ZipFile, name: str, content: bytes, at: datetime) -> None:
    """With one time for all, so that the same evidence made at one moment is the same file."""
    info = zipfile.ZipInfo(name, date_time=(at.year, at.month, at.day, at.hour, at.minute, at.second))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    archive.writestr(info, content, compresslevel=6)
