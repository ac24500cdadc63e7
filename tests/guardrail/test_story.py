"""The one sentence a page begins with."""

from typing import Any

import pytest

from guardrail.story.lede import lede_of


def lede(name: str = "", *, source: str = "", hidden: bool = False, **given: Any) -> str:
    facts = [[key, given.pop(key)] for key in ("author", "editor", "document", "data_class") if key in given]
    evidence = [{"source": source, "path": "", "mark": mark} for mark in ("hidden", "instruction")[not hidden :]]
    call = {
        "agent": "Berth Desk",
        "tool": "Send-an-email",
        "tool_kind": "send",
        "destination": "desk@tide.example",
        "signed_in": True,
        **given,
    }
    signal = {"name": name, "facts": facts, "evidence": evidence if source else []}
    return lede_of(signals=[signal] if name else [], deciding=name, **call)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            {"name": "instruction_marked", "source": "trigger", "hidden": True, "author": "port@tide.example"},
            "Hidden words in a message from port@tide.example told Berth Desk to send something to desk@tide.example",
        ),
        (
            {"name": "instruction_followed", "source": "output:0", "document": "Plan.docx", "editor": "M. Rao"},
            "The document “Plan.docx”, last changed by M. Rao, told Berth Desk to send something to desk@tide.example",
        ),
        (
            {"name": "instruction_delegated", "source": "output:1", "tool_kind": "pay", "destination": "DE89 3704"},
            "A text the agent read told Berth Desk to pay DE89 3704",
        ),
        (
            {"name": "reconnaissance", "source": "user", "signed_in": False},
            "Somebody not signed in asked Berth Desk what it can reach",
        ),
        ({"name": "secret_leaving"}, "Berth Desk was about to send a secret to desk@tide.example"),
        (
            {"name": "classified_data_leaving", "data_class": "berth plan", "tool_kind": "share"},
            "Berth Desk was about to share berth plan data with desk@tide.example",
        ),
        (
            {"name": "destination_denied"},
            "Berth Desk was about to send something to desk@tide.example, which is denied",
        ),
        (
            {"name": "tool_description_followed", "source": "tool"},
            "The description of Send-an-email told Berth Desk what nobody asked for",
        ),
        ({"name": "agent_quarantined"}, "Berth Desk is quarantined and planned Send-an-email"),
        ({}, "Berth Desk planned Send-an-email to desk@tide.example"),
        ({"agent": "", "tool": "", "destination": ""}, "A call came in that could not be read"),
    ],
)
def test_it_says_in_one_sentence_what_happened(said: dict[str, Any], sentence: str) -> None:
    assert lede(**said) == sentence


def test_a_name_without_end_does_not_make_a_sentence_without_end() -> None:
    assert len(lede("instruction_marked", source="trigger", author="a" * 5000, agent="b" * 5000)) < 400
