"""Claim: this call is unlike what the agent did until now: its tool, its arguments, how many, when, after what.

Nothing is said of an agent that is still being learnt from; it is only compared with others of its name. What is usual
changes honestly, too, so each finding is a notice unless policy says otherwise.
Volume: this hour's count against the average of this hour of the day (see `guardrail.habits`: exponential averages by
Hunter 1986, the tail of quasi-Poisson counts by Wedderburn 1974). Next step: bits of surprise, -log2 of the chance
that this tool follows the one before (Shannon 1951), interpolated by Witten and Bell (1991), against the mean and the
deviation of the agent's own steps.
Cannot see: an attack that does what the agent does all day, or habits that somebody changes slower than they may grow.
"""

from guardrail.case import Case
from guardrail.habits import Habits, Uses, is_far_beyond, is_new_tool, is_rare_hour
from policies.signal import Severity, Signal

NAME = "behaviour"

# Uses of a tool before the shapes of its arguments tell something.
_SHAPED = 30
_RARE_BITS, _RARE_DEVIATIONS, _RARE_STEPS = 7.0, 3.0, 20


def detect(case: Case) -> list[Signal]:
    """A signal for each thing that is unusual."""
    habits = case.past.habits
    if habits is None:
        return []
    if habits.learning:
        return _unlike_its_kind(case, habits.of_kind)
    found = (
        _tool_new(case, habits.own),
        _arguments_unusual(case, habits.own),
        _volume_unusual(case, habits),
        _time_unusual(case, habits),
        _step_unusual(case, habits.own),
    )
    return [signal for signal in found if signal is not None]


def _tool_new(case: Case, own: Uses) -> Signal | None:
    if not is_new_tool(own):
        return None
    before = f"{own.tool_calls} times" if own.tool_calls else "never"
    return _signal(
        case,
        "tool_new",
        Severity.MEDIUM if case.sink else Severity.LOW,
        f"This agent has {before} used {_tool_of(case)} in its {own.calls:,} calls of {_days(own.days)}.",
        expected=f"one of its {own.tools} tools",
        observed=_tool_of(case),
    )


def _arguments_unusual(case: Case, own: Uses) -> Signal | None:
    if own.shape_calls != 0 or own.tool_calls < _SHAPED:
        return None
    return _signal(
        case,
        "arguments_unusual",
        Severity.LOW,
        f"In {own.tool_calls:,} calls of {_tool_of(case)} this agent has never given these arguments together.",
        expected="names, types and lengths of arguments as before",
        observed=f"{len(case.call.arguments)} values of a new shape",
    )


def _volume_unusual(case: Case, habits: Habits) -> Signal | None:
    hour = habits.hour
    if not is_far_beyond(hour, hour.expected):
        return None
    usual = f"up to {hour.expected:.0f}" if hour.expected >= 1 else "hardly any"
    return _signal(
        case,
        "volume_unusual",
        Severity.MEDIUM,
        f"{hour.calls:,} calls this hour; this agent makes {usual} at this time of day.",
        expected=f"{usual} an hour",
        observed=f"{hour.calls} an hour",
    )


def _time_unusual(case: Case, habits: Habits) -> Signal | None:
    hour = habits.hour
    if not is_rare_hour(hour):
        return None
    return _signal(
        case,
        "time_unusual",
        Severity.LOW,
        f"It is past {hour.hour}:00 UTC; of the {hour.day:.0f} calls this agent makes a day hardly any come near this "
        f"hour, in {_days(hour.days)}.",
        expected=f"{hour.around:.2f} calls in these three hours of the day",
        observed=f"{hour.calls} this hour",
    )


def _step_unusual(case: Case, own: Uses) -> Signal | None:
    # what a tool that is new follows is always rare, and said already
    if own.step_bits is None or own.steps < _RARE_STEPS or is_new_tool(own):
        return None
    usual = own.bits_mean + _RARE_DEVIATIONS * own.bits_deviation
    if own.step_bits < max(_RARE_BITS, usual):
        return None
    return _signal(
        case,
        "step_unusual",
        Severity.LOW,
        f"{_tool_of(case)} hardly ever followed the step before it, which was followed by others {own.steps:,} times "
        f"({own.step_bits:.1f} bits of surprise).",
        expected=f"up to {max(_RARE_BITS, usual):.1f} bits",
        observed=f"{own.step_bits:.1f} bits",
    )


def _unlike_its_kind(case: Case, of_kind: Uses | None) -> list[Signal]:
    """A new agent against the others of its name: only a tool none of them has ever used."""
    if of_kind is None or of_kind.tool_calls > 0:
        return []
    return [
        _signal(
            case,
            "unlike_its_kind",
            Severity.LOW,
            f"This agent is new. Others of its name made {of_kind.calls:,} calls in {_days(of_kind.days)} and never "
            f"used {_tool_of(case)}.",
            expected=f"one of their {of_kind.tools} tools",
            observed=_tool_of(case),
        )
    ]


def _days(days: float) -> str:
    return f"{days:.0f} days" if days >= 1.5 else "a day"


def _tool_of(case: Case) -> str:
    return f"`{(case.call.tool.name or case.call.tool.tool_id)[:100]}`"


def _signal(case: Case, name: str, severity: Severity, reason: str, *, expected: str, observed: str) -> Signal:
    facts = (("expected", expected), ("observed", observed), ("tool_kind", case.kind.value))
    return Signal(name=name, severity=severity, reason=reason, facts=facts)
