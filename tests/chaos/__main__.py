"""The command line of the fault run: status 0 when nothing was lost."""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.ledger import check, count_unjudged, describe, lost, unwell, wait_until_settled
from tests.chaos.load import Load
from tests.guardrail.instances import RunningInstance, wait_for

_SETTLE_SECONDS = 300.0
_AGAIN_SECONDS = 300.0
_QUIET = "quiet"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--rate", type=float, default=40.0, help="calls a second (40)")
    parser.add_argument("--callers", type=int, default=6, help="connections at once (6)")
    parser.add_argument("--seconds", type=float, default=4.0, help="quiet time after each fault (4)")
    parser.add_argument("--minutes", type=float, default=10.0, help="faults in random order for so long (10)")
    parser.add_argument("--seed", type=int, default=0, help="of that order (0)")
    parser.add_argument("--rounds", type=int, default=0, help="instead: all faults in their order, so often")
    options = parser.parse_args()
    receiver = Path(tempfile.mkdtemp(prefix="guardrail-chaos-"))
    instance = RunningInstance(env={"GUARDRAIL_DELIVERY_FOLDER": str(receiver)}).wait(seconds=600)
    load = Load(url=instance.url, token=instance.state["webhook_token"], rate=options.rate, callers=options.callers)
    try:
        _add_receiver(instance, receiver)
        load.start()
        sleep(options.seconds)
        for fault in _chosen(options):
            _go_through(fault, instance, load, quiet_seconds=options.seconds)
        load.stop()
        print("waiting for journal, intake and deliveries to be empty", flush=True)
        wait_until_settled(instance.data, seconds=_SETTLE_SECONDS)
        return _tell(instance, load, receiver)
    finally:
        load.stop()
        instance.remove()
        shutil.rmtree(receiver)


def _chosen(options: argparse.Namespace) -> Iterator[Fault]:
    if options.rounds:
        yield from FAULTS * options.rounds
        return
    chance, until = random.Random(options.seed), monotonic() + options.minutes * 60
    while True:
        # each comes once before any comes again
        for fault in chance.sample(FAULTS, len(FAULTS)):
            if monotonic() > until:
                return
            yield fault


def _tell(instance: RunningInstance, load: Load, receiver: Path) -> int:
    in_time = {_QUIET, *(fault.name for fault in FAULTS if fault.answers_in_time)}
    rules = check(load.asked, instance.data, arrived=_arrived(receiver), in_time=in_time)
    print("\n" + "\n".join(describe(load.asked, [_QUIET, "after", *(fault.name for fault in FAULTS)])) + "\n")
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    for rule in rules:
        print(f"{'ok ' if rule.violations == 0 else 'BAD'} {rule.violations:>6} {rule.name}")
    print("\n".join([count_unjudged(instance.data), *unwell(load.asked, in_time), *lost(load.asked, instance.data)]))
    return 0 if not any(rule.violations for rule in rules) else 1


def _go_through(fault: Fault, instance: RunningInstance, load: Load, *, quiet_seconds: float) -> None:
    print(fault.name, flush=True)
    load.phase = load.fault = fault.name
    fault.inflict(instance)
    # what was begun in the fault may still wait for its end, and whoever was killed has to come back
    load.phase = "after"
    wait_for(lambda: instance.ask() == 200, what="the instance to answer again", seconds=_AGAIN_SECONDS)
    sleep(quiet_seconds)
    load.phase = _QUIET
    sleep(1)


def _add_receiver(instance: RunningInstance, folder: Path) -> None:
    """A receiver that is told of every call, as a file in `folder`."""
    environment = json.loads((instance.data / "environment.json").read_text())
    os.environ.update(environment | {"DJANGO_SETTINGS_MODULE": "guardrail.settings"})
    os.environ["GUARDRAIL_DELIVERY_FOLDER"] = str(folder)
    import django

    django.setup()
    from tests.receivers import a_receiver

    a_receiver("ocsf_file", "")


def _arrived(folder: Path) -> set[str]:
    """The verdicts its file tells of."""
    lines = (folder / "ocsf.ndjson").read_text().splitlines(keepends=True)
    return {json.loads(line)["metadata"]["uid"] for line in lines if line.endswith("\n")}


if __name__ == "__main__":
    sys.exit(main())
