"""What the table of flows does with what other detectors find: labels, files, known texts, secrets and numbers."""

from typing import Any

import pytest

from guardrail.judge import explain
from policies.decision import Decision
from policies.ruleset import Action
from tests.guardrail.cases import a_call, judged
from tests.guardrail.samples.data_classes import CLASSES
from tests.guardrail.samples.fingerprints import KNOWN, PLAN

OURS: Any = [
    {"value": "adatum.example", "standing": "internal"},
    {"value": "wingtip.example", "standing": "known"},
    {"value": "quay.example", "standing": "partner"},
]
KEY = "AKIA" + "QXZJ4T7RWB2MKD9F"


def decided(arguments: dict[str, Any], flows: dict[str, Any] | None, **fragment: Any) -> Decision:
    known: dict[str, Any] = {"flows": flows} if flows else {}
    call = a_call(user="Send it.", arguments={"to": "kim@quay.example", "subject": "Hi", "body": "Hi", **arguments})
    return judged(call, destinations=OURS, **known, **fragment).decision


def action_of(arguments: dict[str, Any], flows: dict[str, Any] | None, **fragment: Any) -> Action:
    return decided(arguments, flows, **fragment).would_have


FILES: dict[str, Any] = {
    "data_classes": [{"name": "board"}],
    "files": [{"name": "salaries.xlsx", "data_class": "board"}],
}
LABELS: dict[str, Any] = {
    "data_classes": [{"name": "Confidential"}, {"name": "Open", "may_leave": True, "labels": ["Everybody"]}]
}
KINDS: dict[str, Any] = {"data_classes": [{"name": "payment", "kinds": ["card"]}, {"name": "top", "kinds": ["keys"]}]}
FILE: dict[str, Any] = {"attachments": ["salaries.xlsx"]}
LABELLED: dict[str, Any] = {"body": "CONFIDENTIAL - NOTES\nWe met."}
CARD: dict[str, Any] = {"body": "Ann pays with 4111 1111 1111 1111."}


@pytest.mark.parametrize(
    ("found", "fragment", "name", "without"),
    [
        (FILE, FILES, "board", Action.BLOCK),
        (LABELLED, LABELS, "confidential", Action.BLOCK),
        ({"body": PLAN}, KNOWN, "restricted", Action.BLOCK),
        ({"body": f"Use {KEY} please."}, KINDS, "top", Action.BLOCK),
        (CARD, KINDS, "payment", Action.NOTICE),
        ({"body": "DL-471108"}, CLASSES, "restricted", Action.BLOCK),
    ],
    ids=["a file", "a label", "a known text", "a key", "a card", "a pattern"],
)
def test_the_table_decides_on_whatever_is_found(
    found: dict[str, Any], fragment: dict[str, Any], name: str, without: Action
) -> None:
    assert action_of(found, None, **fragment) is without
    assert action_of(found, {name: {"partner": "hold"}}, **fragment) is Action.HOLD
    assert action_of(found, {name: {"partner": "block"}}, **fragment) is Action.BLOCK
    # the cell of another standing, or of another class, says nothing
    assert action_of(found, {name: {"unknown": "notice"}, "other": {"partner": "notice"}}, **fragment) is without
    assert action_of(found, {name: {"partner": "allow"}}, **fragment) <= Action.NOTICE


@pytest.mark.parametrize("at", ["kim@adatum.example", "ana@adatum.example"])
def test_our_own_are_kept_from_data_only_where_the_table_says_so(at: str) -> None:
    assert action_of({**FILE, "to": at}, None, **FILES) <= Action.NOTICE
    assert action_of({**FILE, "to": at}, {"board": {"internal": "hold"}}, **FILES) is Action.HOLD
    assert action_of({"to": at}, {"board": {"internal": "hold"}}, **FILES) <= Action.NOTICE


def test_the_strictest_of_several_destinations_counts_and_is_named() -> None:
    flows = {"board": {"known": "notice", "partner": "hold", "unknown": "block", "internal": "allow"}}
    to = ["a@adatum.example", "b@wingtip.example", "c@quay.example"]
    held = decided({**FILE, "to": to}, flows, **FILES)
    blocked = decided({**FILE, "to": [*to, "d@elsewhere.example"]}, flows, **FILES)

    assert (held.would_have, blocked.would_have) == (Action.HOLD, Action.BLOCK)
    assert "c@quay.example" in held.reason
    assert "d@elsewhere.example" in blocked.reason


def test_the_strictest_of_several_classes_counts_and_each_is_told() -> None:
    fragment: dict[str, Any] = {
        "data_classes": [{"name": "board", "terms": ["project heron"]}, *CLASSES["data_classes"]],
        "files": [{"name": "salaries.xlsx", "data_class": "board"}],
    }
    flows = {"board": {"partner": "notice"}, "restricted": {"partner": "hold"}}
    decision = decided({**FILE, "body": "DL-471108"}, flows, **fragment)

    assert decision.would_have is Action.HOLD
    assert {signal.fact("data_class") for signal in decision.signals} >= {"board", "restricted"}


def test_a_class_that_may_leave_is_held_where_the_table_says_so() -> None:
    sent = {"attachments": ["menu.pdf"]}
    fragment: dict[str, Any] = {
        "data_classes": [{"name": "open", "may_leave": True}],
        "files": [{"name": "menu.pdf", "data_class": "open"}],
    }
    assert action_of(sent, None, **fragment) <= Action.NOTICE
    assert action_of(sent, {"Open": {"partner": "hold"}}, **fragment) is Action.HOLD


def test_what_would_have_let_it_pass_is_that_the_class_may_leave() -> None:
    call = a_call(user="Send it.", arguments={"to": "kim@quay.example", "subject": "Hi", **FILE})
    judgement = judged(call, destinations=OURS, flows={"board": {"partner": "block"}}, **FILES)
    told = explain(judgement, deadline=1.0, clock=lambda: 0.0).decision.deciding

    assert told is not None
    assert "data of the class board were allowed to leave" in told.would_pass_if
