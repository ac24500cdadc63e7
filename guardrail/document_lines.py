"""Lines of classified documents in what a call would carry out: too few alone, they add up over calls. Pure.

A short text counts that is mostly a document's own. What also stands in a document for everybody, and what the user
typed, does not.
"""

from collections.abc import Collection
from functools import lru_cache

from guardrail.case import Case
from guardrail.leaving import held_from, outgoing, reached
from guardrail.text.budget import unlimited
from guardrail.text.fingerprint import fingerprints_of

# A longer text is no piece; 3 ms to take the prints of one of this length (2026-11, 2 cores).
LONGEST = 20_000
_MOST = 64
_FEWEST = 2
_SHARE = 0.6


@lru_cache(maxsize=64)
def prints_of(text: str) -> tuple[int, ...]:
    """The fingerprints of a short text, taken once for judging it and for remembering it."""
    return tuple(fingerprints_of(text, unlimited()))


def lines_of(case: Case) -> dict[int, frozenset[int]]:
    """document (its number in the index) -> fingerprints of it that would leave, at most 64 each."""
    held = held_documents(case)
    if not held:
        return {}
    found: dict[int, set[int]] = {}
    for text in outgoing(case):
        if case.budget.spent_already():
            break
        prints = prints_of(text.text) if len(text.text) <= LONGEST else ()
        by_document: dict[int, set[int]] = {}
        for number in set(prints):
            for owner in owners_of(number, held, case):
                by_document.setdefault(owner, set()).add(number)
        for owner, own in by_document.items():
            if len(own) >= max(_FEWEST, _SHARE * len(set(prints))):
                found.setdefault(owner, set()).update(own)
    typed = typed_prints(case) if found else set()
    return {owner: frozenset(sorted(own - typed)[:_MOST]) for owner, own in found.items() if own - typed}


def held_documents(case: Case) -> frozenset[int]:
    """The documents, by number, that the policy holds back from somewhere the call goes."""
    documents = case.ruleset.fingerprints.documents
    targets = reached(case) if documents else ()
    if not targets:
        return frozenset()
    classes = {document.data_class for document in documents}
    held = {name for name in classes if held_from(targets, name, case)}
    return frozenset(number for number, document in enumerate(documents) if document.data_class in held)


def owners_of(number: int, held: Collection[int], case: Case) -> tuple[int, ...]:
    """The held-back documents with this fingerprint; none where one that may go there has it too."""
    owners = tuple(case.ruleset.fingerprints.documents_with(number))
    return owners if all(owner in held for owner in owners) else ()


def typed_prints(case: Case) -> set[int]:
    """The fingerprints of what people typed in this conversation."""
    if case.call.event_triggered:
        return set()
    typed = [passage.text for passage in case.call.user_passages]
    typed += [passage.text for turn in case.call.history if turn.role == "user" for passage in turn.passages]
    return {number for text in typed for number in prints_of(text[:LONGEST])}
