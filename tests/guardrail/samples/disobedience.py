"""Calls with an output of a stopped call in view, and calls with outputs of those that were let through."""

from typing import Any

from guardrail.invocation import Past, StoppedTool
from guardrail.traces import hashed
from tests.guardrail.bodies import TENANT
from tests.guardrail.samples import Pair, Silent

SIGNALS = ("stopped_call_executed",)


def past(*, outputs: int, since: int) -> Past:
    tool = hashed("tests", TENANT, "x.action.send_note")
    stopped = StoppedTool(
        tool=tool, outputs=outputs, calls_since=since, verdict_id="019aa000-0000-7000-8000-000000000001"
    )
    return Past(available=True, session_stopped=1, stopped_tools=(stopped,))


def look_up(*sent: str, **more: Any) -> dict[str, Any]:
    return {
        "user": "What is in my notes?",
        "tool": "read_notes",
        "arguments": {"day": "monday"},
        "outputs": [("send_note", text) for text in sent],
        **more,
    }


PAIRS = (
    Pair(
        what="the output of a mail that was stopped",
        says="stopped_call_executed",
        fires=look_up("Sent.", past=past(outputs=0, since=0)),
        near=look_up(past=past(outputs=0, since=0)),
    ),
    Pair(
        what="one output more than calls that were let through",
        says="stopped_call_executed",
        fires=look_up("Sent 1.", "Sent 2.", "Sent 3.", past=past(outputs=1, since=1)),
        near=look_up("Sent 1.", "Sent 2.", past=past(outputs=1, since=1)),
    ),
)
SILENT = (
    Silent(
        what="the output of a mail that was allowed after another one was stopped",
        call=look_up("Sent.", past=past(outputs=0, since=1)),
    ),
    Silent(
        what="outputs the platform shows no more",
        call=look_up(past=past(outputs=3, since=2)),
    ),
)
