"""How fast stored calls are judged again: `make backtests ARGS="--eval DIR"`, status 1 where a bound is passed.

Fills a database with real transcripts of the corpora in DIR, each conversation another one and each output another
text, and tries a draft on them in two processes: one that only decides otherwise, or, as asked for, one that makes
every detector look again. Time of the processors counts, for a machine does other things as well.
"""

import argparse
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.guardrail.instances import RunningInstance

_MOST_SECONDS_A_100_000 = 300.0
_PROCESSES = 2
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
    parser.add_argument("--data", type=Path, help="use the instance that runs in this folder, and leave it full")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return _work()
    own = None if options.data else RunningInstance("--no-demo").wait()
    data = own.data if own else options.data
    pids = {name: entry["pid"] for name, entry in json.loads((data / "processes.json").read_text()).items()}
    try:
        os.environ.update(json.loads((data / "environment.json").read_text()))
        os.environ["DJANGO_SETTINGS_MODULE"] = "guardrail.settings"
        # nobody else may take part
        for name in ("beat", "worker"):
            os.kill(pids[name], signal.SIGSTOP)
        figures = _measure(options)
    finally:
        for name in ("beat", "worker"):
            os.kill(pids[name], signal.SIGCONT)
        if own:
            own.remove()
    for name, value in figures.items():
        print(f"{value:>14,} {name}")
    return int(figures["seconds a 100,000 calls, on two processors"] > _MOST_SECONDS_A_100_000)


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.utils import timezone

    from guardrail import housekeeper
    from guardrail.verdict_id import moment_of_id
    from investigations import backtests
    from investigations.models import Backtest
    from investigations.tally import Tally
    from policies.baseline import BASELINE
    from policies.services.drafts import open_draft

    housekeeper.refresh()
    started = time.monotonic()
    first = _fill(options)
    figures: dict[str, Any] = {
        "calls stored": options.calls,
        "seconds to store them": round(time.monotonic() - started),
    }
    actions = {**BASELINE["actions"], "instruction_marked": {"strict": "hold", "cautious": "hold"}}
    # whatever says where data may go makes every detector look again
    flows = {} if options.redecided else {"nobody-has-this": {"known": "hold"}}
    draft = open_draft(title="Scale", actor=None, document={**BASELINE, "actions": actions, "flows": flows})
    person, _ = User.objects.get_or_create(username="scale", defaults={"is_superuser": True})
    now = timezone.now()
    asked = backtests.ask_for(draft, since=moment_of_id(first), until=now, agent_id="", now=now, actor=person)
    began = time.monotonic()
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.scale.backtests", "--eval", str(options.eval), "--work"],
            stdout=subprocess.PIPE,
        )
        for _ in range(_PROCESSES)
    ]
    worked = [json.loads(worker.communicate()[0]) for worker in workers]
    took = time.monotonic() - began
    found = Backtest.objects.get(pk=asked.pk)
    tally = Tally.of(found.result)
    cpu = sum(worked)
    return {
        **figures,
        "calls judged by both": tally.looked_at,
        "of them changed": tally.changed,
        "of them not answered as then": tally.drifted,
        "not judged": tally.unread,
        "seconds by the clock": round(took, 1),
        "seconds of the processors": round(cpu, 1),
        "milliseconds of a processor a call": round(1000 * cpu / tally.looked_at, 2),
        "seconds a 100,000 calls, on two processors": round(100_000 * cpu / tally.looked_at / _PROCESSES),
        "ended": int(found.ended_at is not None),
    }


def _work() -> int:
    """One process: run after run until nothing is due; prints the seconds of its processor."""
    import django

    django.setup()
    from investigations import backtest_queue, backtest_run

    while backtest_queue.due().exists():
        if not backtest_run.run_due():
            time.sleep(0.2)
    print(json.dumps(time.process_time()))
    return 0


def _fill(options: argparse.Namespace) -> Any:
    """Write verdicts with transcripts by COPY, in the order of time; returns the first id to be tried."""
    import psycopg
    import zstandard
    from django.utils import timezone

    from guardrail import database
    from guardrail.models import Orchestrator
    from guardrail.verdict_id import new_verdict_id

    known = list(_judged(options.eval))
    made_at = timezone.now().timestamp()
    orchestrator = Orchestrator.objects.values_list("pk", flat=True).first()
    first = None
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
                if number >= options.calls - (options.tried or options.calls) and first is None:
                    first = verdict_id
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
    return first


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
