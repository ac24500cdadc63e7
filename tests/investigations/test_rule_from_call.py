"""A rule made from the page of a call matches that call, and holds it as its first test case."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client

from guardrail.models import Verdict
from guardrail.rule_tests import check_tests
from policies.access import Role, give_role
from policies.models import PolicyDraft
from tests.callers import Asking
from tests.factories import record_verdict
from tests.guardrail.test_rules import hijacked, payment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ines(asking: Asking) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ines"))
    return client


def make(client: Client, verdict: Verdict) -> PolicyDraft:
    page = client.get(f"/verdicts/{verdict.pk}/").content.decode()
    assert "Make a rule from this call" in page
    answer = client.post(f"/verdicts/{verdict.pk}/rule/", follow=True)
    assert answer.status_code == 200
    return PolicyDraft.objects.get()


def test_a_rule_made_from_a_call_that_passed_would_hold_it(ines: Client, asking: Asking) -> None:
    asking.analyze(payment())
    draft = make(ines, Verdict.objects.get())
    (rule,) = draft.document["rules"]
    assert "tool.id == 'fin.pay'" in rule["when"]
    assert "tool.kind == 'pay'" in rule["when"]
    assert (rule["then"], rule["stage"]) == ("hold", "monitor")
    assert [one.fails for one in check_tests(draft.document)] == [False]


def test_a_rule_made_from_a_stopped_call_names_where_it_went_and_what_was_found(ines: Client, asking: Asking) -> None:
    asking.analyze(hijacked())
    draft = make(ines, Verdict.objects.get())
    (rule,) = draft.document["rules"]
    assert "'wingtip-archive.example' in destination.domains" in rule["when"]
    assert "'instruction_marked' in signals" in rule["when"]
    assert rule["then"] == "block"
    assert [one.fails for one in check_tests(draft.document)] == [False]


def test_a_call_with_quotes_in_its_names_makes_a_rule_that_matches_it(ines: Client, asking: Asking) -> None:
    body = payment()
    body["toolDefinition"]["id"] = "it's \\ a 'tool' || true"
    asking.analyze(body)
    draft = make(ines, Verdict.objects.get())
    assert [one.fails for one in check_tests(draft.document)] == [False]


def test_a_call_that_cannot_be_read_makes_no_rule(ines: Client) -> None:
    record_verdict()
    answer = ines.post(f"/verdicts/{Verdict.objects.get().pk}/rule/", follow=True)
    assert "No rule was made" in answer.content.decode()
    assert not PolicyDraft.objects.exists()


def test_nobody_makes_a_rule_from_a_call_that_is_not_there(ines: Client) -> None:
    ines.post(f"/verdicts/{uuid.uuid4()}/rule/")
    assert not PolicyDraft.objects.exists()


def test_an_analyst_makes_none(asking: Asking) -> None:
    asking.analyze(payment())
    analyst = User.objects.create_user("mara")
    give_role(analyst, Role.ANALYST, actor=None)
    client = Client()
    client.force_login(analyst)
    pk = Verdict.objects.get().pk
    assert "Make a rule" not in client.get(f"/verdicts/{pk}/").content.decode()
    assert client.post(f"/verdicts/{pk}/rule/").status_code == 403
