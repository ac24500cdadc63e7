"""What is shipped in deploy/ names nothing that does not exist: settings, commands, parts, addresses."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.urls import resolve

from guardrail.management.commands.run import Command

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
FILES = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file()]
PARTS = {"web", "worker", "beat"}


@pytest.fixture(scope="module")
def kubernetes() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_names_only_settings_that_are_documented(path: Path) -> None:
    told = set(re.findall(r"`([A-Z][A-Z_]+)`", (ROOT / "docs" / "operations.md").read_text()))
    named = set(re.findall(r"\b(GUARDRAIL_[A-Z_]+|DATABASE_URL|REDIS_URL)\b", path.read_text()))
    assert named <= told


def test_it_starts_only_commands_that_exist(kubernetes: list[dict[str, Any]], compose: dict[str, Any]) -> None:
    lines = [container["args"] for document in kubernetes for container in _containers(document)]
    lines += [service["command"] for service in compose["services"].values() if service.get("image") == "guardrail"]
    for unit in (DEPLOY / "systemd").glob("*.service"):
        found = re.search(r"^ExecStart=\S+ manage\.py (.+)$", unit.read_text(), re.MULTILINE)
        assert found, unit
        lines.append(found[1].split())
    assert {line[0] for line in lines} == {"migrate", "run"}
    assert {line[1] for line in lines if line[0] == "run"} == PARTS
    for name, *arguments in lines:
        assert name in get_commands()
        if name == "run":
            assert Command().create_parser("manage.py", "run").parse_args(arguments).part == arguments[0]


def test_it_asks_for_life_only_where_web_answers_without_its_servers(kubernetes: list[dict[str, Any]]) -> None:
    """By /readyz callers would be turned away, and so allowed, whenever Postgres is away."""
    (web,) = (c for document in kubernetes for c in _containers(document) if c["name"] == "web")
    paths = {web[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "readiness", "liveness")}
    assert paths == {"/healthz"}
    assert resolve("/healthz")


def test_it_keeps_the_journal_when_a_pod_goes(kubernetes: list[dict[str, Any]], compose: dict[str, Any]) -> None:
    (web,) = (document for document in kubernetes if document["kind"] == "StatefulSet")
    (data,) = web["spec"]["volumeClaimTemplates"]
    (mount,) = (m for c in _containers(web) for m in c["volumeMounts"] if m["name"] == data["metadata"]["name"])
    assert mount["mountPath"] == "/var/lib/guardrail"
    assert web["spec"]["persistentVolumeClaimRetentionPolicy"] == {"whenScaled": "Retain", "whenDeleted": "Retain"}
    assert compose["services"]["web"]["volumes"] == ["web:/var/lib/guardrail"]


def test_it_gives_each_document_what_the_others_name(kubernetes: list[dict[str, Any]]) -> None:
    there = {(document["kind"], document["metadata"]["name"]) for document in kubernetes}
    for document in kubernetes:
        target = document["spec"].get("scaleTargetRef") if "spec" in document else None
        assert target is None or (target["kind"], target["name"]) in there
        for container in _containers(document):
            assert container["envFrom"] == [
                {"configMapRef": {"name": "guardrail"}},
                {"secretRef": {"name": "guardrail"}},
            ]
    assert ("ConfigMap", "guardrail") in there


def test_it_puts_into_the_image_only_what_is_there() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert {"guardrail", "investigations", "policies", "templates", "static"} <= set(names)
    assert [name for name in names if not (ROOT / name).exists()] == []


def _containers(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from document.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ())
