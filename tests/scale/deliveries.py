"""Whether receivers hear of everything while all breaks: `make deliveries`, status 1 where an event is lost.

Fills a real instance with calls, has its own worker take them in and send them to two receivers, and meanwhile kills
the receivers three times, the worker five times and Valkey once, all with -9. Tells what was lost, what came twice, and
how fast it went.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from guardrail.embedded.processes import free_port
from tests.guardrail.instances import ROOT, RunningInstance, wait_for

# in the order they are done, one after each of these shares of the events has arrived
_FAULTS = ("siem", "worker", "worker", "siem", "valkey", "worker", "worker", "siem", "worker")
_MOST_SECONDS = 1200.0
_KINDS = {"splunk": "event", "elastic": "_bulk"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make deliveries", description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--calm", action="store_true", help="kill nothing: how fast it is")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same numbers as JSON")
    options = parser.parse_args()
    instance = RunningInstance("--no-demo").wait(seconds=180)
    try:
        os.environ.update(json.loads((instance.data / "environment.json").read_text()))
        os.environ["DJANGO_SETTINGS_MODULE"] = "guardrail.settings"
        figures = _measure(options, instance)
    finally:
        instance.remove()
    for name, value in figures.items():
        print(f"{value:>14,} {name}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return int(figures["events lost"] > 0)


class _Receivers:
    """The process the events are sent to."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.file = folder / "arrived"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.scale.siem", str(self.port), str(self.file)]
        self.process = subprocess.Popen(command, cwd=ROOT)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def arrived(self) -> list[tuple[str, str]]:
        """Where each event came, and its id."""
        if not self.file.exists():
            return []
        return [(line.split()[0], line.split()[1]) for line in self.file.read_text().splitlines()]


def _measure(options: argparse.Namespace, instance: RunningInstance) -> dict[str, Any]:
    import django

    django.setup()
    import psycopg

    from guardrail import database, housekeeper
    from investigations.models import Delivery
    from tests.receivers import a_receiver
    from tests.scale.filling import fill

    housekeeper.refresh()
    receivers = _Receivers(instance.data)
    try:
        for kind in _KINDS:
            a_receiver(kind, f"http://127.0.0.1:{receivers.port}", calls="all")
        fill(agents=100, sessions=max(1, options.events // 10), verdicts=options.events, seed=7)
        began = time.monotonic()
        with psycopg.connect(database.dsn()) as connection:
            connection.execute("INSERT INTO guardrail_pendingintake SELECT id FROM guardrail_verdict")
            wanted = {str(row[0]) for row in connection.execute("SELECT id FROM guardrail_verdict")}
        killed = [] if options.calm else _break(instance, receivers, total=len(wanted) * len(_KINDS))
        late = _wait(receivers, Delivery, total=len(wanted) * len(_KINDS))
        took = time.monotonic() - began
        arrived = receivers.arrived()
    finally:
        receivers.kill()
    counts = {kind: Counter(one for where, one in arrived if where == path) for kind, path in _KINDS.items()}
    figures: dict[str, Any] = {
        "calls": len(wanted),
        "receivers": len(_KINDS),
        **Counter(f"times {what} was killed" for what in killed),
    }
    figures["events lost"] = sum(len(wanted - set(count)) for count in counts.values())
    figures["events nobody queued"] = sum(len(set(count) - wanted) for count in counts.values())
    figures["events that came twice, with the same id"] = sum(count.total() - len(count) for count in counts.values())
    figures["dead letters"] = Delivery.objects.filter(state=Delivery.State.DEAD).count()
    figures["most waiting at once"] = late
    figures["seconds from the intake to the last one"] = round(took)
    figures["events a second, the kills included"] = round(len(arrived) / took)
    return figures


def _break(instance: RunningInstance, receivers: _Receivers, *, total: int) -> list[str]:
    """Kill one after the other while events arrive; returns what was killed."""
    for turn, what in enumerate(_FAULTS):
        share = total * (turn + 1) * 0.9 / (len(_FAULTS) + 1)
        _wait_for_arrivals(receivers, share)
        if what == "siem":
            receivers.kill()
            time.sleep(3)
            receivers.start()
        else:
            _kill(instance, what)
    return list(_FAULTS)


def _wait_for_arrivals(receivers: _Receivers, share: float) -> None:
    wait_for(lambda: len(receivers.arrived()) >= share, what=f"{share:.0f} events", seconds=_MOST_SECONDS)


def _kill(instance: RunningInstance, name: str) -> None:
    before = instance.pids()[name]
    # its children end with it: the kernel tells them
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: instance.pids().get(name, before) != before, what=f"a new {name}", seconds=60)


def _wait(receivers: _Receivers, deliveries: Any, *, total: int) -> int:
    """Until everything is settled; returns the longest backlog that was seen."""
    from guardrail.models import PendingIntake

    most, until = 0, time.monotonic() + _MOST_SECONDS
    while time.monotonic() < until:
        waiting = deliveries.objects.filter(state__lt=deliveries.State.ACKNOWLEDGED).count()
        most = max(most, waiting)
        if not waiting and deliveries.objects.count() >= total and not PendingIntake.objects.exists():
            break
        time.sleep(0.5)
    return most


if __name__ == "__main__":
    sys.exit(main())
