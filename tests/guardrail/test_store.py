"""It keeps judging when its servers are gone, and loses nothing it has acknowledged."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import connection

from guardrail import database, housekeeper, store
from guardrail.journal import Journal, drain, waiting_files
from guardrail.memory import past
from guardrail.models import PendingIntake, Transcript, Verdict
from guardrail.transcripts import load_body
from policies import load
from tests.callers import Answer, Asking
from tests.guardrail.bodies import call
from tests.guardrail.instances import wait_for
from tests.guardrail.test_stops import BAIT, LIST, mail
from tests.proxy import Proxy, proxied


@pytest.fixture
def own_data(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.DATA_DIR = tmp_path
    settings.STORE_BUDGET_MS = 600  # four times the default: what is to be in time must be on a busy machine too
    monkeypatch.setattr(store, "_journal", None)
    return tmp_path


@pytest.fixture
def postgres(own_data: Path, asking: Asking) -> Iterator[Proxy]:
    """The hot path's Postgres behind a proxy; Django's own connection stays direct."""
    direct = connection.settings_dict["HOST"], connection.settings_dict["PORT"]
    with proxied(direct[0], int(direct[1])) as proxy:
        database.close()
        connection.settings_dict.update(HOST="127.0.0.1", PORT=str(proxy.port))
        assert asking.analyze(call()).status == 200
        connection.settings_dict.update(HOST=direct[0], PORT=direct[1])
        yield proxy
        database.close()
    database.pool()


def journaled(folder: Path) -> int:
    return len(waiting_files(folder / "journal"))


def stand_back(proxy: Proxy) -> None:
    """Postgres is back, and so is the way to it."""
    proxy.speak()
    database.close()


@pytest.mark.parametrize("going", ["refuse", "fall_silent"])
def test_it_journals_the_verdict_when_postgres_goes_away_and_ingests_it_exactly_once(
    asking: Asking, postgres: Proxy, own_data: Path, going: str
) -> None:
    getattr(postgres, going)()
    answers = [asking.analyze(call(conversationMetadata__planStepId=f"gone-{n}")) for n in range(3)]
    assert [(answer.status, answer.body["blockAction"]) for answer in answers] == [(200, False)] * 3
    assert journaled(own_data) == 1
    stand_back(postgres)
    assert store.ingest_journal() == 3
    assert store.ingest_journal() == 0
    stored = {str(verdict.pk): verdict for verdict in Verdict.objects.all()}
    for answer in answers:
        verdict_id = answer.body["diagnostics"].split('"')[3]
        assert verdict_id in stored
        assert load_body(stored[verdict_id].pk)
    assert Verdict.objects.count() == Transcript.objects.count() == PendingIntake.objects.count() == 4


# as many as fit into fewer pages of the index of ids than of that of steps, which has longer keys
_MORE = """
INSERT INTO guardrail_verdict
SELECT (jsonb_populate_record(last.kept, jsonb_build_object(
    'id', overlay((last.kept).id::text PLACING lpad(to_hex(n), 12, '0') FROM 25), 'step_key', repeat(md5(n::text), 2)
))).* FROM (SELECT kept FROM guardrail_verdict kept ORDER BY id DESC LIMIT 1) last, generate_series(1, %s) n
"""


@pytest.mark.parametrize("more", [0, 150])
def test_it_looks_for_an_earlier_delivery_by_the_index_of_steps_however_many_calls_are_stored(
    asking: Asking, more: int
) -> None:
    prepared = "SELECT statement, cardinality(parameter_types) FROM pg_prepared_statements WHERE statement LIKE %s"
    found = None
    for n in range(80):  # once it has come some times on its connection, which a slow moment may have replaced
        assert asking.analyze(call(conversationMetadata__planStepId=f"step-{n}")).status == 200
        if n % 20 < 19:
            continue
        with database.pool().connection() as hot_path:
            found = hot_path.execute(prepared, ["%INSERT INTO guardrail_verdict%"]).fetchone()
        if found:
            break
    assert found, "the insertion was not prepared"
    statement, count = found
    with database.pool().connection() as hot_path, hot_path.transaction(force_rollback=True):
        hot_path.execute(_MORE, [more])
        # else the plan leaves out what no value of ours lies in
        hot_path.execute("SET LOCAL enable_partition_pruning = off")
        hot_path.execute(f"PREPARE again AS {statement}".encode())
        explained = f"EXPLAIN EXECUTE again ({', '.join(['NULL'] * count)})"
        plan = "\n".join(line for (line,) in hot_path.execute(explained.encode()))
    database.close()
    assert "_step_key_id_idx on guardrail_verdict" in plan
    assert "_pkey on guardrail_verdict" not in plan


def test_it_answers_a_silent_postgres_within_its_share_and_the_next_ones_at_once(
    asking: Asking, postgres: Proxy
) -> None:
    postgres.fall_silent()
    took = []
    for n in range(4):
        started = time.monotonic()
        assert asking.analyze(call(conversationMetadata__planStepId=f"slow-{n}")).status == 200
        took.append(time.monotonic() - started)
    # bounds far above the share: machines are noisy, a hang would be many seconds
    assert took[0] < 5
    assert sum(took[1:]) < 5


def test_it_stores_a_late_statement_and_its_journal_record_once(
    asking: Asking, postgres: Proxy, own_data: Path
) -> None:
    postgres.fall_silent()
    asking.analyze(call(conversationMetadata__planStepId="late"))
    postgres.speak()  # the statement that was under way arrives after all
    stand_back(postgres)
    store.ingest_journal()
    assert Verdict.objects.count() == 2


def test_a_stop_is_known_to_the_next_call_before_postgres_has_written_it(
    asking: Asking, postgres: Proxy, settings: Any
) -> None:
    settings.STORE_BUDGET_MS, settings.DEADLINE_MS = 60_000, 120_000
    keeper = redis.Redis.from_url(settings.REDIS_URL)
    postgres.fall_silent()

    def ask() -> Answer:
        try:
            return asking.analyze(mail(text=LIST, mails=(BAIT,)))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask)
        wait_for(lambda: any(keeper.scan_iter("gr:stop:s:*")), what="the stop to be remembered")
        assert not answer.done()
        postgres.speak()
        assert answer.result().body["blockAction"]
    assert Verdict.objects.filter(action="block").count() == 1


@pytest.mark.parametrize("going", ["refuse", "fall_silent"])
def test_a_stop_that_went_to_the_journal_is_remembered_once(
    asking: Asking, postgres: Proxy, own_data: Path, settings: Any, going: str
) -> None:
    getattr(postgres, going)()
    assert asking.analyze(mail(text=LIST, mails=(BAIT,))).body["blockAction"]
    keeper: Any = redis.Redis.from_url(settings.REDIS_URL)
    sessions = [keeper.hgetall(key) for key in keeper.scan_iter("gr:s:*")]
    assert [session[b"stopped"] for session in sessions if b"stopped" in session] == [b"1"]


def test_it_lets_the_fail_posture_answer_when_neither_can_be_written(
    asking: Asking, postgres: Proxy, own_data: Path
) -> None:
    (own_data / "journal").write_text("a file where the folder should be")
    postgres.refuse()
    answer = asking.analyze(call())
    assert (answer.status, answer.body["blockAction"], answer.body["reasonCode"]) == (200, True, 3)


@pytest.mark.parametrize("way", ["refusing", "silent"])
def test_it_judges_without_memory_when_redis_is_gone_and_says_so(asking: Asking, settings: Any, way: str) -> None:
    settings.MEMORY_BUDGET_MS = 20
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if way == "silent" else 9
        settings.REDIS_URL, alive = f"redis://127.0.0.1:{port}/0", settings.REDIS_URL
        past.forget_connection()
        answer = asking.analyze(call())
        settings.REDIS_URL, settings.MEMORY_BUDGET_MS = alive, 1000
    assert (answer.status, answer.body["blockAction"]) == (200, False)
    verdict = Verdict.objects.get()
    assert verdict.degraded == ["memory"]
    assert not verdict.failed


def test_it_judges_with_memory_when_redis_is_there(asking: Asking) -> None:
    asking.analyze(call())
    assert Verdict.objects.get().degraded == []


def test_it_judges_by_the_snapshot_when_it_starts_without_postgres(
    asking: Asking, own_data: Path, django_db_blocker: Any
) -> None:
    housekeeper.forget()
    housekeeper.refresh()
    housekeeper.forget()
    port = connection.settings_dict["PORT"]
    database.close()
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["PORT"] = "9"
        try:
            answer = asking.analyze(call())
        finally:
            connection.settings_dict["PORT"] = port
            connection.close()
    assert (answer.status, answer.body["blockAction"]) == (200, False)
    assert load.active_ruleset().version == 1
    assert journaled(own_data) == 1
    database.close()
    database.pool()
    assert store.ingest_journal() == 1


def test_it_keeps_the_working_policy_when_a_newer_one_does_not_compile(asking: Asking) -> None:
    from policies.models import PolicyVersion
    from policies.services.publish import changed

    PolicyVersion.objects.create(number=2, document={"defaults": {"mode": "sideways"}})
    changed()
    with pytest.raises(ValueError, match=r"`defaults.mode` is `sideways`, expected one of monitor, enforce"):
        housekeeper.refresh()
    assert load.active_ruleset().version == 1
    assert asking.analyze(call()).body["blockAction"] is False


def test_it_drops_a_line_cut_off_by_a_crash_and_keeps_the_rest(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append({"n": 1})
    journal.append({"n": 2})
    (file,) = waiting_files(tmp_path)
    file.write_bytes(file.read_bytes()[:-7])
    found: list[dict[str, Any]] = []
    assert drain(tmp_path, found.append) == 1
    assert found == [{"n": 1}]


def test_it_begins_another_file_after_one_was_taken_away(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    found: list[dict[str, Any]] = []
    for n in range(3):
        journal.append({"n": n})
        assert drain(tmp_path, found.append) == 1
    assert [record["n"] for record in found] == [0, 1, 2]
    assert waiting_files(tmp_path) == []


def test_it_keeps_the_file_when_ingesting_fails(tmp_path: Path) -> None:
    Journal(tmp_path).append({"n": 1})

    def refuse(record: dict[str, Any]) -> None:
        raise ConnectionError(str(record))

    with pytest.raises(ConnectionError):
        drain(tmp_path, refuse)
    found: list[dict[str, Any]] = []
    assert drain(tmp_path, found.append) == 1


def test_it_sets_a_row_aside_that_postgres_will_never_take(asking: Asking, own_data: Path) -> None:
    asking.analyze(call())
    good = {**_journal_record(asking, own_data)}
    Journal(own_data / "journal").append({**good, "severity": 99_999})
    Journal(own_data / "journal").append(good)
    store.ingest_journal()
    assert (own_data / "journal" / "refused.jsonl").read_text().count("\n") == 1
    assert Verdict.objects.filter(pk=good["id"]).exists()


def _journal_record(asking: Asking, own_data: Path) -> dict[str, Any]:
    """One real record: a verdict written while Postgres was out of reach."""
    database.close()
    port = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = "9"
    asking.analyze(call(conversationMetadata__planStepId="record"))
    connection.settings_dict["PORT"] = port
    database.close()
    database.pool()
    found: list[dict[str, Any]] = []
    drain(own_data / "journal", found.append)
    return found[0]
