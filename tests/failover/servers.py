"""A primary and its replica, and what is done to them."""

import contextlib
import os
import secrets
import signal
import subprocess
from pathlib import Path
from time import sleep

import psycopg

from guardrail.embedded.postgres import DATABASE, STOP, USER, Postgres
from guardrail.embedded.processes import end, free_port, server_account
from tests.guardrail.instances import wait_for
from tests.replicas import WaitingPrimary, copy_as_replica


class Servers:
    """Both of them, running. With `waits` a commit of the primary ends when the replica has it, too."""

    def __init__(self, folder: Path, *, waits: bool) -> None:
        self._running: list[subprocess.Popen[bytes]] = []
        self._folder = folder
        kind = WaitingPrimary if waits else Postgres
        # made without waiting: there is nobody yet to wait for
        self.primary = Postgres(
            folder=folder / "primary",
            log=folder / "primary.log",
            port=free_port(),
            password=secrets.token_hex(16),
            account=server_account(),
        )
        first = self._start(self.primary)
        self.replica = copy_as_replica(
            self.primary, folder=folder / "replica", log=folder / "replica.log", port=free_port()
        )
        end(first, ask=STOP, patience_seconds=30)
        fields = {name: getattr(self.primary, name) for name in ("folder", "log", "port", "password", "account")}
        self._first = self._spawn(kind(**fields))
        self._spawn(self.replica)
        wait_for(self._streams, what="the replica to stream", seconds=60)

    @property
    def url(self) -> str:
        """The DATABASE_URL that names both."""
        places = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.replica.port}"
        return f"postgresql://{USER}:{self.primary.password}@{places}/{DATABASE}?target_session_attrs=read-write"

    def hold_up_replica(self) -> None:
        """Send it nothing more: what is committed from now on is on the primary only."""
        (sender,) = self._ask(self.primary, "SELECT pid FROM pg_stat_replication")
        os.kill(sender, signal.SIGSTOP)

    def waiting(self) -> int:
        """How many commits of the primary wait for the replica."""
        (count,) = self._ask(self.primary, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        return count

    def kill_primary(self) -> None:
        """All of its processes at once, as when its machine is gone."""
        # the first one waits meanwhile, so that no other is begun
        _signal(self._first, signal.SIGSTOP)
        _signal(self._first, signal.SIGKILL)
        self._first.wait()

    def freeze_primary(self) -> None:
        """It takes connections and says nothing, until `end`."""
        _signal(self._first, signal.SIGSTOP)

    def promote(self) -> None:
        """Make the replica the primary; it writes when this returns."""
        self._ask(self.replica, "SELECT 1 FROM pg_promote(true, 60)")
        wait_for(
            lambda: self._ask(self.replica, "SELECT pg_is_in_recovery()::int") == (0,),
            what="the replica to be promoted",
        )

    def count_kept(self) -> int:
        """How many verdicts the replica has."""
        with psycopg.connect(self.replica.url, connect_timeout=5) as connection:
            (count,) = connection.execute("SELECT count(*) FROM guardrail_verdict").fetchone() or (0,)
            return int(count)

    def end(self) -> None:
        """End both."""
        for process in reversed(self._running):
            if process.poll() is None:
                _signal(process, signal.SIGCONT)
            end(process, ask=STOP, patience_seconds=15)

    def _start(self, server: Postgres) -> "subprocess.Popen[bytes]":
        process = server.start()
        self._running.append(process)
        return process

    def _spawn(self, server: Postgres) -> "subprocess.Popen[bytes]":
        # not `start`, which makes the role and the database: a replica takes neither, and commits would wait
        process = server.spawn()
        self._running.append(process)
        return process

    def _streams(self) -> bool:
        try:
            return self._ask(self.primary, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == (1,)
        except psycopg.OperationalError:
            sleep(0.1)
            return False

    def _ask(self, server: Postgres, query: str) -> tuple[int, ...]:
        with psycopg.connect(
            host="127.0.0.1",
            port=server.port,
            user="postgres",
            password=server.password,
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        ) as connection:
            return connection.execute(query.encode()).fetchone() or ()


def _signal(server: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """To the first process of a Postgres and to all it began, each of which is a session of its own."""
    for pid in [server.pid, *map(int, Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split())]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
