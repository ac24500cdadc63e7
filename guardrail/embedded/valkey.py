"""One Valkey server of ours: memory of earlier calls and the tasks' broker, on 127.0.0.1 with a password."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import redis

from guardrail.embedded.binaries import find_valkey
from guardrail.embedded.processes import Account, end, reachable, spawn, wait_until

STOP = signal.SIGTERM
STOP_SECONDS = 15.0
_READY_SECONDS = 30.0
# 10,000 agents and 1,000,000 conversations take a quarter of it.
_MOST_MEMORY = "1gb"


@dataclass(frozen=True, kw_only=True, slots=True)
class Valkey:
    """Where a server keeps its data and how to reach it. `durable=False` keeps nothing on disk."""

    folder: Path
    log: Path
    port: int
    password: str
    account: Account | None
    durable: bool = True

    @property
    def url(self) -> str:
        """The REDIS_URL of it."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

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
        """Return when it answers. Raises StartFailed."""
        wait_until(self._answers, process=process, name="valkey", log=self.log, seconds=_READY_SECONDS)

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start it without waiting. Raises BinariesMissing."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.account:
            os.chown(self.folder, self.account.uid, self.account.gid)
        return spawn(
            [self._program(), self._write_configuration()],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            log=self.log,
            account=self.account,
            when_orphaned=STOP if self.durable else signal.SIGKILL,
        )

    def _program(self) -> Path:
        program = find_valkey()
        if reachable(program, self.account):
            return program
        copy = self.folder.parent / "valkey-server"
        if not copy.exists():
            making = copy.with_suffix(".making")
            shutil.copy2(program, making)
            making.chmod(0o755)
            making.rename(copy)
        return copy

    def _write_configuration(self) -> Path:
        # a file, not arguments: arguments show the password in the list of processes
        path = self.folder / "valkey.conf"
        path.unlink(missing_ok=True)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.folder}"',
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
            # what remembers calls ends by itself and is least missed where it was not used; tasks never end so
            f"maxmemory {_MOST_MEMORY}",
            "maxmemory-policy volatile-lru",
            "daemonize no",
        ]
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)
        return path

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
