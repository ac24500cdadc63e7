"""`manage.py rehearse` against a live server, with the intake running beside it as the worker would."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from guardrail import housekeeper
from investigations.models import Investigation
from investigations.tasks import take_in
from policies.services.publish import publish
from tests.callers import Asking

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def working() -> Iterator[None]:
    """Takes in every tenth of a second until the block ends."""
    end = threading.Event()

    def work() -> None:
        try:
            while not end.wait(0.1):
                take_in()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(10)


@pytest.fixture
def worker() -> Iterator[None]:
    with working():
        yield


@pytest.fixture
def token(transactional_db: None, client: Client) -> str:
    return Asking.on_a_fresh_install(client).token


def rehearse(live_server: LiveServer, token: str, *arguments: str) -> str:
    out = StringIO()
    call_command(
        "rehearse", "--base-url", f"{live_server.url}/copilot-studio", "--token", token, *arguments, stdout=out
    )
    return out.getvalue()


@pytest.mark.usefixtures("worker")
def test_it_plays_every_story_and_names_its_investigation(live_server: LiveServer, token: str) -> None:
    said = rehearse(live_server, token)
    assert said.endswith("3 attacks stopped, 3 honest twins passed, every stop has its investigation\n")
    investigations = {f"investigation {row.pk}: {row.title}" for row in Investigation.objects.all()}
    assert len(investigations) == 3
    assert all(line in said for line in investigations)


@pytest.mark.usefixtures("worker")
def test_it_can_be_run_again(live_server: LiveServer, token: str) -> None:
    rehearse(live_server, token)
    rehearse(live_server, token)
    assert sorted(Investigation.objects.exclude(kind="reconnaissance").values_list("calls", flat=True)) == [2, 2]
    assert Investigation.objects.filter(kind="reconnaissance").count() == 2


def test_it_fails_when_a_stop_leads_nowhere(live_server: LiveServer, token: str) -> None:
    with pytest.raises(CommandError, match=r"led to no investigation in 0\.2 s"):
        rehearse(live_server, token, "--patience", "0.2")


@pytest.mark.usefixtures("worker")
def test_it_fails_when_an_attack_is_not_stopped(live_server: LiveServer, token: str) -> None:
    publish({"defaults": {"mode": "monitor"}}, actor=None, reason="a policy that stops nothing")
    housekeeper.refresh()
    with pytest.raises(CommandError) as error:
        rehearse(live_server, token)
    assert str(error.value).count("of the attack was let through, expected a stop") == 3


@pytest.mark.usefixtures("worker")
def test_one_story_is_played_call_by_call_and_its_investigation_closed(live_server: LiveServer, token: str) -> None:
    said = rehearse(live_server, token, "--story", "mail-forward-rule")
    assert "2. Create-inbox-rule              blocked" in said
    assert "3. Send-an-email-V2               allowed" in said, "the user's own later request"
    investigation = Investigation.objects.get()
    assert investigation.agent_name == "Inbox Helper (exercise)"
    assert (investigation.status, investigation.disposition) == ("closed", "benign_expected")
    assert investigation.activities.get(kind="closed").text.startswith(
        "Benign, expected: Exercise: `mail-forward-rule`"
    )


@pytest.mark.usefixtures("worker")
def test_one_group_is_played_as_a_table_with_its_interval(live_server: LiveServer, token: str) -> None:
    said = rehearse(live_server, token, "--group", "seeds")
    assert "attacks stopped before harm: 3 of 3 (100 %, 95 % interval 44 to 100)\n" in said
    assert "honest work passed: 3 of 3" in said


@pytest.mark.usefixtures("worker")
def test_attacks_that_need_memory_are_counted_and_fail_nothing(live_server: LiveServer, token: str) -> None:
    publish({"defaults": {"mode": "monitor"}}, actor=None, reason="a policy that stops nothing")
    housekeeper.refresh()
    said = rehearse(live_server, token, "--group", "memory")
    assert "spread attacks stopped (memory): 0 of " in said
    assert "attacks stopped before harm" not in said


def test_it_names_the_groups_and_stories_there_are(live_server: LiveServer, token: str) -> None:
    with pytest.raises(CommandError, match=r"nothing is called `post`, expected one of agents, calendar, "):
        rehearse(live_server, token, "--group", "post")
    with pytest.raises(CommandError, match=r"nothing is called `seed`, expected one of .*seed-invoice"):
        rehearse(live_server, token, "--story", "seed")


def test_it_says_when_the_token_is_wrong(live_server: LiveServer, token: str) -> None:
    with pytest.raises(CommandError, match="answered 401, expected a verdict: is the token valid"):
        rehearse(live_server, f"{token}x")


def test_it_says_when_nobody_is_there(live_server: LiveServer) -> None:
    with pytest.raises(CommandError, match="cannot be reached"):
        call_command("rehearse", "--base-url", "http://127.0.0.1:9/copilot-studio", "--token", "gr_x")


def test_it_takes_address_and_token_from_the_running_instance(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    with pytest.raises(CommandError, match="give `--base-url` and `--token`"):
        call_command("rehearse")
    (tmp_path / "state.json").write_text('{"url": "http://127.0.0.1:9", "webhook_token": "gr_x"}')
    with pytest.raises(CommandError, match=r"`http://127\.0\.0\.1:9/copilot-studio` cannot be reached"):
        call_command("rehearse")
