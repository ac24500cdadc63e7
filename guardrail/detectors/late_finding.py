"""Claim: an earlier call of this conversation should have been stopped, which was found only after it was answered.

So somebody else may be steering this agent: what it does next waits for a person, until one has looked into it.
Cannot see: a next call that comes before the check is done, within about a second.
"""

from guardrail.case import Case
from policies.signal import Severity, Signal

NAME = "late_finding"


def detect(case: Case) -> list[Signal]:
    """One signal, by name a stronger one where the call can change or send something."""
    earlier = case.past.late_finding
    if not earlier:
        return []
    return [
        Signal(
            name="late_finding" if case.sink else "late_finding_noted",
            severity=Severity.HIGH if case.sink else Severity.MEDIUM,
            reason=(
                f"An earlier call of this conversation, {earlier}, was allowed at once. Judged in full afterwards, it "
                "should have been stopped, and nobody has looked into it yet."
            ),
            facts=(("call", earlier), ("tool_kind", case.kind.value)),
        )
    ]
