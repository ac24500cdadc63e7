"""The local journal: verdicts that Postgres could not take in time, fsynced to this machine's disk and ingested later.

One file a web process. A record is one line: crc32 of the payload in hex, a space, the payload as base64 of zstd JSON;
a line cut off by a crash fails its checksum and is dropped with a log line: it was never acknowledged.
Appending costs one write and one fsync (about 1 to 8 ms on a local disk).
"""

import base64
import fcntl
import json
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import structlog
import zstandard

log = structlog.get_logger(__name__)

OPEN_SUFFIX = ".journal"
SEALED_SUFFIX = ".sealed"
# Records Postgres will never take, one JSON object a line, for a person.
REFUSED = "refused.jsonl"


class Journal:
    """The journal of one process in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{os.getpid()}-{os.urandom(4).hex()}{OPEN_SUFFIX}"
        self._lock = threading.Lock()
        self._file = -1

    def append(self, record: dict[str, Any]) -> None:
        """Write one record durably. Raises OSError when the disk refuses; then nothing may be acknowledged."""
        payload = base64.b64encode(zstandard.compress(json.dumps(record).encode()))
        line = b"%08x %s\n" % (zlib.crc32(payload), payload)
        with self._lock:
            file = self._locked()
            try:
                _write_durably(file, line)
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)

    def _locked(self) -> int:
        """Our open file, locked. INVARIANT: a sealed file is never appended to: its reader has been at its end.

        So a new file is looked at again under its lock: between its opening and its locking others can seal it too.
        """
        while True:
            file = self._opened()
            fcntl.flock(file, fcntl.LOCK_EX)
            if self._is_ours(file):
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

    def _is_ours(self, file: int) -> bool:
        try:
            return os.fstat(file).st_ino == self._path.stat().st_ino
        except FileNotFoundError:
            return False


def waiting_files(folder: Path) -> list[Path]:
    """The files in `folder` that hold records not yet ingested, oldest first."""
    files = [*folder.glob(f"*{SEALED_SUFFIX}"), *folder.glob(f"*{OPEN_SUFFIX}")]
    return sorted(files, key=lambda path: path.name)


def drain(folder: Path, ingest: Callable[[dict[str, Any]], None]) -> int:
    """Hand every record to `ingest` and delete the file it was in; returns how many.

    Safe to run twice and by several at once: `ingest` must make a second write of the same verdict id a no-op. When
    `ingest` raises, the file stays for the next time.
    """
    count = 0
    for path in waiting_files(folder):
        sealed = _seal(path)
        if sealed is None:
            continue
        for record in _records(sealed):
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
    """Take an open file away from its writer, which then begins another; None when somebody else did."""
    if path.suffix == SEALED_SUFFIX:
        return path
    sealed = path.with_name(f"{path.name}-{os.urandom(4).hex()}{SEALED_SUFFIX}")
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        path.rename(sealed)
    except FileNotFoundError:
        return None
    finally:
        os.close(file)
    return sealed


def _records(path: Path) -> Iterator[dict[str, Any]]:
    try:
        opened = path.open("rb")
    except FileNotFoundError:  # another process has just ingested it
        return
    with opened as lines:
        for line in lines:
            checksum, _, payload = line.rstrip(b"\n").partition(b" ")
            if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(payload):
                log.warning("journal.line_dropped", file=path.name, line_bytes=len(line))
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
