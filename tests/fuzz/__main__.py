"""The long run against an instance of its own, with the deadline of operation: status 0 when every answer was explicit.

An answer after the platform's patience is counted apart: how many there may be depends on the machine.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator
from time import monotonic

from tests.fuzz.asking import WIRES, Answered, Wire, ask
from tests.fuzz.odd import Odd, changed, named, wrong_types
from tests.guardrail.instances import RunningInstance

# a platform gives up after this long, and allows
LATE_MS = 1_000.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="how long bodies are changed at random (120)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--url", default="", help="an instance that runs already; else one is started")
    parser.add_argument("--token", default="", help="its token")
    options = parser.parse_args()
    instance = None if options.url else RunningInstance().wait()
    try:
        url = options.url or (instance.url if instance else "")
        token = options.token or (instance.state["webhook_token"] if instance else "")
        answers = {wire.name: list(_ask_all(wire, options, url=url, token=token)) for wire in WIRES}
    finally:
        if instance is not None:
            instance.remove()
    for name, found in answers.items():
        _tell(name, found)
    return 0 if not any(answered.fault for found in answers.values() for answered in found) else 1


def _ask_all(wire: Wire, options: argparse.Namespace, *, url: str, token: str) -> Iterator[Answered]:
    print(f"{wire.name}: every known way, every member of every type, then at random", flush=True)
    for odd in itertools.chain(named(wire.good()), wrong_types(wire.good())):
        yield ask(wire, odd, url=url, token=token)
    end = monotonic() + options.seconds / len(WIRES)
    for odd in _at_random(wire, options.seed):
        if monotonic() > end:
            return
        yield ask(wire, odd, url=url, token=token)


def _at_random(wire: Wire, seed: int) -> Iterator[Odd]:
    good = wire.good()
    return (changed(good, number) for number in itertools.count(seed))


def _tell(name: str, found: list[Answered]) -> None:
    times = sorted(answered.ms for answered in found)
    late = [answered for answered in found if answered.ms > LATE_MS]
    p99 = times[int(len(times) * 0.99)]
    print(f"{name}: {len(found)} bodies, p99 {p99:.0f} ms, slowest {times[-1]:.0f} ms, {len(late)} late")
    for answered in sorted(late, key=lambda answered: -answered.ms)[:10]:
        print(f"  late {answered.ms:.0f} ms: {answered.odd.what} ({len(answered.odd.body)} bytes)")
    for answered in [answered for answered in found if answered.fault][:20]:
        print(f"  BAD {answered.odd.what}: {answered.fault}")


if __name__ == "__main__":
    sys.exit(main())
