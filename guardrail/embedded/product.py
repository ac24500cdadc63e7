"""Our own processes: the environment they share, the commands that run before them, web, worker and beat."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.conf import settings

from guardrail import parts
from guardrail.embedded.processes import StartFailed, children, listens, spawn, tail, wait_until
from guardrail.embedded.tls import COPIES, Tls

ROOT = Path(__file__).resolve().parent.parent.parent
# How long the processes of a killed web server go on answering, at most, while the next one loads: that takes 2 s, with
# Postgres frozen 9 s, and with forty others at work over a minute (2026-11). Whoever is refused is taken for allowed.
WEB_OVERLAP_SECONDS = 180.0
# No request takes a second; now and then the server waits for a thread of its own that does not end
WEB_PATIENCE_SECONDS = 8.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ANY = ("0.0.0.0", "::")  # noqa: S104 compared with, not bound
_COMMAND_SECONDS = 300.0
# On a machine with forty other processes that work it took 65 s (2026-11)
_WEB_SECONDS = 180.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """How to run Guardrail itself: where it listens, its environment, its data and log folders.

    Without `tls` it speaks plain HTTP. `say` tells the operator a line.
    """

    host: str
    port: int
    tls: Tls | None
    env: Mapping[str, str]
    data: Path
    logs: Path
    say: Callable[[str], None]

    def run(self, command: str, *arguments: str, wishes: Mapping[str, Any] | None = None) -> str:
        """Run one management command to its end; with `wishes`, its standard input as JSON, return its output.

        Raises StartFailed with the end of its log.
        """
        log = self.logs / f"{command}.log"
        with log.open("wb") as errors:
            done = subprocess.run(
                [sys.executable, ROOT / "manage.py", command, *arguments],
                env=self.env,
                cwd=ROOT,
                input=json.dumps(wishes).encode() if wishes is not None else b"",
                # an answer to wishes holds secrets, which no log may
                stdout=errors if wishes is None else subprocess.PIPE,
                stderr=errors,
                timeout=_COMMAND_SECONDS,
                check=False,
            )
        if done.returncode != 0:
            raise StartFailed(f"`manage.py {command}` ended with status {done.returncode}, see `{log}`\n{tail(log)}")
        return (done.stdout or b"").decode()

    def judges_without_postgres(self) -> bool:
        """Whether an earlier run left the policy and callers a web process can judge by."""
        return (self.data / "snapshot.json").exists()

    def spawn_web(self) -> "subprocess.Popen[bytes]":
        """Start the web server; a worker of it that dies is replaced by the server itself. Raises StartFailed."""
        tls, wrong = self._tls()
        if wrong:
            self.say(f"web serves with the certificate it had before: {wrong}")
        (self.data / "static").mkdir(exist_ok=True)  # WhiteNoise warns about a missing one
        words = parts.web(
            host=self.host,
            port=self.port,
            processes=settings.WEB_PROCESSES,
            threads=settings.WEB_THREADS,
            tls=tls.arguments() if tls else (),
        )
        return self._spawn("web", words, more=parts.WEB_ENVIRONMENT)

    def spawn_worker(self) -> "subprocess.Popen[bytes]":
        """Start the task worker."""
        return self._spawn("worker", parts.worker(processes=settings.WORKER_PROCESSES))

    def spawn_beat(self) -> "subprocess.Popen[bytes]":
        """Start the clock of the periodic tasks."""
        return self._spawn("beat", parts.beat())

    def web_answers(self, process: "subprocess.Popen[bytes]") -> bool:
        """Whether all processes of this web server take calls, whoever else does on the same port."""
        ready = [pid for pid in children(process.pid) if listens(pid, self.port)]
        return len(ready) >= settings.WEB_PROCESSES

    def worker_answers(self, process: "subprocess.Popen[bytes]") -> bool:
        """Whether this worker has all of its processes: it takes tasks then."""
        return len(children(process.pid)) >= settings.WORKER_PROCESSES

    def wait_for_web(self, process: "subprocess.Popen[bytes]") -> None:
        """Return when the web server answers a page. Raises StartFailed."""
        wait_until(self._answers, process=process, name="web", log=self.logs / "web.log", seconds=_WEB_SECONDS)

    def _spawn(
        self, name: str, words: list[str], *, more: Mapping[str, str] = MappingProxyType({})
    ) -> "subprocess.Popen[bytes]":
        env = {**more, **self.env}
        return spawn(words, env=env, log=self.logs / f"{name}.log", cwd=ROOT, when_orphaned=signal.SIGTERM)

    def _tls(self) -> tuple[Tls | None, str]:
        return self.tls.kept(self.data / COPIES) if self.tls else (None, "")

    def _answers(self) -> bool:
        tls, _ = self._tls()
        if tls:
            return tls.answers(reach(self.host), self.port)
        connection = http.client.HTTPConnection(reach(self.host), self.port, timeout=5)
        try:
            connection.request("GET", "/login/", headers={"Host": "127.0.0.1"})
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True


def environment(
    *, host: str, port: int, data: Path, secret_key: str, database_url: str, redis_url: str, scheme: str = "http"
) -> dict[str, str]:
    """What `up` adds to the environment of every process of one instance; what the operator set wins where it may."""
    made = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "GUARDRAIL_DATA": str(data)}
    wished = {"GUARDRAIL_SECRET_KEY": secret_key, "GUARDRAIL_PUBLIC_URL": url_of(host, port, scheme=scheme)}
    if host not in _LOOPBACK:
        names = [*_LOOPBACK, "[::1]", socket.gethostname(), socket.getfqdn(), *([] if host in _ANY else [host])]
        wished["GUARDRAIL_ALLOWED_HOSTS"] = ",".join(dict.fromkeys(names))
    return made | {name: os.environ.get(name) or value for name, value in wished.items()}


def reach(host: str) -> str:
    """An address this machine reaches a server at that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 compared with, not bound


def url_of(host: str, port: int, *, scheme: str = "http") -> str:
    """The URL people on this machine open."""
    name = reach(host)
    return f"{scheme}://[{name}]:{port}" if ":" in name else f"{scheme}://{name}:{port}"


def open_to_others(host: str) -> bool:
    """Whether other machines can reach a server that listens on `host`."""
    return host not in _LOOPBACK
