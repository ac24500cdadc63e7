"""The pages of tools, by the browser's requests."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from policies.access import Role, give_role
from policies.load import load_document, load_serial
from policies.models import Agent, AuditEntry, SeenTool, Tool
from policies.ruleset import Ruleset, ToolKind, compile_ruleset
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
def look_up() -> SeenTool:
    ensure_baseline()
    Agent.objects.create(agent_id="a-invoices", name="Invoice Processor", registered=True)
    return _seen("erp.lookup", "Look-up", "read")


@pytest.fixture
def pay() -> SeenTool:
    ensure_baseline()
    return _seen("bank.pay", "Pay invoice", "pay")


def test_it_lists_tools_with_what_is_inferred(analyst: Client, look_up: SeenTool, pay: SeenTool) -> None:
    page = analyst.get("/tools/").content.decode()
    assert "Look-up" in page
    assert "Invoice Processor" in page
    assert page.count("before the answer") == 3  # once in the explanation
    assert "Look-up" not in analyst.get("/tools/?q=bank").content.decode()
    assert "Pay invoice" not in analyst.get("/tools/?q=invoice+processor+erp").content.decode()


def test_it_reads_the_list_in_a_fixed_number_of_queries(
    analyst: Client, look_up: SeenTool, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    analyst.get("/tools/")
    for n in range(30):
        _seen(f"erp.tool{n}", f"Tool {n}", "read")
    with django_assert_max_num_queries(10):
        analyst.get("/tools/")


def test_a_tool_that_reads_is_let_act_first_by_a_choice(admin: Client, look_up: SeenTool) -> None:
    before = load_serial()
    assert admin.post(f"/tools/{look_up.pk}/", _wanted()).status_code == 302
    assert load_serial() > before
    ruleset = _ruleset()
    assert not ruleset.is_critical(agent_id="anybody", tool_id="ERP.Lookup", tool_name="")
    entry = AuditEntry.objects.filter(action="tool.changed").get()
    assert entry.detail == {"tool": "erp.lookup", "agent": "", "changes": {"critical": [True, False]}}
    page = admin.get(f"/tools/{look_up.pk}/").content.decode()
    assert "judged after the answer" in page
    assert "For all agents: judged after the answer" in page


@pytest.mark.parametrize("typed", ["", "yes"])
def test_a_tool_that_can_do_harm_wants_the_sentence(admin: Client, pay: SeenTool, typed: str) -> None:
    for kind in ("", "read"):  # calling it harmless in the same breath does not help
        answer = admin.post(f"/tools/{pay.pk}/", _wanted(kind=kind, confirmation=typed))
        assert answer.status_code == 422
        assert "expected <code>act before judging</code>" in answer.content.decode()
    assert not Tool.objects.exists()


def test_with_the_sentence_it_may_act_first(admin: Client, pay: SeenTool) -> None:
    admin.post(f"/tools/{pay.pk}/", _wanted(confirmation="Act before judging"))
    assert not _ruleset().is_critical(agent_id="a-invoices", tool_id="bank.pay", tool_name="")


def test_a_kind_is_set_for_one_agent_and_the_others_keep_theirs(admin: Client, look_up: SeenTool) -> None:
    admin.post(f"/tools/{look_up.pk}/", _wanted(scope="agent", kind="write", judged="before"))
    ruleset = _ruleset()
    assert ruleset.tool_kind(agent_id="a-invoices", tool_id="erp.lookup", tool_name="") is ToolKind.WRITE
    assert ruleset.tool_kind(agent_id="another", tool_id="erp.lookup", tool_name="") is None


def test_one_agent_stays_critical_where_the_others_are_not(admin: Client, look_up: SeenTool) -> None:
    admin.post(f"/tools/{look_up.pk}/", _wanted())
    admin.post(f"/tools/{look_up.pk}/", _wanted(scope="agent", judged="before"))
    ruleset = _ruleset()
    assert ruleset.is_critical(agent_id="a-invoices", tool_id="erp.lookup", tool_name="")
    assert not ruleset.is_critical(agent_id="another", tool_id="erp.lookup", tool_name="")
    admin.post(f"/tools/{look_up.pk}/follow-all/")
    assert not _ruleset().is_critical(agent_id="a-invoices", tool_id="erp.lookup", tool_name="")


def test_back_to_what_is_inferred_leaves_nothing_behind(admin: Client, look_up: SeenTool) -> None:
    admin.post(f"/tools/{look_up.pk}/", _wanted(kind="write"))
    admin.post(f"/tools/{look_up.pk}/", _wanted(judged="before"))
    assert not Tool.objects.exists()
    assert AuditEntry.objects.filter(action="tool.changed").count() == 2


def test_an_analyst_reads_and_may_not_change(analyst: Client, look_up: SeenTool) -> None:
    page = analyst.get(f"/tools/{look_up.pk}/").content.decode()
    assert "A policy admin can change them" in page
    assert analyst.post(f"/tools/{look_up.pk}/", _wanted()).status_code == 403
    assert analyst.post(f"/tools/{look_up.pk}/follow-all/").status_code == 403
    assert not Tool.objects.exists()


def _wanted(**changes: str) -> dict[str, str]:
    return {"scope": "all", "kind": "", "judged": "after", "confirmation": "", **changes}


def _seen(tool: str, name: str, kind: str) -> SeenTool:
    return SeenTool.objects.create(
        agent_id="a-invoices", tool=tool, name=name, kind=kind, calls=3, first_seen=SEEN, last_seen=SEEN
    )


def _ruleset() -> Ruleset:
    return compile_ruleset(load_document())


def _signed_in(name: str, role: Role) -> Client:
    person = User.objects.create_user(name)
    give_role(person, role, actor=None)
    client = Client()
    client.force_login(person)
    return client
