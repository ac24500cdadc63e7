"""The command line of the soak: an instance is asked steadily, at random times; memory and times, minute by minute.

Status 0 where the last third takes no more memory than the second, but for a tenth, and nobody gave up. Valkey keeps
what a conversation left for a day and what a person did for ninety, up to a limit of its own: there bytes a call count,
each being a new conversation of somebody new. Writes JSON.
"""

import argparse
import json
import os
import statistics
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from tests.guardrail.instances import ROOT, RunningInstance
from tests.overload.__main__ import make_plan
from tests.overload.answers import Answer, ask, percentile

_VALKEY = "valkey 0"
PARTS = ("web", "worker", "beat", "valkey", "postgres")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_GROWTH, _VALKEY_BYTES = 1.1, 2_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (30)")
    parser.add_argument(
        "--rate", type=float, default=0.0, help="calls a second; 0 = half of what it can, measured first"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks", help="where the JSON is written")
    options = parser.parse_args()
    instance = RunningInstance()
    try:
        instance.wait(seconds=600)
        plan = make_plan(instance, seconds=6.0)
        ask(replace(plan, at_once=8))
        rate = options.rate or ask(replace(plan, at_once=8)).rate / 2
        print(f"{rate:.0f} calls a second for {options.minutes:g} minutes", flush=True)
        over, memory = threading.Event(), list[dict[str, Any]]()
        watching = threading.Thread(target=_watch, args=(instance, memory, over), daemon=True)
        began = monotonic()
        watching.start()
        asked = ask(replace(plan, rate=rate, seconds=options.minutes * 60, seed=3))
        over.set()
        watching.join()
    finally:
        instance.remove()
    minutes = [_minute(number, asked.answers, memory, began) for number in range(max(1, int(options.minutes)))]
    print("\n".join(_table(minutes)))
    found = {"at": datetime.now(UTC).isoformat(), "rate": round(rate, 1), "minutes": minutes, **_growth(minutes)}
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"{datetime.now(UTC):%Y-%m-%d}-soak.json"
    file.write_text(json.dumps(found, indent=1) + "\n")
    print(f"growth from the second third to the last: {found['growth']}")
    print(f"Valkey keeps {found['valkey_bytes_a_call']} bytes of each call\nwritten: {file}")
    gave_up = sum(minute["gave_up"] for minute in minutes)
    grown = [name for name, growth in found["growth"].items() if growth > _GROWTH]
    return int(gave_up > 0 or grown != [] or found["valkey_bytes_a_call"] > _VALKEY_BYTES)


def _watch(instance: RunningInstance, memory: list[dict[str, Any]], over: threading.Event) -> None:
    while not over.wait(10.0):
        memory.append({"at": monotonic(), "load": os.getloadavg()[0], "mb": resident_mb(instance.pids())})


def resident_mb(pids: dict[str, int]) -> dict[str, float]:
    """Resident megabytes of each process, by its part and place among those of it."""
    found: dict[str, float] = {}
    for part in PARTS:
        if part in pids:
            # backends of Postgres come and go
            family = _with_children(pids[part]) if part in ("web", "worker") else [pids[part]]
            found |= {f"{part} {place}": _mb(pid) for place, pid in enumerate(family)}
    return {name: mb for name, mb in found.items() if mb}


def _with_children(pid: int) -> list[int]:
    """The process and those it made."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return [pid, *sorted(map(int, children))][:8]


def _mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES / 1e6
    except OSError:
        return 0.0


def _minute(number: int, answers: Sequence[Answer], memory: Sequence[dict[str, Any]], began: float) -> dict[str, Any]:
    start, end = began + number * 60, began + number * 60 + 60
    waited = sorted(one.ms for one in answers if start <= one.at < end)
    seen = [one for one in memory if start <= one["at"] < end]
    by_name: dict[str, list[float]] = {}
    for one in seen:
        for name, mb in one["mb"].items():
            by_name.setdefault(name, []).append(mb)
    return {
        "minute": number + 1,
        "calls": len(waited),
        "p50_ms": round(percentile(waited, 0.5), 1),
        "p99_ms": round(percentile(waited, 0.99), 1),
        "gave_up": sum(bool(one.error) for one in answers if start <= one.at < end),
        "load": round(statistics.mean(one["load"] for one in seen), 1) if seen else 0.0,
        "mb": {name: round(statistics.mean(mb), 1) for name, mb in by_name.items()},
    }


def _growth(minutes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    third = max(1, len(minutes) // 3)
    before, after = minutes[-2 * third : -third] or minutes[:1], minutes[-third:]
    names = set(before[0]["mb"]).intersection(*(minute["mb"] for minute in (*before, *after)))

    def mean(of: Sequence[dict[str, Any]], name: str) -> float:
        return float(statistics.mean(minute["mb"][name] for minute in of))

    calls = sum(minute["calls"] for minute in minutes[1:])
    kept = (minutes[-1]["mb"].get(_VALKEY, 0.0) - minutes[0]["mb"].get(_VALKEY, 0.0)) * 1e6
    return {
        "growth": {name: round(mean(after, name) / mean(before, name), 3) for name in sorted(names - {_VALKEY})},
        "valkey_bytes_a_call": round(kept / max(1, calls)),
    }


def _table(minutes: Sequence[dict[str, Any]]) -> list[str]:
    names = sorted({name for minute in minutes for name in minute["mb"] if not name.startswith("postgres")})
    lines = ["minute  calls  p50 ms  p99 ms  gave up  load  MB of " + ", ".join(names)]
    for minute in minutes:
        mb = " ".join(f"{minute['mb'].get(name, 0):.0f}" for name in names)
        lines.append(
            f"{minute['minute']:>6}{minute['calls']:>7}{minute['p50_ms']:>8}{minute['p99_ms']:>8}"
            f"{minute['gave_up']:>9}{minute['load']:>6}  {mb}"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
