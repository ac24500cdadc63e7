"""The agent and environment pages, by the browser's requests."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from policies.access import Role, give_role
from policies.load import load_document, load_serial
from policies.models import Agent, AgentChange, AuditEntry, Environment
from policies.ruleset import Mode, compile_ruleset
from policies.services.publish import ensure_baseline

pytestmark = pytest.mark.django_db
SEEN = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def admin() -> Client:
    return _signed_in("ada", Role.POLICY_ADMIN)


@pytest.fixture
def analyst() -> Client:
    return _signed_in("ben", Role.ANALYST)


@pytest.fixture
def finance() -> Environment:
    return Environment.objects.create(environment_id="Default-f1", name="Finance", last_seen=SEEN)


@pytest.fixture
def shadow(finance: Environment) -> Agent:
    return Agent.objects.create(
        agent_id="a-shadow", name="Expense Helper", environment=finance, last_seen=SEEN, calls=4, stopped=1
    )


@pytest.fixture
def registered(finance: Environment) -> Agent:
    ensure_baseline()
    return Agent.objects.create(
        agent_id="a-invoices",
        name="Invoice Processor",
        owner="L. Brandt",
        environment=finance,
        registered=True,
        last_seen=SEEN,
        calls=10,
        stopped=2,
    )


def test_it_tells_registered_shadow_and_uncovered_agents_apart(
    analyst: Client, registered: Agent, shadow: Agent
) -> None:
    Agent.objects.create(agent_id="a-silent", name="Night Batch", registered=True)
    page = analyst.get("/agents/")
    kinds = page.context["inventory"]
    assert [row.agent.name for row in kinds.registered.rows] == ["Invoice Processor"]
    assert [row.agent.name for row in kinds.shadow.rows] == ["Expense Helper"]
    assert [row.agent.name for row in kinds.uncovered.rows] == ["Night Batch"]
    assert (kinds.calls, kinds.stopped, kinds.agents) == (14, 3, 3)


def test_it_counts_environments_never_heard_from(analyst: Client, finance: Environment) -> None:
    Environment.objects.create(environment_id="Default-f2")
    inventory = analyst.get("/agents/").context["inventory"]
    assert (inventory.silent_environments, inventory.environments) == (1, 2)


def test_it_says_what_will_appear_where_there_is_no_agent_yet(analyst: Client) -> None:
    assert "within a second of its first call" in analyst.get("/agents/").content.decode()


def test_it_narrows_by_words_of_name_owner_id_and_environment(
    analyst: Client, registered: Agent, shadow: Agent
) -> None:
    found = analyst.get("/agents/", {"q": "finance brandt"}).context["inventory"]
    assert [row.agent.pk for row in found.registered.rows] == [registered.pk]
    assert not found.shadow.rows


def test_the_list_takes_as_many_queries_for_fifty_agents_as_for_one(
    admin: Client, registered: Agent, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    admin.get("/agents/")  # fills the header's short memory
    with django_assert_num_queries(11):
        admin.get("/agents/")
    Agent.objects.bulk_create(
        Agent(agent_id=f"a{n}", registered=True, last_seen=SEEN, environment=registered.environment) for n in range(50)
    )
    with django_assert_num_queries(11):
        admin.get("/agents/")


def names_of(page: Any, kind: str) -> list[str]:
    return [row.agent.name for row in page.context["kinds"][kind].rows]


def test_a_list_goes_on_by_key_and_shows_each_agent_once(analyst: Client) -> None:
    Agent.objects.bulk_create(
        Agent(agent_id=f"a{n:03}", name=f"Agent {n // 2:03}", registered=True, last_seen=SEEN) for n in range(120)
    )
    page = analyst.get("/agents/", {"kind": "registered"})
    shown = [row.agent.agent_id for row in page.context["kinds"]["registered"].rows]
    while following := page.context["kinds"]["registered"].next_url:
        page = analyst.get(f"/agents/?{following}")
        shown += [row.agent.agent_id for row in page.context["kinds"]["registered"].rows]
    assert shown == [f"a{n:03}" for n in range(120)]
    assert page.context["inventory"].registered.total == 120


def test_a_list_goes_on_behind_an_agent_that_is_gone_by_then(analyst: Client, registered: Agent) -> None:
    assert names_of(analyst.get("/agents/", {"kind": "registered", "after": "999999"}), "registered") == []
    assert analyst.get("/agents/", {"kind": "nonsense", "after": "-3", "environment": "x"}).status_code == 200


def test_it_filters_by_what_the_url_says(analyst: Client, finance: Environment) -> None:
    ensure_baseline()
    other = Environment.objects.create(environment_id="Default-f2", name="Sales", mode="monitor")
    made = {"registered": True, "last_seen": SEEN}
    Agent.objects.create(agent_id="1", name="One", owner="K. Ito", environment=finance, criticality="high", **made)
    Agent.objects.create(agent_id="2", name="Two", owner="M. Diaz", environment=other, lifecycle="retired", **made)
    Agent.objects.create(agent_id="3", name="Three", owner="M. Diaz", environment=other, mode="enforce", **made)
    for asked, expected in (
        ({"owner": "diaz"}, ["Three", "Two"]),
        ({"environment": str(other.pk)}, ["Three", "Two"]),
        ({"lifecycle": "retired"}, ["Two"]),
        ({"criticality": "high"}, ["One"]),
        ({"mode": "monitor"}, ["Two"]),
        ({"mode": "enforce"}, ["One", "Three"]),
        ({"mode": "enforce", "owner": "diaz"}, ["Three"]),
    ):
        assert names_of(analyst.get("/agents/", asked), "registered") == expected, asked


def test_a_classic_agent_is_not_covered_and_a_retired_one_is_no_gap(analyst: Client) -> None:
    Agent.objects.create(agent_id="1", name="Old Bot", registered=True, orchestration="classic")
    Agent.objects.create(agent_id="2", name="Gone", registered=True, lifecycle="retired")
    Agent.objects.create(agent_id="3", name="Silent", registered=True)
    page = analyst.get("/agents/")
    assert names_of(page, "classic") == ["Old Bot"]
    assert names_of(page, "uncovered") == ["Silent"]
    assert "Classic orchestration asks nobody" in page.content.decode()


def test_agents_that_drifted_are_listed_until_somebody_has_looked(analyst: Client, registered: Agent) -> None:
    change = AgentChange.objects.create(agent_id="a-invoices", what="version", was="1", now="2", at=SEEN)
    assert names_of(analyst.get("/agents/", {"kind": "drifted"}), "drifted") == ["Invoice Processor"]
    AgentChange.objects.filter(pk=change.pk).update(acknowledged_at=SEEN)
    assert names_of(analyst.get("/agents/", {"kind": "drifted"}), "drifted") == []


def test_it_shows_a_hostile_name_as_text(analyst: Client, registered: Agent) -> None:
    Agent.objects.filter(pk=registered.pk).update(name="<script>alert(1)</script>\u202eevil")
    for address in ("/agents/", f"/agents/{registered.pk}/"):
        page = analyst.get(address).content.decode()
        assert "<script>alert" not in page
        assert "\u202e" not in page


def test_one_click_puts_an_agent_in_monitor_mode_and_the_next_ruleset_has_it(admin: Client, registered: Agent) -> None:
    before = load_serial()
    answer = admin.post(f"/agents/{registered.pk}/mode/", {"mode": "monitor", "from": "agents"})
    assert (answer.status_code, answer["Location"]) == (302, "/agents/")
    assert load_serial() == before + 1
    rules = compile_ruleset(load_document()).for_call(agent_id="a-invoices", environment_id="Default-f1")
    assert rules.mode is Mode.MONITOR
    assert AuditEntry.objects.filter(action="agent.mode_set", actor_name="ada").exists()


def test_one_click_puts_an_environment_in_monitor_mode_and_its_agents_follow(admin: Client, registered: Agent) -> None:
    finance = registered.environment
    assert finance is not None
    admin.post(f"/environments/{finance.pk}/mode/", {"mode": "monitor"})
    row = admin.get(f"/agents/{registered.pk}/").context["row"]
    assert (row.mode, row.mode_from) == ("monitor", "environment")


def test_the_mode_of_the_agent_itself_comes_before_that_of_its_environment(admin: Client, registered: Agent) -> None:
    Environment.objects.update(mode="monitor")
    admin.post(f"/agents/{registered.pk}/mode/", {"mode": "enforce"})
    row = admin.get(f"/agents/{registered.pk}/").context["row"]
    assert (row.mode, row.mode_from) == ("enforce", "agent")


def test_it_refuses_a_mode_there_is_not(admin: Client, registered: Agent) -> None:
    assert admin.post(f"/agents/{registered.pk}/mode/", {"mode": "sleep"}).status_code == 422
    assert not AuditEntry.objects.filter(action="agent.mode_set").exists()


def test_it_changes_nothing_by_reading(admin: Client, registered: Agent) -> None:
    assert admin.get(f"/agents/{registered.pk}/mode/", {"mode": "monitor"}).status_code == 405
    assert Agent.objects.get(pk=registered.pk).mode == ""


def test_a_shadow_agent_is_registered_with_an_owner(admin: Client, shadow: Agent) -> None:
    admin.post(f"/agents/{shadow.pk}/register/", {"owner": "K. Osei"})
    shadow.refresh_from_db()
    assert (shadow.registered, shadow.owner) == (True, "K. Osei")


def test_a_shadow_agent_is_not_registered_without_an_owner(admin: Client, shadow: Agent) -> None:
    assert admin.post(f"/agents/{shadow.pk}/register/", {"owner": ""}).status_code == 422
    assert not Agent.objects.get(pk=shadow.pk).registered


def test_settings_are_saved_with_what_was_and_what_is(admin: Client, registered: Agent) -> None:
    answer = admin.post(f"/agents/{registered.pk}/settings/", _settings(profile="cautious", owner="N. Sato"))
    assert answer.status_code == 302
    entry = AuditEntry.objects.get(action="agent.changed")
    assert entry.detail["changes"] == {"profile": ["", "cautious"], "owner": ["L. Brandt", "N. Sato"]}
    assert "Owner: L. Brandt → N. Sato" in admin.get(f"/agents/{registered.pk}/").content.decode()


def test_settings_that_say_what_holds_already_write_nothing(admin: Client, registered: Agent) -> None:
    admin.post(f"/agents/{registered.pk}/settings/", _settings())
    assert not AuditEntry.objects.filter(action="agent.changed").exists()


def test_failing_open_wants_the_sentence(admin: Client, registered: Agent) -> None:
    answer = admin.post(f"/agents/{registered.pk}/settings/", _settings(fail_posture="allow", confirmation="yes"))
    assert answer.status_code == 422
    assert "expected <code>let calls through</code>" in answer.content.decode()
    assert Agent.objects.get(pk=registered.pk).fail_posture == ""


def test_failing_open_is_saved_with_the_sentence(admin: Client, registered: Agent) -> None:
    wanted = _settings(fail_posture="allow", confirmation="let calls through")
    admin.post(f"/agents/{registered.pk}/settings/", wanted)
    assert Agent.objects.get(pk=registered.pk).fail_posture == "allow"


def test_settings_of_a_shadow_agent_wait_for_its_owner(admin: Client, shadow: Agent) -> None:
    assert admin.post(f"/agents/{shadow.pk}/settings/", _settings(profile="cautious")).status_code == 422
    assert Agent.objects.get(pk=shadow.pk).profile == ""


def test_an_agent_is_registered_before_its_first_call_but_not_twice(admin: Client) -> None:
    wanted = {"agent_id": "a-new", "name": "New", "owner": "T. Moreau"}
    assert admin.post("/agents/new/", wanted).status_code == 302
    assert Agent.objects.get().registered
    again = admin.post("/agents/new/", wanted)
    assert again.status_code == 422
    assert "is in the inventory already" in again.content.decode()


def test_an_environment_is_noted_in_monitor_mode_before_its_first_call_but_not_twice(admin: Client) -> None:
    wanted = {"environment_id": "Default-f9", "name": "HR", "mode": "monitor"}
    assert admin.post("/environments/", wanted).status_code == 302
    assert Environment.objects.get().mode == "monitor"
    assert admin.post("/environments/", wanted).status_code == 422


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/agents/{agent}/mode/", {"mode": "monitor"}),
        ("/agents/{agent}/register/", {"owner": "me"}),
        ("/agents/{agent}/settings/", {"owner": "me"}),
        ("/agents/new/", {"agent_id": "mine", "owner": "me"}),
        ("/environments/", {"environment_id": "mine"}),
        ("/environments/{environment}/mode/", {"mode": "monitor"}),
    ],
)
def test_an_analyst_may_look_and_change_nothing(
    analyst: Client, registered: Agent, address: str, sent: dict[str, str]
) -> None:
    before = load_serial()
    answer = analyst.post(address.format(agent=registered.pk, environment=registered.environment_id), sent)
    assert answer.status_code == 403
    assert load_serial() == before


def test_an_analyst_sees_no_switch(analyst: Client, admin: Client, registered: Agent) -> None:
    assert "/mode/" not in analyst.get("/agents/").content.decode()
    assert "/mode/" in admin.get("/agents/").content.decode()


def test_a_stranger_is_sent_to_the_sign_in_page(client: Client) -> None:
    assert client.get("/agents/")["Location"] == "/login/?next=/agents/"


def _signed_in(name: str, role: Role) -> Client:
    user = User.objects.create(username=name)
    give_role(user, role, actor=None)
    client = Client()
    client.force_login(user)
    return client


def _settings(**changed: str) -> dict[str, str]:
    held = {"name": "Invoice Processor", "owner": "L. Brandt", "mode": "", "profile": "", "fail_posture": ""}
    return {**held, "confirmation": "", **changed}


def test_an_agent_of_which_only_the_mode_is_set_is_still_not_registered(admin: Client, shadow: Agent) -> None:
    ensure_baseline()
    admin.post(f"/agents/{shadow.pk}/mode/", {"mode": "monitor"})
    rules = compile_ruleset(load_document()).for_call(agent_id="a-shadow", environment_id="")
    assert (rules.mode, rules.registered) == (Mode.MONITOR, False)
    admin.post(f"/agents/{shadow.pk}/register/", {"owner": "L. Brandt"})
    rules = compile_ruleset(load_document()).for_call(agent_id="a-shadow", environment_id="")
    assert (rules.mode, rules.registered) == (Mode.MONITOR, True)
