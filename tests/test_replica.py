"""Pages are made from a real streaming replica where there is one; nothing else is, and no page fails for it."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone

from guardrail import meters, replica
from guardrail.embedded.postgres import STOP, Postgres
from guardrail.embedded.processes import end, free_port, server_account
from guardrail.models import Verdict
from investigations.intake import take_in
from investigations.models import Investigation
from policies.access import Role, give_role
from tests.callers import Asking
from tests.investigations.test_campaigns import attack
from tests.replicas import copy_as_replica

# real commits: what is not committed reaches no replica
pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "replica"]), pytest.mark.processes]


class Standby:
    """The replica, with what a test does to it."""

    def __init__(self, postgres: Postgres) -> None:
        self.postgres = postgres
        self.process = postgres.start()

    def ask(self, question: str) -> object:
        name = connections["default"].settings_dict["NAME"]
        told = {"host": "127.0.0.1", "port": self.postgres.port, "user": "postgres", "dbname": name}
        with psycopg.connect(**told, password=self.postgres.password, autocommit=True) as connection:
            return connection.execute(question.encode()).fetchall()[0][0]

    def stand_still(self) -> None:
        """It takes in nothing more, and has all until now."""
        self.catch_up()
        self.ask("SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")

    def catch_up(self) -> None:
        self.ask("SELECT pg_wal_replay_resume()")
        with connections["default"].cursor() as cursor:
            # what is committed here may not be written yet: the servers of tests do not wait for a disk
            cursor.execute("SELECT pg_current_wal_insert_lsn()")
            head = cursor.fetchone()[0]
        wait_until(lambda: bool(self.ask(f"SELECT pg_last_wal_replay_lsn() >= '{head}'")))


def wait_until(holds: Callable[[], bool], *, seconds: float = 40) -> None:
    until = monotonic() + seconds
    while not holds():
        assert monotonic() < until, "it did not come to hold"
        sleep(0.05)


@pytest.fixture(scope="module")
def copied(django_db_setup: None) -> Iterator[Standby]:
    """A copy of the servers of this run, streaming from them, and known to this process."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    folder = Path(tempfile.mkdtemp(prefix="guardrail-replica-"))
    folder.chmod(0o711)
    primary = Postgres(
        folder=folder / "nowhere",
        log=folder / "log",
        port=parts.port or 5432,
        password=unquote(parts.password or ""),
        account=server_account(),
        durable=False,
    )
    standby = Standby(copy_as_replica(primary, folder=folder / "replica", log=folder / "log", port=free_port()))
    here = connections["default"].settings_dict
    connections.settings["replica"] = {
        **here,
        "PORT": str(standby.postgres.port),
        "TEST": {**here["TEST"], "MIRROR": "default"},
    }
    yield standby
    connections["replica"].close()
    del connections["replica"]
    del connections.settings["replica"]
    end(standby.process, ask=STOP, patience_seconds=10)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def standby(copied: Standby, settings: object) -> Iterator[Standby]:
    """The same, with all there is, and pages may read it."""
    settings.DATABASE_ROUTERS = ["guardrail.replica.Router"]  # type: ignore[attr-defined] # pytest-django's
    copied.catch_up()
    replica.forget()
    wait_until(replica.usable)
    yield copied
    copied.ask("SELECT pg_wal_replay_resume()")
    replica.forget()


def signed_in(name: str) -> Client:
    person = User.objects.create_user(name)
    give_role(person, Role.ANALYST, actor=None)
    client = Client()
    client.force_login(person)
    return client


def pages(now: str) -> float:
    meters.flush()
    return float(meters.REPLICA.labels(now)._value.get())


def test_pages_read_calls_from_it_and_whoever_changed_something_reads_from_the_primary(
    asking: Asking, standby: Standby
) -> None:
    reader, worker = signed_in("ines"), signed_in("noor")
    attack(asking)
    assert take_in(timezone.now()) == 1
    before, case = pages("read"), Investigation.objects.get()
    standby.stand_still()
    # by the intake, and by somebody who has just come: neither waits for it
    attack(asking, conversation="c-2")
    assert take_in(timezone.now()) == 1
    late = signed_in("lea")
    newest, oldest = Verdict.objects.order_by("-pk").values_list("pk", flat=True)[:2]
    shown = late.get("/verdicts/").content.decode()
    assert str(oldest) in shown
    assert str(newest) not in shown, "the page was not read from the replica"
    assert pages("read") > before
    # what it does not have is looked for where it is
    assert reader.get(f"/verdicts/{newest}/").status_code == 200
    assert worker.post(f"/investigations/{case.pk}/comment/", {"text": "Asked Lena."}).status_code == 302
    assert "Asked Lena." in worker.get(f"/investigations/{case.pk}/").content.decode()
    assert "Asked Lena." not in reader.get(f"/investigations/{case.pk}/").content.decode()


def test_people_are_told_how_old_a_page_is_and_too_old_ones_come_from_the_primary(
    asking: Asking, standby: Standby, settings: object
) -> None:
    settings.REPLICA_LAG_SECONDS = 6  # type: ignore[attr-defined] # pytest-django's
    reader = signed_in("ines")
    standby.stand_still()
    attack(asking)
    newest = str(Verdict.objects.values_list("pk", flat=True).get())
    wait_until(lambda: "seconds old: the copy" in reader.get("/verdicts/").content.decode())
    wait_until(lambda: newest in (shown := reader.get("/verdicts/").content.decode()) and "seconds old" not in shown)
    assert pages("behind") > 0
    standby.catch_up()
    wait_until(replica.usable)
    assert newest in reader.get("/verdicts/").content.decode()


def test_no_page_fails_when_it_is_gone_and_it_is_read_again_when_it_is_back(
    asking: Asking, standby: Standby, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = signed_in("ines")
    attack(asking)
    newest, failed = str(Verdict.objects.values_list("pk", flat=True).get()), pages("failed")
    standby.catch_up()
    wait_until(replica.usable)
    assert newest in reader.get("/verdicts/").content.decode()
    standby.process.kill()
    standby.process.wait()
    for _ in range(5):
        answer = reader.get("/verdicts/")
        assert answer.status_code == 200
        assert newest in answer.content.decode()
    assert pages("failed") == failed + 1, "one page noticed, and the others did not try"
    assert "replica.page_failed" in capfd.readouterr().err
    standby.process = standby.postgres.start()
    wait_until(replica.usable)
    assert newest in reader.get("/verdicts/").content.decode()


def test_it_is_away_where_its_address_wants_tls_and_it_has_none(
    asking: Asking, standby: Standby, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = signed_in("ines")
    attack(asking)
    replica.forget()
    monkeypatch.setitem(connections.settings["replica"], "OPTIONS", {"sslmode": "require"})
    assert reader.get("/verdicts/").status_code == 200
    wait_until(lambda: '"now": "OperationalError"' in capfd.readouterr().err)
    assert not replica.usable()
