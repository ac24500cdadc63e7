"""The embedded Postgres starts again whatever was left of the run before."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator

import pytest

from guardrail.embedded import postgres
from guardrail.embedded.processes import end, free_port, server_account
from tests.guardrail.instances import make_data_folder

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
