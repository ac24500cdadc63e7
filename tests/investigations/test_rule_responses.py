"""Rules of the policy that restrict: by calls over HTTP and the intake, within the budget of automatic response."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from guardrail import housekeeper
from guardrail.models import PendingIntake
from investigations.models import BulkRun, Investigation
from investigations.services import close
from investigations.tasks import take_in
from policies.models import Destination, NotDone, Restriction
from policies.services import response
from policies.services.drafts import open_draft
from tests.callers import Asking
from tests.guardrail.bodies import call
from tests.guardrail.test_rules import payment, publish_rules, rule

pytestmark = pytest.mark.django_db(transaction=True)

AGENT = call()["conversationMetadata"]["agent"]["id"]
QUARANTINE = {"kind": "agent", "effect": "quarantine", "minutes": 30}


@pytest.fixture
def ines(asking: Asking) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ines"))
    return client


def responding(**more: Any) -> dict[str, Any]:
    return rule("tool.kind == 'pay'", "respond", **{"title": "No payments here", "response": QUARANTINE, **more})


def ask(asking: Asking, *bodies: dict[str, Any]) -> None:
    for body in bodies:
        body["conversationMetadata"]["planStepId"] = f"step-{uuid.uuid4()}"
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
    assert [(note.rule, note.why) for note in NotDone.objects.all()] == [("policy:of-a-test", "switched_off")]


def test_it_keeps_to_the_budget_of_the_hour(asking: Asking) -> None:
    publish_rules(responding())
    response.change_budget(per_hour=0, per_kind={}, actor=None)
    ask(asking, payment())
    ask(asking, payment())
    assert not Restriction.objects.exists()
    # once an hour, not once a call
    assert [(note.why, note.subject, note.investigation) for note in NotDone.objects.all()] == [
        ("budget", [AGENT], None)
    ]


def test_what_it_did_not_restrict_is_seen_by_the_rule_and_the_response_page(asking: Asking, ines: Client) -> None:
    publish_rules(responding(explanation="No <payments> here"))
    draft = open_draft(title="Look", actor=User.objects.get(username="ines"))
    pages = ("/policies/rules/", f"/policies/drafts/{draft.pk}/rules/of-a-test/", "/response/")
    before = [ines.get(page).content.decode() for page in pages]
    response.change_budget(per_hour=0, per_kind={}, actor=None)
    ask(asking, payment())
    rules, editor, responses = (ines.get(page).content.decode() for page in pages)
    told = "The hour&#x27;s budget was used up"
    assert "restricted nothing 1 time in 7 days" in rules
    assert f"{told}: 1 time in 7 days" in editor
    assert told in responses
    assert "No &lt;payments&gt; here" in responses
    assert not [page for page in before if "restricted nothing" in page or told in page]


def test_the_investigation_of_the_call_tells_what_was_restricted_and_what_was_not(asking: Asking, ines: Client) -> None:
    publish_rules(rule("tool.kind == 'pay'", "hold"), {**responding(), "name": "no-payments"})
    response.change_budget(per_hour=0, per_kind={}, actor=None)
    ask(asking, payment())
    found = Investigation.objects.get()
    page = ines.get(f"/investigations/{found.pk}/").content.decode()
    assert f"A rule would have restricted: quarantine, agent {AGENT}. The hour&#x27;s budget was used up" in page
    response.change_budget(per_hour=5, per_kind={}, actor=None)
    ask(asking, payment())
    assert Restriction.objects.get().investigation == found.pk
    page = ines.get(f"/investigations/{found.pk}/").content.decode()
    assert f"quarantine, agent {AGENT}. Rule: policy:no-payments" in page
    # whoever closes it as harmless ends what the rule made
    person = User.objects.get(username="ines")
    close(found, disposition="false_positive", reason="The landlord", now=timezone.now(), actor=person)
    assert Restriction.objects.get().end == "cleared"


def test_an_undone_close_restricts_again_for_the_time_left_and_not_twice(asking: Asking, ines: Client) -> None:
    publish_rules(rule("tool.kind == 'pay'", "hold"), {**responding(), "name": "no-payments"})
    response.change_budget(per_hour=5, per_kind={}, actor=None)
    ask(asking, payment())
    found, first = Investigation.objects.get(), Restriction.objects.get()
    for _ in range(2):
        ines.post("/queue/bulk/", {"do": "close", "n": found.pk})
        run = BulkRun.objects.latest("pk")
        ines.post(f"/queue/bulk/{run.pk}/begin/", {"disposition": "false_positive", "note": "The landlord."})
        assert not Restriction.objects.filter(ended_at=None).exists()
        ines.post(f"/queue/bulk/{run.pk}/undo/")
        ines.post(f"/queue/bulk/{run.pk}/undo/")
        again = Restriction.objects.get(ended_at=None)
        assert (again.key, again.effect, again.until, again.rule) == (first.key, first.effect, first.until, first.rule)
    page = ines.get(f"/investigations/{found.pk}/").content.decode()
    assert "put restriction" in page
    assert f"{again.pk}: " in page
    # what a person closed as an attack keeps what rules made: there is nothing to put back
    ines.post("/queue/bulk/", {"do": "close", "n": found.pk})
    run = BulkRun.objects.latest("pk")
    ines.post(f"/queue/bulk/{run.pk}/begin/", {"disposition": "true_positive", "note": "No."})
    ines.post(f"/queue/bulk/{run.pk}/undo/")
    assert Restriction.objects.get(ended_at=None).pk == again.pk


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
    assert [note.why for note in NotDone.objects.all()] == ["vouched"] * (1 - restricted)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"kind": "planet"},
        {"kind": "agent", "effect": "quarantine", "minutes": -1},
        {"kind": "agent", "effect": "quarantine", "minutes": 10**15},
        None,
    ],
)
def test_a_response_nobody_can_read_restricts_nothing_and_the_call_is_taken_in(asking: Asking, odd: Any) -> None:
    publish_rules({**responding(), "response": odd})
    ask(asking, payment())
    assert not Restriction.objects.exists()
    assert not PendingIntake.objects.exists()


def test_what_makes_no_sense_is_refused_and_told(asking: Asking) -> None:
    """A version that was published before its response was looked at."""
    publish_rules({**responding(), "response": {"kind": "user", "effect": "tighten", "minutes": 5}})
    ask(asking, payment())
    assert not Restriction.objects.exists()
    (note,) = NotDone.objects.all()
    assert note.why == "refused"
    assert "tighten" in note.reason
