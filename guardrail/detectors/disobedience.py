"""Claim: a call of this conversation that was stopped was made all the same, for its output is in view.

Counted: more outputs of a stopped tool than were there when it was stopped, and than calls of it were let through
since. Then the answer came too late, was dropped, or whoever asked does not obey.
Cannot see: a stopped call of the conversation's last step, after which nothing is asked any more; a platform that shows
no outputs; one that renames the tool.
"""

from guardrail.case import Case
from guardrail.invocation import StoppedTool
from guardrail.traces import tool_hash
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "disobedience"


def detect(case: Case) -> list[Signal]:
    """One signal a stopped tool whose output is there, at most three."""
    return [signal for stopped in case.past.stopped_tools if (signal := _executed(case, stopped))][:3]


def _executed(case: Case, stopped: StoppedTool) -> Signal | None:
    call = case.call
    places = [
        index
        for index, output in enumerate(call.outputs)
        if stopped.tool in {tool_hash(call, name) for name in (output.tool_id, output.tool_name) if name}
    ]
    if len(places) <= stopped.outputs + stopped.calls_since:
        return None
    output = call.outputs[places[-1]]
    name = output.tool_name or output.tool_id
    evidence = [
        Evidence(
            source=f"output:{places[-1]}",
            path=passage.path,
            end=min(200, len(passage.text)),
            quote=passage.text[:200],
            mark=Mark.DATA,
            note="output of a call that was stopped",
        )
        for passage in output.passages[:1]
    ]
    return Signal(
        name="stopped_call_executed",
        severity=Severity.CRITICAL,
        reason=(
            f"The call {stopped.verdict_id} of {name} was stopped, and its output came up in this conversation all the "
            "same: the answer came too late, or was not obeyed."
        ),
        evidence=tuple(evidence),
        facts=(("call", stopped.verdict_id), ("tool_kind", case.kind.value)),
    )
