"""What signals are called elsewhere, and which kind of reasoning decided."""

import re
from typing import Any

import pytest

from policies.baseline import BASELINE
from policies.regime import Regime, regime_of
from policies.signal import RECALLED
from policies.taxonomy import NOT_FITTING, TAGS, tags_of

FORMS = {
    "owasp_llm": r"LLM(0[1-9]|10):2025",
    "owasp_agentic": r"ASI(0[1-9]|10)",
    "mitre_atlas": r"AML\.T\d{4}(\.\d{3})?",
}


def test_every_signal_of_the_baseline_is_tagged_or_known_not_to_fit() -> None:
    assert set(BASELINE["actions"]) - set(TAGS) - NOT_FITTING == set()
    assert set(TAGS) & NOT_FITTING == set()


def test_every_id_has_its_lists_form_and_one_name() -> None:
    names: dict[str, str] = {}
    for tags in TAGS.values():
        for tag in tags:
            assert re.fullmatch(FORMS[tag.scheme], tag.id), tag.id
            assert names.setdefault(tag.id, tag.name) == tag.name
            assert tag.url == (f"https://atlas.mitre.org/techniques/{tag.id}" if tag.scheme == "mitre_atlas" else "")


def test_it_names_each_tag_once_and_none_for_a_signal_it_does_not_know() -> None:
    both = tags_of(["instruction_marked", "instruction_followed"])
    assert len(both) == len(set(both))
    assert [tag.id for tag in tags_of(["secret_leaving"])][:2] == ["LLM02:2025", "ASI03"]
    assert tags_of(["something_of_a_customer"]) == ()


@pytest.mark.parametrize(
    ("signal", "would_have", "failed", "regime"),
    [
        ("instruction_marked", "block", False, Regime.MARKED_INSTRUCTION),
        ("instruction_followed", "hold", False, Regime.FOLLOWED_INSTRUCTION),
        ("instruction_delegated", "hold", False, Regime.DELEGATED_INSTRUCTION),
        ("secret_leaving", "modify", False, Regime.HARD_RULE),
        ("something_of_a_customer", "block", False, Regime.HARD_RULE),
        ("allowed_once", "allow", False, Regime.PERSON),
        ("destination_new", "notice", False, Regime.NOTHING),
        ("", "allow", False, Regime.NOTHING),
        ("", "block", True, Regime.FAIL_POSTURE),
        ("", "allow", True, Regime.FAIL_POSTURE),
    ],
)
def test_it_says_what_decided(signal: str, would_have: str, failed: bool, regime: Regime) -> None:
    assert regime_of(signal=signal, signatures=(), would_have=would_have, failed=failed) is regime


def test_memory_decides_where_nothing_but_memory_speaks_against_a_text() -> None:
    said: dict[str, Any] = {"signal": "instruction_marked", "would_have": "block", "failed": False}
    assert regime_of(**said, signatures=[RECALLED]) is Regime.MEMORY
    assert regime_of(**said, signatures=[RECALLED, "speaks to an assistant"]) is Regime.MARKED_INSTRUCTION
