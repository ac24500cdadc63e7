"""Claim: an admin put this agent in quarantine, so nothing it plans may happen until somebody releases it."""

from guardrail.case import Case
from policies.signal import Severity, Signal

NAME = "quarantine"


def detect(case: Case) -> list[Signal]:
    if not case.rules.quarantined:
        return []
    name = case.call.agent_name or case.call.agent_id
    return [
        Signal(
            name="agent_quarantined",
            severity=Severity.HIGH,
            reason=f"The agent {name} is in quarantine: none of its calls are let through until it is released.",
            facts=(("tool_kind", case.kind.value),),
        )
    ]
