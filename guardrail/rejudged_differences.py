"""Says in sentences why two policies decided otherwise about the same call. Pure."""

from guardrail import words
from policies.decision import Decision
from policies.rules import LIFTED_BY
from policies.ruleset import Action, Ruleset
from policies.signal import Signal

# Findings that are told apart at most; what decided comes first.
_MOST = 6
_DONE = {
    Action.ALLOW: "lets it pass",
    Action.NOTICE: "only notes it",
    Action.MODIFY: "takes values out",
    Action.HOLD: "holds it",
    Action.BLOCK: "blocks it",
}


def differences_between(before: Decision, after: Decision, one: Ruleset, other: Ruleset) -> tuple[str, ...]:
    """What made the second decision differ, the deciding finding first; empty where the answer is the same."""
    same_answer = (before.action, before.would_have, before.failed) == (after.action, after.would_have, after.failed)
    if same_answer and _name(before.deciding) == _name(after.deciding):
        return ()
    said = []
    if before.mode is not after.mode:
        said.append(f"The agent was in {before.mode.value} mode and is in {after.mode.value} mode.")
    if before.profile is not after.profile:
        said.append(f"Its profile was {before.profile.value} and is {after.profile.value}.")
    if before.failed != after.failed:
        said.append("It could not be judged then." if before.failed else "It could not be judged this time.")
    found, again = _by_name(before), _by_name(after)
    for name in _telling(before, after):
        said += _about(name, found.get(name), again.get(name), before, after, one, other)
    return tuple(said[:_MOST]) or ("What was found weighs otherwise by the other policy.",)


def _about(
    name: str,
    found: Signal | None,
    again: Signal | None,
    before: Decision,
    after: Decision,
    one: Ruleset,
    other: Ruleset,
) -> list[str]:
    heading = f"“{words.signal_words(name)}”"
    if found is not None and again is not None:
        was, now = one.action_on(found, before.profile), other.action_on(again, after.profile)
        if was is now:
            return []
        lifted = again.fact(LIFTED_BY) or found.fact(LIFTED_BY)
        because = f" ({lifted})" if lifted else ""
        return [f"{heading}: policy {_DONE[now]}{because}, before it {_DONE[was]}."]
    if found is not None:
        done = _DONE[one.action_on(found, before.profile)]
        return [f"{heading} is not found any more; the policy before {done} for that."]
    if again is not None:
        done = _DONE[other.action_on(again, after.profile)]
        return [f"{heading} is found only by the later policy, which {done}."]
    return []


def _telling(before: Decision, after: Decision) -> list[str]:
    """Names of findings, those that decided first."""
    deciding = [signal.name for signal in (before.deciding, after.deciding) if signal is not None]
    others = [signal.name for decision in (before, after) for signal in decision.signals]
    return list(dict.fromkeys(deciding + others))


def _by_name(decision: Decision) -> dict[str, Signal]:
    """The strongest of each name: they are ranked."""
    return {signal.name: signal for signal in reversed(decision.signals)}


def _name(signal: Signal | None) -> str:
    return signal.name if signal else ""
