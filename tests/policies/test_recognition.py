"""An admin's flows, patterns, places and dictionaries: what is taken, what is refused, and what hostile text costs."""

import re
import time
from typing import Any

import pytest

from policies.choices import Action, Profile, Standing
from policies.recognition.patterns import MOST_MS, PatternError, compile_pattern, require_fast
from policies.recognition.phrases import MOST_PHRASES, Dictionary, PhraseError, compile_phrases, read_phrases
from policies.recognition.places import (
    PlaceError,
    checked_place,
    compile_places,
    plain_path,
    require_fast as require_fast_places,
)
from policies.ruleset import RulesetError, compile_ruleset
from policies.signal import Severity, Signal

BLOCKED = {"actions": {"classified_data_leaving": {"strict": "block"}, "destination_denied": {"strict": "block"}}}


def found(pattern: str, text: str) -> list[str]:
    content = text.encode()
    spans = compile_pattern(pattern).spans(content, is_over=lambda: False)
    return [content[start:end].decode() for start, end in spans]


def leaving(data_class: str, standing: str, name: str = "classified_data_leaving") -> Signal:
    facts = (("data_class", data_class), ("destination_standing", standing))
    return Signal(name=name, severity=Severity.HIGH, reason="it leaves", facts=facts)


@pytest.mark.parametrize(
    ("data_class", "standing", "action"),
    [
        ("Restricted", "unknown", Action.BLOCK),
        ("restricted", "known", Action.HOLD),
        ("restricted", "internal", Action.ALLOW),
        ("public", "known", Action.NOTICE),
        # no cell speaks of these
        ("restricted", "denied", Action.BLOCK),
        ("secret", "known", Action.BLOCK),
    ],
)
def test_it_takes_the_action_from_the_flow_of_the_class(data_class: str, standing: str, action: Action) -> None:
    flows = {
        "restricted": {"unknown": "block", "known": "hold", "internal": "allow"},
        "public": {"known": "notice"},
    }
    ruleset = compile_ruleset({**BLOCKED, "flows": flows})

    assert ruleset.action_on(leaving(data_class, standing), Profile.STRICT) is action


def test_a_flow_decides_nothing_but_what_leaves() -> None:
    ruleset = compile_ruleset({**BLOCKED, "flows": {"public": {"known": "allow"}}})

    assert ruleset.action_on(leaving("public", "known", "destination_denied"), Profile.STRICT) is Action.BLOCK


def test_it_leaves_every_action_alone_without_flows() -> None:
    ruleset = compile_ruleset(BLOCKED)

    assert not ruleset.held_from("x", Standing.INTERNAL)
    assert ruleset.held_from("x", Standing.KNOWN)
    assert ruleset.action_on(leaving("public", "known"), Profile.STRICT) is Action.BLOCK


def test_a_label_two_classes_claim_means_the_more_protected() -> None:
    classes = [{"name": "a", "labels": ["Board"], "position": 2}, {"name": "b", "labels": ["board"], "position": 3}]

    assert compile_ruleset({"data_classes": classes}).class_of_label("BOARD") == "b"
    assert compile_ruleset({"data_classes": classes}).class_of_label("Bored") == ""


@pytest.mark.parametrize(
    ("flows", "message"),
    [
        ({"restricted": {"abroad": "block"}}, "`flows.restricted.abroad` is no standing, expected one of internal"),
        ({"restricted": {"known": "modify"}}, "`flows.restricted.known` is `modify`, expected one of allow, notice"),
        ({"restricted": {"known": {"a": 1}}}, "`flows.restricted.known` is `{'a': 1}`, expected one of allow"),
        ({"restricted": "block"}, "`flows.restricted` is no object, expected actions by standing"),
        ({"restricted": {}, "Restricted": {}}, "`flows.Restricted` is there twice"),
        (["restricted"], "`flows` is no object"),
    ],
)
def test_it_refuses_flows_it_does_not_understand(flows: Any, message: str) -> None:
    with pytest.raises(RulesetError, match=re.escape(message)):
        compile_ruleset({"flows": flows})


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "the pattern is empty"),
        ("(", "RE2 does not take it: missing )"),
        (r"(a)\1", "RE2 does not take it: invalid escape sequence"),
        (r"(?=a)", "RE2 does not take it: "),
        (r"x*", "found in an empty text too"),
        (r"(?:\w{1,40}\s?a){1,8}\d", "2924 instructions, expected at most 1000"),
        (r"((a{1,30}){1,30}){1,30}", "RE2 does not take it: "),
        ("a" * 501, "501 characters, expected at most 500"),
        ("\ud800", "half a character"),
    ],
)
def test_it_refuses_a_hostile_pattern(pattern: str, message: str) -> None:
    with pytest.raises(PatternError, match=re.escape(message)):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)+b", r"(\w+\s?)*!", r"(?:a?){50}a{50}", r"\bPRJ-\d{6}\b"])
def test_it_measures_what_a_pattern_costs_at_worst(pattern: str) -> None:
    start = time.process_time()

    assert require_fast(compile_pattern(pattern), clock=time.thread_time) <= MOST_MS
    assert time.process_time() - start < 2


@pytest.mark.parametrize("pattern", [r"(?:[ab]{1,15}a?){1,15}Z", r"(?:.{1,9}a){1,12}!", r"(?:[a-z]{1,11}a?){1,11}\d"])
def test_it_refuses_a_pattern_that_would_be_slow(pattern: str) -> None:
    slow = compile_pattern(pattern)
    start = time.thread_time()

    with pytest.raises(PatternError, match="fewer or shorter repetitions in a row make it faster"):
        require_fast(slow, clock=time.thread_time)
    assert time.thread_time() - start < 2


def test_it_finds_a_pattern_across_every_stretch_of_a_long_text() -> None:
    text = "".join(f"{'x' * (number % 37)} PRJ-{number:06} " for number in range(1500))

    assert found(r"\bPRJ-\d{6}\b", text) == [f"PRJ-{number:06}" for number in range(200)]
    assert len(found(r"PRJ-00(?:0|1)[0-9]99", text)) == 15
    # no part of a longer word is taken for a whole one where a stretch ends
    assert found(r"\b\d{5}\b", "4" * 20_000) == []


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("https://contoso.example/sites/Finance/Shared%20Documents/Q3.xlsx?web=1", "sites/finance/*"),
        ("/sites/finance", "sites/finance/*"),
        ("/sites/public/../finance/q3.xlsx", "sites/finance/*"),
        ("/sites/public/%252e%252e/finance/q3.xlsx", "sites/finance/*"),
        ("/sites/./finance//q3.xlsx", "sites/finance/*"),
        ("/sites/finance/../public/q3.xlsx", ""),
        ("https://contoso.example/x?back=https://contoso.example/sites/finance/q3.xlsx", ""),
        (r"C:\Data\Board\2026\plan.docx", "data/board"),
        ("x/board/a/b.xlsx", "board/**/*.xlsx"),
        ("x/board/b.xlsx", "board/**/*.xlsx"),
        ("/etc/keys/server.key", "*.key"),
        ("/sites/financeteam/x", ""),
        ("/data/boardgames/x", ""),
        ("/mysites/finance/x", ""),
        ("server.keys", ""),
    ],
)
def test_it_knows_what_lies_in_a_place(path: str, place: str) -> None:
    places = compile_places("c", ("sites/finance/*", "board/**/*.xlsx", "data/board", "*.key"))

    assert places.covering(plain_path(path)) == place


@pytest.mark.parametrize("place", ["*", "**/*", "/", "a" * 301, "x\ny/z", "*/a*"])
def test_it_refuses_a_place_that_covers_nearly_everything(place: str) -> None:
    with pytest.raises(PlaceError):
        checked_place(place)


def test_places_that_would_be_slow_are_refused() -> None:
    with pytest.raises(PlaceError, match="has 7 stars, expected at most 6"):
        checked_place("*a" * 7)
    with pytest.raises(PlaceError, match="fewer stars make it faster"):
        require_fast_places(compile_places("c", tuple("*a" * 60 + f"{n}" for n in range(200))), clock=time.thread_time)
    require_fast_places(compile_places("c", tuple(f"a/x{n}/**/*.xlsx" for n in range(500))), clock=time.thread_time)


def test_it_reads_a_dictionary_line_by_line() -> None:
    assert read_phrases("Northern  Lantern\n\nnorthern-lantern\n機密情報\n") == ("Northern Lantern", "機密情報")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ok then\n!!\n", "line 2: `!!` has no word of two letters or digits"),
        ("a b " * 50, "line 1: "),
        ("nor\u200bthern", "line 1 has a character nobody sees"),
        ("\n".join(f"name {number}" for number in range(MOST_PHRASES + 1)), "there are 10001 phrases"),
    ],
)
def test_it_refuses_a_dictionary_and_names_the_line(text: str, message: str) -> None:
    with pytest.raises(PhraseError, match=re.escape(message)):
        read_phrases(text)


def test_ten_thousand_phrases_cost_a_text_no_more_than_one() -> None:
    text = "the quarterly budget of the harbour is due on monday and ships arrive " * 1500
    many = compile_phrases(
        [Dictionary(data_class="c", name="d", phrases=tuple(f"name {number}" for number in range(10_000)))]
    )
    start = time.process_time()

    assert list(many.find(text, is_over=lambda: False)) == []
    assert time.process_time() - start < 0.2
