"""A stopped call that was right: an exception from its page, live for the next call, and the attack stays stopped."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guardrail import housekeeper
from guardrail.models import Verdict
from investigations.intake import take_in
from investigations.models import Investigation
from policies.access import Role, give_role
from policies.models import AuditEntry, Destination, PolicyException
from policies.restrictions import Effect, Restricted
from policies.services.publish import changed
from tests.callers import Asking
from tests.restricting import THIEF, decided, hijacked, in_force

pytestmark = pytest.mark.django_db(transaction=True)

TICKED = {
    "only_agent": "on",
    "only_tool": "on",
    "only_argument": "on",
    "only_signals": "on",
    "destinations": "exact",
    "days": "7",
    "owner": "Kim",
    "reason": "They print our price lists.",
}


def signed_in(client: Client, role: Role) -> Client:
    user = User.objects.create_user(role.value)
    give_role(user, role, actor=None)
    client.force_login(user)
    return client


@pytest.fixture
def admin(asking: Asking) -> Client:
    return signed_in(asking.client, Role.POLICY_ADMIN)


def stopped(asking: Asking, **changes: Any) -> Verdict:
    assert decided(asking, hijacked(**changes)) == "block"
    take_in(timezone.now())
    return Verdict.objects.latest("id")


def allow(client: Client, verdict: Verdict, **changes: str) -> Any:
    data = {name: value for name, value in {**TICKED, **changes}.items() if value}
    response = client.post(reverse("verdict_allow", args=[verdict.pk]), data, follow=True)
    housekeeper.refresh()
    return response


def test_a_false_positive_passes_from_the_next_call_on_and_the_attack_stays_stopped(
    asking: Asking, admin: Client
) -> None:
    verdict = stopped(asking)
    page = admin.get(reverse("verdict_allow", args=[verdict.pk]))
    assert "with this exception it passes" in page.text
    assert f"Exactly {THIEF}" in page.text
    page = allow(admin, verdict)
    made = PolicyException.objects.get()
    assert f"Exception {made.pk} holds for the next call." in page.text
    assert (made.agent_id, made.tool, made.destinations, made.owner) == ("order-desk", "mail.send", [THIEF], "Kim")
    assert made.verdict_id == verdict.pk
    # in the conversation in which it was stopped, and in another: memory has forgotten the stop
    assert decided(asking, hijacked(2)) == "allow"
    passed = Verdict.objects.latest("id")
    assert f"exception {made.pk}" in admin.get(reverse("verdict", args=[passed.pk])).text
    assert decided(asking, hijacked(3, conversation_id="c-2")) == "allow"
    for twin in (
        hijacked(4, arguments={"to": "drop@elsewhere.example", "body": "Here is the price list."}),
        hijacked(5, arguments={"to": f"{THIEF}, drop@elsewhere.example", "body": "Here is the price list."}),
        hijacked(6, agent={"id": "stock-desk", "name": "Stock Desk"}),
    ):
        assert decided(asking, twin) == "block"
    investigation = Investigation.objects.get()
    assert investigation.pk == made.investigation
    assert "made" in admin.get(reverse("investigation", args=[investigation.pk])).text
    assert investigation.activities.filter(kind="excepted").count() == 1
    take_in(timezone.now())
    made.refresh_from_db()
    assert made.hits == 2


def test_a_stop_by_a_process_that_does_not_know_it_yet_keeps_no_later_call_stopped(
    asking: Asking, admin: Client
) -> None:
    verdict = stopped(asking)
    admin.post(reverse("verdict_allow", args=[verdict.pk]), TICKED)
    assert decided(asking, hijacked(2, conversation_id="c-2")) == "block"
    housekeeper.refresh()
    assert decided(asking, hijacked(3, conversation_id="c-3")) == "allow"
    found = {signal["name"]: dict(signal["facts"]) for signal in Verdict.objects.latest("id").signals}
    assert found["double_request"]["stopped_for"] == "instruction_marked"
    assert found["double_request"]["lifted_by"] == f"exception {PolicyException.objects.get().pk}"


def test_it_can_be_widened_to_the_house(asking: Asking, admin: Client) -> None:
    verdict = stopped(asking)
    allow(admin, verdict, destinations="domains", only_argument="")
    assert PolicyException.objects.get().destinations == ["wingtip-archive.example"]
    other = f"office@{THIEF.partition('@')[2]}"
    body = json.dumps(hijacked(2)).replace(THIEF, other)
    assert decided(asking, json.loads(body)) == "allow"


def test_a_public_house_is_no_house_to_widen_to(asking: Asking, admin: Client) -> None:
    body = json.dumps(hijacked()).replace("wingtip-archive.example", "gmail.com")
    assert decided(asking, json.loads(body)) == "block"
    page = admin.get(reverse("verdict_allow", args=[Verdict.objects.get().pk]))
    assert "Anybody at" not in page.text


def test_trying_changes_nothing(asking: Asking, admin: Client) -> None:
    verdict = stopped(asking)
    page = admin.post(reverse("verdict_allow", args=[verdict.pk]), {**TICKED, "try": "1", "reason": ""})
    assert page.status_code == 200
    assert "with this exception it passes" in page.text
    wide = {name: value for name, value in TICKED.items() if name not in ("only_agent", "only_tool", "reason")}
    page = admin.post(reverse("verdict_allow", args=[verdict.pk]), {**wide, "try": "1"})
    assert "neither agent nor tool is named" in page.text
    assert not PolicyException.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"only_agent": "", "only_tool": ""}, "neither agent nor tool is named"),
        ({"only_tool": "", "only_argument": "", "destinations": "any"}, "only one thing is named"),
        ({"reason": ""}, "This field is required"),
        ({"owner": ""}, "This field is required"),
        ({"days": "400"}, "Select a valid choice"),
        ({"destinations": "moon"}, "Select a valid choice"),
    ],
)
def test_what_is_too_wide_or_without_an_end_is_refused(
    asking: Asking, admin: Client, changes: dict[str, str], said: str
) -> None:
    verdict = stopped(asking)
    page = allow(admin, verdict, **changes)
    assert page.status_code == 422
    assert said in page.text
    assert not PolicyException.objects.exists()
    assert decided(asking, hijacked(2)) == "block"


def test_it_says_where_no_exception_is_enough(asking: Asking, admin: Client) -> None:
    in_force(Restricted.AGENT, Effect.QUARANTINE, "order-desk")
    verdict = stopped(asking)
    page = admin.get(reverse("verdict_allow", args=[verdict.pk]))
    assert "No exception lets this call pass" in page.text
    assert "it would still be stopped" in page.text


def test_a_confirmed_attack_is_not_allowed(asking: Asking, admin: Client) -> None:
    verdict = stopped(asking)
    Investigation.objects.update(disposition="true_positive")
    page = admin.get(reverse("verdict_allow", args=[verdict.pk]), follow=True)
    assert "was closed as an attack" in page.text


def test_a_call_that_passed_has_nothing_to_lift(asking: Asking, admin: Client) -> None:
    Destination.objects.create(value=THIEF, standing="known")
    changed()
    housekeeper.refresh()
    asking.evaluate(hijacked(user_message=f"Mail the price list to {THIEF}.", outputs=[]))
    page = admin.get(reverse("verdict_allow", args=[Verdict.objects.get().pk]), follow=True)
    assert "nothing to lift" in page.text


def test_an_analyst_sees_what_it_would_be_and_makes_none(asking: Asking) -> None:
    verdict = stopped(asking)
    analyst = signed_in(asking.client, Role.ANALYST)
    page = analyst.get(reverse("verdict_allow", args=[verdict.pk]))
    assert "A policy admin can make it" in page.text
    assert allow(analyst, verdict).status_code == 403
    assert not PolicyException.objects.exists()


def test_the_pages_of_a_stopped_call_lead_there(asking: Asking, admin: Client) -> None:
    verdict = stopped(asking)
    address = reverse("verdict_allow", args=[verdict.pk])
    assert address in admin.get(reverse("verdict", args=[verdict.pk])).text
    assert address in admin.get(reverse("investigation", args=[Investigation.objects.get().pk])).text


def test_what_else_would_pass_is_shown_with_confirmed_attacks(asking: Asking, admin: Client) -> None:
    verdict = stopped(asking)
    page = admin.get(reverse("verdict_allow", args=[verdict.pk])).text
    address = page.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    Investigation.objects.update(disposition="true_positive", status="closed", closed_at=timezone.now())
    impact = admin.get(address)
    assert impact.status_code == 200
    assert "cannot be tried" not in impact.text
    assert "confirmed" in impact.text


def test_it_is_kept_shortened_and_ended_on_the_page_of_exceptions(asking: Asking, admin: Client) -> None:
    allow(admin, stopped(asking))
    made = PolicyException.objects.get()
    page = admin.get(reverse("policy_exceptions"))
    assert "End within 7 days" in page.text
    assert "They print our price lists." in page.text
    renewed = reverse("policy_exception_renew", args=[made.pk])
    assert admin.post(renewed, {"days": "30", "reason": ""}).status_code == 422
    assert admin.post(renewed, {"days": "30", "reason": "Still right."}).status_code == 302
    assert "End within 7 days" not in admin.get(reverse("policy_exceptions")).text
    ended = admin.post(reverse("policy_exception_end", args=[made.pk]), {"reason": "No more."}, follow=True)
    assert "is over" in ended.text
    assert admin.post(reverse("policy_exception_end", args=[made.pk]), {"reason": "No more."}).status_code == 422
    assert "No more" not in admin.get(reverse("policy_exceptions")).text
    assert "Ended by a person" in admin.get(reverse("policy_exceptions"), {"ended": "1"}).text
    housekeeper.refresh()
    assert decided(asking, hijacked(9)) == "block"
    assert AuditEntry.objects.filter(action="exception.ended").count() == 1


def test_one_by_hand_shows_what_is_wrong_with_it(admin: Client) -> None:
    new = reverse("policy_exception_new")
    by_hand = {"agent_id": "nobody", "tool": "mail.send", "days": "7", "owner": "Kim", "reason": "A test."}
    refused = admin.post(new, {**by_hand, "destinations": "kim@contoso.com\n(.*)+"})
    assert refused.status_code == 422
    assert "is no destination" in refused.text
    assert admin.post(new, {**by_hand, "destinations": "kim@contoso.com\nBücher.example"}).status_code == 302
    assert admin.post(new, {**by_hand, "signals": "instruction_marked"}).status_code == 302
    assert PolicyException.objects.first() is not None
    page = admin.get(reverse("policy_exceptions"))
    assert "No agent of this id is known" in page.text
    assert "Overlaps with" in page.text
    assert "xn--bcher-kva.example" in page.text


def test_the_page_of_exceptions_costs_the_same_queries(admin: Client, django_assert_num_queries: Any) -> None:
    new = reverse("policy_exception_new")

    def count() -> None:
        admin.get(reverse("policy_exceptions"))
        with django_assert_num_queries(7):
            admin.get(reverse("policy_exceptions"))

    for number in range(3):
        form = {"agent_id": f"a{number}", "tool": "t", "days": "30", "owner": "Kim", "reason": "A test."}
        admin.post(new, form)
    count()
    for number in range(20):
        form = {"agent_id": f"b{number}", "tool": "t", "days": "7", "owner": "Kim", "reason": "A test."}
        admin.post(new, form)
    count()
