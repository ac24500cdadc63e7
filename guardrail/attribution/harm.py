"""What harm a planned call can do: somebody outside gets or learns something, money, rights, a loss, a publication.

A text the user handed over may decide what does none of these. What does is for a person to decide, however it is put.
"""

import re

from guardrail.attribution.authors import is_edited_outside, is_meant, is_nobodys, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.gravity import is_another, is_grave, says_something_grave
from guardrail.attribution.outward import OUTWARD, is_of_house_typed
from guardrail.attribution.pointing import is_kept_by_ourselves, is_page_named
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.attribution.request import Request
from guardrail.case import Case, Source
from guardrail.destinations import argument_name, says_something
from guardrail.tool_kind import tool_words
from policies.ruleset import ToolKind

_ALWAYS = {
    ToolKind.SHARE: "somebody is let in",
    ToolKind.DELETE: "something is lost",
    ToolKind.EXECUTE: "something is run",
}
# A message by such a tool, or with such an argument, is for others than whom its record is of.
_FOR_ALL = frozenset(
    "public visibility audience visible channel page site title headline board noticeboard forum topic feed wall blog "
    "newsletter bulletin community group broadcast everyone subscribers followers".split()
)
_CHANNELS = frozenset("channel channelid channelname canale canal kanal kanaal kanał".split())
_TO_THE_WORLD = frozenset("public social web webpage blog news newsletter press customer customers".split())
_OPEN = re.compile(r"[@:/]|public|extern|customer|client|guest|partner|vendor|shared", re.IGNORECASE)
_CAME_FROM = re.compile(
    r"(?:(?:the|to|back|same|card|account|method|way|payment|means|source|form|of|as|it|was|paid|on|file|customer|"
    r"guest|s) ?){0,6}\b(?:original|same|on file|as paid|stored|used)\b"
    r"(?: ?(?:the|card|account|method|payment|means|source|form|of|paid|on|file|way)){0,6}"
)


def harm_of(case: Case, *, by_one_of_us: bool = False) -> str:
    """The first harm of the call, in words; empty for none: an entry, a message to whom the organisation knows.

    What one of us has posted to our own channel is said among us, what a stranger has posted there is published.
    An order of a house the organisation knows, with no account in it, is none: it can be sent back.
    """
    if case.kind is ToolKind.READ:
        return ""
    if case.kind in _ALWAYS:
        return _ALWAYS[case.kind]
    among_us = by_one_of_us and _is_said_among_us(case)
    if reaches_stranger(case, among_us=among_us):
        return "somebody outside gets or is led to something"
    if case.kind is ToolKind.PAY:
        # every account is vouched for by now
        vouched = any(case.ruleset.standing_of(leaf.value).is_trusted for leaf in case.leaves)
        return "" if vouched else "money is paid"
    unnamed = case.kind is ToolKind.SEND and not any(target.named for target in case.targets)
    if unnamed and not (among_us or _is_kept_with(case)):
        return "something is published"
    return "money, rights or a loss" if is_grave(case) else ""


def _is_kept_with(case: Case) -> bool:
    """A message about a record goes to whom the record is of: `booking: SG-7, message: ...`, for all to see nowhere."""
    names = {argument_name(argument.path) for argument in case.call.arguments}
    names.update(name.removesuffix("id") for name in tuple(names))
    to_all = not _FOR_ALL.isdisjoint(names.union(tool_words(case.call.tool)))
    return not to_all and any(leaf.kind == "id" for leaf in case.leaves)


def _is_said_among_us(case: Case) -> bool:
    """A post to a channel of the organisation's own chat or board, by what the argument is called."""
    words = frozenset(tool_words(case.call.tool))
    named = [str(argument.value) for argument in case.call.arguments if argument_name(argument.path) in _CHANNELS]
    return bool(named) and words.isdisjoint(_TO_THE_WORLD) and not any(_OPEN.search(name) for name in named)


def reaches_stranger(case: Case, *, among_us: bool = False) -> bool:
    """An address, link, account or number that nobody vouches for, in any argument: a link in a text leads there.

    `among_us`: the name of a channel is none.
    """
    if any(
        target.named
        and not target.standing.is_trusted
        and not (_is_written_to(target.value, case) or _is_where_it_came_from(target.value, case))
        and not (among_us and argument_name(target.argument) in _CHANNELS)
        for target in case.targets
    ):
        return True
    return any(
        leaf.kind in OUTWARD
        and not case.ruleset.standing_of(leaf.value).is_trusted
        and stands_in(leaf.needle, case.user.lower) < 0
        and not _is_written_to(leaf.value, case)
        for leaf in case.leaves
    )


def _is_written_to(address: str, case: Case) -> bool:
    """A message to the house the user typed the address of."""
    return case.kind is ToolKind.SEND and "@" in address and is_of_house_typed(address, case)


def _is_where_it_came_from(place: str, case: Case) -> bool:
    """Money back to the card it was paid with: `card on file`, `original payment method`."""
    return case.kind is ToolKind.PAY and _CAME_FROM.fullmatch(place) is not None


def is_harmless_to_named(case: Case) -> bool:
    """What does no harm, done to the very thing the user named, in the agent's words or with a state in one.

    An entry on the record with that number; a message to the house whose address the user typed.
    """
    if case.kind is ToolKind.SEND:
        reached = [target.value for target in case.targets if target.named]
        return bool(reached) and all(_is_written_to(value, case) for value in reached) and not harm_of(case)
    if case.kind is not ToolKind.WRITE or is_another(case):
        return False
    named = entered = False
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if share == 1.0:
            named = named or leaf.kind in ("id", "path", "number")
        elif says_something(leaf.argument) or _is_state(leaf):
            entered = True
        else:
            return False
    # with nothing to enter the call is a deed of its own, which the user may only have asked about
    return named and entered and not harm_of(case)


def _is_state(leaf: Leaf) -> bool:
    """One plain word by which nothing is paid, allowed or taken away: `closed`, `checked`."""
    return leaf.kind == "short" and leaf.needle.isalpha() and not says_something_grave(leaf.needle)


def may_have_it_done(source: Source, record: int, case: Case, request: Request) -> bool:
    """What the text has done does no harm, and the user's words lead to it.

    They left it to texts and this one is theirs, or they asked for such a deed and named whoever wrote it.
    """
    if request.only_reading or not case.sink:
        return False
    author = source.reading.authors[record]
    if is_edited_outside(author, case) or author.around or is_another(case):
        # also where the user numbered the thing and this is another
        return False
    meant = bool(author.author) and is_meant(author.author, case.user)
    left = request.delegation is not Delegation.NONE
    # who left the values of a deed to a page has not left it other deeds
    values = request.delegation is Delegation.DETAILS and request.deed
    other = values and not request.asked and case.kind is not ToolKind.PAY
    page = is_nobodys(author) and is_kept_by_ourselves(source) and not other
    own = left and (is_ours(author, case) or page or is_page_named(source, record, case))
    named = meant and (request.asked or request.delegation is Delegation.ACTIONS)
    return (named or own) and not harm_of(case, by_one_of_us=own)
