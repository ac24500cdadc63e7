"""One data folder: who may run in it, its ports and secrets, what runs in it now, and what people need to reach it."""

import fcntl
import hashlib
import json
import os
import secrets
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from guardrail.embedded.processes import Account, free_port, reachable, server_account

_LEFTOVER_SECONDS = 20.0
# In the environment of every process of ours: the data folder of the `up` that started it.
MARK = "_GUARDRAIL_UP"


class InUse(RuntimeError):
    """Another `up` runs in this data folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What stays the same from one start to the next."""

    postgres_port: int
    postgres_password: str
    valkey_port: int
    valkey_password: str


class Instance:
    """A data folder held by this process. Everything in it that is secret has mode 0600.

    lock, state.json (for people and scripts), environment.json (for our own commands), secret_key, kept.json,
    processes.json, log/, and the servers' data unless their user cannot reach this folder.
    """

    def __init__(self, data: Path) -> None:
        self.data = data.resolve()
        self.account: Account | None = server_account()
        self.data.mkdir(parents=True, exist_ok=True)
        # the servers' own user passes through to its own folder, and reads nothing here
        self.data.chmod(0o711 if self.account else 0o700)
        self.logs = self.data / "log"
        self.logs.mkdir(exist_ok=True, mode=0o700)
        self._lock = os.open(self.data / "lock", os.O_RDWR | os.O_CREAT, 0o600)

    def hold(self) -> None:
        """Take the folder until this process ends, by whatever means. Raises InUse when another one has it."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode() or "unknown"
            raise InUse(
                f"`{self.data}` is in use by process `{holder}`: stop that one, or give `--data` another folder"
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def servers_folder(self) -> Path:
        """Where the servers keep their data: here, or where their user can reach it.

        `nobody` cannot walk into a checkout under a home of mode 0700. The other place is named by this folder's path,
        so two checkouts never share one.
        """
        if reachable(self.data, self.account):
            return self.data
        name = "guardrail-" + hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        for root in (Path("/var/lib"), Path("/var/tmp")):  # noqa: S108 root only, and the name is taken for good
            if root.is_dir() and os.access(root, os.W_OK) and reachable(root, self.account):
                folder = root / name
                folder.mkdir(exist_ok=True, mode=0o711)
                if folder.stat().st_uid == os.geteuid():
                    return folder
        raise InUse(f"the servers' user cannot reach `{self.data}`: give `--data` a folder everybody can walk to")

    def keep(self) -> Kept:
        """The ports and passwords of the embedded servers, made on the first start; a port since taken is replaced."""
        path = self.data / "kept.json"
        known = read_json(path)
        kept = Kept(
            postgres_port=free_port(known.get("postgres_port")),
            postgres_password=known.get("postgres_password") or secrets.token_urlsafe(24),
            valkey_port=free_port(known.get("valkey_port")),
            valkey_password=known.get("valkey_password") or secrets.token_urlsafe(24),
        )
        write_private(path, json.dumps(asdict(kept), indent=2) + "\n")
        return kept

    def secret_key(self) -> str:
        """The key that signs sessions: made on the first start, so that a restart signs nobody out."""
        path = self.data / "secret_key"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48))
        return path.read_text().strip()

    def state(self) -> dict[str, Any]:
        """What state.json says: url, webhook_token, admin_username, admin_password; empty before the first start."""
        return read_json(self.data / "state.json")

    def write_state(self, state: dict[str, Any]) -> None:
        """Write state.json, whole or not at all."""
        write_private(self.data / "state.json", json.dumps(state, indent=2) + "\n")

    def write_environment(self, made: Mapping[str, str]) -> None:
        """Write environment.json, by which other commands of this checkout find the database; see settings.py."""
        write_private(self.data / "environment.json", json.dumps(dict(made), indent=2) + "\n")

    def note_processes(self, pids: dict[str, int]) -> None:
        """Write down what runs now: for people who look, and for the next start after a `kill -9` of this one."""
        noted = {name: {"pid": pid, "born": _born(pid)} for name, pid in pids.items()}
        write_private(self.data / "processes.json", json.dumps(noted, indent=2) + "\n")

    def forget_figures(self) -> None:
        """Delete what processes that are gone have counted; only when none runs."""
        # not by `meters`: that loads all that judges, a third of the time that `up` took to load (2026-11)
        for path in (self.data / "metrics").glob("*.db"):
            path.unlink(missing_ok=True)

    def end_leftovers(self) -> None:
        """Ask what a killed `up` left here to stop, wait for it, and kill what does not. Others' processes are left.

        The kernel has told its children; theirs it has not, and orphaned web workers would go on holding the port.
        """
        deadline = monotonic() + _LEFTOVER_SECONDS
        asked: set[int] = set()
        while left := self._leftovers():
            for pid in left - asked if monotonic() < deadline else left:
                _signal(pid, signal.SIGTERM if monotonic() < deadline else signal.SIGKILL)
            asked |= left
            sleep(0.1)

    def _leftovers(self) -> set[int]:
        """Our own processes by their mark, the servers, which run as somebody else, by what was noted of them."""
        noted = read_json(self.data / "processes.json").values()
        left = {int(entry["pid"]) for entry in noted if entry["born"] and _born(int(entry["pid"])) == entry["born"]}
        mark = os.fsencode(f"{MARK}={self.data}")
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in environ.read_bytes().split(b"\0"):
                    left.add(int(environ.parent.name))
            except OSError:  # gone, or somebody else's
                continue
        return {pid for pid in left if _born(pid)} - {os.getpid()}


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file of ours; empty when there is none."""
    if not path.exists():
        return {}
    content = json.loads(path.read_text())
    return content if isinstance(content, dict) else {}


def write_private(path: Path, text: str) -> None:
    """Replace a file with one only we can read, in one step: a reader sees the old text or the new."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _born(pid: int) -> str | None:
    """The start time of a process, which tells it from a later one with the same number; None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
