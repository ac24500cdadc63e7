"""The alarms we ship: Prometheus can read them, each figure they name is one we have, and each is explained."""

import re
from pathlib import Path

import pytest
import yaml
from django.test import Client, override_settings
from prometheus_client import Histogram
from prometheus_client.parser import text_string_to_metric_families

from guardrail import meters
from investigations.models import Receiver

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
RULES = yaml.safe_load((DOCS / "prometheus-rules.yaml").read_text())
ALARMS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
_TOKEN = re.compile(
    r'\s*(?:(?P<name>[a-zA-Z_][\w:]*)|(?P<number>\d+(?:\.\d+)?(?:e\d+)?)|(?P<text>"[^"\\]*")|(?P<range>\[\d+[smhd]\])'
    r"|(?P<operator>==|!=|=~|!~|>=|<=|[-+*/<>=])|(?P<bracket>[(){},]))"
)
_WORDS = {"sum", "max", "min", "by", "ignoring", "group_left", "or", "and", "unless"}
_FUNCTIONS = {"rate", "increase", "delta", "histogram_quantile"}


def tokens(expression: str) -> list[tuple[str, str]]:
    """The kinds and texts of an expression's words; fails on what Prometheus has no word for."""
    found, at = [], 0
    while at < len(expression.rstrip()):
        match = _TOKEN.match(expression, at)
        assert match, f"no word at `{expression[at : at + 20]}`"
        found.append((str(match.lastgroup), match[0].strip()))
        at = match.end()
    return found


def figures_of(expression: str) -> set[str]:
    """The figures it names: the names outside braces that are no word of the language and no label."""
    bare = re.sub(r"\{[^}]*\}", "", expression)
    bare = re.sub(r"\b(?:by|ignoring)\s*\([^)]*\)", "", bare)
    return {text for kind, text in tokens(bare) if kind == "name"} - _WORDS - _FUNCTIONS


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_one_prometheus_can_read(name: str) -> None:
    rule = ALARMS[name]
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"]
    opened: list[str] = []
    for kind, text in tokens(rule["expr"]):
        if kind != "bracket" or text == ",":
            continue
        if text in "({":
            opened.append(text)
        else:
            assert opened
            assert opened.pop() + text in ("()", "{}")
    assert opened == []
    assert figures_of(rule["expr"])


def test_each_alarm_names_figures_there_are_and_the_document_explains_all_of_both(client: Client, db: None) -> None:
    Receiver.objects.create(name="The SIEM", kind="splunk", address="https://siem.example")
    with override_settings(METRICS_TOKEN="x" * 20):
        text = client.get("/metrics", headers={"authorization": f"Bearer {'x' * 20}"}).content.decode()
    looked_up = {family.name for family in text_string_to_metric_families(text)}
    counted = {f"{meter._name}{'' if isinstance(meter, Histogram) else '_total'}" for meter in meters.COUNTED}
    there = (
        counted | {"guardrail_deliveries_taken_total"} | {name for name in looked_up if f"{name}_total" not in counted}
    )
    there -= {"guardrail_deliveries_taken"}
    named = {name.removesuffix("_bucket") for rule in ALARMS.values() for name in figures_of(rule["expr"])}
    assert named - there == {"up"}
    document = (DOCS / "operations.md").read_text()
    told = set(re.findall(r"`(guardrail_\w+)`", document)) & set(re.findall(r"`(guardrail_\w+)`", _table(document)))
    assert told == there
    assert set(re.findall(r"`(Guardrail\w+)`", document)) == set(ALARMS)


def _table(document: str) -> str:
    return document.partition("| figure | labels | what |")[2].partition("### Lines of the log")[0]
