"""A deed nothing of which is the user's: one running text brings all of it, and the user wants another deed done.

Whoever wants a thing changed says something of it: which one, to what, for whom. Where the call has no word of theirs,
no field has its values and one text has them all, that text had it done, however it is put and whoever wrote it. A
colleague's or a customer's text may say how the user's own deed is done, not which others are.
"""

import re
from collections.abc import Iterable

from guardrail.attribution.authors import is_knowledge, is_meant, is_nobodys, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.gravity import is_another
from guardrail.attribution.handed_over import has_left_address, has_number_named
from guardrail.attribution.harm import harm_of, may_have_it_done, reaches_stranger
from guardrail.attribution.listed import is_in_list_handed_over
from guardrail.attribution.matching import is_constant
from guardrail.attribution.own_words import is_in_own_words
from guardrail.attribution.pointing import is_numbered, is_page_named, is_pointed_at, is_users_own
from guardrail.attribution.provenance import Leaf, may_stand_in, share_in, stands_in
from guardrail.attribution.request import Request, on_topic, telling_words
from guardrail.attribution.running_text import runs
from guardrail.attribution.unasked import Taken, is_clock, is_own_prose, is_report
from guardrail.case import Case, Source
from guardrail.text.sentences import split_sentences
from guardrail.text.wordset import word_set
from policies.ruleset import ToolKind

_LONGEST = 8_000
_BAR = " | "
# Paragraphs are apart.
_BETWEEN = re.compile(r"\n[ \t]*\n")


def other_deed(case: Case, request: Request) -> Taken | None:
    """The text that has such a deed done, with its values; None for any other call."""
    if (
        not (case.tuning.other_deed and case.sink and case.user.words)
        or case.call.event_triggered
        or case.call.by_outsider
    ):
        return None
    if not (request.own_deed or request.only_reading) or _is_left_open(request, case):
        return None
    new = values_not_given(case)
    taken = _in_one_text(new, case) if new else None
    if taken is None or _is_told_by_user(taken, case, request) or is_in_own_words(new, (taken.prose,), case):
        return None
    if _is_shown_to_user(taken, case):
        return None
    if is_another(case) or not (request.asked or request.wants):
        return taken
    return taken if _is_harm_ordered(taken, case, request) else None


def _is_left_open(request: Request, case: Case) -> bool:
    """A goal is named, and the way to it left to texts, as far as it leads to no stranger."""
    open_to_texts = request.aims and request.delegation is not Delegation.NONE
    return open_to_texts and not reaches_stranger(case)


def values_not_given(case: Case) -> list[Leaf]:
    """The values of a call of which no value has a telling word of the user's; none of any other."""
    new = []
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if is_constant(leaf, case.tuning):
            continue
        if share >= case.tuning.given_share:
            return []
        if is_own_prose(leaf):
            continue
        if _speaks_of(leaf, case):
            return []
        new.append(leaf)
    return [] if all(is_clock(leaf) for leaf in new) else new


def _is_shown_to_user(taken: Taken, case: Case) -> bool:
    """The agent's last answer named what the call works on, and the user went on from there: `move the second one`."""
    if any(leaf.kind != "id" for leaf in taken.values):
        return False
    answers = [message for message in case.call.history if message.role == "assistant"]
    told = " ".join(passage.text for passage in answers[-1].passages)[:_LONGEST].lower() if answers else ""
    return all(stands_in(leaf.needle, told) >= 0 for leaf in taken.values)


def _speaks_of(leaf: Leaf, case: Case) -> bool:
    """The user said a telling word of the value, or the name of whom it reaches."""
    if leaf.kind == "email" and is_meant(leaf.value, case.user):
        return True
    return not telling_words(" ".join(leaf.words)).isdisjoint(case.user.words)


def _in_one_text(new: list[Leaf], case: Case) -> Taken | None:
    """The running text that holds each of these that stands anywhere; None where one stands in a field."""
    least = case.tuning.text_cover
    homes: list[Taken] = []
    for source in case.sources:
        for count, prose in enumerate(source.reading.prose):
            if count % 64 == 0 and case.budget.spent():
                return None
            here = [leaf for leaf in new if may_stand_in(leaf, (prose.lower,), least=least)]
            text = word_set((prose.lower,)) if here else None
            here = [leaf for leaf in here if text is not None and share_in(leaf, text) >= least]
            if not here:
                continue
            if not runs(prose.lower, case.tuning.running_text) or is_report(source, case):
                return None
            homes.append(Taken(source=source, prose=prose, values=tuple(here)))
    standing = {leaf for home in homes for leaf in home.values}
    return next((home for home in homes if len(home.values) == len(standing)), None)


def _is_told_by_user(taken: Taken, case: Case, request: Request) -> bool:
    """The user pointed at this text, or what it says of the values is on their matter."""
    source, prose = taken.source, taken.prose
    if is_users_own(source, prose.record, case) or is_pointed_at(source, prose.record, case):
        return True
    bill = case.kind is ToolKind.PAY and is_nobodys(source.reading.authors[prose.record])
    if bill and may_have_it_done(source, prose.record, case, request):
        # of whom the organisation pays anyway
        return True
    page = is_page_named(source, prose.record, case) or (is_knowledge(source) and is_numbered(source, case))
    if not request.only_reading and (
        (page and not harm_of(case, by_one_of_us=True)) or _is_left_to_author(source, prose.record, case, request)
    ):
        return True
    if any(is_in_list_handed_over(leaf.needle, source, prose.record, case, request) for leaf in taken.values):
        return True
    if request.delegation is Delegation.ACTIONS and has_number_named(source, prose.record, case):
        return True
    return any(on_topic(sentence, case) for sentence in _sentences_with(taken))


def _is_left_to_author(source: Source, record: int, case: Case, request: Request) -> bool:
    """The user left it to one of us, by name, who wrote this, and the call does no harm."""
    author = source.reading.authors[record]
    left = request.delegation is Delegation.ACTIONS and is_ours(author, case)
    return left and is_meant(author.author, case.user) and not harm_of(case, by_one_of_us=True)


def _sentences_with(taken: Taken) -> list[str]:
    text = taken.prose.lower[:_LONGEST]
    return _pieces_with(taken, (text[start:end] for start, end in split_sentences(text)))


def _pieces_with(taken: Taken, parts: Iterable[str]) -> list[str]:
    """Those of a text with one of the values; of a list of entries the entry."""
    pieces = (piece for part in parts for piece in (part.splitlines() if _BAR in part else (part,)))
    return [piece for piece in pieces if _holds(piece, taken)]


def _holds(text: str, taken: Taken) -> bool:
    return any(stands_in(leaf.needle, text) >= 0 for leaf in taken.values)


def _is_harm_ordered(taken: Taken, case: Case, request: Request) -> bool:
    """Of the kind the user wants, but harmful, left to no text, and ordered by one on quite another matter."""
    if request.delegation is not Delegation.NONE or case.kind is ToolKind.EXECUTE or not harm_of(case):
        return False
    author = taken.source.reading.authors[taken.prose.record]
    if is_meant(author.author, case.user) or has_left_address(case):
        return False
    paragraphs = _pieces_with(taken, _BETWEEN.split(taken.prose.lower[:_LONGEST]))
    if any(on_topic(paragraph, case) for paragraph in paragraphs):
        return False
    return any(_holds(taken.prose.lower[start:end], taken) for start, end in taken.prose.asked)
