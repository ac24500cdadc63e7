"""What is measured: a real instance with durable Postgres, and beside it the no-op on a server with its settings."""

import json
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import sleep

import httpx
import psycopg

from guardrail.embedded.processes import end, free_port
from guardrail.parts import WEB_PROCESSES, WEB_THREADS
from tests.bench.bodies import make_bodies, written_out
from tests.guardrail.instances import ROOT, RunningInstance, wait_for
from tests.scale.processors import seconds_of

PARTS = ("web", "postgres", "valkey", "worker", "beat")
PATH = "/copilot-studio/analyze-tool-execution?api-version=2025-05-01"
_BODIES = 256
_SEED = 1
_CHECKED = 40
# what Postgres was too slow for is in a journal, and put there once a second
_JOURNAL_SECONDS = 5
# of a processor, in a second: twice what an instance takes that nobody asks
_QUIET, _SETTLE_SECONDS = 0.15, 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """Where everything is. `bodies` maps a size in bytes to the file of bodies of that size."""

    instance: RunningInstance
    token: str
    database_url: str
    noop_url: str
    bodies: Mapping[int, Path]

    @property
    def url(self) -> str:
        """The webhook."""
        return f"{self.instance.url}{PATH}"

    def processor_seconds(self) -> dict[str, float]:
        """What each part used so far."""
        pids = self.instance.pids()
        return {part: seconds_of(pids[part]) for part in PARTS}

    def count_verdicts(self) -> int:
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute("SELECT count(*) FROM guardrail_verdict").fetchone()
        assert row is not None
        return int(row[0])

    def wait_for_verdicts(self, expected: int) -> int:
        """How many are stored once all are, or no more come. What wrk had asked and did not wait for is stored too."""
        before, now = -1, self.count_verdicts()
        while now < expected and now != before:
            sleep(_JOURNAL_SECONDS)
            before, now = now, self.count_verdicts()
        return now

    def settle(self) -> None:
        """Return when all that was left for later is done: shed calls are read by the web processes, and the worker has
        much to index. Raises AssertionError where it does not get there."""
        wait_for(self._is_quiet, what="what was left for later", seconds=_SETTLE_SECONDS)

    def _is_quiet(self) -> bool:
        before = self.processor_seconds()
        sleep(1)
        after = self.processor_seconds()
        return sum(after[part] - before[part] for part in ("web", "worker")) < _QUIET

    def share_shed(self, begin: datetime, end: datetime) -> float:
        """Of the calls that came in meanwhile, once all are stored."""
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(
                "SELECT count(*) FILTER (WHERE degraded ? 'shed')::float8 / greatest(count(*), 1)"
                " FROM guardrail_verdict WHERE received_at BETWEEN %s AND %s",
                [begin, end],
            ).fetchone()
        assert row is not None
        return float(row[0])

    def bytes_of_a_verdict(self) -> int:
        """Mean bytes of a stored verdict with its transcript, without indexes."""
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(
                "SELECT avg(pg_column_size(v.*))"
                " + coalesce((SELECT avg(pg_column_size(t.*)) FROM guardrail_transcript t), 0) FROM guardrail_verdict v"
            ).fetchone()
        assert row is not None
        return round(float(row[0]))

    def stage_medians(self, newest: int) -> dict[str, float]:
        """Milliseconds by the clock of each stage, medians over the `newest` verdicts."""
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute(
                "SELECT timings, answer_ms FROM guardrail_verdict ORDER BY id DESC LIMIT %s", [newest]
            ).fetchall()
        stages: dict[str, list[float]] = {}
        for timings, answer_ms in rows:
            for stage, ms in [*timings.items(), ("whole", answer_ms)]:
                stages.setdefault(stage, []).append(ms)
        return {stage: round(statistics.median(ms), 3) for stage, ms in stages.items() if len(ms) > len(rows) / 2}

    def check(self, size: int) -> None:
        """Raise AssertionError where an answer is no explicit verdict, or an honest call is stopped: then what is
        measured would be something else."""
        bodies = self.bodies[size].read_text().splitlines()[:_CHECKED]
        headers = {"Authorization": f"Bearer {self.token}"}
        for number, body in enumerate(bodies):
            content = written_out(body, number=number, session=f"check-{size}-{number}")
            answer = httpx.post(self.url, content=content, headers=headers, timeout=10)
            assert answer.status_code == 200, answer.text
            assert answer.json().get("blockAction") is False, answer.text


@contextmanager
def running_stack(sizes: tuple[int, ...]) -> Iterator[Stack]:
    """Both servers up, bodies made, nothing measured yet; all gone afterwards."""
    instance = RunningInstance()
    with tempfile.TemporaryDirectory() as folder, _running_noop(Path(folder)) as noop_url:
        try:
            instance.wait(seconds=300)
            made = {size: Path(folder) / f"bodies-{size}" for size in sizes}
            for size, file in made.items():
                file.write_text("\n".join(make_bodies(size=size, count=_BODIES, seed=_SEED)) + "\n")
            environment = json.loads((instance.data / "environment.json").read_text())
            yield Stack(
                instance=instance,
                token=instance.state["webhook_token"],
                database_url=environment["DATABASE_URL"],
                noop_url=noop_url,
                bodies=made,
            )
        finally:
            instance.remove()


@contextmanager
def _running_noop(folder: Path) -> Iterator[str]:
    port = free_port()
    with (folder / "noop.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "granian",
                    "--interface",
                    "wsgi",
                    "--http",
                    "1",
                    "--no-ws",
                    "--port",
                    str(port),
                ),
                *("--workers", str(WEB_PROCESSES), "--blocking-threads", str(WEB_THREADS), "--log-level", "warning"),
                "tests.bench.noop:application",
            ],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}/nothing"
    try:
        wait_for(lambda: _answers(url), what="the no-op to answer")
        yield url
    finally:
        end(server, ask=signal.SIGTERM, patience_seconds=10)


def _answers(url: str) -> bool:
    try:
        return httpx.post(url, content=b"x").status_code == 200
    except httpx.TransportError:
        return False
