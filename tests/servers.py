"""Starts a throw-away Postgres and Valkey for a test run; named in addopts, because conftest.py comes too late.

Nothing starts where DATABASE_URL or REDIS_URL is set, so xdist's workers use the servers of their controller. For them
the database is migrated once, and named in GUARDRAIL_TEST_TEMPLATE: theirs and those of real instances are copies.
"""

import gc
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from guardrail.embedded.postgres import DATABASE, STOP as STOP_POSTGRES, Postgres
from guardrail.embedded.processes import end, free_port, server_account
from guardrail.embedded.valkey import STOP as STOP_VALKEY, Valkey

# Removes the folder as soon as its standard input closes, which it does however we end.
_JANITOR = 'cat; for n in 1 2 3 4 5; do rm -rf "$0" && [ ! -e "$0" ] && exit; sleep 1; done'
# A busy machine must not decide a test: what a budget does when it runs out has tests that set their own.
_BUDGETS = {
    "GUARDRAIL_DEADLINE_MS": "5000",
    "GUARDRAIL_STORE_BUDGET_MS": "2000",
    "GUARDRAIL_MEMORY_BUDGET_MS": "1000",
    "GUARDRAIL_EXPLAIN_MS": "1000",
    "GUARDRAIL_TURN_MS": "2000",
    "GUARDRAIL_IDLE_MINUTES": "1440",  # many tests travel some hours with somebody who is signed in
}
# Lines of Postgres about connections and processes, not about statements.
_LEFT = re.compile(r"FATAL|PANIC|signal|crash|terminat|connection|memory")
_MOST_LINES = 20
_ROOT = Path(__file__).resolve().parent.parent
_BROWSER = "tests/browser/"
_STATE = pytest.StashKey["_Servers"]()


class _Servers:
    """What one test run started."""

    def __init__(self) -> None:
        self.running: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []
        self._migrating: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="guardrail-tests-"))
        self.folder.chmod(0o711)  # the servers' user must pass
        self.janitor = subprocess.Popen(
            ["/bin/sh", "-c", _JANITOR, str(self.folder)], stdin=subprocess.PIPE, start_new_session=True
        )

    def start(self, *, for_workers: bool) -> None:
        """Start what is missing and name it in the environment. Takes about 2 s; for workers see `migrated`."""
        account = server_account()
        for name, milliseconds in _BUDGETS.items():
            os.environ.setdefault(name, milliseconds)
        if not os.environ.get("GUARDRAIL_DATA"):
            data = self.folder / "data"
            (data / "static").mkdir(parents=True)  # WhiteNoise warns about a missing one
            os.environ["GUARDRAIL_DATA"] = str(data)
        if not os.environ.get("DATABASE_URL"):
            postgres = Postgres(
                folder=self.folder / "postgres",
                log=self.folder / "postgres.log",
                port=free_port(),
                password=secrets.token_hex(16),
                account=account,
                durable=False,
            )
            self.running.append((postgres.start(), STOP_POSTGRES))
            os.environ["DATABASE_URL"] = postgres.url
            if for_workers:
                migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
                self._migrating = subprocess.Popen(migrate, cwd=_ROOT)
                os.environ["GUARDRAIL_TEST_TEMPLATE"] = DATABASE
        if not os.environ.get("REDIS_URL"):
            valkey = Valkey(
                folder=self.folder / "valkey",
                log=self.folder / "valkey.log",
                port=free_port(),
                password=secrets.token_hex(16),
                account=account,
                durable=False,
            )
            self.running.append((valkey.start(), STOP_VALKEY))
            os.environ["REDIS_URL"] = valkey.url

    def migrated(self) -> None:
        """Return when the database that workers copy is there: it is made while they collect the tests."""
        if self._migrating is not None and self._migrating.wait() != 0:
            raise pytest.UsageError("the database of the tests could not be migrated")

    def stop(self) -> None:
        """Stop what was started and remove its folder."""
        if self._migrating is not None:
            end(self._migrating, ask=signal.SIGTERM, patience_seconds=10)
        for process, ask in reversed(self.running):
            end(process, ask=ask, patience_seconds=10)
        self.running.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.janitor.stdin:
            self.janitor.stdin.close()
        self.janitor.wait()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Start the servers before pytest-django reads the settings: a wrapper runs before every plain hook."""
    # whatever the environment wishes: each worker rewrites 350 modules of tests, an instance compiles ours seven times
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    gc.disable()  # to import everything and to collect the tests takes 18 s of processor time with it, 12 s without
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        _give_own_corner(worker)
    elif not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL") and os.environ.get("GUARDRAIL_DATA")):
        servers = _Servers()
        early_config.stash[_STATE] = servers
        early_config.add_cleanup(servers.stop)
        servers.start(for_workers=bool(early_config.known_args_namespace.numprocesses))
    yield


def pytest_collection_finish() -> None:
    """What is loaded by now stays, and is not walked again and again; as in a web process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Why Postgres left somebody: its log goes with its folder."""
    servers = terminalreporter.config.stash.get(_STATE, None)
    log = servers.folder / "postgres.log" if servers is not None else None
    if exitstatus and log is not None and log.exists():
        told = [line for line in log.read_text("utf-8", "replace").splitlines() if _LEFT.search(line)]
        for line in told[-_MOST_LINES:]:
            terminalreporter.write_line(f"postgres: {line[:300]}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any) -> None:
    """No test begins before every worker has said what it has collected."""
    servers = node.config.stash.get(_STATE, None)
    if servers is not None:
        servers.migrated()


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a worker waits for its browser or its servers about a third of the time."""
    return (os.cpu_count() or 1) + 1


class _OneBrowser(LoadFileScheduling):
    """A file is one worker's, and all files with a browser are the same one's.

    Each Chromium is started, reads every script and style, and is asked about every kind of coloured text, once.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _BROWSER if nodeid.startswith(_BROWSER) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """In place of xdist's own `--dist loadfile`."""
    return _OneBrowser(config, log) if config.getvalue("dist") == "loadfile" else None


def _give_own_corner(worker: str) -> None:
    """Give one of xdist's workers its own Valkey database and data folder; pytest-django gives it its own tables."""
    number = int(worker.removeprefix("gw")) + 1
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{number % 16}"
    data = Path(os.environ["GUARDRAIL_DATA"]) / worker
    (data / "static").mkdir(parents=True, exist_ok=True)
    os.environ["GUARDRAIL_DATA"] = str(data)
