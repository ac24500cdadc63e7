"""A text asks for what stands elsewhere to be put where the user named nothing: on a page, into a row, a request.

What is moved is in no value of the order, which names the one place to take it from and the other to put it. So an
order explains such a call with the place alone, once the rest is found word for word in another text that was read.
"""

import re
from collections.abc import Iterable

from guardrail.attribution.authors import is_meant, is_nobodys, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.matching import Match
from guardrail.attribution.provenance import Leaf, share_in, stands_in
from guardrail.attribution.request import Request
from guardrail.case import Case
from guardrail.text.wordset import word_set
from policies.ruleset import ToolKind

_PUTTING = frozenset(("write", "send", "share"))
_PUBLIC = (ToolKind.WRITE, ToolKind.SEND, ToolKind.SHARE)
# A file, a page or a folder: `docs/terms.md`, `rota.txt`
_BY_NAME = re.compile(r"(?<![\w@/.-])[\w-]{1,40}(?:[/.][\w-]{1,40}){1,6}(?![\w@-])")
_LONGEST = 2_000
# Share of a text's words another one must hold, and how many characters make a value a text.
_WHOLE = 0.8
_LONG = 25


def moved_by(matches: Iterable[Match], case: Case, request: Request) -> Match | None:
    """The order that names where the call puts what stands in another text; None when there is none."""
    if case.kind not in _PUBLIC or request.delegation is Delegation.ACTIONS:
        return None
    long = [leaf for leaf in case.leaves if leaf.kind in ("short", "long") and len(leaf.value) >= _LONG]
    if not long:
        return None
    brought: dict[str, bool] = {}
    for match in matches:
        if case.budget.spent():
            return None
        author = match.author
        if is_nobodys(author) or is_ours(author, case) or is_meant(author.author, case.user):
            continue
        if match.directive.asked.senses.isdisjoint(_PUTTING) or not _names_the_place(match, case):
            continue
        name = match.source.name
        if name not in brought:
            brought[name] = all(_stands_elsewhere(leaf, name, case) for leaf in long)
        if brought[name]:
            return match
    return None


def _names_the_place(match: Match, case: Case) -> bool:
    """The order names a place of the call the user did not, and also what to take: a file, a page, a list by name."""
    places = [leaf for leaf in match.values if leaf.kind not in ("long", "number", "date")]
    if not any(stands_in(leaf.needle, case.user.lower) < 0 for leaf in places):
        return False
    needles = {leaf.needle for leaf in match.values}
    return any(name.lower() not in needles for name in _BY_NAME.findall(match.directive.text[:_LONGEST]))


def _stands_elsewhere(leaf: Leaf, name: str, case: Case) -> bool:
    """Another source than that of this name holds it, and the user's words do not."""
    if share_in(leaf, case.user) >= _WHOLE:
        return False
    return any(
        share_in(leaf, word_set(prose.lower for prose in source.reading.prose)) >= _WHOLE
        for source in case.sources
        if source.name != name
    )
