"""What rules of the policy matched is counted when calls are taken in."""

from datetime import timedelta

import pytest

from investigations.models import Investigation, RuleMatch, RuleTrial, RuleUse
from investigations.tasks import take_in
from policies.signal import Severity
from tests.factories import AGENT, MORNING, instruction, record_verdict, signal

# real commits: verdicts are written on connections of their own
pytestmark = pytest.mark.django_db(transaction=True)


def noted(name: str, **changes: object) -> None:
    record_verdict(signal(name, severity=Severity.LOW), **changes)  # type: ignore[arg-type]


def test_it_counts_what_each_rule_matched_and_what_it_only_watched() -> None:
    noted("rule.payments")
    noted("rule.payments", step_key="other", at=MORNING + timedelta(minutes=1))
    noted("rule_watched.mails", step_key="third")
    take_in()
    payments, mails = RuleUse.objects.get(name="payments"), RuleUse.objects.get(name="mails")
    assert (payments.matched, payments.watched, payments.stopped, payments.spared) == (2, 0, 0, 0)
    assert (mails.matched, mails.watched, mails.spared) == (0, 1, 1)
    assert (payments.first_at, payments.last_at) == (MORNING, MORNING + timedelta(minutes=1))


def test_it_counts_nothing_for_a_rule_that_nothing_matched() -> None:
    noted("destination_new")
    take_in()
    assert not RuleUse.objects.exists()
    assert [(row.name, row.version, row.agent_id, row.calls) for row in RuleTrial.objects.all()] == [("", 1, AGENT, 1)]


def test_it_counts_a_step_that_is_delivered_twice_once() -> None:
    noted("rule.payments", step_key="same")
    noted("rule.payments", step_key="same", at=MORNING + timedelta(seconds=1))
    take_in()
    assert RuleUse.objects.get().matched == 1
    assert sorted(RuleTrial.objects.values_list("name", "calls")) == [("", 1), ("payments", 1)]


def test_it_adds_to_what_was_counted_before() -> None:
    for minute in range(2):
        noted("rule.payments", step_key=f"step-{minute}", at=MORNING + timedelta(minutes=minute))
        take_in()
    assert RuleUse.objects.get().matched == 2
    assert RuleTrial.objects.get(name="payments").calls == 2


def test_a_call_something_else_stopped_is_not_spared_by_a_watched_rule_and_tells_of_its_investigation() -> None:
    record_verdict(instruction(), signal("rule_watched.mails", severity=Severity.LOW))
    take_in()
    assert RuleUse.objects.get().spared == 0
    match = RuleMatch.objects.get()
    assert (match.name, match.investigation, match.calls, match.stopped) == ("mails", Investigation.objects.get(), 1, 0)
