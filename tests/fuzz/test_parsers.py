"""Whatever a body holds, each adapter reads it or says why not; nothing else comes out of one. Seeded: always the same.

`make fuzz` sends as many to a running instance as one likes.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from guardrail.invocation import Invocation
from guardrail.wire import Unreadable, copilot_studio, evaluate, knowledge_events
from tests.fuzz.generated import made_up
from tests.fuzz.odd import Odd, copilot_body, evaluate_body

BODIES = 80
NOW = datetime(2026, 11, 20, tzinfo=UTC)
EDIT = {
    "document_id": "d-1",
    "editor": "ann@adatum.example",
    "time": "2026-11-19T08:00:00Z",
    "revision": "7",
    "name": "Tariffs.docx",
    "url": "https://adatum.example/Tariffs.docx",
    "label": "Internal",
    "text": "Tariffs of the year",
}


@pytest.mark.parametrize(
    ("good", "parse"),
    [
        pytest.param(copilot_body(), lambda body: copilot_studio.parse(body, orchestrator=""), id="copilot_studio"),
        pytest.param(evaluate_body(), lambda body: evaluate.parse(body, orchestrator=""), id="evaluate"),
        pytest.param({"events": [EDIT]}, lambda body: knowledge_events.parse(body, now=NOW), id="knowledge_events"),
    ],
)
def test_an_adapter_reads_a_body_or_says_why_not(good: dict[str, Any], parse: Callable[[bytes], Any]) -> None:
    read = 0

    def take(odd: Odd) -> None:
        nonlocal read
        try:
            parse(odd.body)
        except (Unreadable, RecursionError):
            return
        read += 1

    made_up(good, number=BODIES, first=7, take=take)
    assert 3 < read < BODIES


def test_what_can_be_made_out_of_an_unreadable_body_is_text() -> None:
    found: list[dict[str, str]] = []
    made_up(copilot_body(), number=BODIES, first=11, take=lambda odd: found.append(copilot_studio.salvage(odd.body)))
    assert {type(value) for one in found for value in one.values()} <= {str}


def test_what_was_read_can_be_asked_of_another_engine() -> None:
    calls: list[Invocation] = []

    def take(odd: Odd) -> None:
        try:
            calls.append(evaluate.parse(odd.body, orchestrator=""))
        except (Unreadable, RecursionError):
            return

    made_up(evaluate_body(), number=BODIES, first=13, take=take)
    assert [copilot_studio.parse(copilot_studio.rendered(one), orchestrator="").agent_id for one in calls] == [
        one.agent_id for one in calls
    ]
