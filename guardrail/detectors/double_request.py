"""Claim: a call that was stopped comes again: reworded, re-spelled, to next door, with another tool or elsewhere.

Blocked again where it reaches for the very address that was blocked and the user never named it, or, without any
address, does the same deed. Otherwise held: the same domain or one letter off, the same words on their way to another
outside place, or a call that a person had been asked about. Never where a person allowed this call, where everything
stays with destinations that are known, or where the user said the address.
Cannot see: a call whose words and address are both new; what a user was talked into saying.
Source: the likeness of destinations and words is `guardrail.likeness`.
"""

from guardrail.attribution.request import read_request
from guardrail.case import Case
from guardrail.invocation import Again
from guardrail.likeness import is_named, is_spoken_of, own_words
from policies.exceptions import STOPPED_FOR
from policies.ruleset import ToolKind
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "double_request"

_IN_LINKS = ("data_in_link", "data_in_link_suspected")
_NOTED_DOWN = (ToolKind.WRITE, ToolKind.DELETE)
_GIVEN = 0.99


def detect(case: Case) -> list[Signal]:
    """At most one signal: the strongest, of the stop that is most like this call."""
    again = case.past.again
    if not again or case.past.ticket is not None or _stays_with_known(case):
        return []
    said = own_words(case.call)
    found = [(name, earlier) for earlier in again if (name := _name_of(earlier, case, said))]
    if not found:
        return []
    name, earlier = min(found, key=lambda one: one[0] != "double_request")
    return [_signal(name, earlier, case)]


def _stays_with_known(case: Case) -> bool:
    return bool(case.targets) and all(target.standing.is_trusted for target in case.targets)


def _name_of(earlier: Again, case: Case, said: str) -> str:
    """The signal this stop makes of the call, empty where it says nothing."""
    blocked = earlier.action == "block"
    if earlier.destination:
        if case.ruleset.standing_of(earlier.destination).is_trusted or is_named(earlier.destination, said):
            # the user's own words by now: what is left is the same content once more
            return "double_request_held" if blocked and earlier.words and earlier.whole else ""
        if case.kind in _NOTED_DOWN and not earlier.same_kind:
            # the address stands in a row or a note, and nothing goes there
            return "double_request_held" if blocked and earlier.likeness == "same" else ""
        if earlier.likeness == "same":
            return "double_request" if blocked else "double_request_held"
        return _next_door(earlier, case, said, blocked=blocked)
    if not earlier.words or not case.sink or _is_asked(case):
        return ""
    if _reaches_outside(case):
        # the same words to somebody else: letters from one template go to many
        return "double_request_held" if blocked and earlier.same_session and earlier.whole else ""
    if earlier.aimed or not earlier.same_kind or _is_given(case):
        return ""
    return "double_request" if blocked and earlier.same_session else "double_request_held"


def _next_door(earlier: Again, case: Case, said: str, *, blocked: bool) -> str:
    """At the same domain the organisation may have honest business too; hardly one letter off."""
    if case.kind is ToolKind.READ and earlier.signal not in _IN_LINKS:
        return ""
    if earlier.likeness == "near":
        return "double_request_held" if blocked or earlier.same_session else ""
    return "double_request_held" if blocked and not is_spoken_of(earlier.destination, said) else ""


def _reaches_outside(case: Case) -> bool:
    return any(not target.standing.is_trusted for target in case.targets)


def _is_asked(case: Case) -> bool:
    """The user's words call for such a deed."""
    return read_request(case.user, case.call.tool, case.kind, case.tuning).asked


def _is_given(case: Case) -> bool:
    """All values of the call are the user's own words."""
    return bool(case.user_shares) and min(case.user_shares) >= _GIVEN


def _signal(name: str, earlier: Again, case: Case) -> Signal:
    destination = earlier.destination
    values = [leaf for leaf in case.leaves if destination and destination in leaf.value.lower()][:3]
    standing = case.ruleset.standing_of(destination).value if destination else ""
    return Signal(
        name=name,
        severity=Severity.HIGH if name == "double_request" else Severity.MEDIUM,
        reason=_reason(earlier, case),
        evidence=tuple(
            Evidence(source="argument", path=leaf.argument, quote=leaf.value[:500], mark=Mark.VALUE) for leaf in values
        ),
        facts=(
            ("call", earlier.verdict_id),
            (STOPPED_FOR, earlier.signal),
            *((("destination", destination), ("destination_standing", standing)) if destination else ()),
            ("tool_kind", case.kind.value),
        ),
    )


def _reason(earlier: Again, case: Case) -> str:
    was = "blocked" if earlier.action == "block" else "held"
    where = "in this conversation" if earlier.same_session else "in another conversation"
    place = f"`{earlier.destination[:80]}`"
    match earlier.likeness:
        case "same":
            how = f"It reaches for the same destination, {place}"
        case "house":
            how = f"It reaches for another address of the same domain, {place}"
        case "near":
            how = f"It reaches for {place}, which is one letter off"
        case _:
            how = f"{round(earlier.words * 100)} % of its words are the same"
    told = f"should have been {was}, which was found out too late," if earlier.late else f"was {was}"
    parts = [f"A call like this, {earlier.verdict_id}, {told} {where} before. {how}"]
    if earlier.destination and earlier.words:
        parts.append(f"with {round(earlier.words * 100)} % of the same words")
    if not earlier.same_tool:
        parts.append("by another tool")
    after = " The agent had been told so." if case.call.refusals else ""
    return f"{', '.join(parts)}, and the user did not ask for it.{after}"
