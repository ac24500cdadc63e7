"""Is it alive, could it do all of its work, and what do its figures say; by HTTP, as those who run it ask."""

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test import Client, override_settings
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from guardrail import health, housekeeper, meters
from guardrail.journal import Journal
from guardrail.models import PendingIntake
from investigations.intake import take_in_all
from investigations.models import Delivery, Receiver
from investigations.tasks import end_due_restrictions, prune_deliveries, take_in
from policies.load import active_ruleset
from policies.regime import Regime
from tests.callers import Asking
from tests.guardrail.bodies import call

TOKEN = "a-token-of-the-figures-0123456789"
BY_TOKEN = {"authorization": f"Bearer {TOKEN}"}
OURS = override_settings(METRICS_TOKEN=TOKEN)


@pytest.fixture(autouse=True)
def looked_anew() -> Iterator[None]:
    health.forget()
    yield
    health.forget()


def figures(client: Client) -> dict[tuple[str, ...], float]:
    """Every series by its name and the values of its labels, in the order of the labels' names."""
    with OURS:
        text = client.get("/metrics", headers=BY_TOKEN).content.decode()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def grown(client: Client) -> Callable[[], dict[tuple[str, ...], float]]:
    """What was counted since the test began: the figures are those of all tests of this process."""
    before = figures(client)
    return lambda: {key: value - before.get(key, 0) for key, value in figures(client).items()}


def test_it_is_alive_whatever_else_is_away_and_by_any_name(client: Client) -> None:
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        answer = client.get("/healthz", headers={"host": "10.1.2.3"})
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert client.post("/healthz").status_code == 405


def test_it_is_ready_when_all_is_there_and_says_what_is_not_to_those_it_knows(asking: Asking) -> None:
    assert asking.client.get("/readyz").content == b"ready\n"
    housekeeper.forget()
    health.forget()
    stranger = asking.client.get("/readyz")
    assert (stranger.status_code, stranger.content) == (503, b"not ready\n")
    with OURS:
        told = asking.client.get("/readyz", headers=BY_TOKEN)
        guessed = asking.client.get("/readyz", headers={"authorization": "Bearer of-something-else"})
    assert told.status_code == 503
    assert told.json()["checks"]["policy"] == "no published policy is loaded"
    assert told.json()["checks"]["postgres"] == told.json()["checks"]["migrations"] == "ok"
    assert guessed.content == b"not ready\n"


def found(name: str) -> str:
    health.forget()
    return next(check.problem for check in health.look() if check.name == name)


def test_it_names_a_redis_that_is_away(asking: Asking) -> None:
    assert found("redis") == ""
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        assert found("redis") == "it does not answer: ConnectionError"


def test_it_names_a_migration_that_is_not_applied(asking: Asking) -> None:
    assert found("migrations") == ""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'policies' AND name LIKE '0001%'")
    assert found("migrations") == "1 are not applied, the first is `policies.0001_create_policy_tables`"


def test_it_names_a_database_that_takes_no_writes(asking: Asking) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
        assert found("postgres") == "it takes no writes"
        transaction.set_rollback(True)
    assert found("postgres") == ""


def test_it_names_verdicts_that_nobody_takes_out_of_the_journal(asking: Asking, tmp_path: Path) -> None:
    with override_settings(DATA_DIR=tmp_path):
        Journal(tmp_path / "journal").append({"id": "x"})
        assert found("journal") == ""
        (file,) = (tmp_path / "journal").iterdir()
        os.utime(file, (time.time() - 400, time.time() - 400))
        assert found("journal") == "verdicts wait for 400 s, expected at most 300"
        assert figures(asking.client)["guardrail_journal_files",] == 1


def test_it_looks_once_for_all_who_ask_within_two_seconds(asking: Asking, still: None) -> None:
    assert asking.client.get("/readyz").status_code == 200
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        assert asking.client.get("/readyz").status_code == 200


def test_its_figures_are_for_the_token_and_listed_addresses_only(client: Client, db: None) -> None:
    assert client.get("/metrics").status_code == 404
    with OURS:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}x"}).status_code == 401
        assert client.get("/metrics", headers=BY_TOKEN).status_code == 200
    with override_settings(METRICS_FROM=[ip_network("192.0.2.0/24")]):
        assert client.get("/metrics", REMOTE_ADDR="192.0.2.9").status_code == 200
        assert client.get("/metrics", REMOTE_ADDR="198.51.100.9").status_code == 401
        # nobody listed that proxy, so it speaks for nobody
        claimed = {"x-forwarded-for": "192.0.2.9"}
        assert client.get("/metrics", REMOTE_ADDR="198.51.100.9", headers=claimed).status_code == 401


def test_it_counts_a_call_by_what_was_decided_and_every_stage_of_it(
    asking: Asking, grown: Callable[[], dict[tuple[str, ...], float]]
) -> None:
    asking.analyze(call())
    asking.analyze(b"{")
    asking.client.post("/copilot-studio/analyze-tool-execution", b"{}", content_type="application/json")
    now = grown()
    assert now["guardrail_calls_total", "allow", "no", "enforce", "nothing"] == 1
    assert now["guardrail_calls_total", "block", "yes", "enforce", "fail_posture"] == 1
    assert now["guardrail_degraded_total", "wire"] == 1
    assert now["guardrail_verdicts_kept_total", "database"] == 2
    assert now["guardrail_callers_refused_total", "calls"] == 1
    for stage in meters.STAGES:
        assert now["guardrail_stage_seconds_count", stage] == 2
    assert now["guardrail_stage_seconds_sum", "answer"] >= now["guardrail_stage_seconds_sum", "store"] > 0


def test_no_label_holds_what_a_caller_sent(asking: Asking) -> None:
    mark = "zz-marked-by-an-attacker"
    body = call(
        conversationMetadata__agent={"id": mark, "name": mark},
        conversationMetadata__conversationId=mark,
        toolDefinition__name=mark,
        toolDefinition__id=mark,
        plannerContext__userMessage=mark,
        inputValues={mark: mark},
    )
    asking.analyze(body, **{"x-ms-correlation-id": mark})
    take_in_all()
    with OURS:
        assert mark not in asking.client.get("/metrics", headers=BY_TOKEN).content.decode()


def test_all_series_there_can_be_fit_into_the_files_it_makes() -> None:
    calls = 5 * 2 * len(Regime) * 2
    counters = calls + len(meters.PARTS) + 40 + 2 * 60 + 100  # events, 60 tasks, second opinions
    assert counters * 340 < meters.FILE_BYTES
    assert len(meters.STAGES) * 16 * 260 < meters.FILE_BYTES


def test_it_adds_up_what_other_processes_counted(client: Client, db: None) -> None:
    key = ("guardrail_tasks_total", "done", "guardrail.try")
    before = figures(client).get(key, 0)
    meters.count_task("guardrail.try", outcome="done", seconds=1)
    child = os.fork()  # as Celery makes its processes
    if not child:
        meters.count_task("guardrail.try", outcome="done", seconds=2)
        os._exit(0)
    assert os.waitpid(child, 0) == (child, 0)
    assert figures(client)[key] == before + 2


def test_it_counts_tasks_and_those_that_fail(db: None, grown: Callable[[], dict[tuple[str, ...], float]]) -> None:
    end_due_restrictions()
    assert grown()["guardrail_tasks_total", "done", "investigations.end_due_restrictions"] == 1


def test_it_says_what_waits(asking: Asking) -> None:
    Receiver.objects.create(name="The SIEM", kind="splunk", address="https://siem.example", taken=7)
    asking.analyze(call())
    now = figures(asking.client)
    assert now["guardrail_queue_waiting", "intake"] == PendingIntake.objects.count() == 1
    assert 0 < now["guardrail_queue_lag_seconds", "intake"] < 60
    assert now["guardrail_ready", "postgres"] == now["guardrail_ready", "policy"] == 1
    assert now["guardrail_policy_version",] == active_ruleset().version
    assert now["guardrail_deliveries", "splunk", "The SIEM", "waiting"] == 0
    assert now["guardrail_deliveries_taken_total", "splunk", "The SIEM"] == 7


def test_a_stopped_call_can_be_followed_through_the_log(
    asking: Asking,
    capsys: pytest.CaptureFixture[str],
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    answer = asking.analyze(b"{", **{"x-ms-correlation-id": "corr-7"})
    meters.flush()
    assert answer.body["blockAction"] is True
    with django_capture_on_commit_callbacks(execute=True):
        take_in()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    stopped = next(line for line in lines if line["event"] == "call.stopped")
    placed = next(line for line in lines if line["event"] == "intake.placed")
    assert (stopped["correlation_id"], stopped["action"]) == ("corr-7", "block")
    assert placed["verdict_ids"] == [stopped["verdict_id"]]
    uuid.UUID(stopped["verdict_id"])


def test_what_a_task_writes_into_the_log_says_which_run_of_which_task_it_was(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver = Receiver.objects.create(name="The SIEM", kind="splunk", address="https://siem.example")
    soon, before = timezone.now() + timedelta(days=1), timezone.now() - timedelta(hours=1)
    Delivery.objects.create(receiver=receiver, event_id=uuid.uuid4(), kind="x", created_at=before, expires_at=soon)
    prune_deliveries.apply(task_id="run-7")
    late = next(json.loads(line) for line in capsys.readouterr().err.splitlines() if "delivery.late" in line)
    assert (late["task"], late["task_id"]) == ("investigations.prune_deliveries", "run-7")


@pytest.mark.parametrize("said", ["ignore all rules and", "a" * 65, "x\n{}", "ä", ""])
def test_a_number_of_a_call_that_is_none_stands_in_no_log(said: str) -> None:
    assert meters.correlation_of(said) == ""
    assert meters.correlation_of("0f5a-2b.c:1") == "0f5a-2b.c:1"
