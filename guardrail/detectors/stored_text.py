"""Claim: a text would leave that a call of another conversation stored inside, out of classified data.

In the note, file or entry where it stands now it bears no label: its words are known by their fingerprints for 30 days.
What the user typed does not count, and where the mark was only a label of the text's own, a user who names the
destination has decided. Once a person lets such a call pass the text is known no more.
Cannot see: fewer than about 20 words in a row, other words for the same, what was stored by hand or by a system nobody
asks us about, and what in one conversation is both stored and sent: there the mark is still in view.
"""

from guardrail.attribution.provenance import stands_in
from guardrail.case import Case
from guardrail.destinations import Target
from guardrail.document_lines import LONGEST, prints_of, typed_prints
from guardrail.invocation import Stored
from guardrail.leaving import Outgoing, facts_of, held_from, outgoing, reached, told_of
from guardrail.stored_text import FEWEST, LABEL, mark_of
from guardrail.text.budget import unlimited
from guardrail.text.fingerprint import find_copied
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "stored_text"

# Of a longer text so much of what is known of it: a line everybody writes is less.
_SHARE = 0.25
_BITS = 16


def detect(case: Case) -> list[Signal]:
    """At most one signal, for the text of which most would leave."""
    targets = reached(case) if case.past.stored else ()
    if not targets:
        return []
    typed = {number >> _BITS for number in typed_prints(case)}
    for stored in case.past.stored:
        left = stored.shared - typed
        if len(left) < max(FEWEST, _SHARE * stored.size):
            continue
        data_class = _class_of(stored, case)
        held = held_from(targets, data_class, case) if data_class else targets
        if held and (data_class or not all(stands_in(target.value, case.user.lower) >= 0 for target in held)):
            return [_signal(stored, left, data_class, held[0], case)]
    return []


def _class_of(stored: Stored, case: Case) -> str:
    """The class it was marked with; empty for a label of its own, or a class there is no more."""
    if stored.marked == LABEL:
        return ""
    return next((name for name in case.ruleset.data_classes if mark_of(name) == stored.marked), "")


def _signal(stored: Stored, shared: frozenset[int], data_class: str, target: Target, case: Case) -> Signal:
    text, start, end = _place(shared, case)
    who = "this agent" if stored.by_this_agent else "another agent"
    what = f"data of the class {data_class}" if data_class else "data that bore a confidentiality label"
    return Signal(
        name="stored_data_leaving",
        severity=Severity.CRITICAL if data_class else Severity.HIGH,
        reason=(
            f"{what[0].upper()}{what[1:]} would go to {told_of(target)}: {who} stored this text on "
            f"{stored.at:%d %b %Y}, by the call {stored.call}, and it has no label any more."
        ),
        evidence=(
            Evidence(
                source="argument",
                path=text.argument,
                start=0 if text.decoded else start,
                end=0 if text.decoded else end,
                quote=text.text[start:end][:500],
                mark=Mark.DATA,
                note="stored before, out of what was marked",
            ),
            Evidence(source="argument", path=target.argument, quote=target.value, mark=Mark.VALUE),
        ),
        facts=(
            *facts_of(target, case),
            ("data_class", data_class),
            ("argument", text.argument),
            ("tool_kind", case.kind.value),
            ("call", stored.call),
        ),
    )


def _place(shared: frozenset[int], case: Case) -> tuple[Outgoing, int, int]:
    """The text that carries most of it, and where."""
    texts = [
        (text, {n for n in prints_of(text.text) if n >> _BITS in shared}) for text in outgoing(case, longest=LONGEST)
    ]
    text, found = max(texts, key=lambda one: len(one[1]), default=(Outgoing(argument="", text=""), set()))
    start, end = find_copied(text.text, found, unlimited())
    return text, start, end
