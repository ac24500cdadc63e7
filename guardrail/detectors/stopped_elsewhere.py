"""Claim: an instruction led another agent or user of this organisation to the same destination and was blocked there.

Held where the user did not name the destination. Once an analyst has closed such an investigation as a true positive
the destination is blocked for every agent, whatever the user said, until the word ends or is taken back.
Cannot see: a new address of the same attacker at a public mail or file service.
"""

from guardrail.case import Case
from guardrail.invocation import Elsewhere
from guardrail.likeness import is_named, is_spoken_of, own_words
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "stopped_elsewhere"


def detect(case: Case) -> list[Signal]:
    """At most one signal: a confirmed destination before any other."""
    unknown = [place for place in case.past.elsewhere if not case.ruleset.standing_of(place.destination).is_trusted]
    confirmed = next((place for place in unknown if place.confirmed), None)
    if confirmed is not None:
        return [_signal("destination_confirmed_malicious", confirmed, case)]
    if case.past.ticket is not None or not case.sink:
        return []
    said = own_words(case.call) if unknown else ""
    for place in unknown:
        named = is_named(place.destination, said) or (not place.exact and is_spoken_of(place.destination, said))
        if not named:
            return [_signal("destination_stopped_elsewhere", place, case)]
    return []


def _signal(name: str, place: Elsewhere, case: Case) -> Signal:
    values = [leaf for leaf in case.leaves if place.destination in leaf.value.lower()][:3]
    confirmed = name == "destination_confirmed_malicious"
    what = f"`{place.destination[:80]}`" if place.exact else f"the domain of `{place.destination[:80]}`"
    if confirmed:
        reason = f"An analyst confirmed that calls were led to {what} by an attack."
    else:
        reason = (
            f"A text led another agent or user to {what}, call {place.verdict_id}, and that call "
            f"{'should have been' if place.late else 'was'} blocked. The user of this call did not name it."
        )
    return Signal(
        name=name,
        severity=Severity.CRITICAL if confirmed else Severity.MEDIUM,
        reason=reason,
        evidence=tuple(
            Evidence(source="argument", path=leaf.argument, quote=leaf.value[:500], mark=Mark.VALUE) for leaf in values
        ),
        facts=(
            *((("call", place.verdict_id),) if place.verdict_id else ()),
            ("destination", place.destination),
            ("destination_standing", case.ruleset.standing_of(place.destination).value),
            ("tool_kind", case.kind.value),
        ),
    )
