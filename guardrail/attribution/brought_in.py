"""What only a running text brings into a call of the kind that was asked for: a place, a link for somebody, a title.

However the text puts it - as an order, a practice, a fact. The user's own words speak against it: they name another
place or title, or nobody of those the link goes to.
"""

import re
from collections.abc import Iterator
from itertools import islice

from guardrail.attribution.authors import is_meant, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.attribution.request import Request, on_topic
from guardrail.attribution.running_text import runs
from guardrail.attribution.unasked import Taken
from guardrail.case import Case, Source
from guardrail.destinations import EMAIL, URL, argument_name, says_something
from guardrail.text.reading import Prose
from policies.ruleset import Standing, ToolKind, host_of

_LONGEST = 12_000
_MOST_LEAVES = 12
_QUOTED = re.compile(r"(?<!\w)['\"“„«]([^\n'\"“”„«»]{6,120})['\"”“»](?!\w)")
# A title is told by so many words.
_LEAST_WORDS = 4
_TITLES = frozenset("title subject name summary betreff titel titre objet asunto título titulo oggetto titolo".split())


def brought_in(case: Case, request: Request) -> Taken | None:
    """The text and the value it brought; None for nothing of the kind."""
    if case.kind not in (ToolKind.SEND, ToolKind.WRITE) or request.delegation is Delegation.ACTIONS:
        return None
    return _other_place(case, request) or _link_for_somebody(case, request) or _other_title(case, request)


def _links(case: Case) -> Iterator[Leaf]:
    shares = zip(case.leaves, case.user_shares, strict=True)
    found = (leaf for leaf, share in shares if leaf.kind in ("url", "domain") and share < case.tuning.given_share)
    for leaf in islice(found, _MOST_LEAVES):
        host = host_of(leaf.value)
        if host and case.ruleset.standing_of(leaf.value) is Standing.UNKNOWN and host not in case.user.lower:
            yield leaf


def _other_place(case: Case, request: Request) -> Taken | None:
    """The message or entry goes to a page; the user leaves nothing to a text, or has named pages themselves."""
    whole = {str(argument.value).strip() for argument in case.call.arguments}
    for leaf in _links(case):
        # a longer name that holds one is a name
        if says_something(leaf.argument) or leaf.value not in whole:
            continue
        named = URL.search(EMAIL.sub(" ", case.user.lower[:_LONGEST])) is not None
        if request.delegation is Delegation.NONE or named:
            taken = _only_in_texts(leaf, case)
            if taken is not None:
                return taken
    return None


def _link_for_somebody(case: Case, request: Request) -> Taken | None:
    """A message has a link for somebody, and only the text has either; or nobody asked for any message."""
    if case.kind is not ToolKind.SEND:
        return None
    unasked = request.delegation is Delegation.NONE and not (request.asked or request.deed)
    shares = zip(case.leaves, case.user_shares, strict=True)
    readers = [
        leaf
        for leaf, share in shares
        if share < case.tuning.given_share
        and leaf.kind in ("short", "id", "email")
        and not (says_something(leaf.argument) or argument_name(leaf.argument) in _TITLES)
    ]
    for leaf in _links(case) if readers or unasked else ():
        taken = _only_in_texts(leaf, case) if says_something(leaf.argument) else None
        if taken is None:
            continue
        if not unasked and not any(stands_in(reader.needle, taken.prose.lower) >= 0 for reader in readers):
            continue
        author = taken.source.reading.authors[taken.prose.record].author
        left = request.delegation is Delegation.DETAILS
        if not (left and (is_meant(author, case.user) or on_topic(taken.prose.lower[:1_500], case))):
            return taken
    return None


def _other_title(case: Case, request: Request) -> Taken | None:
    """The user gave a title in quotation marks, or asked for no entry, and the call has the one a text gives so."""
    unasked = request.delegation is Delegation.NONE and not request.asked
    if not unasked and _QUOTED.search(case.user.lower[:_LONGEST]) is None:
        return None
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if share >= case.tuning.given_share or argument_name(leaf.argument) not in _TITLES:
            continue
        if len(leaf.needle.split()) < _LEAST_WORDS:
            continue
        for source, prose in _running(case):
            if leaf.needle in prose.lower and leaf.needle in {
                " ".join(found.split()).strip(" .") for found in _QUOTED.findall(prose.lower[:_LONGEST])
            }:
                return Taken(source=source, prose=prose, values=(leaf,))
    return None


def _only_in_texts(leaf: Leaf, case: Case) -> Taken | None:
    """The first running text of nobody of ours with it, where it is no field by itself anywhere."""
    taken = None
    for source in case.sources:
        for count, prose in enumerate(source.reading.prose):
            if count % 64 == 0 and case.budget.spent():
                return None
            if stands_in(leaf.needle, prose.lower) < 0:
                continue
            if not runs(prose.lower, case.tuning.running_text) or is_ours(source.reading.authors[prose.record], case):
                return None
            taken = taken or Taken(source=source, prose=prose, values=(leaf,))
    return taken


def _running(case: Case) -> Iterator[tuple[Source, Prose]]:
    for source in case.sources:
        for count, prose in enumerate(source.reading.prose):
            if count % 64 == 0 and case.budget.spent():
                return
            if runs(prose.lower, case.tuning.running_text) and not is_ours(source.reading.authors[prose.record], case):
                yield source, prose
