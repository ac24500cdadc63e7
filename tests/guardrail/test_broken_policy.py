"""A policy that does not compile never takes the place of one that does."""

import pytest

from guardrail import housekeeper
from guardrail.callers import revoke_token
from guardrail.models import OrchestratorToken
from policies import load
from policies.baseline import BASELINE
from policies.models import PolicyVersion
from policies.ruleset import RulesetError
from policies.services.publish import changed, publish
from tests.callers import Asking
from tests.restricting import look_up

pytestmark = pytest.mark.django_db

BROKEN = [
    {**BASELINE, "actions": {"tool_new": {"strict": "explode"}}},
    {**BASELINE, "rules": [{"name": "a", "when": "tool.kind ==", "then": "hold"}]},
    {**BASELINE, "rules": 7},
    {"defaults": [], "actions": []},
    {**BASELINE, "flows": {"secret": {"mars": "block"}}},
]


@pytest.mark.parametrize("document", BROKEN)
def test_the_services_do_not_publish_it(asking: Asking, document: dict[str, object]) -> None:
    with pytest.raises(RulesetError):
        publish(document, actor=None, reason="Broken")
    assert PolicyVersion.objects.count() == 1


@pytest.mark.parametrize("document", BROKEN)
def test_a_running_process_keeps_the_one_it_has(asking: Asking, document: dict[str, object]) -> None:
    _written_by_hand(document)
    with pytest.raises(RulesetError):
        housekeeper.refresh()
    assert load.active_ruleset().version == 1
    assert asking.evaluate(look_up()).body["decision"] == "allow"


@pytest.mark.parametrize("document", BROKEN)
def test_a_process_that_starts_takes_the_newest_that_compiles(asking: Asking, document: dict[str, object]) -> None:
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


def _written_by_hand(document: dict[str, object]) -> None:
    number = PolicyVersion.objects.count() + 1
    PolicyVersion.objects.create(number=number, document=document, reason="By hand")
    changed()
