"""What a call teaches once it is judged: what it stores, and the lines of documents it carries out. Pure."""

from collections.abc import Sequence

import msgspec

from guardrail.document_lines import lines_of
from guardrail.entered import entered_by, ordered_by, thing_hash
from guardrail.judge import Judgement
from guardrail.stored_text import MOST, stored_by
from guardrail.traces import Chain, Traces, led_by


def traces_once_judged(traces: Traces, destinations: Sequence[str], judgement: Judgement) -> Traces:
    """What a judged call is kept and remembered with: its traces, where a text led it, what only judging found.

    `destinations` run along `traces.destinations`.
    """
    return taught_by(led_by(traces, destinations, judgement.decision), judgement)


def taught_by(traces: Traces, judgement: Judgement) -> Traces:
    """The traces with what only judging found; the same where that is nothing, as for most calls."""
    case = judgement.case
    entered = (*entered_by(case), *ordered_by(case)) if case is not None and not case.budget.spent_already() else ()
    chain = traces.chain or Chain()
    found = lines_of(case) if case is not None and chain.houses else {}
    lines = tuple(sorted({f"{number >> 16:012x}" for own in found.values() for number in own}))
    marked, stored = stored_by(case) if case is not None and not case.budget.spent_already() else ("", ())
    carried = {number for text in case.past.stored for number in text.shared} if case is not None else set()
    things = tuple(thing_hash(order.destination) for order in case.past.ordered) if case is not None else ()
    if not (entered or lines or stored or carried or things):
        return traces
    matched = tuple(f"{number:012x}" for number in sorted(carried)[:MOST])
    chain = msgspec.structs.replace(
        chain, entered=entered, lines=lines, stored=stored, marked=marked, matched=matched, things=things
    )
    return msgspec.structs.replace(traces, chain=chain)
