"""An order that says which deed and not to what, carried out on something the agent looked up for it.

`Cancel all appointments of Ferris` holds no value of the call: its number stands in a record that was read, or nowhere.
Where the user wants another deed done, or only to know something, whoever gave the order had it done.
"""

from collections.abc import Iterable

from guardrail.attribution.delegation import Delegation
from guardrail.attribution.harm import harm_of
from guardrail.attribution.mandate import may_decide
from guardrail.attribution.matching import SAME_VERB, Match
from guardrail.attribution.other_deed import values_not_given
from guardrail.attribution.request import Request
from guardrail.case import Case
from guardrail.text.directives import MENTION


def looked_up_for(matches: Iterable[Match], case: Case, request: Request) -> Match | None:
    """The best order for such a call; None for a call that does no harm, or has a word of the user's."""
    if not (case.tuning.looked_up and case.sink) or case.call.event_triggered or case.call.by_outsider:
        return None
    if request.asked or request.wants or request.delegation is Delegation.ACTIONS:
        return None
    if not (request.own_deed or request.only_reading) or not harm_of(case) or not values_not_given(case):
        return None
    return next((match for match in matches if _orders_it(match, case, request)), None)


def _orders_it(match: Match, case: Case, request: Request) -> bool:
    if match.directive.asked.manner == MENTION or match.action < SAME_VERB:
        return False
    named = match.tool >= case.tuning.tool_closely_named
    return named and not may_decide(match.source, match.directive.record, case, request)
