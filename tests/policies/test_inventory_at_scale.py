"""10,000 agents: what a page reads is bounded, charters compile, and nothing scans calls."""

import json
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from policies.load import load_document
from policies.models import Agent, Environment
from policies.ruleset import compile_ruleset
from policies.services.publish import ensure_baseline
from tests.scale.inventory import store_inventory

pytestmark = pytest.mark.django_db
AGENTS = 10_000
# CPU seconds, ten times what an idle machine takes
COMPILE_SECONDS, LOOKUP_MICROSECONDS = 2.0, 50.0


def plans_of(client: Client, address: str) -> list[str]:
    """How Postgres carries out each query of a page that reads calls."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    found = []
    for query in captured.captured_queries:
        if "guardrail_verdict" in query["sql"] and query["sql"].startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute(f"EXPLAIN {query['sql']}")
                found.append("\n".join(row[0] for row in cursor.fetchall()))
                cursor.execute("SET LOCAL enable_seqscan = on")
    return found


def test_ten_thousand_agents_are_listed_judged_and_never_looked_for_among_calls() -> None:
    ensure_baseline()
    store_inventory(agents=AGENTS, verdicts=2_000)
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    _the_lists_go_on_by_key(client)
    agent = Agent.objects.get(agent_id="agent-501")
    environment = Environment.objects.get(environment_id="env-3")
    for address in ("/agents/", f"/agents/{agent.pk}/", f"/environments/{environment.pk}/", "/environments/"):
        client.get(address)
        assert [plan for plan in plans_of(client, address) if "Index" not in plan] == [], address
    assert any("agent_id_id_idx" in plan for plan in plans_of(client, f"/agents/{agent.pk}/charter/"))
    _charters_compile(load_document())


def _the_lists_go_on_by_key(client: Client) -> None:
    page = client.get("/agents/", {"kind": "registered"})
    kind = page.context["kinds"]["registered"]
    assert (len(kind.rows), kind.total > 8_000) == (50, True)
    following = client.get(f"/agents/?{kind.next_url}").context["kinds"]["registered"]
    assert kind.rows[-1].agent.name < following.rows[0].agent.name


def _charters_compile(document: dict[str, Any]) -> None:
    began = time.process_time()
    ruleset = compile_ruleset(document)
    assert time.process_time() - began < COMPILE_SECONDS
    assert len(json.dumps(document)) < 20_000_000
    charters = [agent.charter for agent in ruleset.agents.values() if agent.charter]
    assert len(charters) == AGENTS * 19 // 20
    began = time.process_time()
    for charter in charters:
        charter.allows_tool(tool_id="x.action.tool-7", tool_name="Tool-7")
        charter.allows_destination("kim@mail.house-1.example", host="mail.house-1.example", standing="unknown")
    assert 1e6 * (time.process_time() - began) / len(charters) < LOOKUP_MICROSECONDS
