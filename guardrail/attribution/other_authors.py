"""Another's value for what the user left to one person by name: `Kowalski's order`, with the address of a third's mail.

The text of whoever was named is there. A value none of its words and no record holds, but an outsider's mail does, is
not what was left to that person, whatever the mail says it corrects.
"""

import re
from itertools import islice

from guardrail.attribution.authors import is_meant, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.holding import texts_with
from guardrail.attribution.outward import is_at_home
from guardrail.attribution.provenance import Leaf
from guardrail.attribution.request import Request
from guardrail.attribution.running_text import runs
from guardrail.attribution.unasked import Taken
from guardrail.case import Case
from guardrail.destinations import argument_name, says_something
from guardrail.text.reading import Author
from guardrail.tool_kind import tool_words

_MOST_TEXTS = 200
_MOST_LEAVES = 8
_LEAST_DIGITS = 2
_LONGEST_CLOCK = 8
_TITLES = frozenset("subject title description reason betreff assunto asunto objet oggetto onderwerp temat".split())


def of_another_author(case: Case, request: Request) -> Taken | None:
    """Where such a value has come from; None for none."""
    if request.delegation is Delegation.ACTIONS or not any(
        _is_named(author, case) for source in case.sources for author in source.reading.authors[:_MOST_TEXTS]
    ):
        return None
    shares = zip(case.leaves, case.user_shares, strict=True)
    new = (leaf for leaf, share in shares if share < case.tuning.given_share and _is_value(leaf))
    for leaf in islice(new, _MOST_LEAVES):
        taken = _taken(leaf, case)
        if taken is not None:
            return taken
    return None


def _is_named(author: Author, case: Case) -> bool:
    """By the name before the address, and by no word of what the tool works on: `events@...` is no person."""
    name = author.author.partition("@")[0] if " " not in author.author else author.author.partition("<")[0]
    parts = frozenset(part for part in re.split(r"[\W_]+", name.lower()) if len(part) > 2)
    if not parts - frozenset(tool_words(case.call.tool)):
        return False
    # `Karim's wishes`
    return is_meant(name, case.user) or any(f"{part}'s" in case.user.words for part in parts)


def _is_value(leaf: Leaf) -> bool:
    if leaf.kind == "long" or (leaf.kind == "date" and len(leaf.needle) <= _LONGEST_CLOCK):
        return False
    if is_said(leaf):
        # a message may speak of anything
        return False
    return leaf.kind != "number" or len(leaf.needle) >= _LEAST_DIGITS


def is_said(leaf: Leaf) -> bool:
    """A value of what a message says or is about."""
    return says_something(leaf.argument) or argument_name(leaf.argument) in _TITLES


def _taken(leaf: Leaf, case: Case) -> Taken | None:
    taken: Taken | None = None
    for source, prose in texts_with(leaf, case):
        author = source.reading.authors[prose.record]
        meant = is_meant(author.author, case.user) or _is_named(author, case)
        outsiders = "@" in author.author and not is_ours(author, case) and not meant
        if not outsiders or not runs(prose.lower, case.tuning.running_text) or is_at_home(leaf, author):
            return None
        taken = taken or Taken(source=source, prose=prose, values=(leaf,))
    return taken
