"""Calls at random times (Poisson), half as many as eight clients got judged just before: what callers wait then."""

import json
from pathlib import Path

from tests.bench.stack import PATH, Stack
from tests.bench.wrk import Answered
from tests.overload.answers import Asked, ask, percentile
from tests.overload.calling import Plan

# Of a shorter time one hundredth is too few calls to tell.
SECONDS = 15.0
_SHARE = 0.5


def ask_at_half(stack: Stack, *, size: int, judged: float, seed: int) -> Answered:
    """Ask for SECONDS, half as often as `judged` a second. Each call is in a conversation of its own."""
    bodies = Path(f"{stack.bodies[size]}-at-random")
    lines = stack.bodies[size].read_text().splitlines()
    bodies.write_text("".join(json.dumps({"kind": "usual", "body": line}) + "\n" for line in lines))
    plan = Plan(
        host="127.0.0.1",
        port=stack.instance.port,
        path=PATH,
        token=stack.token,
        bodies=str(bodies),
        out=f"{bodies}-answers",
        seconds=SECONDS,
        rate=judged * _SHARE,
        seed=seed,
    )
    return _answered(ask(plan))


def _answered(asked: Asked) -> Answered:
    waited = sorted(one.ms for one in asked.answers)
    p50, p95, p99 = (percentile(waited, part) for part in (0.5, 0.95, 0.99))
    return Answered(
        requests=len(waited),
        seconds=asked.seconds,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        max_ms=waited[-1],
        errors=sum(bool(one.error) or one.status != 200 or one.blocked is None for one in asked.answers),
    )
