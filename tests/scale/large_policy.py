"""What a large policy costs: `make large-policy`, minutes, status 1 where a bound is passed.

Two real instances with two web processes each: one with the policy a fresh install has, one with 500 rules, 100,000
list entries (half destinations, half indicators) and 5,000 documents known by their fingerprints. The same calls are
asked of both in turn, and the processor time of the web processes is compared. Then the large one's policy is published
anew while it is asked some 35 times a second; the last call judged by the one before tells when each process had it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
import psycopg

from guardrail.embedded.processes import children
from tests.bench.bodies import make_bodies, written_out
from tests.guardrail.instances import ROOT, RunningInstance
from tests.scale.processors import seconds_of

_LEAST_SPEED, _MOST_PUBLISH_S = 0.9, 1.0
_ROUNDS, _CALLS, _SIZES, _TOLD = 7, 120, (6_000, 64_000), 5
_PUBLISHED, _ASKERS, _PAUSE_SECONDS = 5, 4, 0.1


def main() -> int:
    parser = argparse.ArgumentParser(prog="make large-policy", description=__doc__)
    parser.add_argument("--rules", type=int, default=500)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--fingerprints", type=int, default=5_000, help="documents known by their text")
    options = parser.parse_args()
    small, large = RunningInstance("--no-demo"), RunningInstance("--no-demo")
    try:
        for instance in (small, large):
            instance.wait(seconds=300)
        before = _resident_mb(large)
        sizes = (f"{options.rules}", f"{options.entries}", f"{options.fingerprints}")
        subprocess.run(
            [sys.executable, "-m", "tests.scale.large_policy_filling", *sizes], cwd=ROOT, env=_env(large), check=True
        )
        _wait_for_policy(large)
        good = _measure_speed(small, large, rounds=options.rounds)
        took = [_publish(large) for _ in range(_PUBLISHED)]
        print(f"memory of a web process: {before} MB, with the large policy {_resident_mb(large)} MB")
        print(f"published: in force in every process after {', '.join(f'{seconds:.2f}' for seconds in took)} s")
        return int(not good or statistics.median(took) > _MOST_PUBLISH_S)
    finally:
        small.remove()
        large.remove()


def _env(instance: RunningInstance) -> dict[str, str]:
    named = json.loads((instance.data / "environment.json").read_text())
    return {**os.environ, **named, "DJANGO_SETTINGS_MODULE": "guardrail.settings"}


def _resident_mb(instance: RunningInstance) -> list[int]:
    found = []
    for pid in children(instance.pids()["web"]):
        status = Path(f"/proc/{pid}/status").read_text()
        found.append(round(int(status.partition("VmRSS:")[2].split()[0]) / 1000))
    return sorted(found)


def _newest(instance: RunningInstance) -> int:
    with psycopg.connect(_env(instance)["DATABASE_URL"]) as connection:
        return int(connection.execute("SELECT max(number) FROM policies_policyversion").fetchall()[0][0])


def _wait_for_policy(instance: RunningInstance) -> None:
    """Until 40 calls in a row, each on a connection of its own, were judged by the newest version."""
    wanted, until = _newest(instance), time.monotonic() + 60
    while time.monotonic() < until:
        began = datetime.now(UTC)
        for number in range(40):
            _ask(instance, _bodies(6_000, f"wait-{number}", 1)[0])
        with psycopg.connect(_env(instance)["DATABASE_URL"]) as connection:
            asked = "SELECT min(policy_version) FROM guardrail_verdict WHERE received_at >= %s"
            if connection.execute(asked, [began]).fetchall()[0][0] == wanted:
                return
    raise AssertionError("the large policy did not come into force within a minute")


@cache
def _made(size: int) -> list[str]:
    return make_bodies(size=size, count=64 if size < 10_000 else 16, seed=5)


def _bodies(size: int, session: str, count: int) -> list[bytes]:
    made = _made(size)
    return [written_out(made[n % len(made)], number=n, session=f"{session}-{n}") for n in range(count)]


def _ask(instance: RunningInstance, body: bytes) -> None:
    address = f"{instance.url}/copilot-studio/analyze-tool-execution?api-version=2025-05-01"
    answer = httpx.post(
        address, content=body, headers={"Authorization": f"Bearer {instance.state['webhook_token']}"}, timeout=20
    )
    assert answer.status_code == 200, answer.text
    assert answer.json().get("blockAction") is False, answer.text


def _measure_speed(small: RunningInstance, large: RunningInstance, *, rounds: int) -> bool:
    good = True
    for size in _SIZES:
        used: dict[RunningInstance, list[float]] = {small: [], large: []}
        for turn in range(rounds + 1):
            for instance in (small, large) if turn % 2 else (large, small):
                bodies = _bodies(size, f"speed-{size}-{turn}", _CALLS)
                began = seconds_of(instance.pids()["web"])
                for body in bodies:
                    _ask(instance, body)
                if turn:  # the first one reads every text for the first time
                    used[instance].append((seconds_of(instance.pids()["web"]) - began) / _CALLS * 1e6)
        ours, theirs = statistics.median(used[small]), statistics.median(used[large])
        good = good and ours / theirs >= _LEAST_SPEED
        print(
            f"{size:>6} bytes: {ours:,.0f} us of web a call, {theirs:,.0f} with the large policy: {ours / theirs:.2f}"
        )
        _tell_stages(small, large)
    return good


def _tell_stages(small: RunningInstance, large: RunningInstance) -> None:
    """Where the difference is: milliseconds by the clock, medians of the calls asked last."""
    ours, theirs = _stages(small), _stages(large)
    dearer = sorted(theirs, key=lambda stage: ours.get(stage, 0.0) - theirs[stage])[:_TOLD]
    print("       " + ", ".join(f"{stage} {ours.get(stage, 0.0):.2f} -> {theirs[stage]:.2f} ms" for stage in dearer))


def _stages(instance: RunningInstance) -> dict[str, float]:
    with psycopg.connect(_env(instance)["DATABASE_URL"]) as connection:
        newest = "SELECT timings FROM guardrail_verdict ORDER BY id DESC LIMIT %s"
        rows = [timings for (timings,) in connection.execute(newest, [_CALLS])]
    return {stage: statistics.median(one.get(stage, 0.0) for one in rows) for stage in set().union(*rows)}


def _publish(instance: RunningInstance) -> float:
    """Seconds from the commit until the last call was judged by the version before."""
    old, done = _newest(instance), threading.Event()

    def keep_asking(place: int) -> None:
        number = 0
        while not done.is_set():
            _ask(instance, _bodies(6_000, f"publish-{old}-{place}-{number}", 1)[0])
            number += 1
            time.sleep(_PAUSE_SECONDS)

    asking = [threading.Thread(target=keep_asking, args=(place,)) for place in range(_ASKERS)]
    for thread in asking:
        thread.start()
    said = subprocess.run(
        [sys.executable, "-m", "tests.scale.large_policy_filling", "publish"],
        cwd=ROOT,
        env=_env(instance),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    time.sleep(5)
    done.set()
    for thread in asking:
        thread.join()
    committed = datetime.fromisoformat(said.split()[-1])
    with psycopg.connect(_env(instance)["DATABASE_URL"]) as connection:
        (row,) = connection.execute(
            "SELECT max(received_at) FROM guardrail_verdict WHERE policy_version <= %s", [old]
        ).fetchall()
        judged = "SELECT count(*) FROM guardrail_verdict WHERE policy_version > %s"
        assert connection.execute(judged, [old]).fetchall()[0][0] > 20, "the new version never came into force"
    return max(0.0, float((row[0] - committed).total_seconds()))


if __name__ == "__main__":
    sys.exit(main())
