"""A file system of two megabytes that this month's verdicts lie on, to fill it: Postgres then has no space for them."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from psycopg import sql

_BYTES = 2_000_000
_TABLES = ("guardrail_verdict", "guardrail_transcript")


class TinyDisk:
    """Where a filler goes; `fill` until there is no space left on the device, `make_room` takes it away."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def fill(self) -> None:
        with contextlib.suppress(OSError), self._filler.open("ab", buffering=0) as file:
            while file.write(b"\0" * 4096):
                pass

    def make_room(self) -> None:
        self._filler.unlink()


@contextlib.contextmanager
def verdicts_on_a_tiny_disk() -> Iterator[TinyDisk]:
    """Skips the test where nothing can be mounted, or nobody here is superuser of the Postgres."""
    folder = Path(tempfile.mkdtemp(prefix="guardrail-tiny-"))
    folder.chmod(0o711)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("a file system of its own needs root and a kernel that mounts one")
    try:
        with _superuser() as direct:
            place = folder / "tables"
            place.mkdir(mode=0o700)
            (where,) = direct.execute("SELECT current_setting('data_directory')").fetchone() or ("",)
            owner = Path(where).stat()
            os.chown(place, owner.st_uid, owner.st_gid)
            direct.execute(sql.SQL("CREATE TABLESPACE tiny LOCATION {}").format(sql.Literal(str(place))))
            try:
                _move(direct, "tiny")
                for month in _months():
                    # pages an earlier test left would have room for some more
                    direct.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(month)))
                yield TinyDisk(folder)
            finally:
                _move(direct, "pg_default")
                direct.execute("DROP TABLESPACE tiny")
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 as `mount`, of the system
        shutil.rmtree(folder)


def _superuser() -> "psycopg.Connection[tuple[str, ...]]":
    given = connection.settings_dict
    try:
        return psycopg.connect(
            host=given["HOST"],
            port=given["PORT"],
            dbname=given["NAME"],
            user="postgres",
            password=given["PASSWORD"],
            autocommit=True,
        )
    except psycopg.OperationalError:
        pytest.skip("only the tests' own Postgres has a superuser we know")


def _move(direct: "psycopg.Connection[tuple[str, ...]]", space: str) -> None:
    for month in _months():
        direct.execute(sql.SQL("ALTER TABLE {} SET TABLESPACE {}").format(sql.Identifier(month), sql.Identifier(space)))


def _months() -> list[str]:
    return [f"{table}_{datetime.now(UTC):%Y%m}" for table in _TABLES]
