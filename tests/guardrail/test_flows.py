"""What the table of flows does with what other detectors find: labels, files, known texts, secrets and numbers."""

from typing import Any

import pytest

from guardrail.invocation import Past
from guardrail.judge import explain
from guardrail.text.budget import unlimited
from guardrail.text.fingerprint import fingerprints_of
from policies.decision import Decision
from policies.ruleset import Action
from tests.guardrail.cases import a_call, judged
from tests.guardrail.samples.data_classes import CLASSES
from tests.guardrail.samples.fingerprints import KNOWN, OPEN, PLAN

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


CHAT: Any = [{"value": "#general", "standing": "internal"}, {"value": "@quay", "standing": "partner"}]


def posted(to: str, flows: dict[str, Any] | None, *, tool: str = "post_message") -> Decision:
    known: dict[str, Any] = {"flows": flows} if flows else {}
    call = a_call(user="Post it.", tool=tool, arguments={"channel": to, "text": "Hi", "attachments": ["salaries.xlsx"]})
    return judged(call, destinations=[*OURS, *CHAT], **known, **FILES).decision


@pytest.mark.parametrize(
    ("to", "column"), [("#general", "internal"), ("@quay", "partner"), ("#random", "name"), ("ana", "name")]
)
@pytest.mark.parametrize("tool", ["post_message", "share_file"])
def test_what_has_no_address_is_kept_from_data_where_the_table_says_so(to: str, column: str, tool: str) -> None:
    assert posted(to, None, tool=tool).would_have <= Action.NOTICE
    held = posted(to, {"board": {column: "hold"}}, tool=tool)
    assert held.would_have is Action.HOLD
    assert to in held.reason
    assert posted(to, {"board": {column: "block"}}, tool=tool).would_have is Action.BLOCK
    # other columns say nothing of it, nor does another class
    others = dict.fromkeys({"internal", "known", "partner", "unknown", "name"} - {column}, "block")
    assert posted(to, {"board": others, "other": {column: "block"}}, tool=tool).would_have <= Action.NOTICE
    assert posted(to, {"board": {column: "allow"}}, tool=tool).would_have <= Action.NOTICE


def test_a_post_without_such_data_passes_whatever_the_table_says() -> None:
    call = a_call(user="Post hello.", tool="post_message", arguments={"channel": "#random", "text": "Hello."})
    flows = {"board": {"name": "block", "internal": "block"}}
    assert judged(call, destinations=[*OURS, *CHAT], flows=flows, **FILES).decision.would_have <= Action.NOTICE


def test_an_address_beside_a_name_is_judged_as_ever() -> None:
    call = a_call(
        user="Send it.", arguments={"to": "kim@quay.example", "team": "sales", "attachments": ["salaries.xlsx"]}
    )
    flows = {"board": {"name": "hold", "partner": "allow"}}
    assert judged(call, destinations=OURS, flows=flows, **FILES).decision.would_have is Action.HOLD
    flows = {"board": {"name": "allow", "partner": "allow"}}
    assert judged(call, destinations=OURS, flows=flows, **FILES).decision.would_have <= Action.NOTICE
    assert judged(call, destinations=OURS, **FILES).decision.would_have is Action.BLOCK


def test_secrets_and_known_texts_keep_from_names_by_the_table_alone() -> None:
    key: dict[str, Any] = {"channel": "#random", "text": f"Use {KEY} please."}
    plan: dict[str, Any] = {"channel": "#random", "text": PLAN}
    for arguments, name, fragment in ((key, "top", KINDS), (plan, "restricted", KNOWN)):
        call = a_call(user="Post it.", tool="post_message", arguments=arguments)
        told = {
            action: judged(call, destinations=OURS, flows={name: {"name": action}}, **fragment).decision.would_have
            for action in ("allow", "notice", "hold", "block")
        }
        assert [told["hold"], told["block"]] == [Action.HOLD, Action.BLOCK]
        assert max(told["allow"], told["notice"]) <= Action.NOTICE


def test_a_class_that_was_renamed_keeps_its_cell_for_names() -> None:
    fragment: dict[str, Any] = {**FILES, "data_classes": [{"name": "board", "former_names": ["directors"]}]}
    call = a_call(
        user="Post it.", tool="post_message", arguments={"channel": "#random", "attachments": ["salaries.xlsx"]}
    )
    judgement = judged(call, destinations=OURS, flows={"directors": {"name": "hold"}}, **fragment)
    assert judgement.decision.would_have is Action.HOLD


@pytest.mark.parametrize(
    ("text", "flows", "would_have"),
    [
        (PLAN, None, Action.BLOCK),
        (PLAN, {"restricted": {"partner": "hold"}}, Action.HOLD),
        (PLAN, {"restricted": {"partner": "allow"}}, Action.ALLOW),
        (PLAN, {"restricted": {"known": "hold", "partner": "allow"}}, Action.ALLOW),
        (OPEN, None, Action.ALLOW),
        (OPEN, {"public": {"partner": "hold"}}, Action.HOLD),
    ],
)
def test_a_text_that_leaves_in_pieces_goes_by_the_table_too(
    text: str, flows: dict[str, Any] | None, would_have: Action
) -> None:
    half, rest = text[: len(text) // 2], text[len(text) // 2 :]
    lines = frozenset(number & ~0xFFFF for number in fingerprints_of(half, unlimited()))
    known: dict[str, Any] = {**KNOWN, "flows": flows or {}}
    piece = rest[: len(rest) // 8]
    call = a_call(user="Send it.", arguments={"to": "kim@quay.example", "subject": "Hi", "body": piece})

    def found(past: Past) -> Decision:
        return judged(call, past=past, destinations=OURS, **known).decision

    assert found(Past(available=True)).would_have <= Action.NOTICE
    told = found(Past(available=True, lines=lines))
    assert max(told.would_have, Action.NOTICE) is max(would_have, Action.NOTICE)
    assert any(one.name == "classified_data_leaving" for one in told.signals) is (would_have is not Action.ALLOW)
