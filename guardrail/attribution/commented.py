"""Another's comment on the very record the user handed over by its number, about another one: `SEC-15` under `REL-40`.

Whoever hands a ticket over means what it says and what it is about. What somebody else writes below it may tell how,
and has nothing done to another ticket.
"""

from guardrail.attribution.authors import is_meant, is_nobodys, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.gravity import is_another
from guardrail.attribution.handed_over import has_number_named
from guardrail.attribution.holding import texts_with
from guardrail.attribution.provenance import Leaf
from guardrail.attribution.request import Request
from guardrail.attribution.running_text import runs
from guardrail.attribution.unasked import Taken
from guardrail.case import Case, Source
from policies.ruleset import ToolKind

_MOST_RECORDS = 50


def commented_on(case: Case, request: Request) -> Taken | None:
    """The comment that has such a thing changed; None for none."""
    if request.delegation is Delegation.NONE or case.kind is ToolKind.READ or not is_another(case):
        return None
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if leaf.kind == "id" and share < case.tuning.given_share:
            taken = _comment_with(leaf, case)
            if taken is not None:
                return taken
    return None


def _comment_with(leaf: Leaf, case: Case) -> Taken | None:
    taken: Taken | None = None
    for source, prose in texts_with(leaf, case):
        author = source.reading.authors[prose.record]
        if is_nobodys(author) or is_ours(author, case) or is_meant(author.author, case.user):
            return None
        if not runs(prose.lower, case.tuning.running_text) or not _is_below_a_named(source, prose.record, case):
            return None
        taken = taken or Taken(source=source, prose=prose, values=(leaf,))
    return taken


def _is_below_a_named(source: Source, record: int, case: Case) -> bool:
    """Another record of this output has the number the user gave, and whoever wrote that is another."""
    authors = source.reading.authors
    return not has_number_named(source, record, case) and any(
        authors[other].author != authors[record].author and has_number_named(source, other, case)
        for other in range(min(len(authors), _MOST_RECORDS))
    )
