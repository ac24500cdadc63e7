"""The command line: status 0 when neither host answered late or implicitly, and nothing was lost or done twice."""

import argparse
import json
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import sleep

import httpx

from tests.chaos.ledger import Rule, check, describe, lost, wait_until_settled
from tests.chaos.load import LATE_MS, Load
from tests.guardrail.instances import wait_for
from tests.two_hosts import network
from tests.two_hosts.host import Host

_PROCESSES = 2
# On a machine on which everything else runs, too.
_START_SECONDS = 300.0
_PUBLISH = (
    "from policies.models import PolicyVersion; from policies.services.publish import publish;"
    "print(publish(PolicyVersion.objects.first().document, actor=None, reason='Two hosts').number)"
)
# Postgres frees the lock of a silent machine in 5 s, and the other one looks each second; the rest is room.
_TAKEN_OVER_SECONDS = 15.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make two-hosts", description=__doc__)
    parser.add_argument("--rate", type=float, default=15.0, help="calls a second to each host (15)")
    parser.add_argument("--callers", type=int, default=3, help="connections at once to each host (3)")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long B is cut off, each time (30)")
    options = parser.parse_args()
    lacking = network.missing()
    if lacking:
        print(f"skipped: two hosts: {lacking}")
        return 0
    folder = Path(tempfile.mkdtemp(prefix="guardrail-hosts-"))
    folder.chmod(0o711)
    with ExitStack() as closing:
        closing.callback(shutil.rmtree, folder)
        closing.enter_context(network.two_namespaces())
        return _Run(closing, folder, rate=options.rate, callers=options.callers).through(options.seconds)


class _Run:
    """Both hosts up, with load on each."""

    def __init__(self, closing: ExitStack, folder: Path, *, rate: float, callers: int) -> None:
        network.enter(network.A)
        env = {
            "GUARDRAIL_SECRET_KEY": secrets.token_hex(32),
            "GUARDRAIL_LISTEN": "0.0.0.0:8450",
            "GUARDRAIL_WEB_PROCESSES": str(_PROCESSES),
            "PYTHONUNBUFFERED": "1",
        }
        self.rules: list[Rule] = []
        self.a = Host(network.A, folder, env)
        closing.callback(self.a.stop)
        self.a.start_servers()
        self.a.manage("migrate", "--no-input", "--skip-checks", "--verbosity", "0")
        wishes = {"admin_username": "admin", "admin_password": secrets.token_hex(16), "webhook_token": None}
        token = json.loads(self.a.manage("bootstrap", said=json.dumps(wishes)))["webhook_token"]
        self.a.start("web", "worker", "beat")
        wait_for(lambda: bool(self.a.at("beat", "beat.leads")), what="the beat of A to lead", seconds=_START_SECONDS)
        network.enter(network.B)
        self.b = Host(network.B, folder, {**env, **{name: self.a.env[name] for name in ("DATABASE_URL", "REDIS_URL")}})
        closing.callback(self.b.stop)
        self.b.start("web", "worker", "beat")
        wait_for(lambda: bool(self.b.at("beat", "beat.waits")), what="the beat of B to wait", seconds=_START_SECONDS)
        shutil.copy(self.a.data / "kept.json", self.b.data)
        self.loads = []
        for host in (self.a, self.b):
            network.enter(host.name)
            wait_for(partial(_answers, host.url), what=f"{host.name} to answer", seconds=_START_SECONDS)
            load = Load(
                url=host.url, token=token, rate=rate, callers=callers, prepare=partial(network.enter, host.name)
            )
            closing.callback(load.stop)
            self.loads.append(load)
        network.enter(network.A)

    def through(self, seconds: float) -> int:
        """Everything that happens to B, and what came of it."""
        for load in self.loads:
            load.start()
        self._phase("quiet", lambda: sleep(10))
        self._cut("cable pulled", network.pulled, seconds)
        self.a.kill("beat")
        self._taken_over(self.b, since=datetime.now(UTC), what="its process was killed")
        self.a.start("beat")
        wait_for(lambda: bool(self.a.at("beat", "beat.waits")), what="the beat of A to wait", seconds=_START_SECONDS)
        self._cut("cable silent", network.silent, seconds, leader_was=self.b)
        for load in self.loads:
            load.stop()
        self._settle()
        return self._tell()

    def _phase(self, name: str, what: Callable[[], None]) -> None:
        print(name, flush=True)
        for load in self.loads:
            load.phase = name
        what()

    def _cut(
        self, name: str, cut: Callable[[], AbstractContextManager[None]], seconds: float, leader_was: Host | None = None
    ) -> None:
        def away() -> None:
            with cut():
                since = datetime.now(UTC)
                if leader_was:
                    self._taken_over(self.a, since=since, what="its machine was cut off")
                print(f"  published meanwhile: version {self.a.manage('shell', '-v', '0', '-c', _PUBLISH).strip()}")
                sleep(max(0.0, seconds - (datetime.now(UTC) - since).total_seconds()))

        self._phase(name, away)
        back = datetime.now(UTC)
        wait_for(lambda: len(self._loaded(back)) >= _PROCESSES, what="B to judge by the new version", seconds=60)
        took = (self._loaded(back)[_PROCESSES - 1] - back).total_seconds()
        print(f"  judged by on B {took:.2f} s after it was back")
        self.rules.append(Rule(name=f"{name}: new policy on B later than 1 s", violations=int(took > 1.0)))
        self._phase("quiet", lambda: sleep(15))

    def _loaded(self, since: datetime) -> list[datetime]:
        return [at for at in self.b.at("web", "ruleset.loaded") if at >= since]

    def _taken_over(self, host: Host, *, since: datetime, what: str) -> None:
        def leads() -> list[datetime]:
            return [at for at in host.at("beat", "beat.leads") if at >= since]

        wait_for(lambda: bool(leads()), what="the other beat to take over", seconds=60)
        took = (leads()[0] - since).total_seconds()
        print(f"  the other beat sends {took:.1f} s after {what}")
        late = took > _TAKEN_OVER_SECONDS
        self.rules.append(Rule(name=f"taken over late when {what}", violations=int(late)))

    def _settle(self) -> None:
        print("waiting for both journals and the intake to be empty", flush=True)
        for host in (self.a, self.b):
            wait_until_settled(host.data, seconds=_START_SECONDS)

    def _tell(self) -> int:
        for host, load in zip((self.a, self.b), self.loads, strict=True):
            journaled = len(host.lines("web", "verdict.journaled"))
            ingested = sum(int(str(line["verdicts"])) for line in host.lines("web", "journal.ingested"))
            print(f"\n{host.name}: {journaled} verdicts into the journal, {ingested} out of it")
            print("\n".join(describe(load.asked, ["quiet", "cable pulled", "cable silent"])))
            late = sum(entry.ms > LATE_MS and not entry.error for entry in load.asked)
            self.rules.append(Rule(name=f"{host.name}: answers after {LATE_MS:.0f} ms", violations=late))
            unanswered = sum(bool(entry.error) for entry in load.asked)
            self.rules.append(Rule(name=f"{host.name}: calls without an answer", violations=unanswered))
            self.rules.append(
                Rule(name=f"{host.name}: journal not all taken in", violations=max(0, journaled - ingested))
            )
        asked = [entry for load in self.loads for entry in load.asked]
        kept = check(asked, self.a.data, arrived=(), in_time=("quiet", "cable pulled", "cable silent"))
        # nobody receives deliveries here
        rules = [*(rule for rule in kept if "receiver" not in rule.name), *self.rules]
        for rule in rules:
            print(f"{'ok ' if rule.violations == 0 else 'BAD'} {rule.violations:>6} {rule.name}")
        print("\n".join(lost(asked, self.a.data)))
        return 0 if not any(rule.violations for rule in rules) else 1


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    sys.exit(main())
