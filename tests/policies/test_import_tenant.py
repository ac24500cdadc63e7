"""`manage.py import_tenant`: what an admin knows gets into the policy, all of it or nothing."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from policies.load import load_document
from policies.models import Agent, AuditEntry, ClassifiedFile, DataClass, Destination, RulesetSerial, Tool
from policies.ruleset import Standing, ToolKind, compile_ruleset
from policies.services.publish import ensure_baseline

pytestmark = pytest.mark.django_db

TENANT: dict[str, Any] = {
    "agent": {"id": "quay-ledger", "name": "Quay Ledger", "environmentId": "quay-production", "profile": "cautious"},
    "internal_domains": ["quay.example"],
    "payees": [{"name": "Ropeworks", "iban": "DE02 1203 0000 0000 2020 51"}],
    "tool_kinds": {"Book_Invoice": "write"},
    "data_classes": ["customer address", {"name": "restricted", "terms": ["Board only"]}],
    "files": [{"path": "/sites/Board/rates.xlsx", "owner": "ana@quay.example", "data_class": "restricted"}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def run(*arguments: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("import_tenant", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_puts_a_document_into_the_ruleset_in_force(folder: Path) -> None:
    ensure_baseline()
    file = write(folder, "quay.json", TENANT)
    out, err = run(file)
    assert f"{file}: 1 agents, 1 tools, 3 destinations, 1 files, 2 data classes" in out
    assert err == ""
    ruleset = compile_ruleset(load_document())
    assert ruleset.standing_of("ana@quay.example") is Standing.INTERNAL
    assert ruleset.standing_of("de02120300000000202051") is Standing.KNOWN
    assert ruleset.tool_kind(agent_id="quay-ledger", tool_id="book_invoice", tool_name="") is ToolKind.WRITE
    assert ruleset.data_classes["restricted"].terms == ("Board only",)
    assert ruleset.files[0].data_class == "restricted"
    agent = Agent.objects.get()
    assert (agent.agent_id, agent.registered, agent.profile) == ("quay-ledger", True, "cautious")
    assert agent.environment is not None
    assert agent.environment.environment_id == "quay-production"


def test_it_tells_the_web_processes_and_the_audit_trail(folder: Path) -> None:
    run(write(folder, "quay.json", TENANT))
    assert RulesetSerial.objects.get().serial == 1
    entry = AuditEntry.objects.get(action="tenant.imported")
    assert entry.detail["destinations"] == 3
    assert entry.detail["agent_ids"] == ["quay-ledger"]


def test_it_can_be_run_again_with_changes(folder: Path) -> None:
    run(write(folder, "quay.json", TENANT))
    run(write(folder, "quay.json", {**TENANT, "tool_kinds": {"book_invoice": "pay"}, "denied_contacts": ["ropeworks"]}))
    assert Tool.objects.get().kind == "pay"
    assert Destination.objects.get(value="ropeworks").standing == "denied"
    assert Agent.objects.count() == 1
    assert ClassifiedFile.objects.count() == 1


def test_it_leaves_what_a_document_does_not_say(folder: Path) -> None:
    run(write(folder, "quay.json", TENANT))
    Agent.objects.update(owner="Ines", mode="monitor")
    later = {"agent": "quay-ledger", "data_classes": ["restricted"], "files": ["/sites/Board/rates.xlsx"]}
    run(write(folder, "later.json", later))
    agent = Agent.objects.get()
    assert (agent.name, agent.owner, agent.mode, agent.profile) == ("Quay Ledger", "Ines", "monitor", "cautious")
    assert DataClass.objects.get(name="restricted").terms == ["Board only"]
    file = ClassifiedFile.objects.get()
    assert file.owner == "ana@quay.example"
    assert file.data_class == DataClass.objects.get(name="restricted")


def test_it_registers_an_agent_that_was_a_shadow(folder: Path) -> None:
    Agent.objects.create(agent_id="quay-ledger", calls=12)
    run(write(folder, "quay.json", TENANT))
    agent = Agent.objects.get()
    assert (agent.registered, agent.calls) == (True, 12)


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    out, _ = run("--dry-run", write(folder, "quay.json", TENANT))
    assert "dry run: nothing was written" in out
    assert not Destination.objects.exists()
    assert not AuditEntry.objects.filter(action="tenant.imported").exists()


def test_it_prints_members_that_have_no_effect(folder: Path) -> None:
    file = write(folder, "quay.json", {**TENANT, "mood": "calm"})
    _, err = run(file)
    assert f"{file}: `mood` is not understood and has no effect" in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "`$` is `[]`, expected object"),
        ({}, "`$` is `{}`, expected 1 or more"),
        ({"agent": {"name": "x"}}, "`$.agent` has no `id`"),
        ({"agents": [{"id": "a", "mode": "off"}]}, '`$.agents[0].mode` is `"off"`, expected one of monitor, enforce'),
        (
            {"data_classes": [{"name": "x", "may_leave": "no"}]},
            '`$.data_classes[0].may_leave` is `"no"`, expected boolean',
        ),
        ({"files": [3]}, "`$.files[0]` is `3`, expected"),
        ({"internal_domains": ["Quay"]}, "`internal_domains[0]` is `quay`, expected a domain"),
    ],
)
def test_one_wrong_file_is_named_and_stops_them_all(folder: Path, content: Any, message: str) -> None:
    good = write(folder, "good.json", TENANT)
    bad = write(folder, "bad.json", content)
    with pytest.raises(CommandError) as error:
        run(good, bad)
    assert f"{bad}: " in str(error.value)
    assert message in str(error.value)
    assert "nothing was written" in str(error.value)
    assert not Destination.objects.exists()


def test_it_says_when_a_file_is_missing(folder: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run(folder / "absent.json")


def test_it_takes_in_which_tools_are_not_critical_and_leaves_what_is_not_said(folder: Path) -> None:
    ensure_baseline()
    said = {"agent": {"id": "quay-ledger"}, "tool_kinds": {"get_berth": {"kind": "read", "critical": False}}}
    run(write(folder, "one.json", said))
    assert not compile_ruleset(load_document()).is_critical(
        agent_id="quay-ledger", tool_id="Get_Berth", tool_name="anything"
    )
    run(write(folder, "two.json", {**said, "tool_kinds": {"get_berth": "write"}}))
    assert (Tool.objects.get().kind, Tool.objects.get().critical) == ("write", False)
    run(write(folder, "three.json", {**said, "tool_kinds": [{"tool": "get_berth", "critical": True}]}))
    assert (Tool.objects.get().kind, Tool.objects.get().critical) == ("write", True)


def test_it_refuses_a_word_for_critical(folder: Path) -> None:
    file = write(folder, "quay.json", {"tool_kinds": {"get_berth": {"critical": "no"}}})
    with pytest.raises(CommandError, match="critical"):
        run(file)


def test_partners_are_partners_and_who_was_known_before_is_told(folder: Path) -> None:
    Destination.objects.create(value="agency.example", standing="known")
    Destination.objects.create(value="new.example", standing="partner")
    file = write(
        folder, "a.json", {"partner_domains": ["agency.example", "new.example"], "supplier_domains": ["s.example"]}
    )
    _, err = run(file)
    assert err.startswith(f"{file}: `agency.example` is a partner now and was known; ")
    assert dict(Destination.objects.values_list("value", "standing")) == {
        "agency.example": "partner",
        "new.example": "partner",
        "s.example": "known",
    }
    assert run(file)[1] == ""


def test_what_a_person_denied_stays_denied_and_that_is_told(folder: Path) -> None:
    ada = User.objects.create_user("ada")
    Destination.objects.create(value="agency.example", standing="denied", changed_by=ada)
    Destination.objects.create(value="harbour.example", standing="known", changed_by=ada)
    file = write(folder, "a.json", {"internal_domains": ["agency.example", "harbour.example"]})
    _, err = run(file)
    assert "`agency.example` is denied on the list and stays so" in err
    assert Destination.objects.get(value="agency.example").changed_by == ada
    harbour = Destination.objects.get(value="harbour.example")
    # whoever said it before did not say this
    assert (harbour.standing, harbour.changed_by) == ("internal", None)
    assert run(write(folder, "b.json", {"denied_domains": ["agency.example"]}))[1] == ""


def test_what_belongs_to_anybody_is_left_out_and_told(folder: Path) -> None:
    document = {"internal_domains": ["gmail.com", "quay.example"], "supplier_domains": ["co.uk"]}
    _, err = run(write(folder, "a.json", document))
    assert "`gmail.com` and 1 more: each is nobody's own" in err
    assert dict(Destination.objects.values_list("value", "standing")) == {"quay.example": "internal"}
    assert run(write(folder, "b.json", {"supplier_domains": ["gmail.com"], "denied_domains": ["co.uk"]}))[1] == ""


def test_a_class_is_one_whatever_its_case_or_former_name(folder: Path) -> None:
    DataClass.objects.create(name="Secret", former_names=["restricted"], may_leave=False)
    classes = [{"name": "RESTRICTED", "terms": ["Board only"]}, {"name": "open", "may_leave": True}, {"name": "Open"}]
    files = [{"name": "a.xlsx", "data_class": "secret"}, {"name": "b.xlsx", "data_class": "restricted"}]
    run(write(folder, "a.json", {"data_classes": classes, "files": files}))
    assert set(DataClass.objects.values_list("name", flat=True)) == {"Secret", "open"}
    assert DataClass.objects.get(name="Secret").terms == ["Board only"]
    assert set(ClassifiedFile.objects.values_list("name", "data_class__name")) == {
        ("a.xlsx", "Secret"),
        ("b.xlsx", "Secret"),
    }
