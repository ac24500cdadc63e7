"""A rule that stops too much, or is overturned too often, goes back to monitor by itself: by calls over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from guardrail import housekeeper
from investigations import services
from investigations.models import Investigation, RuleUse
from investigations.tasks import roll_back_rules, take_in
from policies.models import AuditEntry, PolicyVersion
from policies.services.drafts import open_draft, save_draft
from policies.services.publication import NotPublishable, publish_draft
from tests.callers import Asking
from tests.guardrail.bodies import call
from tests.guardrail.test_rules import payment, publish_rules, rule

# real commits: verdicts are written on connections of their own
pytestmark = pytest.mark.django_db(transaction=True)


def bounded(**bounds: Any) -> dict[str, Any]:
    return rule("tool.kind == 'pay'", "hold", title="Payments need a person", bounds=bounds)


def ask(asking: Asking, *, pay: int = 0, read: int = 0, agent: str = "") -> None:
    """So many calls of one agent that the rule is about, and that it is not about; taken in."""
    for number in range(pay + read):
        body = payment() if number < pay else call()
        asked = PolicyVersion.objects.count()
        body["conversationMetadata"] = {
            **body["conversationMetadata"],
            **({"agent": {**body["conversationMetadata"]["agent"], "id": agent}} if agent else {}),
            "conversationId": f"{agent}-{asked}-{number}",
            "planStepId": f"{agent}-{asked}-{number}",
        }
        asking.analyze(body)
    take_in()


def stage() -> str:
    newest = PolicyVersion.objects.first()
    assert newest is not None
    return str(newest.document["rules"][0].get("stage", "enforce"))


def look() -> None:
    roll_back_rules()
    housekeeper.refresh()


def test_a_rule_that_stops_more_than_its_bound_goes_back_to_monitor(asking: Asking) -> None:
    publish_rules(bounded(max_stop_share=0.2, min_calls=10))
    ask(asking, pay=4, read=8)
    look()
    assert stage() == "monitor"
    version = PolicyVersion.objects.first()
    assert version is not None
    assert version.published_by is None
    assert "it stopped 4 of 12 calls, 33.33%, expected at most 20.00%" in version.reason
    entry = AuditEntry.objects.get(action="rule.rolled_back")
    assert (entry.actor_name, entry.detail["rule"], entry.detail["version"]) == ("system", "of-a-test", version.number)
    ask(asking, pay=1)
    assert RuleUse.objects.get().watched == 1


def test_a_rule_within_its_bounds_stays(asking: Asking) -> None:
    publish_rules(bounded(max_stop_share=0.5, max_overturns=0, min_calls=10))
    ask(asking, pay=4, read=8)
    look()
    assert stage() == "enforce"


def test_a_few_calls_say_nothing(asking: Asking) -> None:
    publish_rules(bounded(max_stop_share=0.01))
    ask(asking, pay=3, read=1)
    look()
    assert stage() == "enforce"


def test_one_agent_of_which_it_stops_nearly_all_is_enough(asking: Asking) -> None:
    publish_rules(bounded(max_stop_share=0.5, min_calls=5))
    ask(asking, read=20, agent="busy")
    ask(asking, pay=5, agent="treasury")
    look()
    assert stage() == "monitor"
    assert "of 5 calls of the agent `treasury`" in str(PolicyVersion.objects.values_list("reason", flat=True).first())


@pytest.mark.parametrize(("disposition", "expected"), [("false_positive", "monitor"), ("true_positive", "enforce")])
def test_what_people_say_of_its_stops_counts(asking: Asking, disposition: str, expected: str) -> None:
    publish_rules(bounded(max_overturns=0))
    ask(asking, pay=1)
    analyst = User.objects.create_superuser("mara")
    found = Investigation.objects.get()
    services.close(found, actor=analyst, disposition=disposition, reason="asked the treasurer", now=timezone.now())
    look()
    assert stage() == expected


def test_what_came_before_the_rule_was_changed_does_not_count(asking: Asking) -> None:
    loose = bounded(max_stop_share=0.2, min_calls=5)
    publish_rules(loose)
    ask(asking, pay=6)
    publish_rules({**loose, "when": "tool.kind == 'pay' && number(arguments.amount) > 1000000"})
    look()
    assert stage() == "enforce"


def test_a_new_title_begins_nothing_anew(asking: Asking) -> None:
    loose = bounded(max_stop_share=0.2, min_calls=5)
    publish_rules(loose)
    ask(asking, pay=6)
    publish_rules({**loose, "title": "Payments"})
    look()
    assert stage() == "monitor"


def test_a_draft_begun_before_cannot_undo_it_unseen(asking: Asking) -> None:
    publish_rules(bounded(max_stop_share=0.2, min_calls=5))
    ines = User.objects.create_superuser("ines")
    draft = open_draft(title="Another matter", actor=ines)
    draft = save_draft(draft.pk, revision=draft.revision, title="Another", actor=ines, changes={"defaults": {}})
    ask(asking, pay=6)
    look()
    with pytest.raises(NotPublishable, match="bring it up to date"):
        publish_draft(draft.pk, revision=draft.revision, reason="it is time", actor=ines)
    assert stage() == "monitor"


def test_a_person_who_publishes_at_the_same_time_does_not_put_it_in_force_again(asking: Asking) -> None:
    publish_rules(bounded(max_stop_share=0.2, min_calls=5))
    ask(asking, pay=6)
    ines = User.objects.create_superuser("ines")
    draft = open_draft(title="Cautious", actor=ines)
    changes = {"defaults": {"profile": "cautious"}}
    draft = save_draft(draft.pk, revision=draft.revision, actor=ines, changes=changes)
    both = Barrier(2)

    def system() -> None:
        both.wait()
        roll_back_rules()
        connection.close()

    def person() -> bool:
        both.wait()
        try:
            publish_draft(draft.pk, revision=draft.revision, reason="at the same time", actor=ines)
        except NotPublishable:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(system), pool.submit(person)
        first.result(timeout=30)
        published = second.result(timeout=30)
    look()
    numbers = list(PolicyVersion.objects.values_list("number", flat=True))
    last = PolicyVersion.objects.first()
    assert last is not None
    assert len(numbers) == len(set(numbers)) == (4 if published else 3)
    assert (stage(), last.document["defaults"].get("profile") == "cautious") == ("monitor", published)


@pytest.mark.parametrize("bounds", [{"max_stop_share": "much"}, {"max_overturns": None}, {"max_stop_share": True}, {}])
def test_a_bound_nobody_can_read_puts_nothing_back(asking: Asking, bounds: dict[str, Any]) -> None:
    publish_rules(bounded(**{**bounds, "min_calls": 1}))
    ask(asking, pay=3)
    look()
    assert stage() == "enforce"
