"""Classified text in what a call stores: known again by its fingerprints where it leaves without its label. Pure.

Only words in a row that stand in what is marked count: not what stands in other texts in view as well, as the footer of
every mail does, not what a person typed, and not what somebody outside marked.
"""

from collections.abc import Iterable

from guardrail.case import Case
from guardrail.document_lines import LONGEST, prints_of, typed_prints
from guardrail.invocation import Invocation, Passage
from guardrail.leaving import outside
from guardrail.marked import find_marked_texts
from guardrail.text.normalise import decode_blob
from guardrail.text.reading import Author
from guardrail.traces import hashed
from policies.ruleset import Standing, ToolKind

# About 20 words in a row; fewer are a phrase of the trade.
FEWEST = 4
MOST = 64
# The least of a text's fingerprints stand for it, here and where it leaves: both ends keep the same of a long one.
LONGEST_LOOKED_FOR = 256
# How a text was marked: by a class of an admin, with its hash, or by no more than a label of its own.
CLASS, LABEL = "c", "l"
_STORING = frozenset((ToolKind.WRITE, ToolKind.SEND, ToolKind.SHARE))
_SHORTEST = 80
_MOST_TEXTS = 8
# Characters of marked texts, and of others beside them, that are looked through: 6 ms for both.
_MOST_READ = 20_000


def stored_by(case: Case) -> tuple[str, tuple[str, ...]]:
    """How the text is marked that this call stores inside, and its fingerprints; nothing where it stores none such.

    Microseconds where no argument is a long text, or nothing in view is marked.
    """
    texts = texts_carried_by(case.call) if case.kind in _STORING and case.call.outputs else ()
    if not texts or outside(case):
        return "", ()
    held = {name for name in case.ruleset.data_classes if case.ruleset.held_from(name, Standing.UNKNOWN)}
    strange = _from_outside(case)
    marked = [
        (data_class, by_admin, [passage for passage in passages if id(passage) not in strange])
        for data_class, by_admin, passages in find_marked_texts(case, held.__contains__)
    ]
    if not any(passages for _, _, passages in marked):
        return "", ()
    own = {number for text in texts for number in prints_of(text)}
    of_marked = {id(passage) for _, _, passages in marked for passage in passages}
    others = [passage for output in case.call.outputs for passage in output.passages if id(passage) not in of_marked]
    own -= _prints(others) | typed_prints(case)
    best: tuple[str, set[int]] = ("", set())
    for data_class, by_admin, passages in marked:
        found = own & _prints(passages)
        if len(found) > len(best[1]):
            best = (mark_of(data_class) if by_admin else LABEL, found)
    how, found = best
    return (how, tuple(map(written, least(found, MOST)))) if len(found) >= FEWEST else ("", ())


def _from_outside(case: Case) -> set[int]:
    """Which texts in view (by `id`) somebody outside wrote or changed last.

    Whoever sends us our own price list with a label on it must not stop all who send it out.
    """
    found: set[int] = set()
    for source in case.sources:
        number = source.name.removeprefix("output:")
        if not number.isdecimal():
            continue
        authors = [_is_outside(author, case) for author in source.reading.authors]
        paths = {prose.path for prose in source.reading.prose if authors[prose.record]}
        found.update(id(passage) for passage in case.call.outputs[int(number)].passages if passage.path in paths)
    return found


def _is_outside(author: Author, case: Case) -> bool:
    names = (author.author, author.editor)
    return any("@" in name and case.ruleset.standing_of(name) is not Standing.INTERNAL for name in names)


def texts_carried_by(call: Invocation) -> tuple[str, ...]:
    """The long texts in the arguments, decoded where all of one is encoded."""
    found = []
    for argument in call.arguments:
        value = argument.value
        if isinstance(value, str) and len(value) >= _SHORTEST:
            found.append(((" " not in value and decode_blob(value[:LONGEST])) or value)[:LONGEST])
        if len(found) >= _MOST_TEXTS:
            break
    return tuple(found)


def mark_of(data_class: str) -> str:
    """A class as memory knows it."""
    return CLASS + hashed(data_class)[:8]


def least(prints: Iterable[int], most: int) -> list[int]:
    """Those that stand for a text."""
    return sorted(set(prints))[:most]


def written(number: int) -> str:
    """A fingerprint as memory keeps it: 48 of its bits."""
    return f"{number >> 16:012x}"


def _prints(passages: Iterable[Passage]) -> set[int]:
    found: set[int] = set()
    room = _MOST_READ
    for passage in passages:
        if room <= 0:
            break
        text = passage.text[:room]
        room -= len(text)
        found.update(prints_of(text) if len(text) >= _SHORTEST else ())
    return found
