"""The local journal: verdicts that Postgres could not take in time, fsynced to this machine's disk and ingested later.

One file a web process. A record is one line: crc32 of the payload in hex, a space, the payload as base64 of zstd JSON;
a line cut off by a crash fails its checksum and is dropped with a log line: it was never acknowledged.
Appending costs one write and one fsync (about 1 to 8 ms on a local disk), which whoever appends meanwhile shares.
"""

import base64
import fcntl
import json
import math
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import structlog
import zstandard

log = structlog.get_logger(__name__)

OPEN_SUFFIX = ".journal"
SEALED_SUFFIX = ".sealed"
# Records Postgres will never take, one JSON object a line, for a person.
REFUSED = "refused.jsonl"


_own = threading.local()


@dataclass(eq=False, slots=True)
class _Line:
    """A record that waits to be written; `error` is why it was not."""

    content: bytes
    is_done: bool = False
    error: OSError | None = None


class Journal:
    """The journal of one process in `folder`. `written_at` is when it was last appended to (time.monotonic)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{os.getpid()}-{os.urandom(4).hex()}{OPEN_SUFFIX}"
        self._lock = threading.Lock()
        self._entering = threading.Lock()
        self._waiting: list[_Line] = []
        self._file = -1
        self.written_at = -math.inf

    def append(self, record: dict[str, Any]) -> None:
        """Write one record durably. Raises OSError when the disk refuses; then nothing may be acknowledged."""
        payload = base64.b64encode(_compressor().compress(msgspec.json.encode(record)))
        mine = _Line(b"%08x %s\n" % (zlib.crc32(payload), payload))
        with self._entering:
            self._waiting.append(mine)
        with self._lock:
            if not mine.is_done:
                self._write_all()
        if mine.error is not None:
            raise mine.error

    def _write_all(self) -> None:
        """Write what waits, ours and that of others, by one fsync: a crowd would wait for one each."""
        with self._entering:
            lines, self._waiting = self._waiting, []
        error: OSError | None = None
        try:
            self._write(b"".join(line.content for line in lines))
        except OSError as refused:
            error = refused
        self.written_at = time.monotonic()
        for line in lines:
            line.error, line.is_done = error, True

    def _write(self, content: bytes) -> None:
        file = self._locked()
        try:
            _write_durably(file, content)
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

    def _locked(self) -> int:
        """Our open file, locked. INVARIANT: a sealed file is never appended to: its reader has been at its end.

        So a new file is looked at again under its lock: between its opening and its locking others can seal it too.
        """
        while True:
            file = self._opened()
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(self._path, file):
                return file
            os.close(file)  # unlocks it
            self._file = -1

    def _opened(self) -> int:
        if self._file < 0:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            folder = os.open(self._folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        return self._file


def _compressor() -> zstandard.ZstdCompressor:
    """This thread's. Most of a record is compressed already."""
    made: zstandard.ZstdCompressor | None = getattr(_own, "compressor", None)
    if made is None:
        made = _own.compressor = zstandard.ZstdCompressor(level=1)
    return made


def waiting_files(folder: Path) -> list[Path]:
    """The files in `folder` that hold records not yet ingested, oldest first."""
    files = [*folder.glob(f"*{SEALED_SUFFIX}"), *folder.glob(f"*{OPEN_SUFFIX}")]
    return sorted(files, key=lambda path: path.name)


def drain(folder: Path, ingest: Callable[[dict[str, Any]], None]) -> int:
    """Hand every record to `ingest` and delete the file it was in; returns how many.

    Safe to run twice and by several at once: each takes files that nobody else is at. `ingest` must make a second write
    of the same verdict id a no-op. When `ingest` raises, the file stays for the next time.
    """
    count = 0
    for path in waiting_files(folder):
        sealed = _seal(path)
        if sealed is not None:
            count += _drain_one(sealed, ingest)
    return count


def _drain_one(sealed: Path, ingest: Callable[[dict[str, Any]], None]) -> int:
    count = 0
    try:
        opened = sealed.open("r+b")
    except FileNotFoundError:  # another process has just ingested it
        return 0
    with opened as lines:
        try:
            # not flock: its writer, who may not know yet that it is sealed, would wait for us to end
            fcntl.lockf(lines, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another process is at it
            return 0
        for record in _records(lines, name=sealed.name):
            ingest(record)
            count += 1
        sealed.unlink(missing_ok=True)
    return count


def keep_refused(folder: Path, lines: bytes) -> None:
    """Append whole lines to the records nobody takes, durably: their file of the journal goes next. Raises OSError."""
    file = os.open(folder / REFUSED, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        _write_durably(file, lines)
    finally:
        os.close(file)


def _seal(path: Path) -> Path | None:
    """Take an open file away from its writer, which then begins another; None when somebody else did.

    INVARIANT: under the lock of the very file. While we waited for it somebody else may have sealed that one, and what
    has its name now is being written to: taken away then, it would be read to its end before its writer is there.
    """
    if path.suffix == SEALED_SUFFIX:
        return path
    sealed = path.with_name(f"{path.name}-{os.urandom(4).hex()}{SEALED_SUFFIX}")
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not _is_at(path, file):
            return None
        path.rename(sealed)
    except FileNotFoundError:
        return None
    finally:
        os.close(file)
    return sealed


def _is_at(path: Path, file: int) -> bool:
    """The open file is what has this name now."""
    try:
        return os.fstat(file).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _records(lines: BinaryIO, *, name: str) -> Iterator[dict[str, Any]]:
    for line in lines:
        checksum, _, payload = line.rstrip(b"\n").partition(b" ")
        if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(payload):
            log.warning("journal.line_dropped", file=name, line_bytes=len(line))
            continue
        yield json.loads(zstandard.decompress(base64.b64decode(payload)))


def _write_durably(file: int, data: bytes) -> None:
    before = os.fstat(file).st_size
    try:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    except OSError:
        # half a line on a full disk would swallow the next record, a whole one would be kept as what was not answered
        os.ftruncate(file, before)
        raise
