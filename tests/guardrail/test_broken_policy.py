"""A policy that does not compile never takes the place of one that does."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, connection

from guardrail import housekeeper
from guardrail.callers import revoke_token
from guardrail.models import OrchestratorToken
from policies import load
from policies.baseline import BASELINE
from policies.models import PolicyException, PolicyVersion
from policies.ruleset import RulesetError
from policies.services.publish import changed, publish
from tests.callers import Asking
from tests.restricting import look_up

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db

BROKEN: list[Any] = [
    {**BASELINE, "actions": {"tool_new": {"strict": "explode"}}},
    {**BASELINE, "rules": [{"name": "a", "when": "tool.kind ==", "then": "hold"}]},
    {**BASELINE, "rules": 7},
    {"defaults": [], "actions": []},
    {**BASELINE, "flows": {"secret": {"mars": "block"}}},
]
# No service would even take these.
BY_HAND_ONLY: list[Any] = [7, ["actions"]]


@pytest.mark.parametrize("document", BROKEN)
def test_the_services_do_not_publish_it(asking: Asking, document: Any) -> None:
    with pytest.raises(RulesetError):
        publish(document, actor=None, reason="Broken")
    assert PolicyVersion.objects.count() == 1


@pytest.mark.parametrize("document", BROKEN + BY_HAND_ONLY)
def test_a_running_process_keeps_the_one_it_has(asking: Asking, document: Any) -> None:
    _written_by_hand(document)
    with pytest.raises(RulesetError):
        housekeeper.refresh()
    assert load.active_ruleset().version == 1
    assert asking.evaluate(look_up()).body["decision"] == "allow"


@pytest.mark.parametrize("document", BROKEN + BY_HAND_ONLY)
def test_a_process_that_starts_takes_the_newest_that_compiles(asking: Asking, document: Any) -> None:
    publish({**BASELINE, "rules": []}, actor=None, reason="A second that compiles")
    _written_by_hand(document)
    housekeeper.forget()
    assert asking.evaluate(look_up()).body["decision"] == "allow"
    assert load.active_ruleset().version == 2


def test_a_token_is_revoked_while_the_policy_is_broken(asking: Asking) -> None:
    _written_by_hand(BROKEN[0])
    revoke_token(OrchestratorToken.objects.get(), actor=None)
    with pytest.raises(RulesetError):
        housekeeper.refresh()
    assert asking.evaluate(look_up()).status == 401


def test_it_comes_back_with_the_next_version(asking: Asking) -> None:
    _written_by_hand(BROKEN[0])
    with pytest.raises(RulesetError):
        housekeeper.refresh()
    publish(BASELINE, actor=None, reason="Repaired")
    assert housekeeper.refresh()
    assert load.active_ruleset().version == 3


def test_a_row_that_cannot_be_read_costs_neither_the_policy_nor_an_answer(asking: Asking) -> None:
    """An exception until the end of time, made in the database: Python has no such moment."""
    assert asking.evaluate(look_up()).body["decision"] == "allow"
    row = PolicyException.objects.create(tool="x", owner="L. Brandt", reason="a", created_at=NOW, expires_at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE policies_policyexception SET expires_at = 'infinity' WHERE id = %s", [row.pk])
    changed()
    with pytest.raises(DataError, match="infinity"):
        housekeeper.refresh()
    assert asking.evaluate(look_up()).body["decision"] == "allow"
    housekeeper.forget()
    answer = asking.evaluate(look_up())
    assert (answer.status, answer.body["decision"]) == (200, "allow")  # by the snapshot on disk


def _written_by_hand(document: Any) -> None:
    number = PolicyVersion.objects.count() + 1
    PolicyVersion.objects.create(number=number, document=document, reason="By hand")
    changed()
