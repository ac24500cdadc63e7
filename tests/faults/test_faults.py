"""A wrong clock, a full disk, a database that only reads or breaks off: by fail posture, and nothing is lost."""

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from structlog.testing import capture_logs

from guardrail import auth, callers, database, housekeeper, partitions, store
from guardrail.journal import waiting_files
from guardrail.jwks import REFRESH_SECONDS, KeyStore
from guardrail.models import PendingIntake, Transcript, Verdict
from investigations.api.view import problem_of
from policies import load
from tests.callers import Answer, Asking
from tests.faults.tiny_disk import verdicts_on_a_tiny_disk
from tests.guardrail.bodies import call
from tests.guardrail.instances import wait_for
from tests.guardrail.test_store import own_data, postgres
from tests.issuer import APP, TENANT, Issuer
from tests.proxy import Proxy

__all__ = ("own_data", "postgres")


def _asked(asking: Asking, step: str) -> Answer:
    return asking.analyze(call(conversationMetadata__planStepId=step))


def _allowed(answer: Answer) -> bool:
    return (answer.status, answer.body["blockAction"]) == (200, False)


def _id_of(answer: Answer) -> str:
    diagnostics: str = answer.body["diagnostics"]
    return diagnostics.split('"')[3]


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process grows by a byte: journal, snapshot and log alike. Postgres has a disk of its own."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_no_reason_not_to_judge(asking: Asking, own_data: Path) -> None:
    with full_disk():
        answer = _asked(asking, "full")
    assert _allowed(answer)
    assert str(Verdict.objects.get().pk) == _id_of(answer)


def test_on_a_full_disk_without_postgres_nothing_is_acknowledged(
    asking: Asking, postgres: Proxy, own_data: Path
) -> None:
    postgres.refuse()
    assert _allowed(_asked(asking, "journaled"))
    with full_disk():
        refused = [_asked(asking, f"full-{number}") for number in range(3)]
    assert [(one.status, one.body["blockAction"]) for one in refused] == [(200, True)] * 3
    after = _asked(asking, "room again")
    assert _allowed(after)
    database.close()
    assert store.ingest_journal() == 2
    kept = {str(pk) for pk in Verdict.objects.values_list("pk", flat=True)}
    assert _id_of(after) in kept
    assert not kept & {_id_of(one) for one in refused}


@pytest.mark.django_db(transaction=True)
def test_postgres_without_space_costs_no_verdict_and_takes_them_once_there_is_room(
    asking: Asking, own_data: Path
) -> None:
    with verdicts_on_a_tiny_disk() as disk:
        disk.fill()
        answers = [_asked(asking, f"no-space-{number}") for number in range(3)]
        assert all(map(_allowed, answers))
        database.close()  # it is asked anew, and not taken to be away since a moment ago
        with pytest.raises(psycopg.errors.DiskFull):
            store.ingest_journal()
        with full_disk():
            refused = _asked(asking, "no space anywhere")
        assert (refused.status, refused.body["blockAction"]) == (200, True)
        disk.make_room()
        database.close()
        assert store.ingest_journal() == 3
        answers.append(_asked(asking, "room again"))
        assert {str(pk) for pk in Verdict.objects.values_list("pk", flat=True)} == set(map(_id_of, answers))
        assert waiting_files(own_data / "journal") == []


def test_it_starts_on_a_full_disk_by_the_policy_in_postgres(asking: Asking, own_data: Path) -> None:
    housekeeper.forget()
    with full_disk():
        answer = _asked(asking, "begun")
    assert _allowed(answer)
    assert load.active() is not None
    assert list(own_data.glob(".snapshot-*")) == []


def _read_only(switch: str) -> None:
    name = connection.settings_dict["NAME"]
    with psycopg.connect(database.dsn(), autocommit=True) as direct:
        direct.execute("SET default_transaction_read_only = off")
        direct.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {switch}')


def _ingested() -> int:
    try:
        return store.ingest_journal()
    except psycopg.errors.ReadOnlySqlTransaction:
        return 0


def test_a_database_that_only_reads_costs_no_verdict_and_is_noticed_when_it_writes_again(
    asking: Asking, own_data: Path
) -> None:
    try:
        _read_only("on")
        database.close()
        answers = [_asked(asking, f"read-only-{number}") for number in range(3)]
        assert all(map(_allowed, answers))
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            store.ingest_journal()
        assert not Verdict.objects.exists()
    finally:
        _read_only("off")
    # each connection that only reads is noticed once; the chore is done again every second
    wait_for(lambda: _ingested() > 0, what="connections that write")
    answers.append(_asked(asking, "writing"))
    assert {str(pk) for pk in Verdict.objects.values_list("pk", flat=True)} == set(map(_id_of, answers))
    assert waiting_files(own_data / "journal") == []


def test_programs_that_read_are_told_to_come_again_by_a_database_that_only_reads(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        with pytest.raises(Exception, match="read-only") as caught:
            cursor.execute("CREATE TABLE t ()")
    answer = problem_of(caught.value, {})
    assert answer is not None
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_people_are_told_to_come_again_and_the_page_is_there_when_it_writes(db: None) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("ada"))
    with transaction.atomic():
        sign = transaction.savepoint()
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        answer = client.post("/queue/views/save/", {"name": "Mine", "query": "view=open"})
        transaction.savepoint_rollback(sign)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert b"Something broke" in answer.content
    assert client.get("/").status_code == 200


def test_a_statement_cut_off_before_its_answer_is_kept_exactly_once(
    asking: Asking, postgres: Proxy, own_data: Path
) -> None:
    """In doubt: Postgres may have committed, and may not have. As in a failover in the middle of a transaction."""
    postgres.fall_silent()
    done = threading.Event()
    answers: list[Answer] = []

    def ask() -> None:
        answers.append(_asked(asking, "in doubt"))
        done.set()

    threading.Thread(target=ask, daemon=True).start()
    assert done.wait(30)
    postgres.refuse()
    assert _allowed(answers[0])
    database.close()
    assert store.ingest_journal() == 1
    assert store.ingest_journal() == 0
    assert [str(pk) for pk in Verdict.objects.values_list("pk", flat=True)].count(_id_of(answers[0])) == 1
    assert Verdict.objects.count() == Transcript.objects.count() == PendingIntake.objects.count() == 2


def test_backends_ended_by_the_server_in_the_middle_lose_nothing(asking: Asking, own_data: Path) -> None:
    answers = []
    for number in range(4):
        answers.append(_asked(asking, f"ended-{number}"))
        with psycopg.connect(database.dsn(), autocommit=True) as direct:
            direct.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND query LIKE %s AND pid <> pg_backend_pid()",
                ["%INSERT INTO guardrail_pendingintake%"],
            )
    assert all(map(_allowed, answers))
    database.close()
    database.pool()
    store.ingest_journal()
    assert {str(pk) for pk in Verdict.objects.values_list("pk", flat=True)} == set(map(_id_of, answers))


def test_of_two_databases_it_comes_to_the_one_that_is_there(asking: Asking, own_data: Path) -> None:
    """As after a failover: the first of the address is gone. `make failover` does it for real."""
    given = connection.settings_dict
    kept = {name: given[name] for name in ("HOST", "PORT", "OPTIONS")}
    database.close()
    try:
        given.update(
            HOST=f"127.0.0.1,{kept['HOST']}",
            PORT=f"9,{kept['PORT']}",
            OPTIONS={**kept["OPTIONS"], "target_session_attrs": "read-write"},
        )
        assert database.reachable(seconds=1)
        answer = _asked(asking, "moved")
        given.update(HOST="127.0.0.1,127.0.0.1", PORT="9,10")
        assert not database.reachable(seconds=1)
    finally:
        given.update(kept)
        database.close()
        database.pool()
    assert _allowed(answer)
    assert str(Verdict.objects.get().pk) == _id_of(answer)
    assert waiting_files(own_data / "journal") == []


@pytest.mark.parametrize(
    "off", [timedelta(hours=7), timedelta(hours=-7), timedelta(days=400), timedelta(days=-400)], ids=str
)
def test_a_clock_that_is_wrong_judges_and_keeps_under_the_time_it_has(
    asking: Asking, own_data: Path, off: timedelta
) -> None:
    partitions.make_ahead()
    before = _asked(asking, "before")
    with time_machine.travel(datetime.now(UTC) + off):
        meanwhile = [_asked(asking, f"meanwhile-{number}") for number in range(2)]
    back = _asked(asking, "back")
    assert all(map(_allowed, [before, *meanwhile, back]))
    store.ingest_journal()
    assert not (own_data / "journal" / "refused.jsonl").exists()
    assert Verdict.objects.count() == PendingIntake.objects.count() == 4


def test_calls_a_wrong_clock_put_astray_come_into_a_month_of_their_own(asking: Asking, own_data: Path) -> None:
    partitions.make_ahead()
    for days in (400, -400):
        with time_machine.travel(datetime.now(UTC) + timedelta(days=days)):
            _asked(asking, f"astray-{days}")
    _asked(asking, "right")
    assert _astray() == 2
    known = set(Verdict.objects.values_list("pk", flat=True))
    with capture_logs() as logs:
        partitions.make_ahead()
        partitions.make_ahead()
    assert [len(one["months"]) for one in logs if one["event"] == "partitions.calls_astray"] == [2]
    assert _astray() == 0
    assert set(Verdict.objects.values_list("pk", flat=True)) == set(Transcript.objects.values_list("pk", flat=True))
    assert set(Verdict.objects.values_list("pk", flat=True)) == known
    months = {month.name for month in partitions.load_months()}
    assert {f"{datetime.now(UTC) + timedelta(days=days):%Y%m}" for days in (400, 0, -400)} <= months
    with pytest.raises(ProgrammingError, match="insert only"), transaction.atomic():
        Verdict.objects.filter(pk__in=known).update(reason="another")


def _astray() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM guardrail_verdict_default")
        return int(cursor.fetchall()[0][0])


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer().serving() as serving:
        yield serving


@pytest.fixture
def trusting(asking: Asking, issuer: Issuer, own_data: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Asking:
    settings.ENTRA_AUTHORITY = issuer.url
    monkeypatch.setattr(auth, "keys", KeyStore())
    callers.set_entra(asking.orchestrator, tenant_id=TENANT, app_ids=[APP], audiences=[APP], actor=None)
    housekeeper.refresh()
    auth.keys.refresh(auth.entra_tenants(), snapshot=own_data)
    return asking


def _with(asking: Asking, token: str) -> int:
    return asking.analyze(call(), authorization=f"Bearer {token}").status


def test_keys_that_are_due_are_used_while_their_host_is_away(
    trusting: Asking, issuer: Issuer, own_data: Path, settings: Any
) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=REFRESH_SECONDS * 30), tick=True):
        settings.ENTRA_AUTHORITY, authority = "http://127.0.0.1:9", settings.ENTRA_AUTHORITY
        auth.keys.wanted.set()
        auth.keys.refresh(auth.entra_tenants(), snapshot=own_data)
        settings.ENTRA_AUTHORITY = authority
        assert _with(trusting, issuer.token()) == 200
        assert _with(trusting, issuer.token(key=issuer.new_key(published=False))) == 401


def test_an_old_key_counts_until_the_keys_are_fetched_again_and_a_new_one_at_once(
    trusting: Asking, issuer: Issuer, own_data: Path
) -> None:
    old = issuer.current
    new = issuer.new_key()
    issuer.published.remove(old)
    assert _with(trusting, issuer.token(key=old)) == 200

    def fetch() -> None:
        auth.keys.wanted.wait(10)
        auth.keys.refresh(auth.entra_tenants(), snapshot=own_data)

    fetching = threading.Thread(target=fetch)
    fetching.start()
    # as a rule the first already waits long enough
    wait_for(lambda: _with(trusting, issuer.token(key=new)) == 200, what="the new key")
    fetching.join()
    # what was verified before counts until its own end
    assert _with(trusting, issuer.token(key=old, jti="another")) == 401
    issuer.published.append(old)
