"""The pages of the agent inventory in a real browser: lists, one agent, its charter, an import, an environment."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import FilePayload

from policies.models import Agent, AgentChange, AgentDay, AgentImport, Charter, Environment, GrantedTool, SeenTool
from policies.services.agent_import import keep_import
from tests.browser.chromium import Chromium, Look
from tests.browser.conftest import PASSWORD, Install

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Purchasing and Supplier Onboarding Assistant (Europe, Middle East and Africa)"
FILE = b"""Agent ID,Agent name,Owner,Authentication,Tools,Colour
desk,Order Desk,K. Ito,None,list-rows;export-all,red
new,New Agent,M. Diaz,Integrated,,blue
bad,Bad,M. Diaz,telepathy,,blue
"""


@pytest.fixture
def desk() -> Agent:
    now = timezone.now()
    sales = Environment.objects.create(environment_id="env-1", name="Sales", mode="monitor", last_seen=now)
    Environment.objects.create(environment_id="env-2", name="Never heard from")
    agent = Agent.objects.create(
        agent_id="desk", name=LONG, registered=True, owner="K. Ito", environment=sales, last_seen=now, calls=900,
        first_seen=now - timedelta(days=40), lifecycle="live", criticality="high", process="purchasing",
        authentication="entra", orchestration="generative", channels=["msteams"], seen_channels=["msteams", "web"],
        seen_signed_in=now, seen_anonymous=now, published=True, seen_published=True, seen_version="1.4",
        knowledge=["Supplier handbook"], seen_knowledge=["contoso.example/sites/buying"], topics=["Greeting", "Orders"],
        description="Answers buyers' questions and raises purchase requests.", instructions_digest="a" * 64,
    )  # fmt: skip
    Agent.objects.create(agent_id="child", name="Child", parent_id="desk", environment=sales, last_seen=now)
    Agent.objects.create(agent_id="old", name="Old bot", registered=True, orchestration="classic")
    Agent.objects.create(agent_id="silent", name="Silent", registered=True, owner="M. Diaz", environment=sales)
    for day in range(20):
        AgentDay.objects.create(
            agent_id="desk", day=now.date() - timedelta(days=day), calls=30 + day * 7 % 40, stopped=day % 3
        )
    for tool in ("list-rows", "send-mail"):
        SeenTool.objects.create(agent_id="desk", tool=tool, name=tool, calls=40, first_seen=now, last_seen=now)
    for tool in ("list-rows", "delete-everything-there-is-in-the-table-of-suppliers"):
        GrantedTool.objects.create(agent_id="desk", tool=tool, since=now)
    AgentChange.objects.create(agent_id="desk", what="version", was="1.3", now="1.4", at=now)
    AgentChange.objects.create(agent_id="desk", what="tool", now="send-mail", at=now, acknowledged_at=now)
    Charter.objects.create(
        agent_id="desk", purpose="Buys.", tools=["list-rows"], limits_destinations=True, destinations=["@internal"],
        pinned_at=now,
    )  # fmt: skip
    return agent


def test_the_pages_of_the_inventory_have_no_barrier_and_fit_the_screen(
    chromium: Chromium, install: Install, desk: Agent
) -> None:
    kept = keep_import(FILE, name="agents.csv", now=timezone.now(), actor=None)
    paths = (
        "/agents/", "/agents/?kind=drifted", "/agents/import/", f"/agents/import/{kept.pk}/", f"/agents/{desk.pk}/",
        f"/agents/{desk.pk}/charter/", "/environments/", f"/environments/{desk.environment_id}/",
    )  # fmt: skip
    found = {}
    with chromium.window(Look()) as window:
        window.sign_in(install.address("/"), username="ada", password=PASSWORD)
        for path in paths:
            found[path] = window.faults(window.open(install.address(path)))
    assert {path: faults for path, faults in found.items() if faults} == {}
    assert window.complaints == []


def test_an_admin_imports_a_file_by_hand_and_without_scripts(chromium: Chromium, install: Install, desk: Agent) -> None:
    with chromium.window(Look(scripts=False)) as window:
        window.sign_in(install.address("/agents/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.get_by_role("link", name="Import").click())
        file = FilePayload(name="agents.csv", mimeType="text/csv", buffer=FILE)
        window.do(lambda page: page.get_by_label("File").set_input_files(file))
        window.do(lambda page: page.get_by_role("button", name="Show what would change").click())
        assert "`telepathy`" not in window.text()
        assert "telepathy" in window.text()
        window.do(lambda page: page.get_by_label("Leave out the 1 row with problems").check())
        window.do(lambda page: page.get_by_role("button", name="Take it over").click())
        assert "1 agents added, 1 changed" in window.text()
    assert Agent.objects.get(agent_id="desk").authentication == "none"
    assert AgentImport.objects.get().taken
