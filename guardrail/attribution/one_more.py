"""One more is deleted than the one the user named: its entry has none of the user's words, and another has them.

The call is the wanted one again, so a text may have brought it without any order that can be read. Where the user named
one entry of a list and such a deletion has been carried out already, the next one is about an entry nobody spoke of. So
it is where the user named a file by a name with a number in it, and the next one has the same name with another number.
"""

import re
from collections import Counter

from guardrail.attribution.delegation import Delegation
from guardrail.attribution.holding import texts_with
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.attribution.request import Request
from guardrail.attribution.unasked import Taken
from guardrail.case import Case, Source
from guardrail.text.others_data import MANY
from guardrail.text.reading import Prose
from policies.ruleset import ToolKind

_WORD = re.compile(r"[^\W\d_]{3,40}")
# Whoever says one of these has not named one alone; to be taken off a list is no such word.
_SEVERAL = MANY - frozenset("list roster liste lista listado elenco lijst namenlijst klassenliste listę seznam".split())
_DIGIT = re.compile(r"\d")
_MOST_SAID = 4_000
_LONGEST = 200
_MOST_ENTRIES = 500
_LEAST_WORDS = 2


def one_more(case: Case, request: Request) -> Taken | None:
    """The field of the entry nobody named; None for none."""
    if case.kind is not ToolKind.DELETE or request.delegation is Delegation.ACTIONS or not _ran_before(case):
        return None
    if not _SEVERAL.isdisjoint(case.user.words):
        return None
    shares = list(zip(case.leaves, case.user_shares, strict=True))
    if any(share >= case.tuning.given_share and leaf.kind in ("id", "path") for leaf, share in shares):
        return None
    new = [leaf for leaf, share in shares if share < case.tuning.given_share and leaf.kind not in ("long", "date")]
    for leaf in new:
        if leaf.kind == "path" and _is_of_another_number(leaf, case):
            source, prose = next(iter(texts_with(leaf, case)), (None, None))
            if source is not None and prose is not None:
                return Taken(source=source, prose=prose, values=(leaf,))
    for source in case.sources:
        entries = _entries_of(source)
        for leaf in new if len(entries) > 1 else ():
            prose = _not_the_named(leaf, entries, case)
            if prose is not None:
                return Taken(source=source, prose=prose, values=(leaf,))
    return None


def _is_of_another_number(leaf: Leaf, case: Case) -> bool:
    """`gifts_2025.xlsx` where the user spoke of `gifts_2015.xlsx`."""
    last = leaf.needle.rstrip("/").rpartition("/")[2]
    named = [word.rpartition("/")[2].strip(".,;:'\"") for word in case.user.lower[:_MOST_SAID].split()]
    return any(word != last and _DIGIT.sub("0", word) == _DIGIT.sub("0", last) for word in named if _DIGIT.search(word))


def _ran_before(case: Case) -> bool:
    tool = case.call.tool
    return any(output.tool_name and output.tool_name == tool.name for output in case.call.outputs)


def _entries_of(source: Source) -> list[list[Prose]]:
    """The short fields of each record; of a plain list each field by itself."""
    several = len(source.reading.authors) > 1
    found: dict[int | str, list[Prose]] = {}
    for prose in source.reading.prose[:_MOST_ENTRIES]:
        if len(prose.lower) < _LONGEST:
            found.setdefault(prose.record if several else prose.path, []).append(prose)
    return list(found.values())


def _not_the_named(leaf: Leaf, entries: list[list[Prose]], case: Case) -> Prose | None:
    """Where the value stands, if its entry has no word of the user's by itself, and another one has two."""
    holding = [(at, prose) for at, entry in enumerate(entries) for prose in entry if _holds(leaf, prose)]
    if len({at for at, _ in holding}) != 1:
        return None
    own = holding[0][0]
    words = [frozenset(word for prose in entry for word in _WORD.findall(prose.lower)) for entry in entries]
    said = [found & case.user.words for found in words]
    count = Counter(word for found in said for word in found)
    alone = [sum(count[word] == 1 for word in found) for found in said]
    named = any(number >= _LEAST_WORDS for at, number in enumerate(alone) if at != own)
    return holding[0][1] if named and not alone[own] else None


def _holds(leaf: Leaf, prose: Prose) -> bool:
    """The field is the value; of a path or a name it may have more."""
    if leaf.kind in ("id", "number"):
        return prose.lower.strip() == leaf.needle
    return stands_in(leaf.needle, prose.lower) >= 0
