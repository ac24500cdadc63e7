"""What runs on a host: Postgres and Valkey where they are wanted, and the parts as `manage.py run` starts them."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from guardrail.embedded.postgres import STOP as STOP_POSTGRES, Postgres
from guardrail.embedded.processes import end, server_account, spawn
from guardrail.embedded.valkey import STOP as STOP_VALKEY, Valkey
from tests.guardrail.instances import ROOT, clean_environment
from tests.two_hosts import network

WEB_PORT, POSTGRES_PORT, VALKEY_PORT = 8450, 8451, 8452


class _OpenPostgres(Postgres):
    """One that hears the other host."""

    def _options(self) -> list[str]:
        words = super()._options()
        return [word.replace("listen_addresses=127.0.0.1", "listen_addresses=*") for word in words]


class _OpenValkey(Valkey):
    """One that hears the other host."""

    def _write_configuration(self) -> Path:
        path = super()._write_configuration()
        with path.open("a") as file:
            file.write("bind 0.0.0.0\n")
        return path


class Host:
    """One machine: its namespace, its data folder, and what runs there. Made and started in its namespace."""

    def __init__(self, name: str, folder: Path, env: dict[str, str]) -> None:
        self.name = name
        self.data = folder / name
        self.logs = self.data / "log"
        self.logs.mkdir(parents=True)
        self.data.chmod(0o711)
        self.url = f"http://127.0.0.1:{WEB_PORT}"
        self.env = {**clean_environment(), **env, "GUARDRAIL_DATA": str(self.data)}
        self.running: dict[str, tuple[subprocess.Popen[bytes], signal.Signals]] = {}

    def start(self, *parts: str) -> None:
        """Start these parts, without waiting."""
        for part in parts:
            words = [sys.executable, "manage.py", "run", part]
            process = spawn(words, env=self.env, log=self.logs / f"{part}.log", cwd=ROOT)
            self.running[part] = process, signal.SIGTERM

    def start_servers(self) -> None:
        """Postgres and Valkey, for both hosts; and an environment that names them."""
        postgres = _OpenPostgres(
            folder=self.data / "postgres",
            log=self.logs / "postgres.log",
            port=POSTGRES_PORT,
            password=secrets.token_hex(16),
            account=server_account(),
        )
        self.running["postgres"] = postgres.start(), STOP_POSTGRES
        with (self.data / "postgres" / "pg_hba.conf").open("a") as file:
            file.write("host all all 10.77.0.0/24 scram-sha-256\n")
        self.running["postgres"][0].send_signal(signal.SIGHUP)
        valkey = _OpenValkey(
            folder=self.data / "valkey",
            log=self.logs / "valkey.log",
            port=VALKEY_PORT,
            password=secrets.token_hex(16),
            account=server_account(),
        )
        self.running["valkey"] = valkey.start(), STOP_VALKEY
        here = network.ADDRESSES[self.name]
        self.env["DATABASE_URL"] = postgres.url.replace("127.0.0.1", here)
        self.env["REDIS_URL"] = valkey.url.replace("127.0.0.1", here)
        # where tests/chaos/ledger.py looks
        kept = {"postgres_port": POSTGRES_PORT, "postgres_password": postgres.password}
        (self.data / "kept.json").write_text(json.dumps(kept))

    def manage(self, *words: str, said: str = "") -> str:
        """Run a command here; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=self.env, input=said, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kill(self, part: str) -> None:
        """End a part as a machine short of memory may."""
        process, _ = self.running.pop(part)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def lines(self, part: str, event: str) -> list[dict[str, object]]:
        """What a part wrote of an event."""
        path = self.logs / f"{part}.log"
        texts = path.read_text(errors="replace").splitlines() if path.exists() else []
        # two processes write into one file, so a line may hold two; Celery puts words of its own before each
        found = [json.loads(said) for text in texts for said in re.findall(r"\{[^{}]*\}", text) if event in said]
        return [line for line in found if line.get("event") == event]

    def at(self, part: str, event: str) -> list[datetime]:
        """When it wrote so."""
        return [datetime.fromisoformat(str(line["timestamp"])) for line in self.lines(part, event)]

    def stop(self) -> None:
        """End what runs here: our own parts first."""
        for process, ask in reversed(self.running.values()):
            end(process, ask=ask, patience_seconds=10)
        self.running.clear()
