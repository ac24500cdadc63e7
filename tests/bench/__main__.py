"""The command line of the measurement. Writes docs/benchmarks/<date>.json, its plots, and the table of
docs/performance.md, unless told otherwise."""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from tests.bench.floor import Floor
from tests.bench.half import ask_at_half
from tests.bench.report import HALF, Case, Run, describe, write
from tests.bench.stack import Stack, running_stack
from tests.bench.wrk import Answered, Load, WrkMissing, ask, find_wrk
from tests.guardrail.instances import ROOT

SIZES = (6_000, 64_000)
_FEW, _MANY = (1, 8), (32, 64)
# As long as it takes two processes to read nearly all histories of a size; small ones are read sooner.
_WARM_SECONDS = {6_000: 4.0, 64_000: 16.0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured, in turn (5)")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each measurement takes (4)")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where results are written (docs)")
    parser.add_argument("--print-only", action="store_true", help="write nothing")
    options = parser.parse_args()
    try:
        find_wrk()
    except WrkMissing as error:
        print(f"make bench: {error}", file=sys.stderr)
        return 2
    with running_stack(SIZES) as stack:
        run = _measure(stack, rounds=options.rounds, seconds=options.seconds)
    print("\n".join(describe(run)))
    if not options.print_only:
        print(f"written: {write(run, docs=options.docs)}")
    return int(run.errors > 0)


def _measure(stack: Stack, *, rounds: int, seconds: float) -> Run:
    run = Run(at=datetime.now(UTC), rounds=rounds, seconds=seconds)
    for size in SIZES:
        stack.check(size)
    run.verdict_bytes = stack.bytes_of_a_verdict()
    stored = stack.count_verdicts()
    floor = Floor(stack.database_url, bytes_each=run.verdict_bytes)
    try:
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            _go_round(stack, run, floor, number=number, seconds=seconds)
    finally:
        floor.remove()
    run.missing = max(0, run.verdicts - stack.wait_for_verdicts(stored + run.verdicts) + stored)
    run.find_shed(stack.share_shed)
    return run


def _go_round(stack: Stack, run: Run, floor: Floor, *, number: int, seconds: float) -> None:
    # the new texts at the end of the round before took the place of what had been read
    for size in reversed(SIZES):
        ask(stack.url, Load(clients=8, bodies=stack.bodies[size]), token=stack.token, seconds=_WARM_SECONDS[size])
    stack.settle()
    for size, clients in product(SIZES, _FEW):
        _compare(stack, run, size=size, clients=clients, seconds=seconds)
    stack.settle()
    _at_half(stack, run, size=SIZES[0], seed=number)
    # those that ask more than can be judged leave calls to be read afterwards, which is in the way of others
    for size, clients in product(SIZES, _MANY):
        _compare(stack, run, size=size, clients=clients, seconds=seconds)
    stack.settle()
    for size in SIZES:
        load = Load(clients=8, bodies=stack.bodies[size], new_texts=True)
        _verdicts(stack, run, Case(asked="new texts", size=size, clients=8), load, seconds=seconds)
    run.floor.append(floor.measure(seconds=seconds))


def _compare(stack: Stack, run: Run, *, size: int, clients: int, seconds: float) -> None:
    load = Load(clients=clients, bodies=stack.bodies[size])
    run.add(Case(asked="no-op", size=size, clients=clients), ask(stack.noop_url, load, token="none", seconds=seconds))
    for sessions in ("random", "one"):
        load = Load(clients=clients, bodies=stack.bodies[size], one_session=sessions == "one")
        _verdicts(stack, run, Case(asked=sessions, size=size, clients=clients), load, seconds=seconds)


def _at_half(stack: Stack, run: Run, *, size: int, seed: int) -> None:
    """With worker and beat at what these calls leave them."""
    judged = run.newest_rate(Case(asked="random", size=size, clients=max(_FEW)))
    case = Case(asked=HALF, size=size, clients=0)
    _count(stack, run, case, lambda: ask_at_half(stack, size=size, judged=judged, seed=seed))


def _verdicts(stack: Stack, run: Run, case: Case, load: Load, *, seconds: float) -> None:
    _count(stack, run, case, lambda: ask(stack.url, load, token=stack.token, seconds=seconds))


def _count(stack: Stack, run: Run, case: Case, asking: Callable[[], Answered]) -> None:
    before, begin = stack.processor_seconds(), datetime.now(UTC)
    answered = asking()
    run.add_window(case, begin, datetime.now(UTC))
    after = stack.processor_seconds()
    run.add(case, answered)
    run.add_processor(case, {part: after[part] - before[part] for part in after}, answered.requests)
    if case.clients == 1:
        run.add_stages(case, stack.stage_medians(min(answered.requests, 2_000)))


if __name__ == "__main__":
    sys.exit(main())
