"""The embedded Postgres starts again whatever was left of the run before."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator

import psycopg
import pytest

from guardrail.embedded import postgres
from guardrail.embedded.processes import end, free_port, server_account
from tests.guardrail.instances import empty_database, make_data_folder, wait_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="stops processes the Linux way"),
]


@pytest.fixture
def cluster() -> Iterator[postgres.Postgres]:
    folder = make_data_folder()
    yield postgres.Postgres(
        folder=folder / "postgres",
        log=folder / "postgres.log",
        port=free_port(),
        password="of-a-test",
        account=server_account(),
        durable=False,
    )
    shutil.rmtree(folder)


def test_it_starts_while_a_process_of_a_killed_one_hangs(
    cluster: postgres.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_ORPHAN_SECONDS", 0.5)
    killed = cluster.start()
    with cluster._connect("postgres") as connection:
        hanging = connection.info.backend_pid
        os.kill(hanging, signal.SIGSTOP)
        killed.kill()
        killed.wait()
        again = cluster.start()
    try:
        assert cluster._answers()
    finally:
        end(again, ask=postgres.STOP, patience_seconds=10)


# a tenth of a second for each page
_VACUUMED_FOR_LONG = """
CREATE TABLE vacuumed WITH (
  autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_limit = 1,
  autovacuum_vacuum_cost_delay = 100
) AS SELECT repeat('x', 1000) AS text FROM generate_series(1, 2000)
"""


def test_a_database_of_the_tests_goes_while_autovacuum_and_a_client_are_in_it(
    cluster: postgres.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = cluster.start()
    monkeypatch.setenv("DATABASE_URL", cluster.url)
    try:
        with cluster._connect("postgres") as superuser:
            superuser.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
            superuser.execute("SELECT pg_reload_conf()")
            with empty_database() as database:
                client = psycopg.connect(database["DATABASE_URL"], autocommit=True)
                client.execute(_VACUUMED_FOR_LONG)
                client.execute("DELETE FROM vacuumed")
                client.execute("SELECT pg_stat_force_next_flush()")
                name = client.info.dbname
                inside = "SELECT 1 FROM pg_stat_activity WHERE query ^@ 'autovacuum: VACUUM' AND datname = %s"
                wait_for(lambda: bool(superuser.execute(inside, [name]).fetchone()), what="autovacuum to be in it")
            assert superuser.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None
    finally:
        end(running, ask=postgres.STOP, patience_seconds=10)
