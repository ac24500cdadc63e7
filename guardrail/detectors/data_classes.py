"""Claim: data of a class that must not go there would leave, by the places, dictionaries and patterns of an admin.

A place counts for a document the call names and for what is quoted from it; a dictionary or pattern for what leaves and
for a document of an output that the call names. Each class is a signal of its own: what may be done about one says
nothing of another. Silent without such recognition, and for a class that may go where the call goes.
Cannot see: other words for the same, text behind the first 400,000 characters, a match longer than 1,000.
"""

from guardrail.case import Case
from guardrail.data_classes import ClassFound, find_classes
from guardrail.destinations import Target
from guardrail.leaving import facts_of, held_from, reached, told_of
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "data_classes"


def detect(case: Case) -> list[Signal]:
    """At most one signal a class, the most protected class first."""
    targets = () if case.ruleset.recognition.is_empty else reached(case)
    if not targets:
        return []
    of_class: dict[str, list[ClassFound]] = {}
    for found in find_classes(case):
        of_class.setdefault(found.data_class, []).append(found)
    classes = case.ruleset.data_classes
    signals = []
    for name in sorted(of_class, key=lambda name: -classes[name].rank):
        held = tuple(target for target in held_from(targets, name, case) if _is_apart(target, of_class[name]))
        if held:
            signals.append(_signal(of_class[name], held[0], case))
    return signals


def _is_apart(target: Target, found: list[ClassFound]) -> bool:
    """Whether something is found but that the destination itself lies in a place of the class."""
    return any(not one.document or one.evidence.path != target.argument for one in found)


def _signal(found: list[ClassFound], target: Target, case: Case) -> Signal:
    first = found[0]
    facts = [
        *facts_of(target, case),
        ("data_class", first.data_class),
        ("argument", first.evidence.path if first.evidence.source == "argument" else target.argument),
        ("tool_kind", case.kind.value),
    ]
    if first.document:
        facts.append(("document", first.document))
    return Signal(
        name="classified_data_leaving",
        severity=Severity.CRITICAL,
        reason=f"Classified data would go to {told_of(target)}: {first.why}.",
        evidence=(
            *dict.fromkeys(one.evidence for one in found[:5]),
            Evidence(source="argument", path=target.argument, quote=target.value, mark=Mark.VALUE),
        ),
        facts=tuple(facts),
    )
