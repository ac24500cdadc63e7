"""What harm a planned call can do: somebody outside gets or learns something, money, rights, a loss, a publication.

A text the user handed over may decide what does none of these. What does is for a person to decide, however it is put.
"""

from guardrail.attribution.authors import is_edited_outside, is_meant, is_nobodys, is_ours
from guardrail.attribution.gravity import is_another, is_grave
from guardrail.attribution.outward import OUTWARD
from guardrail.attribution.pointing import is_kept_by_ourselves
from guardrail.attribution.provenance import stands_in
from guardrail.attribution.request import Delegation, Request
from guardrail.case import Case, Source
from policies.ruleset import ToolKind

_ALWAYS = {
    ToolKind.SHARE: "somebody is let in",
    ToolKind.DELETE: "something is lost",
    ToolKind.EXECUTE: "something is run",
}


def harm_of(case: Case) -> str:
    """The first harm of the call, in words; empty for none: an entry, a message to whom the organisation knows.

    An order of a house the organisation knows, with no account in it, is none: it can be sent back.
    """
    if case.kind is ToolKind.READ:
        return ""
    if case.kind in _ALWAYS:
        return _ALWAYS[case.kind]
    if _reaches_stranger(case):
        return "somebody outside gets or is led to something"
    if case.kind is ToolKind.PAY:
        # every account is vouched for by now
        vouched = any(case.ruleset.standing_of(leaf.value).is_trusted for leaf in case.leaves)
        return "" if vouched and not any(leaf.kind == "iban" for leaf in case.leaves) else "money is paid"
    if case.kind is ToolKind.SEND and not any(target.named for target in case.targets):
        return "something is published"
    return "money, rights or a loss" if is_grave(case) else ""


def _reaches_stranger(case: Case) -> bool:
    """An address, link, account or number that nobody vouches for, in any argument: a link in a text leads there."""
    if any(target.named and not target.standing.is_trusted for target in case.targets):
        return True
    return any(
        leaf.kind in OUTWARD
        and not case.ruleset.standing_of(leaf.value).is_trusted
        and stands_in(leaf.needle, case.user.lower) < 0
        for leaf in case.leaves
    )


def may_have_it_done(source: Source, record: int, case: Case, request: Request) -> bool:
    """The user left it to texts, their words lead to this one, and what it has done does no harm."""
    if request.delegation is Delegation.NONE or request.only_reading or not case.sink:
        return False
    author = source.reading.authors[record]
    if is_edited_outside(author, case) or author.around or is_another(case):
        # also where the user numbered the thing and this is another
        return False
    named = request.delegation is Delegation.ACTIONS and bool(author.author) and is_meant(author.author, case.user)
    own = is_ours(author, case) or (is_nobodys(author) and is_kept_by_ourselves(source))
    return (named or own) and not harm_of(case)
