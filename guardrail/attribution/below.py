"""An order that stands below the end of a letter: behind its author's name, in a footer, in what was quoted.

Whoever hands a mail over means what its author wrote. What was put below speaks for itself, whosever mail it is in.
"""

from collections.abc import Iterable

from guardrail.attribution.authors import is_ours
from guardrail.attribution.harm import harm_of
from guardrail.attribution.matching import OTHERWISE, Match, is_constant
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.case import Case
from guardrail.text.ending import ending_of, quoted_from

_AFTERTHOUGHT = ("ps", "p.s", "p. s", "n.b", "nb")


def added_below(matches: Iterable[Match], case: Case) -> Match | None:
    """The order of such a place that the call carries out; None for none."""
    if not case.sink or not case.user.words or case.call.event_triggered or case.call.by_outsider:
        return None
    return next((match for match in matches if _is_ordered_below(match, case)), None)


def _is_ordered_below(match: Match, case: Case) -> bool:
    if not match.author.author or match.action < OTHERWISE:
        return False
    told = match.directive.text.lower()
    return any(
        share == 0.0
        and not is_constant(leaf, case.tuning)
        and stands_in(leaf.needle, told) >= 0
        and _stands_only_below(leaf, match, case)
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
    )


def _stands_only_below(leaf: Leaf, match: Match, case: Case) -> bool:
    """Every text that has it has it there, and no field has."""
    found = False
    for source in case.sources:
        for count, prose in enumerate(source.reading.prose):
            if count % 64 == 0 and case.budget.spent():
                return False
            at = stands_in(leaf.needle, prose.lower)
            if at < 0:
                continue
            if source is not match.source or prose.record != match.directive.record:
                return False
            if not _is_below(leaf, prose.lower, at, match, case):
                return False
            found = True
    return found


def _is_below(leaf: Leaf, text: str, at: int, match: Match, case: Case) -> bool:
    end = ending_of(text, author=match.author.author.lower())
    if 0 <= end <= at:
        if leaf.kind == "short" and any(stands_in(word, text[:end]) >= 0 for word in leaf.words):
            # whom the letter calls by a first name
            return False
        # what a colleague thought of after signing is theirs as well
        later = text[end:].lstrip().startswith(_AFTERTHOUGHT)
        return not (later and is_ours(match.author, case) and not harm_of(case))
    return 0 <= quoted_from(text) <= at and bool(harm_of(case))
