"""Claim: this call is outside what a person wrote down that the agent is for: its tool, or a recipient of it.

Says nothing of an agent without a pinned charter. What an agent is for changes honestly, too, so both findings are
notices unless policy says otherwise. Goes by destinations in arguments made for them: a link inside the text of a mail
is no place the call reaches.
Cannot see: an attack that does what the charter allows, or a destination the tool itself chooses.
"""

from guardrail.case import Case
from guardrail.destinations import Target
from policies.charters import Charter
from policies.ruleset import host_of
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "charter"
_MOST_NAMED = 5


def detect(case: Case) -> list[Signal]:
    """A signal for the tool, and one for the first recipient that is outside."""
    agent = case.ruleset.agents.get(case.call.agent_id)
    charter = agent.charter if agent else None
    if charter is None:
        return []
    found = (_tool(case, charter), _destination(case, charter))
    return [signal for signal in found if signal is not None]


def _tool(case: Case, charter: Charter) -> Signal | None:
    tool = case.call.tool
    if charter.allows_tool(tool_id=tool.tool_id, tool_name=tool.name):
        return None
    called = (tool.name or tool.tool_id)[:100]
    return Signal(
        name="tool_outside_charter",
        severity=_severity(case),
        reason=f"The agent's charter names {len(charter.tools)} tools, and `{called}` is none of them.",
        facts=(("expected", _some(charter.tools)), ("observed", called), ("tool_kind", case.kind.value)),
    )


def _destination(case: Case, charter: Charter) -> Signal | None:
    if charter.destinations is None:
        return None
    outside = next((target for target in case.targets if target.named and not _within(charter, target)), None)
    if outside is None:
        return None
    return Signal(
        name="destination_outside_charter",
        severity=_severity(case),
        reason=f"The call reaches {outside.value}, which the agent's charter does not name.",
        evidence=(Evidence(source="argument", path=outside.argument, quote=outside.value[:500], mark=Mark.VALUE),),
        facts=(
            ("destination", outside.value),
            ("destination_standing", outside.standing.value),
            ("argument", outside.argument),
            ("expected", _some(charter.destinations)),
            ("observed", outside.value),
            ("tool_kind", case.kind.value),
        ),
    )


def _within(charter: Charter, target: Target) -> bool:
    return charter.allows_destination(target.value, host=host_of(target.value), standing=target.standing.value)


def _severity(case: Case) -> Severity:
    return Severity.MEDIUM if case.sink else Severity.LOW


def _some(entries: frozenset[str]) -> str:
    """A few of them in order, and how many more there are."""
    listed = sorted(entries)
    more = len(listed) - _MOST_NAMED
    return (", ".join(listed[:_MOST_NAMED]) or "none") + (f" and {more} more" if more > 0 else "")
