"""Claim: this call is far from what the user asked for, whatever any text says.

The distance is put together from what the user's words (all turns) call for, what the tool does, and how much of the
values the user gave. The agent's own reason is evidence and never trusted: it can only raise the distance, by naming
nothing of the user's matter or by repeating an instruction of a text. Measured alone in docs/detection.md.
Cannot see: an honest step nobody would think of asking for, and an attack that asks for what the user asked for too.
"""

from dataclasses import dataclass

from guardrail.attribution.delegation import Delegation
from guardrail.attribution.explanation import place_in_words
from guardrail.attribution.matching import is_constant
from guardrail.attribution.request import Request, read_request, telling_words
from guardrail.case import Case, Source
from guardrail.text.directives import WORD
from guardrail.text.reading import Directive
from guardrail.text.words import stems
from guardrail.tool_kind import tool_words
from policies.ruleset import ToolKind
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "intent"

# From here on a call is noted; how bad it looks by how far it is.
NOTED = 0.55
_MEDIUM, _HIGH = 0.65, 0.85
# A look-up is more often a step on the way to what was asked than a deed of its own.
_READING = 0.7
_DELEGATED = {Delegation.NONE: 1.0, Delegation.DETAILS: 0.85, Delegation.ACTIONS: 0.6}
_ON_TOPIC = 0.8
_OFF_MATTER, _REPEATED = 0.15, 0.25
# A reason of fewer telling words names nobody's matter.
_FEWEST_WORDS = 3
# No telling word is as short.
_SHORT_WORD = 3
_REPEATS = 0.8
_MAX_THOUGHT = 4_000
_MAX_COMPARED = 400
_DOES = {
    ToolKind.READ: "looks something up",
    ToolKind.WRITE: "changes something",
    ToolKind.SEND: "sends something",
    ToolKind.PAY: "pays somebody",
    ToolKind.DELETE: "deletes something",
    ToolKind.SHARE: "gives somebody access",
    ToolKind.EXECUTE: "runs something",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reason:
    """What the agent's reason shows: an instruction it repeats, and whether it names nothing of the user's."""

    off_matter: bool = False
    repeated: tuple[Source, Directive] | None = None


def detect(case: Case) -> list[Signal]:
    """At most one signal; none where no person asked for anything."""
    if not case.user.words:
        return []
    request = read_request(case.user, case.call.tool, case.kind, case.tuning)
    reason = _read_reason(case)
    distance = distance_of(case, request, reason)
    return [_signal(case, request, reason, distance)] if distance >= NOTED else []


def distance_of(case: Case, request: Request, reason: _Reason | None = None) -> float:
    """0 (what the user said) to 1 (nothing of it)."""
    given = given_share(case)
    if given is None:
        # nothing to compare: only the deed tells
        given = 0.7 if request.asked else 0.3
    way = 0.25 + 0.2 * (request.only_reading and case.sink)
    if not request.asked:
        way += 0.15 if request.deed else 0.4
    distance = (1.0 - given) * way + 0.1 * (not request.asked)
    if not case.sink:
        distance *= _READING
    distance *= _DELEGATED[request.delegation]
    if _on_topic(case):
        distance *= _ON_TOPIC
    if reason is not None:
        distance += _OFF_MATTER * reason.off_matter + _REPEATED * (reason.repeated is not None)
    return min(1.0, distance)


def given_share(case: Case) -> float | None:
    """The share, by weight, of the call's values the user's words explain; None when it has none that tells."""
    weighed = [
        (leaf.weight, share)
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
        if not is_constant(leaf, case.tuning)
    ]
    total = sum(weight for weight, _ in weighed)
    return sum(weight * share for weight, share in weighed) / total if total else None


def _on_topic(case: Case) -> bool:
    """The values speak of what the user spoke of: two telling words in common, or one of very few."""
    words = frozenset(word for leaf in case.leaves for word in leaf.words)
    shared = words & telling_words(case.user.lower[:_MAX_THOUGHT])
    return len(shared) >= 2 or (bool(shared) and len(words) <= _FEWEST_WORDS)


def _read_reason(case: Case) -> _Reason:
    thought = case.call.thought[:_MAX_THOUGHT].lower()
    told = stems(telling_words(thought))
    if len(told) < _FEWEST_WORDS:
        return _Reason()
    said = stems(telling_words(case.user.lower[:_MAX_THOUGHT]))
    # the tool's own words stand in every reason for using it
    matter = told - stems(frozenset(tool_words(case.call.tool)))
    named = any(
        leaf.needle in thought
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
        if share >= 1.0 and len(leaf.needle) > 2
    )
    return _Reason(
        off_matter=bool(matter) and not named and said.isdisjoint(matter),
        repeated=_repeated(case, frozenset(WORD.findall(thought)), said),
    )


def _repeated(case: Case, thought: frozenset[str], said: frozenset[str]) -> tuple[Source, Directive] | None:
    """The instruction of a text that the reason repeats in most of its words, and that is not the user's own matter."""
    room = _MAX_COMPARED
    for source in case.sources:
        if case.budget.spent_already():
            return None
        directives = source.reading.directives[:room]
        room -= len(directives)
        lowers = [directive.text.lower() for directive in directives]
        whole = "\n".join(lowers)
        # most texts hold too few of the reason's words for any of their instructions to be repeated in it
        shared = [word for word in thought if len(word) > _SHORT_WORD and word in whole]
        for directive, lower in zip(directives, lowers, strict=True) if len(shared) >= _FEWEST_WORDS else ():
            if len([word for word in shared if word in lower]) < _FEWEST_WORDS:
                continue
            words = telling_words(lower)
            if len(words) < _FEWEST_WORDS or len(words & thought) < _REPEATS * len(words):
                continue
            if len(stems(words) & said) <= len(words) / 2:
                return source, directive
    return None


def _signal(case: Case, request: Request, reason: _Reason, distance: float) -> Signal:
    severity = Severity.HIGH if distance >= _HIGH else Severity.MEDIUM if distance >= _MEDIUM else Severity.LOW
    return Signal(
        name="intent_distance",
        severity=severity,
        reason=_words(case, request, reason),
        evidence=tuple(_evidence(reason, case)),
        facts=(("distance", f"{distance:.2f}"), ("tool_kind", case.kind.value)),
    )


def _words(case: Case, request: Request, reason: _Reason) -> str:
    does = _DOES[case.kind]
    if request.asked:
        parts = [f"The user asked for something of this kind; this call {does}."]
    elif request.only_reading and case.sink:
        parts = [f"The user only wanted to know something; this call {does}."]
    else:
        parts = [f"The user did not ask for this; the call {does}."]
    given = given_share(case)
    if given is not None and given < 1.0:
        share = "None" if given < 0.005 else f"Only {given:.0%}"
        parts.append(f"{share} of what it is called with comes from the user's words.".replace("%", " %"))
    if reason.off_matter:
        parts.append("The agent's own reason names nothing of what the user spoke of.")
    if reason.repeated is not None:
        source, directive = reason.repeated
        place = place_in_words(source, source.reading.authors[directive.record])
        parts.append(f"The agent's own reason repeats an instruction that stands in {place}.")
    return " ".join(parts)


def _evidence(reason: _Reason, case: Case) -> list[Evidence]:
    found = []
    if reason.repeated is not None:
        source, directive = reason.repeated
        found.append(
            Evidence(
                source=source.name,
                path=directive.path,
                start=directive.start,
                end=directive.end,
                quote=directive.text,
                mark=Mark.INSTRUCTION,
                note="repeated in the agent's own reason",
            )
        )
    if reason.repeated is not None or reason.off_matter:
        quote = case.call.thought[:500]
        found.append(
            Evidence(source="thought", end=len(quote), quote=quote, mark=Mark.VALUE, note="the agent's reason")
        )
    return found
