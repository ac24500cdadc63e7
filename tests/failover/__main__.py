"""The command line of the failover: status 0 when every answer was explicit and in time, and nothing was lost.

With `--without-waiting` the primary does not wait for the replica: then what was lost is counted and is no failure.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep

import httpx

from tests.chaos.ledger import check, describe, lost, wait_until_settled
from tests.chaos.load import Load
from tests.failover.servers import Servers
from tests.guardrail.instances import ROOT, RunningInstance, clean_environment, wait_for

_PHASES = ("warming", "quiet", "replica behind", "no primary", "promoted")
_SETTLE_SECONDS = 180.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make failover", description=__doc__)
    parser.add_argument("--rate", type=float, default=25.0, help="calls a second (25)")
    parser.add_argument("--callers", type=int, default=6, help="connections at once (6)")
    parser.add_argument("--seconds", type=float, default=10.0, help="quiet time before, and time after (10)")
    parser.add_argument("--gap", type=float, default=5.0, help="seconds until somebody promotes the replica (5)")
    parser.add_argument("--way", choices=["killed", "silent"], default="killed", help="how the primary goes (killed)")
    parser.add_argument("--without-waiting", action="store_true", help="commits do not wait for the replica")
    options = parser.parse_args()
    # a frozen Postgres ends by nobody else's hand
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="guardrail-failover-"))
    folder.chmod(0o711)
    with ExitStack() as closing:
        closing.callback(shutil.rmtree, folder)
        servers = Servers(folder, waits=not options.without_waiting)
        closing.callback(servers.end)
        instance = RunningInstance(env={"DATABASE_URL": servers.url})
        closing.callback(instance.remove)
        instance.wait(seconds=300)
        load = Load(url=instance.url, token=instance.state["webhook_token"], rate=options.rate, callers=options.callers)
        closing.callback(load.stop)
        # until every process has answered once: the first call of each loads what it judges by
        load.phase = "warming"
        load.start()
        sleep(options.seconds)
        load.phase = "quiet"
        sleep(options.seconds)
        _fail_over(servers, instance, load, options)
        sleep(options.seconds)
        load.stop()
        return _tell(servers, instance, load, may_lose=options.without_waiting)


def _fail_over(servers: Servers, instance: RunningInstance, load: Load, options: argparse.Namespace) -> None:
    load.phase = "replica behind"
    servers.hold_up_replica()
    if options.without_waiting:
        sleep(1)  # what is acknowledged now is on the primary only
    else:
        wait_for(lambda: servers.waiting() > 0, what="a commit that waits for the replica")
    load.phase = "no primary"
    if options.way == "killed":
        servers.kill_primary()
    else:
        servers.freeze_primary()
    sleep(options.gap)
    servers.promote()
    kept, began = servers.count_kept(), monotonic()
    load.phase = "promoted"
    wait_for(lambda: servers.count_kept() > kept, what="verdicts in what was the replica", seconds=60)
    print(f"verdicts are kept there {monotonic() - began:.1f} s after it was promoted", flush=True)
    wait_for(lambda: _ready(instance.url), what="/readyz", seconds=60)
    print(f"/readyz says so {monotonic() - began:.1f} s after it", flush=True)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def _tell(servers: Servers, instance: RunningInstance, load: Load, *, may_lose: bool) -> int:
    # where tests/chaos/ledger.py looks for the database
    kept = {"postgres_port": servers.replica.port, "postgres_password": servers.replica.password}
    (instance.data / "kept.json").write_text(json.dumps(kept))
    wait_until_settled(instance.data, seconds=_SETTLE_SECONDS)
    found = check(load.asked, instance.data, arrived=(), in_time=_PHASES[1:])
    # nobody receives deliveries here
    rules = [rule for rule in found if "receiver" not in rule.name]
    print("\n".join(describe(load.asked, _PHASES)))
    for rule in rules:
        print(f"{'ok ' if rule.violations == 0 else 'BAD'} {rule.violations:>6} {rule.name}")
    gone = lost(load.asked, instance.data)
    print("\n".join(gone))
    whole = _audit_is_whole(instance)
    print(f"{'ok ' if whole else 'BAD'}        audit trail whole\nload of the machine: {os.getloadavg()[0]:.1f}")
    forgiven = {"acknowledged verdicts lost"} if may_lose else set()
    return 0 if whole and not any(rule.violations for rule in rules if rule.name not in forgiven) else 1


def _audit_is_whole(instance: RunningInstance) -> bool:
    done = subprocess.run(
        [sys.executable, "manage.py", "audit", "verify"],
        cwd=ROOT,
        env={**clean_environment(), "GUARDRAIL_DATA": str(instance.data)},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout.strip()[-300:])
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
