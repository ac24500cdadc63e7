"""A file of agents becomes the inventory: looked at first, then taken over whole, or not at all."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from policies.access import Role, give_role
from policies.agent_file import FileError, read_agents
from policies.models import Agent, AgentChange, AgentImport, AuditEntry, Environment, GrantedTool

pytestmark = pytest.mark.django_db
HEADER = "Agent ID,Agent name,Environment ID,Environment,Owner,Authentication,Status,Tools"
ROWS = f"""{HEADER}
a-1,Order Desk,env-1,Sales,K. Ito,Integrated,Published,List-rows;Send-mail
a-2,Night Batch,env-1,Sales,M. Diaz,None,Draft,
"""


def signed_in(role: Role) -> Client:
    user = User.objects.create_user(f"{role.value}-1")
    give_role(user, role, actor=None)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> Client:
    return signed_in(Role.POLICY_ADMIN)


def uploaded(client: Client, body: str | bytes, name: str = "agents.csv") -> Any:
    data = body.encode() if isinstance(body, str) else body
    return client.post("/agents/import/", {"file": SimpleUploadedFile(name, data)}, follow=True)


def taken(client: Client, body: str | bytes, **choices: str) -> Any:
    page = uploaded(client, body)
    assert page.status_code == 200, page.content.decode()
    kept, found = page.context["kept"], page.context["found"]
    return client.post(f"/agents/import/{kept.pk}/", {"seen": found.digest, **choices}, follow=True)


def test_it_shows_what_would_change_before_anything_does(admin: Client) -> None:
    page = uploaded(admin, ROWS)
    assert [change.agent.agent_id for change in page.context["found"].added] == ["a-1", "a-2"]
    assert "Order Desk" in page.content.decode()
    assert not Agent.objects.exists()
    assert not AuditEntry.objects.filter(action="agents.imported").exists()


def test_it_registers_the_agents_with_what_the_file_says(admin: Client) -> None:
    taken(admin, ROWS)
    desk = Agent.objects.get(agent_id="a-1")
    assert (desk.registered, desk.name, desk.owner) == (True, "Order Desk", "K. Ito")
    assert (desk.authentication, desk.lifecycle) == ("entra", "live")
    assert desk.environment == Environment.objects.get(environment_id="env-1", name="Sales")
    assert list(GrantedTool.objects.values_list("agent_id", "tool")) == [("a-1", "list-rows"), ("a-1", "send-mail")]
    entry = AuditEntry.objects.get(action="agents.imported")
    assert (entry.actor_name, entry.detail["added"], entry.detail["file"]) == ("policy_admin-1", 2, "agents.csv")
    assert AgentImport.objects.get().rows == []


def test_the_same_file_again_changes_nothing_and_says_so(admin: Client) -> None:
    taken(admin, ROWS)
    before = list(Agent.objects.order_by("pk").values())
    page = uploaded(admin, ROWS)
    assert "Nothing would change" in page.content.decode()
    taken(admin, ROWS)
    assert list(Agent.objects.order_by("pk").values()) == before
    assert AuditEntry.objects.filter(action="agents.imported").count() == 1


def test_an_empty_cell_leaves_what_is_there(admin: Client) -> None:
    taken(admin, ROWS)
    taken(admin, "Agent ID,Owner,Agent name\na-1,,Order Desk 2\n")
    desk = Agent.objects.get(agent_id="a-1")
    assert (desk.owner, desk.name) == ("K. Ito", "Order Desk 2")


def test_it_notes_what_an_export_says_has_changed(admin: Client) -> None:
    taken(admin, ROWS)
    taken(admin, ROWS.replace("Integrated", "None").replace("Send-mail", "Delete-rows"))
    drift = AgentChange.objects.order_by("what", "pk").values_list("what", "was", "now")
    assert sorted(drift) == [
        ("authentication", "entra", "none"),
        ("granted", "", "delete-rows"),
        ("withdrawn", "send-mail", ""),
    ]


def test_a_shadow_agent_is_registered_and_keeps_what_its_calls_showed(admin: Client) -> None:
    seen = datetime(2026, 11, 1, tzinfo=UTC)
    Agent.objects.create(agent_id="a-1", name="calls itself so", last_seen=seen, calls=7)
    page = uploaded(admin, ROWS)
    assert [change.registers for change in page.context["found"].changed] == [True]
    taken(admin, ROWS)
    desk = Agent.objects.get(agent_id="a-1")
    assert (desk.registered, desk.name, desk.calls, desk.last_seen) == (True, "Order Desk", 7, seen)


def test_it_says_who_is_gone_and_retires_them_only_when_told(admin: Client) -> None:
    taken(admin, ROWS)
    only_one = "\n".join(ROWS.splitlines()[:2])
    page = taken(admin, only_one)
    assert Agent.objects.get(agent_id="a-2").lifecycle == "draft"
    assert page.context["kept"].summary["gone"] == 1
    taken(admin, only_one, retire_gone="on")
    assert Agent.objects.get(agent_id="a-2").lifecycle == "retired"


def test_a_row_with_a_problem_stops_the_file_until_somebody_leaves_it_out(admin: Client) -> None:
    body = ROWS + "a-3,X,env-1,Sales,O,telepathy,Draft,\n,No id,,,,,,\na-1,Twice,,,,,,\n"
    page = uploaded(admin, body)
    told = {(problem["line"], problem["column"]): problem["message"] for problem in page.context["kept"].problems}
    assert "`telepathy`, expected one of none, entra, manual" in told[4, "Authentication"]
    assert "is empty" in told[5, "Agent ID"]
    assert "on line 2 already" in told[6, "Agent ID"]
    refused = taken(admin, body)
    assert refused.status_code == 422
    assert "3 rows have problems" in refused.content.decode()
    assert not Agent.objects.exists()
    taken(admin, body, leave_out_bad="on")
    assert Agent.objects.count() == 2


def test_what_changed_meanwhile_is_looked_at_again(admin: Client) -> None:
    page = uploaded(admin, ROWS)
    kept, found = page.context["kept"], page.context["found"]
    Agent.objects.create(agent_id="a-1", name="first call")
    answer = admin.post(f"/agents/import/{kept.pk}/", {"seen": found.digest})
    assert answer.status_code == 422
    assert "has changed since you looked" in answer.content.decode()
    assert Agent.objects.get().registered is False


def test_a_decided_file_is_not_decided_again(admin: Client) -> None:
    page = uploaded(admin, ROWS)
    kept, found = page.context["kept"], page.context["found"]
    admin.post(f"/agents/import/{kept.pk}/drop/")
    assert AgentImport.objects.get().rows == []
    answer = admin.post(f"/agents/import/{kept.pk}/", {"seen": found.digest})
    assert answer.status_code == 422
    assert not Agent.objects.exists()


def test_only_a_policy_admin_may_import() -> None:
    analyst = signed_in(Role.ANALYST)
    assert analyst.get("/agents/import/").status_code == 403
    assert uploaded(analyst, ROWS).status_code == 403


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_it_reads_what_spreadsheets_save(admin: Client, encoding: str) -> None:
    taken(admin, "Bot ID;Display Name;Owner\na-1;Bestellungen für Köln;M. Grün\n".encode(encoding))
    assert Agent.objects.get().name == "Bestellungen für Köln"


def test_it_reads_resource_graph(admin: Client) -> None:
    row = {
        "name": "7f1c",
        "type": "microsoft.copilotstudio/agents",
        "properties": {
            "displayName": "Order Desk",
            "environmentId": "env-1",
            "ownerId": "o-1",
            "lastPublishedAt": "2026-01-15T10:30:00.1234567Z",
            "schemaName": "cr5e3_orderDesk",
        },
    }
    taken(admin, json.dumps({"data": [row, {**row, "name": "7f1d", "properties": {"displayName": "New"}}]}))
    desk, new = Agent.objects.order_by("agent_id")
    assert (desk.agent_id, desk.name, desk.owner, desk.published) == ("7f1c", "Order Desk", "o-1", True)
    assert desk.published_at == datetime(2026, 1, 15, 10, 30, 0, 123456, tzinfo=UTC)
    assert (new.agent_id, new.published) == ("7f1d", False)


def test_it_reads_the_agent_table_of_defender(admin: Client) -> None:
    row = {
        "AIAgentId": "a-1",
        "AIAgentName": "Order Desk",
        "AgentStatus": "Published",
        "AuthenticationTrigger": "Generic OAuth2",
        "IsGenerativeOrchestrationEnabled": False,
        "AgentToolsDetails": [{"toolId": "x.action.List-rows", "displayName": "List rows"}],
        "KnowledgeDetails": json.dumps([{"name": "Handbook"}]),
        "AgentTopicsDetails": "Greeting | Goodbye",
    }
    taken(admin, json.dumps([row]))
    desk = Agent.objects.get()
    assert (desk.authentication, desk.orchestration, desk.lifecycle) == ("manual", "classic", "live")
    assert (desk.knowledge, desk.topics) == (["Handbook"], ["Greeting", "Goodbye"])
    assert GrantedTool.objects.get().tool == "x.action.list-rows"


def test_instructions_are_kept_as_a_digest_only(admin: Client) -> None:
    taken(admin, json.dumps([{"id": "a-1", "instructions": "Answer about orders."}]))
    taken(admin, json.dumps([{"id": "a-1", "instructions": "Answer about all."}]))
    assert len(Agent.objects.get().instructions_digest) == 64
    assert AgentChange.objects.get().what == "instructions"
    assert "Answer about" not in json.dumps(list(AuditEntry.objects.values_list("detail", flat=True)))


def test_a_cell_like_a_formula_stays_text(admin: Client) -> None:
    taken(admin, """Agent ID,Agent name,Owner\na-1,'=cmd|' /C calc'!A0,"=HYPERLINK(""http://x.example"")"\n""")
    agent = Agent.objects.get()
    assert (agent.name, agent.owner) == ("=cmd|' /C calc'!A0", '=HYPERLINK("http://x.example")')
    page = admin.get(f"/agents/{agent.pk}/").content.decode()
    assert '<a href="http://x.example' not in page


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "is empty"),
        ("name,owner\nx,y\n", "is the agent&#x27;s id"),
        ("Agent ID\n", "names no agent"),
        ('[{"id": 1}, 2]', "entry 2 is no object"),
        ('[{"id": "a",]', "line 1, column"),
        ("[" * 100_000, "nested too deeply"),
        ("Agent ID\n" + "a" * 200_000 + "\n", "line 2"),
        ("Agent ID\n" + "\n".join(map(str, range(10_001))), "more than 10,000 agents"),
        (b"\xff\xfe\x00", "no text"),
    ],
)
def test_a_file_that_is_no_list_of_agents_is_refused_in_words(admin: Client, body: str | bytes, message: str) -> None:
    page = uploaded(admin, body)
    assert page.status_code == 422
    assert message in page.content.decode()
    assert not AgentImport.objects.exists()


def test_it_refuses_more_than_ten_megabytes() -> None:
    with pytest.raises(FileError, match="at most 10 MB"):
        read_agents(b"Agent ID\n" + b"a" * (10 * 1024 * 1024))


def test_what_is_exported_is_inert_in_a_spreadsheet_and_changes_nothing_when_it_comes_back(admin: Client) -> None:
    body = ROWS.replace("Order Desk", "=HYPERLINK(1)").replace("M. Diaz", '"A ""B"", C"')
    taken(admin, body)
    Agent.objects.filter(agent_id="a-1").update(
        published=True,
        published_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        channels=["msteams", "a;b"],
        process="-sales",
    )
    Agent.objects.create(agent_id="shadow", name="not registered")
    exported = admin.get("/agents/export.csv").getvalue()
    assert b"'=HYPERLINK(1)" in exported
    assert b"'-sales" in exported
    assert b"shadow" not in exported
    found = uploaded(admin, exported).context["found"]
    assert (found.added, found.changed, found.same) == ((), (), 2)
    assert "Nothing would change" in uploaded(admin, exported).content.decode()


def test_hostile_text_is_kept_as_text_and_shown_as_text(admin: Client) -> None:
    name = "<script>alert(1)</script>\u202egnp.exe\x00\u200b"
    taken(admin, json.dumps([{"id": "a-1", "name": name, "tools": [name], "channels": {"a": name}}]))
    agent = Agent.objects.get()
    assert "\x00" not in agent.name
    for address in ("/agents/", f"/agents/{agent.pk}/", "/agents/import/"):
        assert "<script>alert" not in admin.get(address).content.decode()


def test_the_command_takes_a_file_over_and_a_dry_run_does_not(tmp_path: Path) -> None:
    file = tmp_path / "agents.csv"
    file.write_text(ROWS)
    out = StringIO()
    call_command("import_agents", str(file), dry_run=True, stdout=out)
    assert "would be 2 added" in out.getvalue()
    assert not Agent.objects.exists()
    call_command("import_agents", str(file), stdout=out)
    assert Agent.objects.count() == 2
    assert AuditEntry.objects.filter(action="agents.imported", actor_name="system").count() == 1
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_agents", str(tmp_path / "nothing.csv"))
