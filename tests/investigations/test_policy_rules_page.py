"""The page of the rules in force: how each fares, what is dead, and the draft that takes one to another stage."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from guardrail import housekeeper
from investigations.tasks import roll_back_rules, take_in
from policies.access import Role, give_role
from policies.models import PolicyDraft
from tests.callers import Asking
from tests.guardrail.bodies import call
from tests.guardrail.test_rules import payment, publish_rules, rule

pytestmark = pytest.mark.django_db(transaction=True)

# the session, the user, the version, the runs, the uses, the calls, the trials, what people said, the notices, and
# what every page asks
QUERIES = 14


@pytest.fixture
def ines(asking: Asking) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ines"))
    return client


def watched(**more: Any) -> dict[str, Any]:
    return rule("tool.kind == 'pay'", "hold", title="Payments need a person", stage="monitor", **more)


def ask(asking: Asking) -> None:
    asking.analyze(payment())
    asking.analyze(call())
    take_in()


def test_it_shows_what_a_watched_rule_would_have_stopped(ines: Client, asking: Asking) -> None:
    publish_rules(watched())
    ask(asking)
    page = ines.get("/policies/rules/").content.decode()
    assert "Payments need a person" in page
    assert '1 <span class="muted">of 2</span>' in page
    assert "dead" not in page


def test_a_rule_nothing_ever_matched_is_dead(ines: Client, asking: Asking) -> None:
    publish_rules(rule("tool.kind == 'delete'", stage="monitor"))
    ask(asking)
    assert "dead" in ines.get("/policies/rules/").content.decode()


def test_one_click_opens_the_draft_of_the_next_stage_with_the_evidence_as_its_reason(
    ines: Client, asking: Asking
) -> None:
    publish_rules(watched())
    ask(asking)
    answer = ines.post("/policies/rules/of-a-test/stage/", {"stage": "canary"})
    draft = PolicyDraft.objects.get()
    assert answer.headers["Location"] == f"/policies/drafts/{draft.pk}/"
    (entry,) = draft.document["rules"]
    assert (entry["stage"], entry["canary_percent"]) == ("canary", 10)
    assert draft.reason == "0 days in monitor: it matched 1 of 2 calls, stopped 0 and would have stopped 1 more."
    housekeeper.refresh()
    assert asking.analyze(payment()).body["blockAction"] is False


@pytest.mark.parametrize("stage", ["monitor", "", "everything"])
def test_a_stage_it_cannot_be_taken_to_opens_nothing(ines: Client, asking: Asking, stage: str) -> None:
    publish_rules(watched())
    ines.post("/policies/rules/of-a-test/stage/", {"stage": stage})
    ines.post("/policies/rules/nobody/stage/", {"stage": "canary"})
    assert not PolicyDraft.objects.exists()


def test_it_says_which_rule_the_system_put_back_and_why(ines: Client, asking: Asking) -> None:
    publish_rules({**watched(bounds={"max_stop_share": 0.1, "min_calls": 1}), "stage": "enforce"})
    ask(asking)
    roll_back_rules()
    page = ines.get("/policies/rules/").content.decode()
    assert "Put back by the system" in page
    assert "it stopped 1 of 2 calls" in page
    assert "was published by the system" in ines.get("/policies/").content.decode()


def test_an_analyst_reads_it_and_changes_no_stage(asking: Asking) -> None:
    publish_rules(watched())
    analyst = User.objects.create_user("mara")
    give_role(analyst, Role.ANALYST, actor=None)
    client = Client()
    client.force_login(analyst)
    assert "Take it to" not in client.get("/policies/rules/").content.decode()
    assert client.post("/policies/rules/of-a-test/stage/", {"stage": "canary"}).status_code == 403


@pytest.mark.parametrize("rules", [1, 60])
def test_it_asks_the_same_few_times_however_many_rules(
    ines: Client, asking: Asking, rules: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    publish_rules(*({**watched(), "name": f"rule-{number}"} for number in range(rules)))
    ask(asking)
    with django_assert_max_num_queries(QUERIES):
        ines.get("/policies/rules/")
