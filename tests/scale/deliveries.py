"""Whether receivers hear of everything while all breaks: `make deliveries`, status 1 where an event is lost.

Fills a real instance with calls, has its own worker take them in and send each to a receiver of every protocol, and
meanwhile kills the receivers three times, the worker five times and Valkey once, all with -9. Tells what was lost, what
came twice, how long events waited, and how fast it went.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from guardrail.embedded.processes import free_port
from tests.certificates import self_signed
from tests.guardrail.instances import ROOT, RunningInstance, wait_for

# in the order they are done, one after each of these shares of the events has arrived
_FAULTS = ("siem", "worker", "worker", "siem", "valkey", "worker", "worker", "siem", "worker")
_KINDS = ("splunk", "sentinel", "elastic", "syslog", "ocsf", "ocsf_file", "webhook")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make deliveries", description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--calm", action="store_true", help="kill nothing: how fast it is")
    parser.add_argument("--only", metavar="KIND,KIND", default=",".join(_KINDS), help=f"of {', '.join(_KINDS)}")
    parser.add_argument("--minutes", type=float, default=60, help="give up after so many")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same numbers as JSON")
    options = parser.parse_args()
    kinds = tuple(options.only.split(","))
    receivers = _Receivers(Path(tempfile.mkdtemp()))
    env = {"GUARDRAIL_DELIVERY_FOLDER": str(receivers.folder), "GUARDRAIL_ENTRA_AUTHORITY": receivers.url}
    instance = RunningInstance("--no-demo", env=env)
    try:
        instance.wait(seconds=180)
        os.environ.update(json.loads((instance.data / "environment.json").read_text()) | env)
        os.environ["DJANGO_SETTINGS_MODULE"] = "guardrail.settings"
        figures = _measure(options, kinds, instance, receivers)
    finally:
        receivers.kill()
        instance.remove()
        shutil.rmtree(receivers.folder)
    for name, value in figures.items():
        print(f"{value:>14,} {name}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return int(figures["events lost"] > 0)


class _Receivers:
    """The process the events are sent to; `folder` is where receivers that are files are written, too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.syslog_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.pem = self_signed(folder)
        self.start()

    def start(self) -> None:
        ports = (str(self.port), str(self.folder / "arrived"), str(self.syslog_port), str(self.pem))
        self.process = subprocess.Popen([sys.executable, "-m", "tests.scale.siem", *ports], cwd=ROOT)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def arrived(self) -> list[tuple[str, str]]:
        """Where each event came, and its id."""
        noted, file = self.folder / "arrived", self.folder / "ocsf.ndjson"
        lines = noted.read_text().splitlines() if noted.exists() else []
        # what is being written has no end yet
        written = file.read_text().splitlines(keepends=True) if file.exists() else []
        names = [json.loads(line)["metadata"] for line in written if line.endswith("\n")]
        here = [("ocsf_file", name["uid"]) for name in names if name["uid"] == name["correlation_uid"]]
        return [(line.split()[0], line.split()[1]) for line in lines if len(line.split()) == 2] + here

    def count(self) -> int:
        """How many events came, about: findings of OCSF are counted like events."""
        return sum(
            path.read_bytes().count(b"\n")
            for path in (self.folder / "arrived", self.folder / "ocsf.ndjson")
            if path.exists()
        )


def _add(kind: str, receivers: _Receivers) -> None:
    from tests.receivers import a_receiver

    if kind == "syslog":
        authority = receivers.pem.read_text().partition("-----BEGIN PRIVATE")[0]
        a_receiver(kind, f"tls://127.0.0.1:{receivers.syslog_port}", authority=authority)
    else:
        a_receiver(kind, {"ocsf": f"{receivers.url}/ocsf", "ocsf_file": ""}.get(kind, receivers.url))


def _measure(
    options: argparse.Namespace, kinds: tuple[str, ...], instance: RunningInstance, receivers: _Receivers
) -> dict[str, Any]:
    import django

    django.setup()
    import psycopg

    from guardrail import database, housekeeper
    from investigations.models import Delivery
    from tests.scale.filling import fill

    housekeeper.refresh()
    for kind in kinds:
        _add(kind, receivers)
    fill(agents=100, sessions=max(1, options.events // 10), verdicts=options.events, seed=7)
    began = time.monotonic()
    until = began + options.minutes * 60
    with psycopg.connect(database.dsn()) as connection:
        connection.execute("INSERT INTO guardrail_pendingintake SELECT id FROM guardrail_verdict")
        wanted = {str(row[0]) for row in connection.execute("SELECT id FROM guardrail_verdict")}
    total = len(wanted) * len(kinds)
    killed = [] if options.calm else _break(instance, receivers, total=total, until=until)
    most = _wait(Delivery, total=total, until=until)
    took = time.monotonic() - began
    arrived = receivers.arrived()
    figures: dict[str, Any] = {
        "calls": len(wanted),
        "receivers": len(kinds),
        **Counter(f"times {what} was killed" for what in killed),
        "events lost": 0,
    }
    waiting = Delivery.objects.filter(state__lt=Delivery.State.ACKNOWLEDGED).count()
    for kind in kinds:
        count = Counter(one for where, one in arrived if where == kind)
        figures[f"{kind}: not there"] = len(wanted - set(count))
        figures[f"{kind}: came twice, with the same id"] = count.total() - len(count)
        figures["events lost"] += len(wanted - set(count)) + len(set(count) - wanted)
    figures["events lost"] -= min(waiting, figures["events lost"])
    figures["still waiting when time was over"] = waiting
    figures["dead letters"] = Delivery.objects.filter(state=Delivery.State.DEAD).count()
    figures["most waiting at once"] = most
    figures |= _lag()
    figures["seconds from the intake to the last one"] = round(took)
    figures["events a second, the kills included"] = round(len(arrived) / took)
    return figures


def _lag() -> dict[str, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_cont(ARRAY[0.5, 0.95, 1.0]) WITHIN GROUP"
            " (ORDER BY extract(epoch FROM settled_at - created_at)) FROM investigations_delivery WHERE state = 2"
        )
        row = cursor.fetchone()
    half, most, longest = (round(one) for one in (row[0] if row and row[0] else (0, 0, 0)))
    return {"seconds half waited at most": half, "seconds 95 % waited at most": most, "seconds the longest": longest}


def _break(instance: RunningInstance, receivers: _Receivers, *, total: int, until: float) -> list[str]:
    """Kill one after the other while events arrive; returns what was killed."""
    for turn, what in enumerate(_FAULTS):
        share = total * (turn + 1) * 0.9 / (len(_FAULTS) + 1)
        seconds = max(1.0, until - time.monotonic())
        wait_for(partial(_has, receivers, share), what=f"{share:.0f} events", seconds=seconds)
        if what == "siem":
            receivers.kill()
            time.sleep(3)
            receivers.start()
        else:
            _kill(instance, what)
    return list(_FAULTS)


def _has(receivers: _Receivers, share: float) -> bool:
    return receivers.count() >= share


def _kill(instance: RunningInstance, name: str) -> None:
    before = instance.pids()[name]
    # its children end with it: the kernel tells them
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: instance.pids().get(name, before) != before, what=f"a new {name}", seconds=60)


def _wait(deliveries: Any, *, total: int, until: float) -> int:
    """Until everything is settled; returns the longest backlog that was seen."""
    from guardrail.models import PendingIntake

    most = 0
    while time.monotonic() < until:
        waiting = deliveries.objects.filter(state__lt=deliveries.State.ACKNOWLEDGED).count()
        most = max(most, waiting)
        if not waiting and deliveries.objects.count() >= total and not PendingIntake.objects.exists():
            break
        time.sleep(0.5)
    return most


if __name__ == "__main__":
    sys.exit(main())
