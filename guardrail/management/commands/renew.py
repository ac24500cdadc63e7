"""`manage.py renew`: new processes of the code there is now in the place of those that run, without a call lost."""

import fcntl
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from guardrail.embedded.instance import read_json

_NAMES = ("web", "worker", "beat")


class Command(BaseCommand):
    help = "Let the running `up` start web, worker and beat anew: web beside the one that runs, until it answers."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, default=settings.DATA_DIR, help="data folder (.run)")
        parser.add_argument("--seconds", type=float, default=180.0, help="how long to wait for all of them (180)")

    def handle(self, *, data: Path, seconds: float, **_: Any) -> None:
        """Returns when all three are new; raises CommandError when one is not, or nothing runs in this folder."""
        holder = _holder(data)
        if not _hears(holder):
            # it would end by the signal, and everything with it
            raise CommandError(f"process `{holder}` is an `up` of an earlier release, or still starts: restart it")
        before = _pids(data)
        os.kill(holder, signal.SIGUSR1)
        until = time.monotonic() + seconds
        now = before
        while old := [name for name in _NAMES if now.get(name) in (None, before.get(name))]:
            if time.monotonic() > until:
                raise CommandError(f"{', '.join(old)} did not change in {seconds:.0f} s: see what `up` says")
            time.sleep(0.2)
            now = _pids(data)
        self.stdout.write(", ".join(f"{name} is process {now[name]}" for name in _NAMES))


def _holder(data: Path) -> int:
    """The `up` that holds the folder. Raises CommandError where none does."""
    try:
        lock = os.open(data / "lock", os.O_RDWR)
    except OSError:
        raise CommandError(f"nothing runs in `{data}`") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(lock, 20, 0))
    finally:
        os.close(lock)
    raise CommandError(f"nothing runs in `{data}`")


def _hears(pid: int) -> bool:
    """Whether a process has asked for our signal."""
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGUSR1 - 1) & 1)


def _pids(data: Path) -> dict[str, int]:
    return {name: int(entry["pid"]) for name, entry in read_json(data / "processes.json").items()}
