"""The command line of the fault run: status 0 when nothing was lost."""

import argparse
import sys
from time import sleep

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.ledger import check, describe, lost, wait_until_settled
from tests.chaos.load import Load
from tests.guardrail.instances import RunningInstance

_SETTLE_SECONDS = 90.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--rate", type=float, default=40.0, help="calls a second (40)")
    parser.add_argument("--callers", type=int, default=6, help="connections at once (6)")
    parser.add_argument("--seconds", type=float, default=4.0, help="quiet time after each fault (4)")
    parser.add_argument("--rounds", type=int, default=1, help="how often all faults are gone through (1)")
    options = parser.parse_args()
    instance = RunningInstance().wait()
    load = Load(url=instance.url, token=instance.state["webhook_token"], rate=options.rate, callers=options.callers)
    load.start()
    try:
        sleep(options.seconds)
        for fault in FAULTS * options.rounds:
            _go_through(fault, instance, load, quiet_seconds=options.seconds)
        load.stop()
        print("waiting for journal and intake to be empty", flush=True)
        wait_until_settled(instance.data, seconds=_SETTLE_SECONDS)
        rules = check(load.asked, instance.data)
        print("\n" + "\n".join(describe(load.asked, ["quiet", *(fault.name for fault in FAULTS)])) + "\n")
        for rule in rules:
            print(f"{'ok ' if rule.violations == 0 else 'BAD'} {rule.violations:>6} {rule.name}")
        print("\n".join(lost(load.asked, instance.data)))
        return 0 if not any(rule.violations for rule in rules) else 1
    finally:
        load.stop()
        instance.remove()


def _go_through(fault: Fault, instance: RunningInstance, load: Load, *, quiet_seconds: float) -> None:
    print(fault.name, flush=True)
    load.phase = fault.name
    fault.inflict(instance)
    sleep(quiet_seconds)
    load.phase = "quiet"
    sleep(1)


if __name__ == "__main__":
    sys.exit(main())
