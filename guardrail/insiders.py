"""Says of a call that an instruction led to whether one of our own people last edited the text it stands in. Pure.

Reads what the detectors found, no text: an output's own fields name the editor. What a change feed told of the edit is
joined later, where verdicts become investigations, and says more: whether that edit put the order in.
Cannot see: an editor the output does not name, one whose address is on no list of ours, and who edited before.
"""

from collections.abc import Sequence
from dataclasses import replace

from guardrail.case import Case
from policies.ruleset import Standing
from policies.signal import Mark, Severity, Signal

NAME = "insider_edit"
_LED_BY = ("instruction_marked", "instruction_followed", "instruction_delegated")
_FACTS = ("editor", "revision", "document")


def note_insiders(signals: Sequence[Signal], case: Case) -> list[Signal]:
    """One signal beside the instruction that led to the call, or none."""
    led = next((signal for signal in signals if signal.name in _LED_BY and signal.fact("editor")), None)
    if led is None:
        return []
    editor = led.fact("editor")
    is_user = editor.lower() == case.call.user_id.lower()
    if not is_user and ("@" not in editor or case.ruleset.standing_of(editor) is not Standing.INTERNAL):
        return []
    what = f"“{led.fact('document')[:80]}”" if led.fact("document") else "the text with the instruction"
    who = "the very user the agent serves" if is_user else "one of your own people"
    evidence = [item for item in led.evidence if item.mark in (Mark.INSTRUCTION, Mark.HIDDEN)][:1]
    return [
        Signal(
            name=NAME,
            severity=Severity.LOW if is_user else Severity.MEDIUM,
            reason=f"Who last edited {what} is `{editor}`, {who}.",
            evidence=tuple(replace(item, note="in a text edited by one of ours") for item in evidence),
            facts=tuple((name, led.fact(name)) for name in _FACTS if led.fact(name)),
        )
    ]
