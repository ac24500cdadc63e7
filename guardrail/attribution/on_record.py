"""A record says one thing and a running text another, and the call goes by the text: the account, the day, the amount.

What a call is filled with stands in a record under the name of the argument, for the very thing the call is about. A
remark in that record, or a text of somebody else, that gives another value has changed it without being asked.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from guardrail.attribution.authors import is_how_to, is_meant, is_nobodys, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.handed_over import has_number_named
from guardrail.attribution.holding import texts_with
from guardrail.attribution.provenance import Leaf, share_in, stands_in
from guardrail.attribution.request import Request
from guardrail.attribution.unasked import Taken
from guardrail.case import Case, Source
from guardrail.text.reading import Prose
from guardrail.text.words import stems
from guardrail.text.wordset import word_set_of
from guardrail.tool_kind import tool_verbs
from policies.ruleset import ToolKind

_IBAN = re.compile(r"\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,4})?\b")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_WORD_OF_LETTERS = re.compile(r"[^\W\d_]{2,}")
# Words that name a field of anything.
_ANY_FIELD = frozenset(
    "id ids name names type value text title subject content message body description comment note notes remark result "
    "item items data key status state number code list new old field fields reason file path document".split()
)
_CHANGING = frozenset("set change update modify edit amend correct replace".split())
_MOST_LEAVES = 8
_LONGEST_FIELD = 120
_LONGEST_CLOCK = 8
# Letters' words from which on a field is a text; an account in groups has none.
_RUNNING = 5


def against_record(case: Case, request: Request) -> Taken | None:
    """Where a value has come from that a record gives otherwise; None for none."""
    if request.delegation is Delegation.ACTIONS:
        return None
    new = [leaf for leaf, share in zip(case.leaves, case.user_shares, strict=True) if share < case.tuning.given_share]
    fields: list[tuple[Source, Prose]] | None = None
    for leaf in [leaf for leaf in new if _is_value(leaf)][:_MOST_LEAVES]:
        taken = _running_texts_with(leaf, case, request)
        if taken is None:
            continue
        fields = list(_fields(case)) if fields is None else fields
        if _is_to_be_changed(taken, case):
            fields = [(source, field) for source, field in fields if _is_same_record(source, field, taken)]
        if any(_says_otherwise(leaf, field, taken, case, request) for field in fields):
            return taken
    return None


def _is_to_be_changed(taken: Taken, case: Case) -> bool:
    """The user named the text's record by its number and wants something changed: elsewhere it stands as it was."""
    if case.kind is not ToolKind.WRITE or _CHANGING.isdisjoint(tool_verbs(case.call.tool)):
        return False
    return has_number_named(taken.source, taken.prose.record, case)


def _is_same_record(source: Source, field: Prose, taken: Taken) -> bool:
    return source is taken.source and field.record == taken.prose.record


def _is_value(leaf: Leaf) -> bool:
    """A single value: of a list others may stand elsewhere."""
    if "[" in leaf.argument:
        return False
    if leaf.kind == "date":
        return len(leaf.needle) > _LONGEST_CLOCK
    return leaf.kind in ("iban", "number", "phone", "email", "id") or "address" in leaf.argument.lower()


def _running_texts_with(leaf: Leaf, case: Case, request: Request) -> Taken | None:
    """The first of the texts with the value, where only texts have it and none of ours or of whom it was left to."""
    taken = None
    for source, prose in texts_with(leaf, case):
        author = source.reading.authors[prose.record]
        left = request.delegation is not Delegation.NONE or case.kind is not ToolKind.PAY
        if not _runs(prose) or is_ours(author, case) or (left and is_meant(author.author, case.user)):
            return None
        if is_how_to(source) and is_nobodys(author):
            return None
        taken = taken or Taken(source=source, prose=prose, values=(leaf,))
    return taken


def _says_otherwise(leaf: Leaf, field: tuple[Source, Prose], taken: Taken, case: Case, request: Request) -> bool:
    source, prose = field
    is_account = leaf.kind == "iban"
    alike = _IBAN.search(prose.lower) is not None if is_account else _same_name(leaf, prose)
    if not alike or share_in(leaf, word_set_of(prose.lower)) >= case.tuning.text_cover:
        return False
    if is_account:
        return True
    if not any(map(str.isdigit, prose.lower)):
        return False
    if source is taken.source and prose.record == taken.prose.record:
        return True
    if leaf.kind == "id" or (request.speaks_of_text and case.kind is not ToolKind.PAY):
        # which one of many, or what a mail the user spoke of may well tell
        return False
    others = [
        other
        for other in case.leaves
        if other is not leaf and other.kind in ("id", "number", "email") and len(other.needle) > 3
    ]
    record = [text.lower for text in source.reading.prose if text.record == prose.record]
    return any(stands_in(other.needle, text) >= 0 for other in others for text in record)


def _same_name(leaf: Leaf, prose: Prose) -> bool:
    asked = _names(leaf.argument)
    return not asked.isdisjoint(_names(prose.path))


@lru_cache(maxsize=4_096)
def _names(path: str) -> frozenset[str]:
    parts = {part.lower() for part in _PARTS.findall(re.split(r"[./]", path.rstrip("]0123456789["))[-1])}
    return stems(frozenset(part for part in parts if part not in _ANY_FIELD and len(part) > 2))


def _fields(case: Case) -> Iterator[tuple[Source, Prose]]:
    return ((source, prose) for source, prose in _texts(case) if not _runs(prose))


def _texts(case: Case) -> Iterator[tuple[Source, Prose]]:
    for source in case.sources:
        for count, prose in enumerate(source.reading.prose):
            if count % 64 == 0 and case.budget.spent():
                return
            yield source, prose


def _runs(prose: Prose) -> bool:
    if len(prose.lower) > _LONGEST_FIELD:
        return True
    return len(_WORD_OF_LETTERS.findall(_IBAN.sub(" ", prose.lower))) >= _RUNNING
