"""The long run against an instance of its own, with the budgets of operation: status 0 when every answer was right.

Every known way and every member of every type; bodies changed at random and made up by hypothesis on both wires of the
webhook; every operation of the described API by schemathesis; and bodies made to use up memory, with honest callers
beside. An answer after the platform's patience is counted apart: how many there may be depends on the machine.
"""

import argparse
import itertools
import sys
from functools import partial
from pathlib import Path
from time import monotonic

from tests.fuzz.asking import WIRES, Answered
from tests.fuzz.described import Told, ask_as_described, description_of, tokens_of
from tests.fuzz.generated import made_up
from tests.fuzz.many import Senders, Tally
from tests.fuzz.odd import changed, named, wrong_types
from tests.fuzz.pressure import Weighed, distinct_ones, heavy_ones, press
from tests.guardrail.instances import RunningInstance

_SENDERS = 6
# of the generated bodies, how many hypothesis makes up: it takes a few milliseconds for each, changing one takes none
_BY_HYPOTHESIS = 0.2
_PARTS = ("known", "generated", "described", "heavy", "distinct")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--bodies", type=int, default=100_000, help="how many are generated, in all (100000)")
    parser.add_argument("--described", type=int, default=400, help="how often each operation is asked of them (400)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the same seed makes the same bodies (1)")
    parser.add_argument("--only", default=",".join(_PARTS), help=f"some of {', '.join(_PARTS)}")
    parser.add_argument("--keep", type=Path, help="a folder for bodies that were answered wrongly")
    options = parser.parse_args()
    instance = RunningInstance(env={"GUARDRAIL_API_PER_MINUTE": "100000"}).wait(seconds=300)
    try:
        return 0 if _run(options, instance) else 1
    finally:
        instance.remove()


def _run(options: argparse.Namespace, instance: RunningInstance) -> bool:
    parts, good, generated = options.only.split(","), True, options.bodies
    token = instance.state["webhook_token"]
    if "described" in parts:
        began = monotonic()
        told = ask_as_described(
            description_of(instance.url),
            url=instance.url,
            tokens=tokens_of(instance),
            number=options.described,
            first=options.seed,
        )
        generated -= told.asked
        good &= _tell_described(told, seconds=monotonic() - began)
    for wire in WIRES:
        senders = partial(Senders, wire, url=instance.url, token=token, number=_SENDERS)
        if "known" in parts:
            sending = senders()
            for odd in itertools.chain(named(wire.good()), wrong_types(wire.good())):
                sending.put(odd)
            good &= _tell(f"{wire.name}, known", sending, options.keep)
        if "generated" in parts:
            each = generated // len(WIRES)
            by_hypothesis = int(each * _BY_HYPOTHESIS)
            sending = senders()
            made_up(wire.good(), number=by_hypothesis, first=options.seed, take=sending.put)
            good &= _tell(f"{wire.name}, made up", sending, options.keep)
            sending = senders()
            start = options.seed * 1_000_000_000
            for number in range(start, start + each - by_hypothesis):
                sending.put(changed(wire.good(), number))
            good &= _tell(f"{wire.name}, changed", sending, options.keep)
    if "heavy" in parts:
        for wire in WIRES:
            for heavy in heavy_ones(wire):
                good &= _tell_weighed(press(heavy, wire, instance, token=token))
    if "distinct" in parts:
        for wire in WIRES:
            for heavy in distinct_ones(wire):
                good &= _tell_weighed(press(heavy, wire, instance, token=token))
    return good


def _tell(name: str, sending: Senders, folder: Path | None) -> bool:
    tally: Tally = sending.end()
    print(
        f"{'ok ' if not tally.faults else 'BAD'} {name}: {tally.asked} bodies in {monotonic() - sending.began:.0f} s, "
        f"{tally.faults} not answered 200 with an explicit verdict, p50 {tally.share(0.5):.0f} ms, "
        f"p99 {tally.share(0.99):.0f} ms, {tally.late} late; {dict(tally.decisions)}",
        flush=True,
    )
    for answered in tally.slowest[:5]:
        print(f"  late {answered.ms:.0f} ms: {answered.odd.what} ({len(answered.odd.body)} bytes)", flush=True)
    for answered in tally.faulty:
        print(f"  BAD {answered.odd.what}: {answered.fault}", flush=True)
    _keep([*tally.faulty, *tally.slowest], folder)
    return not tally.faults


def _tell_described(told: Told, *, seconds: float) -> bool:
    print(
        f"{'ok ' if not told.faults else 'BAD'} as described: {told.asked} requests in {seconds:.0f} s, "
        f"{told.errors} answered 5xx, {len(told.faults)} otherwise than described"
    )
    for (name, status), times in sorted(told.statuses.items()):
        print(f"  {times:>6} {status} {name}", flush=True)
    for fault in told.faults[:20]:
        print(f"  BAD {fault}", flush=True)
    return not told.faults


def _tell_weighed(weighed: Weighed) -> bool:
    times = sorted(one.ms for one in weighed.honest)
    slowest = max(one.ms for one in weighed.answers)
    print(
        f"{'ok ' if not weighed.faults else 'BAD'} {weighed.what}: {weighed.most_bytes / 2**20:.0f} MiB at most, "
        f"answered within {slowest:.0f} ms; {len(times)} honest calls beside, p50 {times[len(times) // 2]:.0f} ms, "
        f"slowest {times[-1]:.0f} ms",
        flush=True,
    )
    for fault in weighed.faults[:5]:
        print(f"  BAD {fault[:300]}", flush=True)
    return not weighed.faults


def _keep(answers: list[Answered], folder: Path | None) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for number, answered in enumerate(answers):
        name = "".join(sign if sign.isalnum() else "-" for sign in answered.odd.what)[:80]
        (folder / f"{name}-{number}").write_bytes(answered.odd.body)


if __name__ == "__main__":
    sys.exit(main())
