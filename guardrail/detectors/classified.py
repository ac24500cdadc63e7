"""Claim: classified data would leave for a destination that is not the organisation's own.

Classified = a file, folder or phrase an admin gave a class that may not leave, or a text that bears a confidentiality
label of its own: above it, or in the fields that came with it. An admin's mapping of labels to classes comes first. A
label counts where labels stand (alone, in capitals, in a field), not in a mail's footer. Where the policy says what
data of a class may go where, that decides, of the class it holds back most.
Cannot see: a summary in other words, and data without label, class or telling phrase.
"""

import re

from guardrail.attribution.provenance import stands_in
from guardrail.case import Case
from guardrail.destinations import Target
from guardrail.leaving import Outgoing, facts_of, held_from, outgoing, reached, told_of
from guardrail.marked import Counts, Finding, find_files, find_marked
from policies.signal import Evidence, Mark, Redaction, Severity, Signal

NAME = "classified"

_BLANK = re.compile(r"\s")
# A text can bear any number of labels of its own.
_MOST_CLASSES = 20


def detect(case: Case) -> list[Signal]:
    """At most one signal: the first finding for the first outside destination. With flows, one for each class."""
    targets = reached(case)
    if not targets:
        return []
    texts = outgoing(case)
    flows = bool(case.ruleset.flows.cells)
    found: dict[str, Signal] = {}

    def is_held(data_class: str) -> bool:
        return bool(held_from(targets, data_class, case))

    for finding in find_marked(case, texts, is_held):
        held = held_from(targets, finding.data_class, case) if finding.by_admin or flows else targets
        # The user named this destination and the label is the text's own word: their decision, no admin's rule.
        if not held or (not finding.by_admin and _user_named(held, case)):
            continue
        if finding.data_class not in found:
            out = _files_out(finding, case, texts, is_held)
            found[finding.data_class] = _signal(finding, held, case, redactions=out)
        if not flows or len(found) >= _MOST_CLASSES:
            break
    return list(found.values())


def _files_out(finding: Finding, case: Case, texts: list[Outgoing], is_held: Counts) -> tuple[Redaction, ...]:
    """Classified files that are arguments of their own, where one of them is what was found."""
    alone = {text.argument: text.text.strip().lower() for text in texts if not _BLANK.search(text.text.strip())}
    named = (other for other in find_files(case, texts, is_held) if other.evidence.path in alone)
    whole = {
        other.evidence.path: None for other in named if alone[other.evidence.path].endswith(other.document.lower())
    }
    if finding.evidence.source != "argument" or finding.evidence.path not in whole:
        return ()
    return tuple(Redaction(argument=path, instead="") for path in whole)


def _user_named(targets: tuple[Target, ...], case: Case) -> bool:
    return all(stands_in(target.value, case.user.lower) >= 0 for target in targets)


def _signal(finding: Finding, targets: tuple[Target, ...], case: Case, *, redactions: tuple[Redaction, ...]) -> Signal:
    target = targets[0]
    facts = [
        *facts_of(target, case),
        ("data_class", finding.data_class),
        ("argument", finding.evidence.path if finding.evidence.source == "argument" else target.argument),
        ("tool_kind", case.kind.value),
    ]
    if finding.document:
        facts.append(("document", finding.document))
    return Signal(
        name="classified_data_leaving",
        severity=Severity.CRITICAL if finding.by_admin else Severity.HIGH,
        reason=f"Classified data would go to {told_of(target)}: {finding.why}.",
        evidence=(
            finding.evidence,
            Evidence(source="argument", path=target.argument, quote=target.value, mark=Mark.VALUE),
        ),
        facts=tuple(facts),
        redactions=redactions,
    )
