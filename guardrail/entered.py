"""Destinations a call would store that no person named: where they come from must not be forgotten by that. Pure."""

from collections.abc import Iterable

from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.case import Case
from guardrail.chains import house_of
from guardrail.destinations import EMAIL
from guardrail.tool_kind import name_tokens, tool_verbs
from guardrail.traces import hashed
from policies.ruleset import Standing, ToolKind

# Verbs of tools that put another value in the place of one that was there.
_CHANGING = frozenset("update change set edit modify replace correct amend adjust patch put upsert reset".split())
CHANGED, NEW = "c", "n"
_MOST = 8
_LOCATED = ("email", "url", "domain", "iban", "phone")


def entered_by(case: Case) -> tuple[tuple[str, str], ...]:
    """(hash of a destination, CHANGED or NEW) of what this call would store from a text, that no person named.

    CHANGED = it takes the place of another in a record that is there, as a field of its own. What the author of the
    text gives as his own address is left out: who wrote to us may be answered.
    """
    # whoever changes a payee's account pays, only later
    if case.kind not in (ToolKind.WRITE, ToolKind.PAY) or not case.sources:
        return ()
    tool = case.call.tool
    changes = not _CHANGING.isdisjoint({*tool_verbs(tool), *name_tokens(tool.tool_id, tool.name)})
    if case.kind is ToolKind.PAY and not changes:
        return ()
    found: dict[str, str] = {}
    for leaf in case.leaves:
        if leaf.kind not in _LOCATED or case.ruleset.standing_of(leaf.value) is not Standing.UNKNOWN:
            continue
        if stands_in(leaf.needle, case.user.lower) >= 0 or not _is_from_outside(leaf, case):
            continue
        value = leaf.needle if leaf.kind == "iban" else leaf.value.lower()
        found.setdefault(hashed(value), CHANGED if changes and _is_alone(leaf, case) else NEW)
        if len(found) >= _MOST:
            break
    return tuple(found.items())


def _is_alone(leaf: Leaf, case: Case) -> bool:
    """The value is all of its argument, as a field of a record has it; in a text it is one word among others."""
    arguments = case.call.arguments
    return any(str(a.value).strip() == leaf.value for a in arguments if a.path == leaf.argument)


def _is_from_outside(leaf: Leaf, case: Case) -> bool:
    """It stands in what was read, and its own house is not who wrote that."""
    is_read = False
    for source in case.sources:
        for prose in source.reading.prose:
            if stands_in(leaf.needle, prose.lower) < 0:
                continue
            is_read = True
            author = source.reading.authors[prose.record]
            if is_own(leaf.value, (author.author, author.editor)):
                return False
    return is_read


def is_own(destination: str, authors: Iterable[str]) -> bool:
    """One of the authors is at this destination, by address or by the house of a domain of its own."""
    house = house_of(destination.lower())
    return any("@" in author and any(house_of(a) == house for a in EMAIL.findall(author.lower())) for author in authors)
