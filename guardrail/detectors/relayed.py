"""Claim: another agent ordered this, to a destination that none of the user's own words to any agent speak of.

What the agent that gives the order has read, this one has not in view: an instruction it was hijacked by comes as a
clean order. The user's words of the last 24 hours are known by their hashes; an address counts as named with the name
of its owner.
Cannot see: an order to a destination the ordered agent looks up itself, users the platform does not name, and what was
said where no call was made.
"""

from guardrail.attribution.provenance import stands_in
from guardrail.case import Case
from guardrail.chains import is_address
from policies.ruleset import Standing, ToolKind
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "relayed"

_GIVING = frozenset((ToolKind.SEND, ToolKind.SHARE, ToolKind.PAY))


def detect(case: Case) -> list[Signal]:
    unsaid = case.past.unsaid
    if not unsaid or not case.call.parent_agent_id or case.kind not in _GIVING:
        return []
    target = next(
        (
            target
            for target in case.targets
            if target.named
            and target.standing is Standing.UNKNOWN
            and target.value in unsaid
            and is_address(target.value)
            and stands_in(target.value, case.user.lower) >= 0
        ),
        None,
    )
    if target is None:
        return []
    return [
        Signal(
            name="relayed_destination",
            severity=Severity.HIGH,
            reason=(
                f"Another agent, {case.call.parent_agent_id}, ordered this to {target.value}. The user it works for "
                "has not spoken of this destination or its owner to any agent."
            ),
            evidence=(
                Evidence(source="argument", path=target.argument, quote=target.value[:500], mark=Mark.VALUE),
                *_in_order(target.value, case),
            ),
            facts=(
                ("destination", target.value),
                ("destination_standing", target.standing.value),
                ("argument", target.argument),
                ("tool_kind", case.kind.value),
            ),
        )
    ]


def _in_order(value: str, case: Case) -> tuple[Evidence, ...]:
    for passage in case.call.user_passages:
        at = passage.text.lower().find(value)
        if at >= 0:
            quote = passage.text[max(0, at - 200) : at + len(value) + 100]
            return (
                Evidence(
                    source="user",
                    path=passage.path,
                    start=at,
                    end=at + len(value),
                    quote=quote[:500],
                    mark=Mark.INSTRUCTION,
                    note="the other agent's order",
                ),
            )
    return ()
