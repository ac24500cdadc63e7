"""A message or a share nothing of which is the user's, which leads outside to where only running texts say it should.

Whoever wants a message sent says something of it: to whom, about what, which paper. Where the user did not, and whom it
is for or the link in it stands in nobody's field, a text had it sent, whatever else the user asked to have sent.
"""

from guardrail.attribution.authors import is_meant, is_ours, is_spoken_of
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.handed_over import has_left_address, is_address_left, is_meant_by_name
from guardrail.attribution.listed import is_in_list_handed_over
from guardrail.attribution.matching import is_constant
from guardrail.attribution.outward import OUTWARD, is_at_home, is_of_house_typed
from guardrail.attribution.pointing import is_users_own
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.attribution.request import Request, telling_words
from guardrail.attribution.running_text import only_in_running_texts
from guardrail.attribution.unasked import Taken
from guardrail.case import Case, Source
from guardrail.destinations import URL
from policies.ruleset import ToolKind


def told_wholly(case: Case, request: Request) -> Taken | None:
    """Where such a message has its address or link from; None for any other call."""
    shared = case.kind is ToolKind.SHARE and request.delegation is Delegation.NONE
    if not (shared or case.kind is ToolKind.SEND) or not case.user.words or case.call.event_triggered:
        return None
    if any(_is_given(leaf, share, case) for leaf, share in zip(case.leaves, case.user_shares, strict=True)):
        return None
    for leaf in case.leaves:
        if leaf.kind not in OUTWARD or case.ruleset.standing_of(leaf.value).is_trusted:
            continue
        if stands_in(leaf.needle, case.user.lower) >= 0 or is_of_house_typed(leaf.value, case):
            continue
        if leaf.kind == "email" and (is_meant(leaf.value, case.user) or has_left_address(case)):
            # `let the archive know`
            continue
        found = only_in_running_texts(leaf, case)
        if not found or any(_is_vouched_for(leaf, source, prose.record, case, request) for source, prose in found):
            continue
        source, prose = found[0]
        return Taken(source=source, prose=prose, values=(leaf,))
    return None


def _is_given(leaf: Leaf, share: float, case: Case) -> bool:
    """The user said it. Half of a link is another link, alone and within a text."""
    if is_constant(leaf, case.tuning):
        return False
    if leaf.kind in OUTWARD:
        return share == 1.0
    if leaf.kind == "long" and URL.search(leaf.needle):
        said = telling_words(URL.sub(" ", leaf.needle))
        share = len(said & case.user.words) / len(said) if said else 0.0
    return share >= case.tuning.given_share


def _is_vouched_for(leaf: Leaf, source: Source, record: int, case: Case, request: Request) -> bool:
    """The text's author may name this one: its own house, a colleague's text the user spoke of, the address left to."""
    author = source.reading.authors[record]
    if is_at_home(leaf, author) or is_users_own(source, record, case):
        return True
    if is_ours(author, case) and (is_spoken_of(author, case) or is_meant(author.author, case.user)):
        return True
    if is_meant_by_name(source, record, case, request) or is_address_left(source, record, case, request):
        return True
    return is_in_list_handed_over(leaf.needle, source, record, case, request)
