"""How fast stored calls are judged again: `make backtests ARGS="--eval DIR"`, status 1 where a bound is passed.

Fills a real instance with real transcripts of the corpora in DIR, each conversation another one and each output another
text, and has its own worker try a draft on them, from the asking to the end: a draft that makes every detector look
again, or, as asked for, one that only decides otherwise. Time of the processors counts, for a machine does other things
as well: all that the worker and Postgres used meanwhile.
"""

import argparse
import gzip
import json
import os
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.guardrail.instances import RunningInstance
from tests.scale.processors import seconds_of

_MOST_SECONDS_A_100_000 = 300.0
_PROCESSES = 2
_FILLED = "filled-for-backtests"
_COLUMNS = (
    *("id", "received_at", "orchestrator_id", "wire", "agent_id", "agent_name", "user_id", "conversation_id"),
    *("tool_id", "tool_name", "tool_kind", "destination", "action", "mode", "would_have", "severity"),
    *("deciding_signal", "reason", "failed", "degraded", "signals", "origins", "policy_version", "answer_ms"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make backtests", description=__doc__)
    parser.add_argument("--eval", type=Path, required=True, metavar="DIR", help="holds `corpora/*.jsonl.gz`")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--tried", type=int, default=0, help="of the newest calls only so many are tried; 0 = all")
    parser.add_argument("--redecided", action="store_true", help="a draft that only decides otherwise")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the filled instance there, and use it again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same numbers as JSON")
    options = parser.parse_args()
    instance = RunningInstance("--no-demo", data=options.data).wait(seconds=180)
    try:
        os.environ.update(json.loads((instance.data / "environment.json").read_text()))
        os.environ["DJANGO_SETTINGS_MODULE"] = "guardrail.settings"
        figures = _measure(options, instance)
    finally:
        if options.data:
            instance.end()
        else:
            instance.remove()
    for name, value in figures.items():
        print(f"{value:>14,} {name}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return int(figures["seconds a 100,000 calls, on two processors"] > _MOST_SECONDS_A_100_000)


def _measure(options: argparse.Namespace, instance: RunningInstance) -> dict[str, Any]:
    import django

    django.setup()
    from guardrail import housekeeper
    from guardrail.models import Verdict

    housekeeper.refresh()
    figures: dict[str, Any] = {}
    filled = instance.data / _FILLED
    if not filled.exists():
        started = time.monotonic()
        _fill(options)
        figures = {"calls stored": options.calls, "seconds to store them": round(time.monotonic() - started)}
        filled.touch()
    newest = Verdict.objects.order_by("-id").values_list("pk", flat=True)
    first = newest[options.tried - 1] if options.tried else newest.reverse()[0]
    pids = instance.pids()
    worker, postgres = seconds_of(pids["worker"]), seconds_of(pids["postgres"])
    began = time.monotonic()
    found = _tried(first, redecided=options.redecided)
    took = time.monotonic() - began
    return {
        **figures,
        **_told(
            found, took, worker=seconds_of(pids["worker"]) - worker, postgres=seconds_of(pids["postgres"]) - postgres
        ),
    }


def _tried(first: uuid.UUID, *, redecided: bool) -> Any:
    """A draft on every call from `first` on, by the instance's own worker; returns when it has ended."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from guardrail.verdict_id import moment_of_id
    from investigations import backtests
    from policies.baseline import BASELINE
    from policies.services.drafts import open_draft

    actions = {**BASELINE["actions"], "instruction_marked": {"strict": "hold", "cautious": "hold"}}
    # whatever says where data may go makes every detector look again
    flows = {} if redecided else {"nobody-has-this": {"known": "hold"}}
    draft = open_draft(title="Scale", actor=None, document={**BASELINE, "actions": actions, "flows": flows})
    person, _ = User.objects.get_or_create(username="scale", defaults={"is_superuser": True})
    now = timezone.now()
    asked = backtests.ask_for(draft, since=moment_of_id(first), until=now, agent_id="", now=now, actor=person)
    while asked.ended_at is None:
        time.sleep(0.5)
        asked.refresh_from_db(fields=("ended_at", "result", "error"))
    return asked


def _told(found: Any, took: float, *, worker: float, postgres: float) -> dict[str, Any]:
    from investigations.tally import Tally

    tally = Tally.of(found.result)
    used = worker + postgres
    return {
        "calls judged by both": tally.looked_at,
        "of them changed": tally.changed,
        "of them not answered as then": tally.drifted,
        "not judged": tally.unread,
        "seconds by the clock": round(took, 1),
        "calls a second by the clock": round(tally.looked_at / took),
        "seconds of the processors, the worker": round(worker, 1),
        "seconds of the processors, Postgres": round(postgres, 1),
        "milliseconds of a processor a call": round(1000 * used / tally.looked_at, 2),
        "seconds a 100,000 calls, on two processors": round(100_000 * used / tally.looked_at / _PROCESSES),
    }


def _fill(options: argparse.Namespace) -> None:
    """Write verdicts with transcripts by COPY, in the order of time."""
    import psycopg
    import zstandard
    from django.utils import timezone

    from guardrail import database
    from guardrail.models import Orchestrator
    from guardrail.verdict_id import new_verdict_id

    known = list(_judged(options.eval))
    made_at = timezone.now().timestamp()
    orchestrator = Orchestrator.objects.values_list("pk", flat=True).first()
    packer = zstandard.ZstdCompressor()
    with psycopg.connect(database.dsn()) as one, psycopg.connect(database.dsn()) as two:
        verdicts, transcripts = one.cursor(), two.cursor()
        with (
            verdicts.copy(f"COPY guardrail_verdict ({', '.join(_COLUMNS)}) FROM STDIN") as rows,
            transcripts.copy("COPY guardrail_transcript (id, body_zstd, body_bytes) FROM STDIN") as bodies,
        ):
            for number in range(options.calls):
                columns, body = known[number % len(known)]
                turn = number // len(known)
                at = datetime.fromtimestamp(made_at - 86_400 + 80_000 * number / options.calls, tz=UTC)
                verdict_id = new_verdict_id(at)
                told = _another(body, turn)
                rows.write_row(
                    [
                        verdict_id,
                        at,
                        orchestrator,
                        "copilot_studio",
                        *columns[:3],
                        f"{columns[3]}-{turn}",
                        *columns[4:],
                    ]
                )
                bodies.write_row([verdict_id, packer.compress(told), len(told)])
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        connection.execute("ANALYZE guardrail_verdict")


def _judged(folder: Path) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Each call of the corpora with the columns of its verdict."""
    from guardrail.invocation import Past
    from guardrail.judge import judge
    from guardrail.store import judged_columns
    from guardrail.wire.copilot_studio import parse
    from policies.load import active_ruleset

    ruleset = active_ruleset()
    for corpus in sorted((folder / "corpora").glob("*.jsonl.gz")):
        with gzip.open(corpus, "rt") as lines:
            for _, line in zip(range(600), lines, strict=False):
                body = json.loads(line)["request"]
                call = parse(json.dumps(body).encode(), orchestrator="copilot-studio")
                past = Past(available=True)
                judgement = judge(call, past, ruleset, deadline=time.monotonic() + 10, clock=time.monotonic)
                decision = judgement.decision
                told = judged_columns(decision, judgement.origins, ruleset)
                kept = {
                    name: json.dumps(value) if isinstance(value, list | dict) else value for name, value in told.items()
                }
                yield (
                    [
                        *(call.agent_id, call.agent_name, call.user_id, call.conversation_id, call.tool.tool_id),
                        *(call.tool.name, judgement.tool_kind.value, next(iter(judgement.destinations), "")[:500]),
                        *(decision.action.name.lower(), decision.mode.value),
                        *(kept[name] for name in _COLUMNS[14:-1]),
                        5.0,
                    ],
                    body,
                )


def _another(body: dict[str, Any], turn: int) -> bytes:
    """The same call with other outputs: texts of another conversation were not read before."""
    planner = body.get("plannerContext") or {}
    outputs = [
        {**output, "outputs": [*output["outputs"], {"name": "turn", "value": str(turn)}]}
        if isinstance(output.get("outputs"), list)
        else output
        for output in planner.get("previousToolsOutputs") or ()
    ]
    return json.dumps({**body, "plannerContext": {**planner, "previousToolsOutputs": outputs}}).encode()


if __name__ == "__main__":
    sys.exit(main())
