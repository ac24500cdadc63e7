"""Whether an agent or an environment is ready to be enforced, shown beside the button that does it."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from guardrail import housekeeper
from guardrail.models import Verdict
from investigations.intake import take_in
from investigations.models import Investigation
from investigations.readiness import load_agent_readiness, load_environment_readiness
from policies.access import Role, give_role
from policies.models import Agent, AgentChange, AgentDay, Charter, Environment, SeenTool
from policies.services.publish import ensure_baseline, publish
from tests.callers import Asking
from tests.restricting import decided, hijacked, planned

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
A_WEEK = timedelta(days=7)
LOOKED_AT = "Calls it would have stopped that an analyst looked at"
HONEST = "Honest calls it would have stopped"


@pytest.fixture
def admin() -> Client:
    user = User.objects.create_user("ada")
    give_role(user, Role.POLICY_ADMIN, actor=None)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def sales() -> Environment:
    ensure_baseline()
    return Environment.objects.create(environment_id="env-1", name="Sales", mode="monitor", last_seen=NOW)


@pytest.fixture
def ready(sales: Environment) -> Agent:
    """An agent that meets every check."""
    agent = Agent.objects.create(
        agent_id="desk", name="Desk", registered=True, owner="K. Ito", environment=sales, first_seen=NOW, last_seen=NOW
    )
    for day in range(12):
        AgentDay.objects.create(agent_id="desk", day=NOW.date() - timedelta(days=day), calls=500)
    SeenTool.objects.create(agent_id="desk", tool="list-rows", calls=9, first_seen=NOW, last_seen=NOW)
    Charter.objects.create(agent_id="desk", tools=["list-rows"], pinned_at=NOW)
    return agent


def investigated(*, calls: int, disposition: str = "", outcome: str = "would_block", kind: str = "x") -> Investigation:
    return Investigation.objects.create(
        kind=kind,
        fingerprint=f"{Investigation.objects.count()}",
        title="t",
        severity=3,
        outcome=outcome,
        agent_id="desk",
        calls=calls,
        status="closed" if disposition else "new",
        disposition=disposition,
        first_seen=NOW,
        last_seen=NOW - timedelta(days=2),
    )


def told(agent: Agent) -> dict[str, tuple[str, bool]]:
    return {check.what: (check.found, check.met) for check in load_agent_readiness(agent, now=NOW).checks}


def test_an_agent_that_was_watched_owned_and_chartered_is_ready(ready: Agent) -> None:
    readiness = load_agent_readiness(ready, now=NOW)
    assert [check.what for check in readiness.checks if not check.met] == []
    assert readiness.is_ready


def test_what_nobody_has_looked_at_is_not_ready_and_a_sample_is_enough(ready: Agent) -> None:
    investigated(calls=40)
    assert told(ready)[LOOKED_AT] == ("0 of 40", False)
    assert told(ready)[HONEST] == ("not known yet", False)
    investigated(calls=30, disposition="true_positive")
    assert told(ready)[LOOKED_AT] == ("30 of 70", True)
    assert told(ready)[HONEST] == ("0 of 30 looked at, 0.0 in 1,000 calls", True)


def test_honest_calls_among_those_looked_at_are_taken_for_all(ready: Agent) -> None:
    investigated(calls=30, disposition="true_positive")
    investigated(calls=10, disposition="false_positive")
    investigated(calls=40)
    # a quarter of 80 stops in 6,000 calls
    assert told(ready)[HONEST] == ("10 of 40 looked at, 3.3 in 1,000 calls", False)


def test_what_was_only_noted_or_could_not_be_judged_is_no_stop(ready: Agent) -> None:
    investigated(calls=5, outcome="noted")
    investigated(calls=5, kind="unjudged")
    assert told(ready)[LOOKED_AT] == ("none would have been stopped", True)


@pytest.mark.parametrize(
    ("what", "spoil"),
    [
        ("Days with calls, of the last 30", lambda: AgentDay.objects.filter(day__lt=NOW.date() - A_WEEK).delete()),
        ("Calls in these days", lambda: AgentDay.objects.update(calls=10)),
        ("Calls answered too late", lambda: AgentDay.objects.update(late=2)),
        ("Somebody answers for it", lambda: Agent.objects.update(owner="")),
        ("Every tool in use is in its charter", lambda: Charter.objects.update(tools=["other"])),
        ("Drift somebody has looked at", lambda: AgentChange.objects.create(agent_id="desk", what="version", at=NOW)),
    ],
)
def test_each_check_can_fail_by_itself(ready: Agent, what: str, spoil: Callable[[], object]) -> None:
    spoil()
    ready.refresh_from_db()
    assert [check.what for check in load_agent_readiness(ready, now=NOW).checks if not check.met] == [what]


@time_machine.travel(NOW, tick=False)
def test_the_evidence_stands_beside_the_button(admin: Client, ready: Agent) -> None:
    page = admin.get(f"/agents/{ready.pk}/").content.decode()
    assert "8 of 8 met" in page
    assert "Enforce</button>" in page
    investigated(calls=40)
    page = admin.get(f"/agents/{ready.pk}/").content.decode()
    assert "6 of 8 met" in page
    assert "Enforce all the same</button>" in page
    admin.post(f"/agents/{ready.pk}/mode/", {"mode": "enforce"})
    assert "Enforce all the same" not in admin.get(f"/agents/{ready.pk}/").content.decode()


@time_machine.travel(NOW, tick=False)
def test_an_environment_is_enforced_from_a_page_with_the_same_evidence(
    admin: Client, ready: Agent, sales: Environment
) -> None:
    page = admin.get(f"/environments/{sales.pk}/").content.decode()
    assert "7 of 7 met" in page
    Agent.objects.create(agent_id="shadow", environment=sales, last_seen=NOW)
    assert "1 without an owner" in admin.get(f"/environments/{sales.pk}/").content.decode()
    assert f"/environments/{sales.pk}/#ready" in admin.get("/environments/").content.decode()
    admin.post(f"/environments/{sales.pk}/mode/", {"mode": "enforce"})
    assert "What it is enforced on" in admin.get(f"/environments/{sales.pk}/").content.decode()


def test_it_takes_a_fixed_number_of_queries(
    ready: Agent, sales: Environment, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        investigated(calls=number, disposition="true_positive")
    with django_assert_max_num_queries(5):
        load_agent_readiness(ready, now=NOW)
    with django_assert_max_num_queries(4):
        load_environment_readiness(sales, now=NOW)


@time_machine.travel(NOW, tick=False)
def test_what_policy_would_have_done_and_only_noticed_are_told_apart(admin: Client, ready: Agent) -> None:
    AgentDay.objects.filter(day=NOW.date()).update(would_block=3, would_hold=2, noticed=41)
    foreseen = load_agent_readiness(ready, now=NOW).foreseen
    assert (foreseen.calls, foreseen.blocked, foreseen.held, foreseen.noticed) == (6_000, 3, 2, 41)
    page = admin.get(f"/agents/{ready.pk}/").content.decode()
    assert "block of <strong>3</strong> and hold of <strong>2</strong>. In <strong>41</strong> it only noticed" in page


@pytest.mark.django_db(transaction=True)
def test_each_call_counts_once_by_what_policy_said_of_it(asking: Asking) -> None:
    assert decided(asking, planned()) == "allow"
    for _ in range(2):
        assert decided(asking, hijacked(1)) == "block"
    version = ensure_baseline()
    publish({**version.document, "defaults": {"mode": "monitor"}}, actor=None, reason="Watch.")
    housekeeper.refresh()
    assert decided(asking, hijacked(2, conversation_id="c-2")) == "allow"
    take_in(timezone.now())
    day = AgentDay.objects.get(agent_id="order-desk")
    said = Counter(Verdict.objects.filter(duplicate_of=None).values_list("would_have", flat=True))
    assert (day.calls, day.would_block, day.would_hold, day.noticed) == (3, 2, said["hold"], said["notice"])
    assert day.stopped == 1
