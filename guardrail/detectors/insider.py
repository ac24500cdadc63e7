"""Claim: the user has the agent send or look up far more than usual, to somebody new, or at an unusual hour.

Usual is what this user did through this agent and what the others who use it do: an hour must be far beyond both. A new
user is measured by the others alone, once five of them have worked fifty hours. Formulas as in `guardrail.habits`; the
average hour of all is an exponential average with its variance (Welford 1962, with weights by West 1979).
Two unusual things at once, of the user or of the agent, on a call that takes something read to somebody outside make a
suspicion. Each by itself is honest more often than not, and so may two be: nothing is stopped unless policy says so.
Cannot see: somebody who takes a little every day, who spreads it over agents, or who is not signed in.
"""

from guardrail.case import Case
from guardrail.habits import Hour, is_far_beyond, is_new_tool, is_rare_hour
from guardrail.leaving import outgoing, outside
from guardrail.people import Person
from policies.ruleset import Standing, ToolKind
from policies.signal import Severity, Signal

NAME = "insider"

_OUT = (ToolKind.SEND, ToolKind.SHARE, ToolKind.PAY)
_ENOUGH = 2
# A user's destinations tell something after so many calls.
_KNOWN_CALLS = 20
_RUN = 6
_MOST_RUNS = 40
_LONGEST = 5_000


def detect(case: Case) -> list[Signal]:
    """One suspicion that holds all of it, or each thing that is unusual for the user."""
    person = case.past.person
    if person is None:
        return []
    out = case.kind in _OUT and bool(outside(case))
    found = [
        signal
        for signal in (_volume(case, person, out=out), _destination(case, person), _time(case, person, out=out))
        if signal is not None
    ]
    reasons = [signal.reason for signal in found] + _of_agent(case)
    if out and found and len(reasons) >= _ENOUGH and _takes_what_was_read(case):
        said = " ".join(reasons[:3])
        return [_signal(case, "insider_suspected", f"{said} The call takes what was read outside.")]
    return found


def _volume(case: Case, person: Person, *, out: bool) -> Signal | None:
    if out:
        hour, expected, what = person.out, person.out_expected, "sent or shared outside"
    elif case.kind is ToolKind.READ:
        hour, expected, what = person.read, person.read_expected, "looked up"
    else:
        return None
    if expected is None or not is_far_beyond(hour, expected):
        return None
    usual = f"up to {expected:.0f}" if expected >= 1 else "hardly any"
    return _signal(
        case,
        "user_volume_unusual",
        f"{hour.calls} {what} this hour for this user; {usual} are usual for the user and others at this time of day.",
        expected=f"{usual} an hour",
        observed=f"{hour.calls} an hour",
    )


def _destination(case: Case, person: Person) -> Signal | None:
    """New to the user and to the agent: what a colleague reaches through it is nothing unusual."""
    if person.learning or person.calls < _KNOWN_CALLS or case.kind not in _OUT:
        return None
    new = set(person.new_destinations) & set(case.past.new_destinations)
    target = next((t for t in outside(case) if t.value in new and t.standing is Standing.UNKNOWN), None)
    if target is None:
        return None
    reason = f"Neither this user nor anybody else has had this agent reach {target.value} before."
    return _signal(case, "user_destination_unusual", reason, destination=target.value)


def _time(case: Case, person: Person, *, out: bool) -> Signal | None:
    hour = _both(person)
    if person.learning or not (out or case.kind is ToolKind.READ) or not is_rare_hour(hour):
        return None
    return _signal(
        case,
        "user_time_unusual",
        f"It is past {hour.hour}:00 UTC; this user hardly ever works with this agent near this hour.",
        expected=f"{hour.around:.2f} calls in these three hours of the day",
        observed=f"{hour.calls} this hour",
    )


def _both(person: Person) -> Hour:
    out, read = person.out, person.read
    return Hour(
        hour=out.hour,
        calls=out.calls + read.calls,
        usual=out.usual + read.usual,
        around=out.around + read.around,
        day=out.day + read.day,
        dispersion=max(out.dispersion, read.dispersion),
        days=person.days,
    )


def _of_agent(case: Case) -> list[str]:
    habits = case.past.habits
    if habits is None or habits.learning:
        return []
    found = []
    if is_new_tool(habits.own):
        found.append("The tool is new to the agent.")
    if is_far_beyond(habits.hour, habits.hour.expected):
        found.append("The agent makes far more calls than usual.")
    if is_rare_hour(habits.hour):
        found.append("The agent hardly ever works at this hour.")
    return found


def _takes_what_was_read(case: Case) -> bool:
    """Six words in a row of what would leave stand in something the agent has read."""
    lowers = [" ".join(prose.lower.split()) for source in case.sources for prose in source.reading.prose]
    for text in outgoing(case, longest=_LONGEST):
        words = text.text.lower().split()
        step = max(1, len(words) // _MOST_RUNS)
        for start in range(0, len(words) - _RUN + 1, step):
            run = " ".join(words[start : start + _RUN])
            if any(run in lower for lower in lowers):
                return True
    return False


def _signal(case: Case, name: str, reason: str, **facts: str) -> Signal:
    severity = Severity.MEDIUM if name == "insider_suspected" else Severity.LOW
    return Signal(
        name=name,
        severity=severity,
        reason=reason,
        facts=(*facts.items(), ("tool_kind", case.kind.value)),
    )
