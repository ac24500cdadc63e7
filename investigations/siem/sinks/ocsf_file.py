"""OCSF 1.8 into a file of this machine, a line each: for a collector that reads files, and for keeping.

Whoever rotates the file may rename or truncate it at any time: it is opened anew for each batch, and written at its end
under a lock. A batch counts as taken when it is on the disk; one that was not written whole is taken out again.
"""

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings as product

from investigations.siem.event import Event
from investigations.siem.ocsf import as_lines
from investigations.siem.sinks.sink import (
    NEEDS_A_PERSON_SECONDS,
    TAKEN,
    Frame,
    NotNow,
    Post,
    Result,
    Setting,
    SettingError,
    Setup,
    Sink,
)

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MODE = 0o640
_MOST_OPENED = 10


def _encode(event: Event, setup: Setup) -> bytes:
    return as_lines(event)


def _send(frames: Sequence[Frame], setup: Setup, post: Post) -> Sequence[Result]:
    folder = product.DELIVERY_FOLDER
    if not folder:
        raise NotNow("no folder is set to write to: GUARDRAIL_DELIVERY_FOLDER is empty", seconds=NEEDS_A_PERSON_SECONDS)
    path = Path(folder) / f"{setup.settings.get('file') or 'ocsf'}.ndjson"
    try:
        with _opened(path) as file:
            _append(file, b"".join(frame.body + b"\n" for frame in frames))
    except OSError as error:
        why = errno.errorcode.get(error.errno or 0, type(error).__name__)
        raise NotNow(f"it could not be written to ({why})", seconds=NEEDS_A_PERSON_SECONDS) from error
    return [TAKEN] * len(frames)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file that has this name now, locked."""
    for _ in range(_MOST_OPENED):
        file = os.open(path, _FLAGS, _MODE)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(errno.EINVAL, "no file")
            # it may have been renamed while we waited: what is written then belongs to the next
            if _is_at(path, file):
                yield file
                return
        finally:
            os.close(file)
    raise OSError(errno.EAGAIN, "it is renamed again and again")


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(file))
    except FileNotFoundError:
        return False


def _append(file: int, body: bytes) -> None:
    before = os.fstat(file).st_size
    if before and os.pread(file, 1, before - 1) != b"\n":
        # somebody's half line: it must not become part of ours
        body = b"\n" + body
    try:
        rest = memoryview(body)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError:
        # no longer than it is: somebody may have emptied it meanwhile
        os.ftruncate(file, min(before, os.fstat(file).st_size))
        raise


def _check(settings: Mapping[str, str], secret: str) -> None:
    if not product.DELIVERY_FOLDER:
        raise SettingError("file", "there is no folder for files, expected GUARDRAIL_DELIVERY_FOLDER to be set")
    name = settings.get("file", "")
    if name and not _NAME.fullmatch(name):
        raise SettingError("file", f"`{name}` is no name, expected small letters, digits, dashes and underscores")


SINK = Sink(
    kind="ocsf_file",
    word="OCSF 1.8 file (NDJSON)",
    address_help="",
    secret_label="",
    secret_help="",
    secret_required=False,
    settings=(
        Setting(
            name="file",
            label="File",
            help="Its name without .ndjson, in the folder GUARDRAIL_DELIVERY_FOLDER of each machine that sends.",
            default="ocsf",
            longest=60,
        ),
    ),
    check=_check,
    encode=_encode,
    send=_send,
    lanes=1,
)
