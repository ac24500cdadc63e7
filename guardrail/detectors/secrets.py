"""Claim: a key, a password or a person's number would leave for a destination that is not the organisation's own.

Key formats are those the providers publish; a secret without a format counts when it is assigned to a telling name and
looks random. Cards, accounts and identity numbers count only with a right checksum. What the user typed is the user's
own decision. Where an admin made what is found a class of data, the policy's flows of that class decide.
Cannot see: a secret cut in pieces over several calls, or one that looks like ordinary words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardrail.case import Case
from guardrail.destinations import URL, Target, argument_name
from guardrail.leaving import Outgoing, facts_of, kept_from, outgoing, reached
from guardrail.text.keys import find_secrets
from guardrail.text.personal import CARD, find_numbers, kind_of
from policies.recognition.kinds import KEYS
from policies.ruleset import ToolKind, host_of
from policies.signal import Evidence, Mark, Redaction, Severity, Signal

NAME = "secrets"

_NOT_ALNUM = re.compile(r"[\W_]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Finding:
    """`kind` as an admin can make it a class of data."""

    what: str
    kind: str
    text: Outgoing
    start: int
    end: int


def detect(case: Case) -> list[Signal]:
    """A signal for secrets and a notice for numbers of persons, each taking out all that was found."""
    targets = reached(case)
    if not targets:
        return []
    texts = outgoing(case)
    return [
        *_signals("secret_leaving", Severity.CRITICAL, list(_secrets(texts, case)), targets, case),
        *_signals("personal_data_leaving", Severity.LOW, list(_numbers(texts, case)), targets, case),
    ]


def _signals(
    name: str, severity: Severity, findings: list[_Finding], targets: tuple[Target, ...], case: Case
) -> Iterator[Signal]:
    """One for all findings; one for each class an admin made of them."""
    kinds = case.ruleset.recognition.kinds
    of_class: dict[str, list[_Finding]] = {}
    for finding in findings:
        of_class.setdefault(kinds.get(finding.kind, ""), []).append(finding)
    for data_class, found in of_class.items():
        kept = kept_from(targets, data_class, case)
        if kept:
            yield _signal(name, severity, found, kept, case)


def _secrets(texts: list[Outgoing], case: Case) -> Iterator[_Finding]:
    for text in texts:
        if case.budget.spent():
            return
        for what, start, end in find_secrets(text.text):
            if text.text[start:end].lower() not in case.user.lower:
                yield _Finding(what=what, kind=KEYS, text=text, start=start, end=end)


def _numbers(texts: list[Outgoing], case: Case) -> Iterator[_Finding]:
    # whose account a call is for does not leave by it; a card is nobody's address
    targets = {target.argument for target in case.targets if target.named}
    said = _NOT_ALNUM.sub("", case.user.lower)
    for text in texts:
        if case.kind is ToolKind.PAY:
            return
        if case.budget.spent():
            return
        for what, start, end in find_numbers(text.text):
            is_target = text.argument in targets and what != CARD
            if not is_target and _NOT_ALNUM.sub("", text.text[start:end].lower()) not in said:
                yield _Finding(what=what, kind=kind_of(what), text=text, start=start, end=end)


def _signal(name: str, severity: Severity, findings: list[_Finding], targets: tuple[Target, ...], case: Case) -> Signal:
    target, first = targets[0], findings[0]
    text, data_class = first.text, case.ruleset.recognition.kinds.get(first.kind, "")
    shown = text.text[first.start : first.end]
    place = argument_name(text.argument) or text.argument
    # an address may hold the secret itself
    where = host_of(target.value) if URL.match(target.value) else target.value
    return Signal(
        name=name,
        severity=severity,
        reason=f"{first.what.capitalize()} would go to {where}: it stands in the argument {place}.",
        evidence=(
            Evidence(
                source="argument",
                path=text.argument,
                start=0 if text.decoded else first.start,
                end=0 if text.decoded else first.end,
                # only enough to find it: whoever may read verdicts need not learn the secret
                quote=f"{shown[:4]}…{shown[-2:]}" if len(shown) > 8 else "…",
                mark=Mark.DATA,
                note="inside an encoded value" if text.decoded else "",
            ),
        ),
        facts=(
            ("destination", where),
            *facts_of(target, case)[1:],
            ("argument", text.argument),
            ("tool_kind", case.kind.value),
            *((("data_class", data_class),) if data_class else ()),
        ),
        redactions=tuple(dict.fromkeys(_redaction(finding) for finding in findings)),
    )


def _redaction(finding: _Finding) -> Redaction:
    """Only the value itself; of an encoded argument all of it."""
    if finding.text.decoded:
        return Redaction(argument=finding.text.argument)
    return Redaction(argument=finding.text.argument, start=finding.start, end=finding.end)
