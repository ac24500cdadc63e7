"""How large memory grows and how fast it is rebuilt: `make scale`, minutes, status 1 where a bound is passed."""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.guardrail.instances import RunningInstance

_MOST_BYTES, _MOST_SECONDS = 1_000_000_000, 300.0
_AT_ONCE = 5_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="make scale", description=__doc__)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--verdicts", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same numbers as JSON")
    options = parser.parse_args()
    instance = RunningInstance("--no-demo").wait()
    try:
        os.environ.update(json.loads((instance.data / "environment.json").read_text()))
        os.environ["DJANGO_SETTINGS_MODULE"] = "guardrail.settings"
        figures = _measure(options)
    finally:
        instance.remove()
    for name, value in figures.items():
        print(f"{value:>14,} {name}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return int(figures["bytes of memory"] > _MOST_BYTES or figures["seconds to rebuild"] > _MOST_SECONDS)


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    import django

    django.setup()
    from tests.scale.filling import fill, memory_bytes

    started = time.monotonic()
    fill(agents=options.agents, sessions=options.sessions, verdicts=options.verdicts, seed=options.seed)
    filled = time.monotonic() - started
    before = memory_bytes()["used"]
    started = time.monotonic()
    from django.core.management import call_command

    call_command("rebuild_memory")
    rebuilt = time.monotonic() - started
    after = memory_bytes()
    used = after.pop("used") - before
    return {
        "verdicts written": options.verdicts,
        "seconds to write them": round(filled, 1),
        "seconds to rebuild": round(rebuilt, 1),
        "bytes of memory": used,
        "bytes a session": round(used / options.sessions),
        **{f"{name}": count for name, count in after.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
