"""A message or payment nobody asked for, whose unknown recipient stands nowhere but in running text."""

from guardrail.attribution.authors import is_meant, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.explanation import unrequested
from guardrail.attribution.handed_over import is_address_left, is_meant_by_name
from guardrail.attribution.matching import FORMS
from guardrail.attribution.outward import OUTWARD, is_at_home, is_of_house_typed
from guardrail.attribution.provenance import stands_in
from guardrail.attribution.request import Request
from guardrail.attribution.running_text import only_in_running_texts
from guardrail.case import Case
from guardrail.text.reading import Author
from policies.ruleset import ToolKind
from policies.signal import Signal

_UNREQUESTED = frozenset((ToolKind.SEND, ToolKind.PAY, ToolKind.SHARE))


def sent_unrequested(case: Case, request: Request) -> list[Signal]:
    """Nobody asked for a message or payment, and its unknown recipient stands nowhere but in running text.

    Finds what is put without any instruction (`reports always go to ...`), in a language without a table or in a code;
    where things were left to texts, messages only, and none to the author of the text or the author's house. A
    recipient of a contact list, a row or a mail's own header is a field by itself and does not count.
    """
    if not case.tuning.unrequested or case.kind not in _UNREQUESTED:
        return []
    others = _has_named_others(case)
    if request.asked and not others:
        return []
    left_open = case.call.by_outsider or request.delegation is not Delegation.NONE or request.deed
    if left_open and case.kind is not ToolKind.SEND:
        return []
    for target in case.targets:
        leaf = next(
            (leaf for leaf in case.leaves if leaf.kind in OUTWARD and leaf.value.lower() == target.value),
            None,
        )
        if leaf is None or not target.named or target.standing.is_trusted:
            continue
        if stands_in(leaf.needle, case.user.lower) >= 0 or is_of_house_typed(leaf.value, case):
            continue
        found = only_in_running_texts(leaf, case)
        if found:
            source, prose = found[0]
            author = source.reading.authors[prose.record]
            if left_open and (is_at_home(leaf, author) or (not others and _is_vouched_for(author, case))):
                continue
            if case.tuning.handed_over and (
                is_meant_by_name(source, prose.record, case, request)
                or is_address_left(source, prose.record, case, request)
            ):
                continue
            return [unrequested(target, leaf, source, prose, case, left_open=left_open)]
    return []


def _is_vouched_for(author: Author, case: Case) -> bool:
    return is_ours(author, case) or is_meant(author.author, case.user)


def _has_named_others(case: Case) -> bool:
    """The user gave an address for such a message, and none of its recipients is one of those."""
    given = set(FORMS["email"].findall(case.user.lower[:12_000]))
    reached = {target.value for target in case.targets if target.named and "@" in target.value}
    return case.kind is ToolKind.SEND and bool(given and reached) and given.isdisjoint(reached)
