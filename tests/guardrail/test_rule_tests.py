"""Test cases of rules stand in the way of publishing a draft, by the page that publishes."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from guardrail.models import Verdict
from guardrail.rule_tests import check_tests
from policies.models import PolicyDraft, PolicyVersion
from policies.services.drafts import DraftError, open_draft, save_rule
from tests.callers import Asking
from tests.guardrail.test_rules import payment

pytestmark = pytest.mark.django_db(transaction=True)

SAMPLE = {
    "agent": {"id": "ledger"},
    "tool": {"id": "fin.pay", "name": "make_payment", "description": "Pays money to an account."},
    "arguments": {"amount": 12_500},
    "user_message": "Pay the landlord 12,500.",
}


@pytest.fixture
def admin(asking: Asking) -> User:
    return User.objects.create_superuser("ines")


@pytest.fixture
def ines(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def with_a_rule(admin: User, *tests: dict[str, Any], when: str = "tool.kind == 'pay'") -> PolicyDraft:
    draft = open_draft(title="Payments", actor=admin)
    entry = {"name": "payments", "when": when, "then": "hold", "stage": "monitor", "tests": list(tests)}
    return save_rule(draft.pk, name="", entry=entry, revision=draft.revision, actor=admin)


def publish(client: Client, draft: PolicyDraft, **more: str) -> int:
    form = {"revision": str(draft.revision), "reason": "the treasurer asked for it", "lists": "leave", **more}
    return client.post(f"/policies/drafts/{draft.pk}/publish/", form).status_code


def case(must: str = "match", **what: Any) -> dict[str, Any]:
    return {"name": "the landlord", "must": must, **what}


def test_a_failing_case_keeps_a_draft_from_being_published(ines: Client, admin: User) -> None:
    draft = with_a_rule(admin, case("not_match", sample=SAMPLE))
    assert "payments: the landlord" in ines.get(f"/policies/drafts/{draft.pk}/").content.decode()
    assert publish(ines, draft) == 422
    assert PolicyVersion.objects.count() == 1


def test_a_reason_publishes_it_in_spite_of_a_failing_case(ines: Client, admin: User) -> None:
    draft = with_a_rule(admin, case("not_match", sample=SAMPLE))
    assert publish(ines, draft, override="the case is outdated, see the treasurer's mail") == 302
    assert PolicyVersion.objects.count() == 2


def test_a_draft_whose_cases_pass_is_published(ines: Client, admin: User, asking: Asking) -> None:
    asking.analyze(payment())
    draft = with_a_rule(admin, case(sample=SAMPLE), case(verdict=str(Verdict.objects.get().pk)))
    assert publish(ines, draft) == 302
    assert PolicyVersion.objects.count() == 2


def test_a_case_whose_call_is_gone_stands_in_nobodys_way(ines: Client, admin: User) -> None:
    draft = with_a_rule(admin, case(verdict=str(uuid.uuid4())))
    (checked,) = check_tests(draft.document)
    assert (checked.gone, checked.fails) == (True, False)
    assert publish(ines, draft) == 302


@pytest.mark.parametrize("case_of", [{"sample": []}, {"sample": None}, {"verdict": "x"}, {}, {"sample": {}, "at": "x"}])
def test_a_case_that_could_never_be_checked_is_not_saved(admin: User, case_of: dict[str, Any]) -> None:
    with pytest.raises(DraftError, match=r"rules\.0\.tests\.0"):
        with_a_rule(admin, case(**case_of))


@pytest.mark.parametrize("sample", [{}, {"agent": {"id": "x"}}, {"agent": {"id": "x" * 30_000}}])
def test_a_case_that_cannot_be_checked_fails(admin: User, sample: Any) -> None:
    (checked,) = check_tests(with_a_rule(admin, case(sample=sample)).document)
    assert checked.fails
    assert checked.why_not


def test_a_case_may_say_when_its_call_came(admin: User) -> None:
    night = case(sample=SAMPLE, at="2026-05-04T22:30:00Z")
    noon = case("not_match", sample=SAMPLE, at="2026-05-04T12:00:00Z")
    draft = with_a_rule(admin, night, noon, when="time.hour >= 20 || time.hour < 6")
    assert [one.fails for one in check_tests(draft.document)] == [False, False]


def test_a_stored_call_is_asked_with_what_was_found_then(admin: User, asking: Asking) -> None:
    asking.analyze(payment())
    found = [signal["name"] for signal in Verdict.objects.get().signals]
    when = " || ".join(f"'{name}' in signals" for name in found) or "size(signals) == 0"
    draft = with_a_rule(admin, case(verdict=str(Verdict.objects.get().pk)), when=when)
    assert not check_tests(draft.document)[0].fails
