"""One agent's page: drift, tools granted and used, days, and the charter that is proposed from what it did."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from policies.access import Role, give_role
from policies.models import Agent, AgentChange, AgentDay, AuditEntry, Charter, GrantedTool, SeenTool
from policies.services.publish import ensure_baseline
from tests.factories import record_verdict, signal

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PAGE_QUERIES = 19


def signed_in(role: Role) -> Client:
    user = User.objects.create_user(f"{role.value}-1")
    give_role(user, role, actor=None)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> Client:
    return signed_in(Role.POLICY_ADMIN)


@pytest.fixture
def agent() -> Agent:
    ensure_baseline()
    return Agent.objects.create(
        agent_id="quay-ledger", name="Quay Ledger", registered=True, owner="K. Ito", first_seen=NOW, last_seen=NOW
    )


def seen_tool(tool: str, *, days_ago: int, calls: int = 5) -> SeenTool:
    at = NOW - timedelta(days=days_ago)
    return SeenTool.objects.create(
        agent_id="quay-ledger", tool=tool.lower(), name=tool, calls=calls, first_seen=at, last_seen=at
    )


def granted(tool: str, *, days_ago: int = 10) -> GrantedTool:
    return GrantedTool.objects.create(agent_id="quay-ledger", tool=tool, since=NOW - timedelta(days=days_ago))


@time_machine.travel(NOW, tick=False)
def test_it_tells_tools_that_could_be_taken_away_from_those_in_use(admin: Client, agent: Agent) -> None:
    seen_tool("List-rows", days_ago=1, calls=50)
    seen_tool("Send-mail", days_ago=100)
    seen_tool("Undeclared", days_ago=1, calls=2)
    for name in ("list-rows", "send-mail", "delete-rows"):
        granted(name, days_ago=200)
    record = admin.get(f"/agents/{agent.pk}/").context["record"]
    told = {row.tool: (row.unused, row.granted is not None) for row in record.tools.rows}
    assert told == {
        "delete-rows": (True, True),
        "send-mail": (True, True),
        "undeclared": (False, False),
        "list-rows": (False, True),
    }
    assert (record.tools.unused, record.tools.ungranted) == (2, 1)
    assert [row.tool for row in record.tools.rows][-1] == "list-rows"


@time_machine.travel(NOW, tick=False)
def test_a_tool_known_by_its_name_is_the_one_that_was_granted(admin: Client, agent: Agent) -> None:
    SeenTool.objects.create(
        agent_id="quay-ledger", tool="x.action.42", name="List-rows", calls=1, first_seen=NOW, last_seen=NOW
    )
    granted("list-rows")
    record = admin.get(f"/agents/{agent.pk}/").context["record"]
    assert (record.tools.unused, record.tools.ungranted, len(record.tools.rows)) == (0, 0, 1)


@time_machine.travel(NOW, tick=False)
def test_it_draws_the_days_without_a_call_too(admin: Client, agent: Agent) -> None:
    AgentDay.objects.create(agent_id="quay-ledger", day=NOW.date(), calls=40, stopped=10)
    AgentDay.objects.create(agent_id="quay-ledger", day=NOW.date() - timedelta(days=29), calls=20)
    AgentDay.objects.create(agent_id="quay-ledger", day=NOW.date() - timedelta(days=30), calls=99)
    page = admin.get(f"/agents/{agent.pk}/")
    days = page.context["record"].days
    assert (len(days.bars), days.calls, days.stopped) == (30, 60, 10)
    assert [bar.height for bar in days.bars][:2] == [36, 1]
    assert "most on 22 Nov with 40; 10 were stopped" in page.content.decode()


def test_an_analyst_says_that_drift_was_looked_at_and_later_drift_stays_open(agent: Agent) -> None:
    analyst = signed_in(Role.ANALYST)
    AgentChange.objects.create(agent_id="quay-ledger", what="version", was="1", now="2", at=NOW)
    drift = analyst.get(f"/agents/{agent.pk}/").context["record"].drift
    AgentChange.objects.create(agent_id="quay-ledger", what="channel", now="web", at=NOW)
    analyst.post(f"/agents/{agent.pk}/drift/", {"upto": drift.open_upto})
    drift = analyst.get(f"/agents/{agent.pk}/").context["record"].drift
    assert [(row.what, row.acknowledged_at is None) for row in drift.rows] == [("channel", True), ("version", False)]
    entry = AuditEntry.objects.get(action="agent.drift_acknowledged")
    assert (entry.actor_name, entry.detail["changes"]) == ("analyst-1", 1)
    assert analyst.post(f"/agents/{agent.pk}/drift/", {"upto": "x"}).status_code == 422
    viewer = signed_in(Role.VIEWER)
    assert viewer.post(f"/agents/{agent.pk}/drift/", {"upto": "1"}).status_code == 403


def test_it_links_parents_and_children(admin: Client, agent: Agent) -> None:
    Agent.objects.create(agent_id="boss", name="Boss")
    Agent.objects.create(agent_id="child", name="Child", seen_parent="quay-ledger")
    Agent.objects.filter(pk=agent.pk).update(parent_id="boss")
    record = admin.get(f"/agents/{agent.pk}/").context["record"]
    assert (str(record.parent), list(map(str, record.children))) == ("Boss", ["Child"])


def test_the_page_takes_as_many_queries_with_a_hundred_tools_as_with_one(
    admin: Client, agent: Agent, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    seen_tool("List-rows", days_ago=1)
    admin.get(f"/agents/{agent.pk}/")
    with django_assert_num_queries(PAGE_QUERIES):
        admin.get(f"/agents/{agent.pk}/")
    for number in range(100):
        seen_tool(f"Tool-{number}", days_ago=1)
        AgentChange.objects.create(agent_id="quay-ledger", what="tool", now=f"Tool-{number}", at=NOW)
    with django_assert_num_queries(PAGE_QUERIES):
        admin.get(f"/agents/{agent.pk}/")


def called(agent: Agent, *, tool: str, to: str, stopped: bool = False, days_ago: int = 1) -> None:
    signals = (signal("destination_denied"),) if stopped else ()
    at = NOW - timedelta(days=days_ago)
    record_verdict(*signals, agent_id=agent.agent_id, tool_name=tool, destination=to, at=at)


@time_machine.travel(NOW, tick=False)
def test_a_charter_is_proposed_from_what_was_not_stopped_and_pinned_by_a_person(admin: Client, agent: Agent) -> None:
    called(agent, tool="Send-mail", to="kim@supplier.example")
    called(agent, tool="Send-mail", to="lee@supplier.example")
    called(agent, tool="Send-mail", to="somebody@gmail.com")
    called(agent, tool="Wire-money", to="evil.example", stopped=True)
    called(agent, tool="Old-tool", to="old.example", days_ago=40)
    page = admin.get(f"/agents/{agent.pk}/charter/")
    form = page.context["form"].initial
    assert form["tools"] == "quay.action.send-mail"
    assert form["destinations"].splitlines() == ["supplier.example", "somebody@gmail.com"]
    assert not Charter.objects.exists()
    admin.post(f"/agents/{agent.pk}/charter/", {**form, "limits_destinations": "on", "purpose": "Mails suppliers."})
    charter = Charter.objects.get()
    assert (charter.tools, charter.limits_destinations) == (["quay.action.send-mail"], True)
    called(agent, tool="Other-tool", to="kim@supplier.example")
    page = admin.get(f"/agents/{agent.pk}/charter/")
    assert {tool.name: tool.inside for tool in page.context["proposal"].tools} == {
        "Send-mail": True,
        "Other-tool": False,
    }


def test_the_second_of_two_admins_is_told_what_happened(admin: Client, agent: Agent) -> None:
    sent = {"tools": "a", "destinations": "", "seen": ""}
    assert admin.post(f"/agents/{agent.pk}/charter/", sent).status_code == 302
    again = admin.post(f"/agents/{agent.pk}/charter/", {**sent, "tools": "b"})
    assert again.status_code == 422
    assert "somebody else changed it" in again.content.decode()
    assert Charter.objects.get().tools == ["a"]


def test_a_charter_is_taken_away_and_only_by_a_policy_admin(admin: Client, agent: Agent) -> None:
    admin.post(f"/agents/{agent.pk}/charter/", {"tools": "a", "seen": ""})
    analyst = signed_in(Role.ANALYST)
    assert analyst.get(f"/agents/{agent.pk}/charter/").status_code == 200
    assert analyst.post(f"/agents/{agent.pk}/charter/", {"tools": "b"}).status_code == 403
    assert analyst.post(f"/agents/{agent.pk}/charter/unpin/").status_code == 403
    admin.post(f"/agents/{agent.pk}/charter/unpin/")
    assert not Charter.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {"tools": "", "seen": ""},
        {"tools": "a", "destinations": "@nobody", "limits_destinations": "on", "seen": ""},
        {"tools": "a", "seen": "yesterday"},
    ],
)
def test_what_cannot_be_pinned_is_said_at_the_field(admin: Client, agent: Agent, sent: dict[str, str]) -> None:
    answer = admin.post(f"/agents/{agent.pk}/charter/", sent)
    assert answer.status_code == 422
    assert "expected" in answer.content.decode()
    assert not Charter.objects.exists()
