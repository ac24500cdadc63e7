"""The command line of the overload run: status 0 when nobody waited too long and nothing was lost."""

import argparse
import json
import os
import sys
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from guardrail.rehearsal.stories import stories
from tests.bench.bodies import make_bodies
from tests.bench.stack import PARTS
from tests.guardrail.instances import RunningInstance
from tests.overload.answers import Asked, ask, describe
from tests.overload.calling import Plan
from tests.overload.ledger import check, count_shed, wait_until_settled
from tests.scale.processors import seconds_of

PATH = "/copilot-studio/analyze-tool-execution?api-version=2025-05-01"
_AT_ONCE = 8
_ATTACK_EVERY = 50
_MOST_ATTACKS = 1_000
# Nobody is ever shed: everything waits for its turn, however long that takes.
_WITHOUT = {"GUARDRAIL_JUDGED_AT_ONCE": "256", "GUARDRAIL_TURN_MS": "60000"}
# Each budget of an answer, in ms: those of a machine that is so many times slower for it is busy otherwise.
_BUDGETS = {"DEADLINE": 500, "STORE_BUDGET": 150, "TURN": 150, "MEMORY_BUDGET": 20, "EXPLAIN": 25, "LATE": 750}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (60)")
    parser.add_argument("--times", type=float, default=2.0, help="of the capacity measured before (2)")
    parser.add_argument("--rate", type=float, default=0.0, help="calls a second, instead of measuring a capacity")
    parser.add_argument("--settle", type=float, default=600.0, help="how long what waits may take afterwards (600)")
    parser.add_argument("--without", action="store_true", help="shed nothing, to compare with")
    parser.add_argument("--slower", type=float, default=1.0, help="all times so many times as long, at most 10 (1)")
    options = parser.parse_args()
    budgets = {f"GUARDRAIL_{name}_MS": f"{ms * options.slower:.0f}" for name, ms in _BUDGETS.items()}
    instance = RunningInstance(env=budgets | (_WITHOUT if options.without else {}))
    try:
        instance.wait(seconds=600)
        asked = _overload(instance, options)
        database_url = json.loads((instance.data / "environment.json").read_text())["DATABASE_URL"]
        print(f"load of the machine: {os.getloadavg()[0]:.1f}", flush=True)
        print("\n".join(describe(asked)), flush=True)
        began = monotonic()
        try:
            wait_until_settled(database_url, instance.data, seconds=options.settle)
            print(f"settled after {monotonic() - began:.0f} s")
            left = 0
        except AssertionError as error:
            print(f"not all can be told: {error}")
            left = 1
        print(f"shed, by what was answered: {count_shed(database_url)}")
        rules = check(asked.answers, database_url, slower=options.slower)
        print(
            "\n".join(f"{'ok ' if rule.violations == 0 else 'BAD'} {rule.violations:>6} {rule.name}" for rule in rules)
        )
        return int(left or any(rule.violations for rule in rules))
    finally:
        instance.remove()


def _overload(instance: RunningInstance, options: argparse.Namespace) -> Asked:
    plan = make_plan(instance, seconds=6.0)
    # every cache of every process is filled once
    ask(replace(plan, at_once=_AT_ONCE, seconds=4.0))
    rate = options.rate
    if not rate:
        capacity, used = _ask_and_count(instance, replace(plan, at_once=_AT_ONCE, seconds=8.0))
        print("\n".join(("capacity:", *describe(capacity), used)), flush=True)
        rate = options.times * capacity.rate
    print(f"{rate:.0f} calls a second for {options.seconds:.0f} s", flush=True)
    asked, used = _ask_and_count(
        instance,
        replace(plan, rate=rate, seconds=options.seconds, attack_every=_ATTACK_EVERY, patience=options.slower, seed=2),
    )
    print(used, flush=True)
    return asked


def _ask_and_count(instance: RunningInstance, plan: Plan) -> tuple[Asked, str]:
    """What was answered, and what each part used for it, as a line for people."""
    pids = instance.pids()
    before = {part: seconds_of(pids[part]) for part in PARTS}
    asked = ask(plan)
    used = {part: (seconds_of(pids[part]) - before[part]) * 1000 / len(asked.answers) for part in PARTS}
    used["callers"] = asked.processor_seconds * 1000 / len(asked.answers)
    return asked, "processor ms a call: " + ", ".join(f"{part} {ms:.2f}" for part, ms in used.items())


def make_plan(instance: RunningInstance, *, seconds: float) -> Plan:
    """Honest calls of 6 KB, some of 64 KB, and attacks; all written to the instance's folder."""
    bodies = instance.data / "bodies"
    made = [("usual", body) for body in make_bodies(size=6_000, count=256, seed=1)]
    made += [("large", body) for body in make_bodies(size=64_000, count=32, seed=2)]
    made += [("attack", body) for body in _attacks(_MOST_ATTACKS)]
    with bodies.open("w") as out:
        out.writelines(json.dumps({"kind": kind, "body": body}) + "\n" for kind, body in made)
    return Plan(
        host="127.0.0.1",
        port=instance.port,
        path=PATH,
        token=instance.state["webhook_token"],
        bodies=str(bodies),
        out=str(Path(instance.data) / "answers"),
        seconds=seconds,
    )


def _attacks(count: int) -> list[str]:
    """The last step of the first attack, each in a conversation of its own: a repeated step would be recognised."""
    story = next(one for one in stories(uuid.uuid4(), datetime.now(UTC)) if one.attack)
    step = story.steps[-1]
    body = json.dumps(step.body)
    return [body.replace(step.conversation_id, str(uuid.uuid4())) for _ in range(count)]


if __name__ == "__main__":
    sys.exit(main())
