"""Policy packs: each rule does on its own test cases what it says, and enters a draft without a word in force."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from guardrail import housekeeper
from guardrail.models import Verdict
from policies.access import Role, give_role
from policies.baseline import BASELINE
from policies.models import PolicyDraft, PolicyVersion
from policies.packs import SLUGS, packs
from policies.services.publish import publish
from tests.callers import Asking

CASES = [
    pytest.param(rule.rule.name, rule.entry, test, id=f"{pack.slug}: {rule.rule.name}: {test['name']}")
    for pack in packs()
    for rule in pack.rules
    for test in rule.tests
]


@pytest.mark.parametrize(("name", "entry", "test"), CASES)
def test_a_rule_of_a_pack_meets_the_cases_it_comes_with(
    asking: Asking, name: str, entry: Mapping[str, Any], test: Mapping[str, Any]
) -> None:
    publish({**BASELINE, "rules": [{**entry, "stage": "enforce"}]}, actor=None, reason="a test")
    housekeeper.refresh()
    asking.evaluate(test["sample"])
    verdict = Verdict.objects.get()
    met = f"rule.{name}" in {signal["name"] for signal in verdict.signals}
    assert met is (test["must"] == "match"), (verdict.tool_kind, verdict.destination, verdict.signals)


@pytest.mark.parametrize("pack", packs(), ids=SLUGS)
def test_every_rule_of_a_pack_is_watched_explained_and_has_an_honest_case(pack: Any) -> None:
    for rule in pack.rules:
        assert rule.entry["stage"] == "monitor", rule.rule.name
        assert rule.rule.explanation
        assert any(test["must"] == "not_match" for test in rule.tests), rule.rule.name


def test_rules_of_a_pack_go_into_a_new_draft_and_change_nothing_yet(asking: Asking, admin_client: Client) -> None:
    page = admin_client.get("/policies/packs/").content.decode()
    assert "A payment of 10,000 or more" in page
    chosen = {"pack": "finance", "rule": ["payment-over-limit", "payment-by-an-event"], "draft": ""}
    answer = admin_client.post("/policies/packs/", chosen)
    draft = PolicyDraft.objects.get()
    assert answer.headers["Location"] == f"/policies/drafts/{draft.pk}/"
    assert [rule["name"] for rule in draft.document["rules"]] == chosen["rule"]
    assert {rule["stage"] for rule in draft.document["rules"]} == {"monitor"}
    assert PolicyVersion.objects.count() == 1


def test_a_rule_the_draft_has_already_is_left_as_it_is(asking: Asking, admin_client: Client) -> None:
    admin_client.post("/policies/packs/", {"pack": "finance", "rule": ["payment-over-limit"], "draft": ""})
    draft = PolicyDraft.objects.get()
    mine = [{**draft.document["rules"][0], "when": "tool.kind == 'pay' && payment.amount >= 500"}]
    PolicyDraft.objects.update(document={**draft.document, "rules": mine})
    chosen = {"pack": "finance", "rule": ["payment-over-limit", "payment-by-an-event"], "draft": str(draft.pk)}
    page = admin_client.post("/policies/packs/", chosen, follow=True).content.decode()
    rules = PolicyDraft.objects.get().document["rules"]
    assert [rule["name"] for rule in rules] == ["payment-over-limit", "payment-by-an-event"]
    assert rules[0] == mine[0]
    assert "payment-over-limit was there already and stays as it is" in page


@pytest.mark.parametrize(
    "chosen",
    [
        {"pack": "finance", "rule": [], "draft": ""},
        {"pack": "no-such", "rule": ["payment-over-limit"], "draft": ""},
        {"pack": "finance", "rule": ["refund-over-limit"], "draft": ""},
        {"pack": "finance", "rule": ["payment-over-limit"], "draft": "4711"},
        {"pack": "finance", "rule": ["payment-over-limit"], "draft": "x"},
    ],
    ids=json.dumps,
)
def test_a_choice_that_makes_no_sense_is_refused_and_nothing_is_saved(
    asking: Asking, admin_client: Client, chosen: dict[str, Any]
) -> None:
    assert admin_client.post("/policies/packs/", chosen).status_code == 422
    assert not PolicyDraft.objects.exists()


def test_who_may_not_change_policy_reads_packs_and_adds_none(asking: Asking, client: Client) -> None:
    person = User.objects.create_user("ben")
    give_role(person, Role.ANALYST, actor=None)
    client.force_login(person)
    assert "Add to a draft" not in client.get("/policies/packs/").content.decode()
    chosen = {"pack": "finance", "rule": ["payment-over-limit"], "draft": ""}
    assert client.post("/policies/packs/", chosen).status_code == 403
