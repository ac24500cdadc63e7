"""Whom a text wants paid stands in a record of one's own as well: an accountant's mail and the invoice in the books.

A text that somebody wrote can give any account; that the books, asked by another tool, give the same one to the same
number and the same amount, it cannot bring about.
"""

from guardrail.attribution.authors import is_nobodys, is_ours
from guardrail.attribution.matching import Match
from guardrail.attribution.outward import OUTWARD
from guardrail.attribution.provenance import Leaf, share_in
from guardrail.attribution.running_text import runs
from guardrail.case import Case, Source
from guardrail.text.wordset import word_set
from policies.ruleset import ToolKind

_MOST_RECORDS = 50


def is_in_the_books(match: Match, case: Case) -> bool:
    """Every account, number and amount the order brought stands in fields of one such record."""
    values = [leaf for leaf in match.values if leaf.kind in (*OUTWARD, "number", "id")]
    if case.kind is not ToolKind.PAY or match.marked or not any(leaf.kind in OUTWARD for leaf in match.values):
        return False
    return any(
        _holds(source, record, values, case)
        for source in case.sources
        if source is not match.source and source.name not in (match.source.name, "trigger")
        for record in range(min(len(source.reading.authors), _MOST_RECORDS))
    )


def _holds(source: Source, record: int, values: list[Leaf], case: Case) -> bool:
    author = source.reading.authors[record]
    if not (is_nobodys(author) or is_ours(author, case)):
        return False
    texts = [prose.lower for prose in source.reading.prose if prose.record == record]
    fields = [word_set((text,)) for text in texts if not runs(text, case.tuning.running_text)]
    return all(any(share_in(value, field) >= case.tuning.text_cover for field in fields) for value in values)
