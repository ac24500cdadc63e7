"""One child process: the user it runs as, its session, its log, and its end when we end."""

import ctypes
import errno
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

_PR_SET_PDEATHSIG = 1
_LOG_BYTES = 20_000_000
# The state of a socket, as the kernel writes it
_LISTENING = "0A"


class StartFailed(RuntimeError):
    """A process did not come up; the message says which and where its log is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A user to run a server as."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """`nobody` when we are root, which Postgres refuses to run as; None = the user we are."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def reachable(path: Path, account: Account | None) -> bool:
    """Whether `account` can walk to `path`: a checkout under a home of mode 0700 is out of reach for `nobody`."""
    if account is None:
        return True
    return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents))


def spawn(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    log: Path,
    account: Account | None = None,
    when_orphaned: signal.Signals = signal.SIGTERM,
    cwd: Path | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a child in a session of its own; it gets `when_orphaned` should we die, even by `kill -9`.

    Call it from the main thread: the kernel counts the end of the spawning thread as the end of the parent.
    """
    _turn_over(log)
    with log.open("ab") as output:
        return subprocess.Popen(
            argv,
            env=env,
            cwd=cwd or "/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            # runs after the change of user, which would clear the wish
            preexec_fn=_ask_for_signal(when_orphaned),
        )


def end(process: "subprocess.Popen[bytes]", *, ask: signal.Signals, patience_seconds: float) -> int:
    """Ask a child to stop, wait, then kill what is left of its session. Returns its exit status."""
    if process.poll() is None:
        process.send_signal(ask)
        try:
            process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    sweep(process)
    return process.wait()


def sweep(process: "subprocess.Popen[bytes]", number: signal.Signals = signal.SIGKILL) -> None:
    """Signal what a dead leader left in its session: orphaned web workers would go on answering on our port."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def free_port(preferred: int | None = None) -> int:
    """A TCP port of 127.0.0.1 nobody listens on: the preferred one where that is free."""
    if preferred and is_free("127.0.0.1", preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    """Whether we could listen on `host`:`port` alone. Granian itself shares a taken port without a word.

    Raises OSError when nobody could: an address that is not of this machine, a port only root may have.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise OSError(error.errno, f"cannot listen on `{host}`, port `{port}`: {error.strerror}") from None
        return True


def listens(pid: int, port: int) -> bool:
    """Whether a process has a socket of its own that listens on this TCP port, whoever else does. Linux only."""
    try:
        rows = [
            row.split() for name in ("tcp", "tcp6") for row in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()
        ]
        wanted = {
            f"socket:[{row[9]}]" for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port
        }
        return any(os.readlink(file) in wanted for file in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it is gone, or a file of it
        return False


def children(pid: int) -> list[int]:
    """The processes this one has started and that still run. Linux only."""
    try:
        return sorted(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    except OSError:
        return []


def wait_until(
    ready: Callable[[], bool], *, process: "subprocess.Popen[bytes]", name: str, log: Path, seconds: float
) -> None:
    """Return when `ready()`; raises StartFailed, with the end of the log, when the child dies or time runs out."""
    deadline = monotonic() + seconds
    while not ready():
        status = process.poll()
        if status is not None:
            raise StartFailed(f"{name} ended with status {status}, see `{log}`\n{tail(log)}")
        if monotonic() > deadline:
            raise StartFailed(f"{name} is not ready after {seconds:.0f} s, see `{log}`\n{tail(log)}")
        sleep(0.05)


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, indented; empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8000))
        text = file.read().decode(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def _turn_over(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _ask_for_signal(wanted: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(wanted))
        if os.getppid() != parent:  # we died between fork and wish
            os._exit(1)

    return ask
