"""Rules of the policy that restrict: by calls over HTTP and the intake, within the budget of automatic response."""

from typing import Any

import pytest

from guardrail import housekeeper
from investigations.tasks import take_in
from policies.models import Destination, Restriction
from policies.services import response
from tests.callers import Asking
from tests.guardrail.bodies import call
from tests.guardrail.test_rules import payment, publish_rules, rule

pytestmark = pytest.mark.django_db(transaction=True)

QUARANTINE = {"kind": "agent", "effect": "quarantine", "minutes": 30}


def responding(**more: Any) -> dict[str, Any]:
    return rule("tool.kind == 'pay'", "respond", **{"title": "No payments here", "response": QUARANTINE, **more})


def ask(asking: Asking, *bodies: dict[str, Any]) -> None:
    for number, body in enumerate(bodies):
        body["conversationMetadata"]["planStepId"] = f"step-{number}-{Restriction.objects.count()}"
        asking.analyze(body)
    take_in()
    housekeeper.refresh()


def test_a_rule_that_responds_restricts_the_agent_for_its_time(asking: Asking) -> None:
    publish_rules(responding())
    ask(asking, payment(), payment())
    made = Restriction.objects.get()
    assert (made.kind, made.effect, made.rule) == ("agent", "quarantine", "policy:of-a-test")
    assert made.until is not None
    assert (made.until - made.created_at).total_seconds() == 30 * 60
    assert made.verdicts
    assert asking.analyze(call(conversationMetadata__planStepId="after")).body["blockAction"] is True


def test_a_call_the_rule_is_not_about_restricts_nothing(asking: Asking) -> None:
    publish_rules(responding())
    ask(asking, call())
    assert not Restriction.objects.exists()


@pytest.mark.parametrize("more", [{"stage": "monitor"}, {"stage": "off"}, {"stage": "canary", "canary_percent": 0}])
def test_a_rule_that_does_not_act_restricts_nothing(asking: Asking, more: dict[str, Any]) -> None:
    publish_rules(responding(**more))
    ask(asking, payment())
    assert not Restriction.objects.exists()


def test_it_does_nothing_while_autonomous_response_is_off(asking: Asking) -> None:
    publish_rules(responding())
    response.switch_off(actor=None)
    ask(asking, payment())
    assert not Restriction.objects.exists()


def test_it_keeps_to_the_budget_of_the_hour(asking: Asking) -> None:
    publish_rules(responding())
    response.change_budget(per_hour=0, per_kind={}, actor=None)
    ask(asking, payment())
    assert not Restriction.objects.exists()


@pytest.mark.parametrize(("vouched", "restricted"), [("known", 0), ("", 1)])
def test_no_place_somebody_vouches_for_is_quarantined_by_it(asking: Asking, vouched: str, restricted: int) -> None:
    send = {"kind": "destination", "effect": "quarantine", "minutes": 30}
    publish_rules(rule("tool.kind == 'send'", "respond", response=send))
    if vouched:
        Destination.objects.create(value="printer.example", standing=vouched)
    body = payment()
    body["toolDefinition"] = {"id": "mail.send", "name": "Send-an-email", "description": "Sends mail."}
    body["inputValues"] = {"to": "orders@printer.example", "body": "the open orders"}
    ask(asking, body)
    assert Restriction.objects.count() == restricted


@pytest.mark.parametrize(
    "odd", [{}, {"kind": "planet"}, {"kind": "agent", "effect": "quarantine", "minutes": -1}, None]
)
def test_a_response_nobody_can_read_restricts_nothing_and_the_call_is_taken_in(asking: Asking, odd: Any) -> None:
    publish_rules({**responding(), "response": odd})
    ask(asking, payment())
    assert not Restriction.objects.exists()
