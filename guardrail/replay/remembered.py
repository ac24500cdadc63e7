"""What stands of a verdict when its call is judged again: the findings that came from memory. Pure.

Memory is what earlier calls left at that moment; nobody can ask it again. So a detector that compares a call with
earlier ones is not asked in a replay: what it found then is its answer, also under another ruleset. Where a finding is
about a destination that the other ruleset vouches for, it falls away, as its detector would have left it out.
What memory only told the other detectors is put back from the facts of their findings: texts known as poisoned,
destinations not seen before, a late finding, rate limits that were passed.
Cannot put back: what memory held and no finding names. A replay may then find less than a call of today would.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from types import MappingProxyType

from guardrail.case import Case
from guardrail.detectors import DETECTORS, Detect
from guardrail.detectors.fingerprints import WITH_EARLIER
from guardrail.habits import Habits, Hour, Uses
from guardrail.invocation import Past
from policies.ruleset import Ruleset, Standing
from policies.signal import Signal

# Detectors that say nothing without memory, with the names of their signals.
REMEMBERED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "insider": frozenset(
            {"insider_suspected", "user_volume_unusual", "user_destination_unusual", "user_time_unusual"}
        ),
        "late_finding": frozenset({"late_finding", "late_finding_noted"}),
        "disobedience": frozenset({"stopped_call_executed"}),
        "relayed": frozenset({"relayed_destination"}),
        "laundering": frozenset({"laundered_destination", "laundered_destination_noted", "laundered_order"}),
        "stored_text": frozenset({"stored_data_leaving"}),
        "chain_request": frozenset({"secret_in_pieces", "pieces_leaving"}),
        "behaviour": frozenset(
            {"tool_new", "arguments_unusual", "volume_unusual", "time_unusual", "step_unusual", "unlike_its_kind"}
        ),
        "stopped_elsewhere": frozenset({"destination_stopped_elsewhere", "destination_confirmed_malicious"}),
        "double_request": frozenset({"double_request", "double_request_held"}),
        "look_ahead": frozenset({"sink_ahead"}),
    }
)
# Those that are asked again, and whose findings from memory stand where they find nothing now.
PARTLY_REMEMBERED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "reconnaissance": frozenset({"reconnaissance_spread", "reconnaissance_spread_noted"}),
        "fingerprints": frozenset({"classified_data_leaving"}),
    }
)
# Those that are asked again with what `past_of` puts back.
TOLD_BY_MEMORY = frozenset({"restricted", "reach", "intelligence"})
# Holds for known destinations, too: only one of our own makes it harmless.
_EVEN_TO_KNOWN = frozenset({"secret_in_pieces", "classified_data_leaving", "stored_data_leaving"})
_VOUCHED = frozenset({Standing.INTERNAL.value, Standing.KNOWN.value, Standing.PARTNER.value})


def past_of(
    signals: Sequence[Signal], degraded: Sequence[str], *, at: datetime, calls_this_hour: int | None = None
) -> Past:
    """What memory told the call, as far as its findings name it; the count of the hour is of stored calls.

    It has habits for the sake of that count only, and may not reach a detector that asks memory.
    """
    facts = [(signal.name, name, value) for signal in signals for name, value in signal.facts]
    return Past(
        available="memory" not in degraded,
        poisoned=frozenset(value for _, name, value in facts if name == "recalled"),
        new_destinations=tuple(
            value
            for found, name, value in facts
            if name == "destination" and found in ("destination_new", "destination_newly_registered")
        ),
        at=at,
        habits=None if calls_this_hour is None else _counting(calls_this_hour, at=at),
        over_rate=frozenset(
            int(value) for found, name, value in facts if (found, name) == ("rate_limited", "restriction")
        ),
    )


def _counting(calls: int, *, at: datetime) -> Habits:
    nothing = Uses(calls=0, days=0, tools=0, tool_calls=0, shape_calls=None)
    hour = Hour(hour=at.hour, calls=calls, usual=0, around=0, day=0, dispersion=1, days=0)
    return Habits(learning=True, own=nothing, of_kind=None, hour=hour)


def detectors_for(
    signals: Sequence[Signal], ruleset: Ruleset, detectors: Sequence[tuple[str, Detect]] = DETECTORS
) -> tuple[tuple[str, Detect], ...]:
    """`detectors` with those that ask memory answering what they found then. `signals` are the verdict's own."""
    standing = standing_of_then(signals, ruleset)
    if not standing:
        return _without_memory(tuple(detectors))
    found: list[tuple[str, Detect]] = []
    for name, detect in detectors:
        if name in REMEMBERED:
            found.append((name, partial(_as_then, tuple(s for s in standing if s.name in REMEMBERED[name]))))
        elif name in PARTLY_REMEMBERED:
            then = tuple(s for s in standing if s.name in PARTLY_REMEMBERED[name])
            found.append((name, partial(_now_or_then, detect, then)))
        else:
            found.append((name, detect))
    return tuple(found)


@lru_cache(maxsize=4)
def _without_memory(detectors: tuple[tuple[str, Detect], ...]) -> tuple[tuple[str, Detect], ...]:
    return tuple((name, partial(_as_then, ()) if name in REMEMBERED else detect) for name, detect in detectors)


def standing_of_then(signals: Sequence[Signal], ruleset: Ruleset) -> tuple[Signal, ...]:
    """Those of a verdict's findings that came from memory and stand in a replay by `ruleset`, unjudged."""
    return tuple(signal for signal in signals if signal.name in _FROM_MEMORY and _still_stands(signal, ruleset))


_FROM_MEMORY = frozenset(name for names in (*REMEMBERED.values(), *PARTLY_REMEMBERED.values()) for name in names)


def _as_then(signals: tuple[Signal, ...], case: Case) -> list[Signal]:
    return list(signals)


def _now_or_then(detect: Detect, signals: tuple[Signal, ...], case: Case) -> list[Signal]:
    return detect(case) or list(signals)


def _still_stands(signal: Signal, ruleset: Ruleset) -> bool:
    if signal.name in PARTLY_REMEMBERED["fingerprints"] and WITH_EARLIER not in signal.reason:
        return False
    destination, then = signal.fact("destination"), signal.fact("destination_standing")
    if not destination or then in _VOUCHED:
        return True
    now = ruleset.standing_of(destination)
    if signal.name in _EVEN_TO_KNOWN:
        return now is not Standing.INTERNAL
    return now in (Standing.UNKNOWN, Standing.DENIED)
