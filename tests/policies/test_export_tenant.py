"""`manage.py export_tenant`: what it writes is read back into the same policy."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from policies.load import load_document
from policies.models import Agent, ClassifiedFile, DataClass, Destination, Environment, Tool
from policies.services.publish import ensure_baseline
from policies.services.tenant import import_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> None:
    ensure_baseline()
    said = {
        "agent": {
            "id": "quay-ledger",
            "name": "Quay Ledger",
            "environmentId": "quay",
            "profile": "cautious",
            "owner": "K",
        },
        "internal_domains": ["quay.example"],
        "denied_domains": ["rival.example"],
        "tool_kinds": {"get_berth": {"kind": "read", "critical": False}, "send_plan": "send"},
        "data_classes": [
            {"name": "restricted", "terms": ["Board only"], "labels": ["Quay Secret"]},
            "customer address",
        ],
        "files": [{"path": "/sites/Board/rates.xlsx", "owner": "ana@quay.example", "data_class": "restricted"}],
    }
    import_tenant(said, None)
    import_tenant({"tools": [{"tool": "look_up", "critical": False}, {"tool": "get_berth", "critical": True}]}, None)
    Agent.objects.create(agent_id="shadow")


def test_it_writes_what_is_read_back_into_the_same_policy(tenant: None, tmp_path: Path) -> None:
    before = load_document()
    out = StringIO()
    call_command("export_tenant", tmp_path / "out", stdout=out)
    assert "organisation.json: 2 destinations, 2 data_classes, 1 files, 2 tools" in out.getvalue()
    for model in (Tool, Agent, Environment, ClassifiedFile, DataClass, Destination):
        model.objects.all().delete()
    call_command("import_tenant", *(tmp_path / "out").glob("*.json"), stdout=StringIO())
    after = load_document()
    assert {name: _sorted(after[name]) for name in after} == {name: _sorted(before[name]) for name in before}
    assert not Agent.objects.filter(agent_id="shadow").exists()


def test_it_writes_over_nothing(tenant: None, tmp_path: Path) -> None:
    call_command("export_tenant", tmp_path, stdout=StringIO())
    with pytest.raises(CommandError, match="expected a new file"):
        call_command("export_tenant", tmp_path, stdout=StringIO())


def _sorted(value: object) -> object:
    return sorted(value, key=lambda row: json.dumps(row, sort_keys=True)) if isinstance(value, list) else value
