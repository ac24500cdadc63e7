"""A Postgres beside another one that streams from it, made of the embedded programs: for failovers and for reading."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from guardrail.embedded.binaries import find_postgres
from guardrail.embedded.postgres import Postgres
from guardrail.embedded.processes import StartFailed, spawn

_COPY_SECONDS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingPrimary(Postgres):
    """One whose commits wait until some replica has them on its disk.

    Said on the command line: a copy of it must not wait for a replica of its own once it is promoted.
    """

    def _options(self) -> list[str]:
        return [*Postgres._options(self), "-c", "synchronous_standby_names=*", "-c", "synchronous_commit=on"]


def copy_as_replica(primary: Postgres, *, folder: Path, log: Path, port: int) -> Postgres:
    """Copy a running Postgres into `folder`, to be started as its replica: it streams, and answers who only reads.

    Raises StartFailed. `SELECT pg_promote()`, asked by `postgres`, makes a primary of it.
    """
    making = folder.with_name(folder.name + ".making")
    making.mkdir(mode=0o700)
    if primary.account:
        os.chown(making, primary.account.uid, primary.account.gid)
    process = spawn(
        [
            *(find_postgres().folder / "pg_basebackup", "-D", making, "-R", "-X", "stream", "-c", "fast"),
            *("-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres"),
        ],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "PGPASSWORD": primary.password},
        log=log,
        account=primary.account,
        when_orphaned=signal.SIGKILL,
    )
    if process.wait(timeout=_COPY_SECONDS) != 0:
        raise StartFailed(f"pg_basebackup ended with status {process.returncode}, see `{log}`")
    making.rename(folder)
    return Postgres(
        folder=folder, log=log, port=port, password=primary.password, account=primary.account, durable=primary.durable
    )
