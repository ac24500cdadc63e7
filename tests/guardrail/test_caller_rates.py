"""Limits of callers: what is too much is answered and kept, and nobody else notices."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from guardrail import caller_rates, callers, housekeeper
from guardrail.models import Orchestrator, Verdict
from policies.access import Role, give_role
from policies.models import Agent, AuditEntry
from tests.callers import Asking
from tests.restricting import planned

pytestmark = pytest.mark.django_db
NOON = datetime.now(UTC).replace(second=5, microsecond=0)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    caller_rates._here.clear()
    with time_machine.travel(NOON, tick=False) as travelled:
        yield travelled


def limited(asking: Asking, per_minute: int) -> None:
    callers.set_limit(asking.orchestrator, per_minute, actor=None)
    housekeeper.refresh()


def answers(asking: Asking, count: int) -> list[str]:
    found = [asking.evaluate(planned(conversation_id=f"c-{number}")) for number in range(count)]
    assert {one.status for one in found} == {200}
    return [str(one.body["decision"]) for one in found]


def test_more_than_the_limit_is_answered_by_the_fail_posture_and_kept(
    asking: Asking, clock: time_machine.Traveller
) -> None:
    limited(asking, 2)
    assert answers(asking, 4) == ["allow", "allow", "block", "block"]
    over = list(Verdict.objects.filter(failed=True))
    assert [one.degraded for one in over] == [["rate"]] * 2
    assert "`copilot-studio` asked more than 2 times this minute" in over[0].reason
    assert over[0].agent_id == "order-desk"
    assert Verdict.objects.count() == 4
    clock.move_to(NOON + timedelta(minutes=1))
    assert answers(asking, 1) == ["allow"]


def test_an_agent_whose_fail_posture_is_allow_goes_on(asking: Asking, clock: time_machine.Traveller) -> None:
    Agent.objects.create(agent_id="order-desk", registered=True, fail_posture="allow")
    limited(asking, 1)
    assert answers(asking, 2) == ["allow", "allow"]
    assert Verdict.objects.filter(failed=True).count() == 1


def test_another_caller_and_one_without_a_limit_notice_nothing(asking: Asking, clock: time_machine.Traveller) -> None:
    other = callers.create_orchestrator("Shim", "shim", None)
    theirs = Asking(client=asking.client, orchestrator=other, token=callers.issue_token(other, None))
    limited(asking, 1)
    answers(asking, 3)
    assert answers(theirs, 3) == ["allow"] * 3


def test_without_redis_each_process_counts_by_itself(
    asking: Asking, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what redis says when it is away
    monkeypatch.setattr("guardrail.memory.connection._away_until", float("inf"))
    limited(asking, 2)
    answers(asking, 4)
    assert Verdict.objects.filter(degraded__contains=["rate"]).count() == 2


def test_whoever_may_change_callers_sets_a_limit_on_its_page(asking: Asking) -> None:
    ada, page = User.objects.create_user("ada"), Client()
    give_role(ada, Role.POLICY_ADMIN, actor=None)
    page.force_login(ada)
    address = f"/callers/{asking.orchestrator.pk}/limit/"
    asked: tuple[tuple[Any, int], ...] = (("600", 302), ("600", 302), ("-1", 422), ("x", 422), ("1000001", 422))
    assert [page.post(address, {"per_minute": typed}).status_code for typed, _ in asked] == [code for _, code in asked]
    assert Orchestrator.objects.get(pk=asking.orchestrator.pk).per_minute == 600
    (line,) = AuditEntry.objects.filter(action="caller.limit_set")
    assert (line.actor_name, line.detail["changes"]) == ("ada", {"calls a minute": [0, 600]})
    assert "600 calls a minute" in page.get(f"/callers/{asking.orchestrator.pk}/").content.decode()
    give_role(ada, Role.ANALYST, actor=None)
    page.force_login(ada)
    assert page.post(address, {"per_minute": "1"}).status_code == 403
