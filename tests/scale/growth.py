"""What ten million verdicts cost: `make growth`, status 1 where a bound is passed; 50 GB of disk and half an hour.

One real instance is asked some hundred calls over HTTP, which its worker takes in and indexes; then it has two
databases on one Postgres: those calls alone, and the same with as many verdicts as asked for. Both are measured in turn
by the same process, and what counts is the ratio: insertions by the statement of the verdict path, pages in server
time. At the end retention drops the oldest month of the large one while calls go on being kept.
"""

import argparse
import json
import os
import signal
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.bench.bodies import make_bodies, written_out
from tests.guardrail.instances import RunningInstance, wait_for
from tests.scale.processors import seconds_of

_SMALL, _LARGE = "guardrail", "growth"
_LEAST_INSERTS, _MOST_PAGE = 0.9, 2.0
# Nobody notices what takes no longer; a page of cases where there was half a page may be more than twice as long.
_FAST_MS = 150.0
_HONEST, _STOPPED, _BYTES = 490, 20, 1_500
_THREADS, _ROUNDS, _SECONDS = 8, 5, 4.0
_READS = 5
_FILLED = "filled-for-growth"
# one that only its own threads still hold complains when it goes
_closed: list[object] = []


def main() -> int:
    parser = argparse.ArgumentParser(prog="make growth", description=__doc__)
    parser.add_argument("--verdicts", type=int, default=10_000_000)
    parser.add_argument("--investigations", type=int, default=50_000)
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the filled instance there, and use it again")
    parser.add_argument("--fill-only", action="store_true", help="fill it, and measure nothing")
    options = parser.parse_args()
    if options.data:
        options.data.mkdir(parents=True, exist_ok=True)
    instance = RunningInstance("--no-demo", data=options.data).wait(seconds=300)
    try:
        os.environ.update(json.loads((instance.data / "environment.json").read_text()))
        os.environ["DJANGO_SETTINGS_MODULE"] = "guardrail.settings"
        import django

        django.setup()
        if not (instance.data / _FILLED).exists():
            _fill(instance, verdicts=options.verdicts, investigations=options.investigations)
            (instance.data / _FILLED).touch()
        passed = options.fill_only or _measure(instance)
    finally:
        for name, pid in instance.pids().items():
            if name in ("beat", "worker"):
                os.kill(pid, signal.SIGCONT)
        if options.data:
            instance.end()
        else:
            instance.remove()
    return int(not passed)


def _fill(instance: RunningInstance, *, verdicts: int, investigations: int) -> None:
    from django.utils import timezone

    from tests.scale.casework import open_investigations
    from tests.scale.months import fill_months, repeat_days

    _ask(instance)
    _set_aside(instance)
    servers, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    # who owns everything, by the same password
    with psycopg.connect(f"{servers}/postgres", user="postgres", autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
        connection.execute("ALTER SYSTEM SET checkpoint_timeout = '30min'")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"ALTER DATABASE {_SMALL} ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [_SMALL])
        wait_for(lambda: not _connected(connection), what="the last connection to end")
        connection.execute(f"CREATE DATABASE {_LARGE} TEMPLATE {_SMALL} OWNER {_SMALL} STRATEGY file_copy")
        connection.execute(f"ALTER DATABASE {_SMALL} ALLOW_CONNECTIONS true")
        began = time.monotonic()
        fill_months(f"{servers}/{_LARGE}", verdicts=verdicts, now=timezone.now())
        repeat_days(f"{servers}/{_LARGE}", days=170)
        with _database(_LARGE):
            open_investigations(investigations=investigations, agents=50)
        connection.execute("ALTER SYSTEM RESET max_wal_size")
        connection.execute("ALTER SYSTEM RESET checkpoint_timeout")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CHECKPOINT")
        size = connection.execute("SELECT pg_database_size(%s)", [_LARGE]).fetchall()[0][0]
    for name in (_SMALL, _LARGE):
        with psycopg.connect(f"{servers}/{name}", autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
    print(f"filled with {verdicts:,} verdicts in {time.monotonic() - began:,.0f} s: {size / 1e9:,.1f} GB", flush=True)


def _connected(connection: psycopg.Connection) -> bool:
    found = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [_SMALL]).fetchall()
    return bool(found[0][0])


def _ask(instance: RunningInstance) -> None:
    """Calls as they come, honest ones and some that are stopped, until all of them are taken in and indexed."""
    from tests.guardrail.test_stops import LIST, mail
    from tests.investigations.test_campaigns import bait

    address = f"{instance.url}/copilot-studio/analyze-tool-execution?api-version=2025-05-01"
    headers = {"Authorization": f"Bearer {instance.state['webhook_token']}"}
    honest = make_bodies(size=_BYTES, count=_HONEST, seed=3)
    bodies = [written_out(body, number=n, session=f"growth-{n}", text=str(n)) for n, body in enumerate(honest)]
    for number in range(_STOPPED):
        thief = f"desk@partner-{number % 7}-offers.example"
        who = {"agent": f"agent-{number % 20}", "conversation": f"led-{number}", "person": f"user-{number}"}
        bodies.append(json.dumps(mail(to=thief, text=LIST, mails=(bait(thief),), **who)).encode())
    with httpx.Client(headers=headers, timeout=20) as client:
        for body in bodies:
            assert client.post(address, content=body).status_code == 200
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        waiting = (
            "SELECT count(*) FROM guardrail_verdict LEFT JOIN guardrail_searchentry found USING (id)"
            " WHERE found.id IS NULL"
        )
        wait_for(lambda: not connection.execute(waiting).fetchall()[0][0], what="the search to have them", seconds=300)


def _set_aside(instance: RunningInstance) -> None:
    """Nobody else may take part."""
    for name, pid in instance.pids().items():
        if name in ("beat", "worker"):
            os.kill(pid, signal.SIGSTOP)


@contextmanager
def _database(name: str) -> Iterator[None]:
    """Everything in this process asks the database of that name."""
    from django.core.cache import cache
    from django.db import connection

    from guardrail import database, housekeeper

    connection.close()
    _closed.append(database.pool())
    database.close()
    connection.settings_dict["NAME"] = name
    cache.clear()
    housekeeper.forget()
    yield


def _measure(instance: RunningInstance) -> bool:
    _set_aside(instance)
    pages = _measure_pages()
    inserts = _measure_inserts(instance.pids()["postgres"])
    good = True
    for path, (small, large) in pages.items():
        fits = large <= max(_MOST_PAGE * small, _FAST_MS)
        good = good and fits
        print(f"{path:<52} {small:>8.1f} ms {large:>8.1f} ms  {large / small:>6.2f}{'' if fits else '  TOO SLOW'}")
    for what, (small, large) in inserts.items():
        print(f"{what:<52} {small:>8,.1f}    {large:>8,.1f}     {large / small:>6.2f}")
    good = good and inserts["insertions a second"][1] >= _LEAST_INSERTS * inserts["insertions a second"][0]
    _drop_a_month()
    return good


def _paths() -> Sequence[str]:
    """Of the small one, which has nothing that the large one has not."""
    from django.db import connection

    from guardrail.models import Verdict
    from investigations.models import Investigation
    from policies.models import Agent

    stopped = Verdict.objects.filter(action="block").order_by("-pk")[0]
    honest = Verdict.objects.filter(action="allow").order_by("-pk")[0]
    agent = Agent.objects.get(agent_id=honest.agent_id)
    case = Investigation.objects.filter(fingerprint__regex="^[0-9a-f]{64}$").order_by("-pk")[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM ts_stat('SELECT words FROM guardrail_searchentry') WHERE word ~ '^[a-z]{5,12}$'"
            " ORDER BY ndoc DESC, word"
        )
        words = [word for (word,) in cursor.fetchall()]
    often, seldom = words[len(words) // 10], words[-1]
    return (
        *("/", "/?view=closed", "/?q=partner-3", "/campaigns/", f"/investigations/{case.pk}/"),
        *("/verdicts/", "/verdicts/?outcome=stopped&period=30d", "/verdicts/?outcome=degraded", "/verdicts/?q=agent-7"),
        *(f"/verdicts/?agent={honest.agent_id}&period=7d", f"/verdicts/{stopped.pk}/", f"/verdicts/{honest.pk}/"),
        *(f"/search/?q={often}", f"/search/?q={often}+{seldom}", f"/search/?q={seldom}", "/search/?q=nobodysaysthis"),
        *(f"/search/?q=agent:{honest.agent_id}+{often}", f"/search/?q={stopped.pk}", "/search/?q=outcome:blocked"),
        *("/reports/?days=30", "/reports/?days=90", "/agents/", f"/entities/agent/{honest.agent_id}/", "/documents/"),
        *(f"/entities/user/{honest.user_id}/", f"/agents/{agent.pk}/", "/audit/"),
    )


def _measure_pages() -> dict[str, tuple[float, float]]:
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    settings.ALLOWED_HOSTS = ["*"]
    took: dict[str, dict[str, list[float]]] = {}
    with _database(_SMALL):
        paths = _paths()
        admin = User.objects.filter(is_superuser=True)[0]
    for _ in range(2):
        for name in (_SMALL, _LARGE):
            with _database(name):
                client = Client()
                client.force_login(admin)
                for path in paths:
                    # the first one compiles the template, or finds what it reads on the disk
                    times = [_read(client, path) for _ in range(_READS + 1)][1:]
                    took.setdefault(path, {}).setdefault(name, []).extend(times)
    return {path: (statistics.median(of[_SMALL]), statistics.median(of[_LARGE])) for path, of in took.items()}


def _read(client: Any, path: str) -> float:
    """Milliseconds to the first piece."""
    started = time.perf_counter()
    answer = client.get(path)
    next(iter(answer.streaming_content if answer.streaming else (answer.content,)), b"")
    took = time.perf_counter() - started
    assert answer.status_code in (200, 204, 302), (path, answer.status_code)
    return took * 1000


def _measure_inserts(postgres: int) -> dict[str, tuple[float, float]]:
    """Rounds in turn; medians."""
    rates: dict[str, list[float]] = {_SMALL: [], _LARGE: []}
    costs: dict[str, list[float]] = {_SMALL: [], _LARGE: []}
    for turn in range(_ROUNDS + 1):
        for name in (_SMALL, _LARGE) if turn % 2 else (_LARGE, _SMALL):
            with _database(name):
                before = seconds_of(postgres)
                rate = _insert_for(_SECONDS)
                if turn:  # the first one warms up
                    rates[name].append(rate)
                    costs[name].append((seconds_of(postgres) - before) / max(1.0, rate * _SECONDS) * 1e6)
    return {
        "insertions a second": (statistics.median(rates[_SMALL]), statistics.median(rates[_LARGE])),
        "processor of Postgres each, microseconds": (
            statistics.median(costs[_SMALL]),
            statistics.median(costs[_LARGE]),
        ),
    }


def _insert_for(seconds: float) -> float:
    """As many web threads as it takes, by the statement of the verdict path; how many a second."""
    from guardrail import store

    template, counts, until = _template(), [0] * _THREADS, time.monotonic() + seconds

    def work(place: int) -> None:
        while time.monotonic() < until:
            store._insert(_fresh(template), deadline=time.monotonic() + 5)
            counts[place] += 1

    threads = [threading.Thread(target=work, args=(place,)) for place in range(_THREADS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def _template() -> dict[str, Any]:
    """The newest honest call as the store has it before it writes it."""
    from django.db import connection

    from guardrail import store

    columns = ", ".join(f"{name}::text" if kind == "jsonb" else name for name, kind in store._COLUMNS.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns}, body_zstd, body_bytes, key_id"  # noqa: S608 columns of ours
            " FROM guardrail_verdict JOIN guardrail_transcript USING (id)"
            " WHERE action = 'allow' ORDER BY id DESC LIMIT 1"
        )
        names = [column[0] for column in cursor.description]
        row = dict(zip(names, cursor.fetchone(), strict=True))
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}


def _fresh(template: Mapping[str, Any]) -> dict[str, Any]:
    from django.utils import timezone

    from guardrail import store
    from guardrail.verdict_id import new_verdict_id

    pk = new_verdict_id(timezone.now())
    own = {
        "id": str(pk),
        "since": store._since(pk),
        "conversation_id": f"growing-{pk}",
        "step_key": f"{pk.hex}{pk.hex}",
    }
    return {**template, **own, "received_at": timezone.now().isoformat()}


def _drop_a_month() -> None:
    """Retention drops the oldest month of the large one while calls are kept: how long, and the slowest of these."""
    from django.conf import settings
    from django.utils import timezone

    from guardrail import partitions, store
    from investigations.retention import drop_old_months

    with _database(_LARGE):
        months = partitions.load_months()
        oldest = next(month for month in months if partitions.count(month))
        now = timezone.now()
        settings.KEEP_MONTHS = (now.year - oldest.ends.year) * 12 + now.month - oldest.ends.month
        template, slowest, done = _template(), 0.0, threading.Event()
        verdicts = partitions.count(oldest)

        def keep() -> None:
            nonlocal slowest
            while not done.is_set():
                began = time.monotonic()
                store._insert(_fresh(template), deadline=time.monotonic() + 5)
                slowest = max(slowest, time.monotonic() - began)

        keeping = threading.Thread(target=keep)
        keeping.start()
        began = time.monotonic()
        dropped = drop_old_months(now)
        took = time.monotonic() - began
        done.set()
        keeping.join()
    print(
        f"retention dropped {dropped} month(s) of {verdicts:,} verdicts in {took:,.2f} s;"
        f" a call that was kept meanwhile took {slowest * 1000:,.0f} ms at most",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
