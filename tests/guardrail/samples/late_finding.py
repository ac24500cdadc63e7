"""Calls after one of the same conversation that was found bad too late, and calls after none."""

from typing import Any

from guardrail.invocation import Past
from tests.guardrail.samples import Pair, Silent

SIGNALS = ("late_finding", "late_finding_noted")
FOUND = Past(available=True, late_finding="019aa000-0000-7000-8000-000000000001")
NOTHING = Past(available=True, session_calls=4)
STOPPED = Past(available=True, session_calls=4, session_stopped=2)

MAIL: dict[str, Any] = {
    "user": "Send Kim the notes.",
    "arguments": {"to": "kim@adatum.example", "body": "Notes"},
}
LOOK_UP: dict[str, Any] = {"user": "What is in my notes?", "tool": "read_notes", "arguments": {"day": "monday"}}

PAIRS = (
    Pair(
        what="a mail after a call that should have been stopped",
        says="late_finding",
        fires={**MAIL, "past": FOUND},
        near={**MAIL, "past": NOTHING},
    ),
    Pair(
        what="a look-up after such a call",
        says="late_finding_noted",
        fires={**LOOK_UP, "past": FOUND},
        near={**LOOK_UP, "past": NOTHING},
    ),
)
SILENT = (Silent(what="a mail after calls that were stopped in time", call={**MAIL, "past": STOPPED}),)
