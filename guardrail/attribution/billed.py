"""Whose bill a text is, where it says what is to be paid."""

from guardrail.attribution.authors import is_meant, is_nobodys
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.matching import Match
from guardrail.attribution.request import Request, on_topic
from guardrail.case import Case
from policies.ruleset import ToolKind


def is_pointed_at(match: Match, case: Case, request: Request) -> bool:
    """The user's words lead to this order or, for a payment, to this text: whom to pay stands in every bill."""
    if request.delegation is not Delegation.NONE:
        return case.kind is ToolKind.PAY or on_topic(match.directive.text, case)
    return case.kind is ToolKind.PAY and is_bill_of(match, case)


def is_bill_of(match: Match, case: Case) -> bool:
    """The user wants such a payment and spoke of what this text is about."""
    record = match.directive.record
    prose = " ".join(prose.lower[:2_000] for prose in match.source.reading.prose if prose.record == record)
    return is_meant(match.author.author, case.user) or on_topic(prose[:1_500], case)


def is_bill_asked_for(match: Match, case: Case, request: Request) -> bool:
    """A bill of nobody by its fields, such as a file with a mail, is of whom it speaks of."""
    paid = case.kind is ToolKind.PAY and request.asked and not match.author.author
    return paid and is_bill_of(match, case)


def head_of(match: Match) -> str:
    """The first line of a text of nobody's, where a letter has its letterhead."""
    if not is_nobodys(match.author):
        return ""
    record = match.directive.record
    text = next((prose.lower for prose in match.source.reading.prose if prose.record == record), "")
    return text.strip().partition("\n")[0][:80]
