"""How long each page takes in a large organisation: `make scale-pages`, minutes, status 1 where one passes its bound.

A real instance is filled with verdicts, whose intake is the real one, and with inventory, lists, rules, drafts and
investigations; then every page that can be read is read in this process, so that the time is the server's own. Time by
the clock tells what people wait for; that of the processors, ours and that of Postgres, can be read on a busy machine,
too. Of an answer that is streamed the first piece is what counts.
"""

import argparse
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.guardrail.instances import RunningInstance
from tests.scale.processors import milliseconds_of_one

_MOST_MS = 150.0
_READS = 5
_DAYS = 19
_FILLED = "filled-for-pages"


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """Milliseconds, medians of some reads: by the clock, of our processor, of that of Postgres.

    `all_ms` is by the clock to the last byte where the answer is streamed; `ms` then is to the first.
    """

    ms: float
    slowest_ms: float
    python_ms: float
    postgres_ms: float
    all_ms: float | None
    queries: int = 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make scale-pages", description=__doc__)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--verdicts", type=int, default=1_000_000)
    parser.add_argument("--investigations", type=int, default=50_000)
    parser.add_argument("--taken-in", type=int, default=50_000, help="newest verdicts that go through the intake")
    parser.add_argument("--destinations", type=int, default=100_000)
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the filled instance there, and use it again")
    parser.add_argument("--only", default="", metavar="WORD", help="only pages with this in their address")
    parser.add_argument(
        "--part", type=int, metavar="N", help="read each page also as somebody who sees N of the 40 environments"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same numbers as JSON")
    options = parser.parse_args()
    instance = RunningInstance("--no-demo", data=options.data).wait(seconds=180)
    aside = [pid for name, pid in instance.pids().items() if name in ("beat", "worker")]
    try:
        os.environ.update(json.loads((instance.data / "environment.json").read_text()))
        os.environ["DJANGO_SETTINGS_MODULE"] = "guardrail.settings"
        # nobody else may take part
        for pid in aside:
            os.kill(pid, signal.SIGSTOP)
        figures = _measure(options, filled=instance.data / _FILLED)
    finally:
        for pid in aside:
            os.kill(pid, signal.SIGCONT)
        if options.data:
            instance.end()
        else:
            instance.remove()
    _tell(figures)
    if options.json:
        numbers = {path: [took.ms, took.slowest_ms, took.python_ms, took.postgres_ms] for path, took in figures.items()}
        options.json.write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")
    return int(any(took.ms > _MOST_MS for took in figures.values()))


def _tell(figures: dict[str, Took]) -> None:
    for path, took in sorted(figures.items(), key=lambda item: -item[1].ms):
        streamed = f" (to the last byte {took.all_ms:,.0f})" if took.all_ms is not None else ""
        print(
            f"{took.ms:>7.1f} ms, slowest {took.slowest_ms:>7.1f}; processors {took.python_ms + took.postgres_ms:>6.1f}"
            f" = {took.python_ms:>6.1f} ours + {took.postgres_ms:>6.1f} Postgres, {took.queries:>2} queries"
            f"  {path}{streamed}"
        )


def _measure(options: argparse.Namespace, *, filled: Path) -> dict[str, Took]:
    import django

    django.setup()
    if not filled.exists():
        _fill(options)
        filled.touch()
    return dict(_compare(options.part, options.only) if options.part else _read_pages(options.only))


def _fill(options: argparse.Namespace) -> None:
    from tests.scale.casework import open_investigations
    from tests.scale.filling import fill, repeat
    from tests.scale.organisation import furnish
    from tests.scale.searching import index_calls

    a_day = options.verdicts // (_DAYS + 1)
    fill(agents=options.agents, sessions=a_day // 3, verdicts=a_day, seed=7)
    repeat(_DAYS)
    furnish(agents=options.agents, destinations=options.destinations, taken_in=options.taken_in)
    open_investigations(investigations=options.investigations, agents=options.agents)
    index_calls()


def _read_pages(only: str) -> Iterator[tuple[str, Took]]:
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests.scale.paths import paths

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(User.objects.filter(is_superuser=True)[0])
    for path in paths(client):
        if only in path:
            # the first one compiles the template
            with CaptureQueriesContext(connection) as captured:
                _read(client, path)
            # without the two of measuring
            queries = len(captured) - 2
            yield path, _median([_read(client, path) for _ in range(_READS)], queries=queries)


def _compare(part: int, only: str) -> Iterator[tuple[str, Took]]:
    """The pages of somebody who sees a part, each beside what it takes of the whole, by turns: the ratio is printed."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    from policies.access import Role, give_role
    from policies.models import Environment
    from policies.services.people import set_environments
    from tests.scale.paths import paths

    settings.ALLOWED_HOSTS = ["*"]
    clients = []
    for name, environments in (("of-the-whole", None), ("of-a-part", Environment.objects.filter(name__startswith="E"))):
        person, made = User.objects.get_or_create(username=name)
        if made:
            give_role(person, Role.LEAD, actor=None)
        set_environments(person, environments and list(environments.order_by("pk")[:part]), actor=None)
        clients.append(Client())
        clients[-1].force_login(person)
    whole, narrowed = clients
    for path in paths(whole):
        if only not in path or any(client.get(path).status_code != 200 for client in clients):
            continue
        both: tuple[list[Took], list[Took]] = ([], [])
        for _ in range(_READS):
            for client, reads in zip((whole, narrowed), both, strict=True):
                reads.append(_read(client, path))
        all_of_it, of_part = (_median(reads, queries=0) for reads in both)
        times = (of_part.python_ms + of_part.postgres_ms) / (all_of_it.python_ms + all_of_it.postgres_ms)
        print(f"{times:>6.2f} times the processor, {of_part.ms:>7.1f} ms for {all_of_it.ms:>7.1f}  {path}", flush=True)
        yield path, of_part


def _read(client: Any, path: str) -> Took:
    backend = _backend()
    theirs, ours, started = milliseconds_of_one(backend), time.process_time(), time.perf_counter()
    answer = client.get(path)
    pieces = iter(answer.streaming_content if answer.streaming else (answer.content,))
    next(pieces, b"")
    took = time.perf_counter() - started
    python_ms, postgres_ms = (time.process_time() - ours) * 1000, milliseconds_of_one(backend) - theirs
    b"".join(pieces)
    all_ms = (time.perf_counter() - started) * 1000 if answer.streaming else None
    assert answer.status_code in (200, 204), (path, answer.status_code)
    return Took(
        ms=took * 1000,
        slowest_ms=took * 1000,
        python_ms=python_ms,
        postgres_ms=postgres_ms,
        all_ms=all_ms,
    )


def _median(reads: list[Took], *, queries: int) -> Took:
    every = [read.all_ms for read in reads if read.all_ms is not None]
    return Took(
        ms=round(statistics.median(read.ms for read in reads), 1),
        slowest_ms=round(max(read.ms for read in reads), 1),
        python_ms=round(statistics.median(read.python_ms for read in reads), 1),
        postgres_ms=round(statistics.median(read.postgres_ms for read in reads), 1),
        all_ms=round(statistics.median(every), 1) if every else None,
        queries=queries,
    )


def _backend() -> int:
    """The server process of our connection, which has no helpers then."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchall()[0][0])


if __name__ == "__main__":
    sys.exit(main())
