"""Real instances for tests: `manage.py up` in a folder of its own, ended with everything it started."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from psycopg import sql

from guardrail.embedded.instance import Instance
from guardrail.embedded.processes import free_port
from tests.quiet_logs import demand_quiet

ROOT = Path(__file__).resolve().parent.parent.parent


class RunningInstance:
    """One `manage.py up`, started by the constructor without waiting."""

    def __init__(self, *arguments: str, data: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self._is_ours = data is None
        self.data = data or make_data_folder()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = self.data / "terminal"
        self._arguments = arguments
        self._env = clean_environment() | dict(env or {})
        self.start()

    def start(self) -> None:
        """Start it, or start it again in the same folder and on the same port, without waiting."""
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*up_command(data=self.data, port=self.port), *self._arguments],
                cwd=ROOT,
                env=self._env,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def state(self) -> dict[str, Any]:
        """What state.json says."""
        content: dict[str, Any] = json.loads((self.data / "state.json").read_text())
        return content

    def wait(self, seconds: float = 60) -> "RunningInstance":
        """Return when it says that it is up; one that does not come up in time is ended, and its own folder removed."""
        try:
            wait_for(self._is_up, what="the instance to be up", seconds=seconds)
        except AssertionError as error:
            said = self.output.read_text()
            self.end()
            if self._is_ours:
                shutil.rmtree(self.data)
            raise AssertionError(f"{error}:\n{said}") from None
        return self

    def pids(self) -> dict[str, int]:
        """What runs now: the name of each process and its number."""
        path = self.data / "processes.json"
        noted = json.loads(path.read_text()) if path.exists() else {}
        return {name: entry["pid"] for name, entry in noted.items()}

    def ask(self, *, tries: int = 1) -> int:
        """The status of one validate call; 0 when nobody answers.

        With two tries, a connection that a leaving server never took is opened anew, as a proxy in front does.
        """
        headers = {"Authorization": f"Bearer {self.state['webhook_token']}"}
        for _ in range(tries):
            try:
                return httpx.post(f"{self.url}/copilot-studio/validate", headers=headers, timeout=5).status_code
            except (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError):
                continue
            except httpx.TransportError:
                break
        return 0

    def stop(self) -> int:
        """Stop it as an operator does; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def end(self) -> None:
        """End what is left of it, and leave its data."""
        if self.process.poll() is None:
            self.stop()
        Instance(self.data).end_leftovers()

    def remove(self) -> None:
        """End what is left and remove its data; no log of it may hold a secret, or what calls said."""
        self.end()
        try:
            demand_quiet(self.data / "log", state=self.data)
        finally:
            shutil.rmtree(self.data)

    def _is_up(self) -> bool:
        assert self.process.poll() is None, self.output.read_text()
        return "Ctrl-C stops everything" in self.output.read_text()


@contextmanager
def ready_database() -> Iterator[dict[str, str]]:
    """A database beside those of the tests, as the environment of an instance names it; gone afterwards.

    It is migrated already where xdist's controller has migrated one to copy.
    """
    servers, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    name = f"instance_{uuid4().hex}"
    template = os.environ.get("GUARDRAIL_TEST_TEMPLATE", "template1")
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    with psycopg.connect(f"{servers}/postgres", autocommit=True) as connection:
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield {"DATABASE_URL": f"{servers}/{name}"}
    finally:
        with psycopg.connect(f"{servers}/postgres", autocommit=True) as connection:
            _drop(connection, name)


@contextmanager
def empty_database() -> Iterator[dict[str, str]]:
    """One without a table, beside those of the tests; gone afterwards."""
    servers, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    name = f"empty_{uuid4().hex}"
    with psycopg.connect(f"{servers}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} STRATEGY file_copy").format(sql.Identifier(name)))
        try:
            yield {"DATABASE_URL": f"{servers}/{name}"}
        finally:
            _drop(connection, name)


def _drop(connection: psycopg.Connection, name: str) -> None:
    """Put out whoever is in the database, and drop it.

    WITH (FORCE) fails for an ordinary role while autovacuum is in it; a plain DROP ends autovacuum, and waits for it.
    """
    connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user", [name]
    )
    connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


# Beside other tests a worker that stands back would hardly ever work, and calls would wait for more than a turn.
_BESIDE_TESTS = {"GUARDRAIL_WORKER_NICE": "0", "GUARDRAIL_TURN_MS": "2000"}


@contextmanager
def running_instance(**env: str) -> Iterator[RunningInstance]:
    """One that is up, on a database of the tests' own server, and removed afterwards."""
    with ready_database() as database:
        running = RunningInstance(env={**_BESIDE_TESTS, **database, **env})
        try:
            yield running.wait(seconds=300)
        finally:
            running.remove()


def up_command(*, data: Path, port: int) -> list[str]:
    """The command line of an instance without the rehearsal."""
    return [sys.executable, "manage.py", "up", "--no-demo", "--data", str(data), "--port", str(port)]


def clean_environment() -> dict[str, str]:
    """Our environment without the servers, the data folder and the patient budgets of the tests."""
    ours = ("DATABASE_URL", "REDIS_URL", "GUARDRAIL_DATA")
    return {name: value for name, value in os.environ.items() if name not in ours and not name.endswith("_MS")}


def make_data_folder() -> Path:
    """A folder the servers' own user can walk to, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="guardrail-up-"))
    folder.chmod(0o711)
    return folder


def wait_for(happened: Callable[[], bool], *, what: str, seconds: float = 30) -> None:
    """Look again and again until it happened; fails naming `what` when it does not."""
    deadline = monotonic() + seconds
    while not happened():
        assert monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process exists and is not just waiting to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
