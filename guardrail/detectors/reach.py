"""Claim: this call reaches a destination an admin denied, or one this agent was never seen to use.

Cannot see: a destination the tool itself chooses, or one named only inside an attachment.
"""

from guardrail.case import Case
from guardrail.destinations import Target
from policies.ruleset import Standing
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "reach"


def detect(case: Case) -> list[Signal]:
    """A signal for the first denied destination, and a notice for the first new one."""
    signals = []
    denied = next((target for target in case.targets if target.standing is Standing.DENIED), None)
    if denied is not None:
        signals.append(
            _signal(
                "destination_denied",
                Severity.HIGH,
                denied,
                case,
                reason=f"The call reaches {denied.value}, which is on the list of denied destinations.",
            )
        )
    new = next(
        (
            target
            for target in case.targets
            if target.standing is Standing.UNKNOWN and target.value in case.past.new_destinations
        ),
        None,
    )
    if new is not None and case.sink:
        signals.append(
            _signal(
                "destination_new",
                Severity.LOW,
                new,
                case,
                reason=f"This agent has not been seen to reach {new.value} before.",
            )
        )
    return signals


def _signal(name: str, severity: Severity, target: Target, case: Case, *, reason: str) -> Signal:
    return Signal(
        name=name,
        severity=severity,
        reason=reason,
        evidence=(Evidence(source="argument", path=target.argument, quote=target.value[:500], mark=Mark.VALUE),),
        facts=(
            ("destination", target.value),
            ("destination_standing", target.standing.value),
            ("argument", target.argument),
            ("tool_kind", case.kind.value),
        ),
    )
