"""Which kind of reasoning decided a call. Pure."""

import enum
from collections.abc import Iterable

from policies.rules import IN_FORCE
from policies.ruleset import SECOND_OPINION
from policies.signal import RECALLED

# The actions, as verdicts keep them, with which a call went through.
_PASSED = frozenset({"allow", "notice"})


class Regime(enum.Enum):
    """Strongest first, as they are asked: a person, what an admin wrote, rules without exceptions, down to nothing."""

    PERSON = "person"
    RULE = "rule"
    HARD_RULE = "hard_rule"
    MARKED_INSTRUCTION = "marked_instruction"
    FOLLOWED_INSTRUCTION = "followed_instruction"
    DELEGATED_INSTRUCTION = "delegated_instruction"
    MEMORY = "memory"
    SECOND_OPINION = "second_opinion"
    FAIL_POSTURE = "fail_posture"
    NOTHING = "nothing"


_BY_SIGNAL = {
    "allowed_once": Regime.PERSON,
    "instruction_marked": Regime.MARKED_INSTRUCTION,
    "tool_description_followed": Regime.MARKED_INSTRUCTION,
    "instruction_followed": Regime.FOLLOWED_INSTRUCTION,
    "instruction_delegated": Regime.DELEGATED_INSTRUCTION,
    "secret_in_pieces": Regime.MEMORY,
    "pieces_leaving": Regime.MEMORY,
    "laundered_destination": Regime.MEMORY,
    "laundered_destination_noted": Regime.MEMORY,
    "laundered_order": Regime.MEMORY,
    "stored_data_leaving": Regime.MEMORY,
    "relayed_destination": Regime.MEMORY,
    "double_request": Regime.MEMORY,
    "double_request_held": Regime.MEMORY,
    "destination_stopped_elsewhere": Regime.MEMORY,
    "destination_confirmed_malicious": Regime.MEMORY,
    "late_finding": Regime.MEMORY,
    "late_finding_noted": Regime.MEMORY,
}


def regime_of(*, signal: str, signatures: Iterable[str], would_have: str, failed: bool) -> Regime:
    """What decided a call whose deciding signal is `signal` and which enforce mode answers with `would_have`.

    Takes what a verdict keeps, so that it holds for old ones too; `signatures` are the signal's facts of that name. A
    text whose only sign is that it is known was stopped by memory. A signal we have no regime for was made a stop by
    policy: a hard rule.
    """
    if failed:
        return Regime.FAIL_POSTURE
    known = Regime.SECOND_OPINION if signal.startswith(f"{SECOND_OPINION}.") else _BY_SIGNAL.get(signal)
    if known is Regime.PERSON:
        return known
    if signal.startswith(IN_FORCE) and would_have not in _PASSED:
        return Regime.RULE
    if would_have in _PASSED:
        return Regime.NOTHING
    if known is Regime.MARKED_INSTRUCTION and set(signatures) == {RECALLED}:
        return Regime.MEMORY
    return known or Regime.HARD_RULE
