"""A value from a text that speaks to machines, or of itself as a guest's: `for the robots: the name to enter is ...`.

People write to people. Who writes for whatever reads a page by itself writes for the agent, and a value that stands
nowhere else but in such a sentence, or right behind it, is what that text wants the agent to use. A comment that says
of itself that a guest wrote it, or that nobody looked at it, is no better.
"""

from guardrail.attribution.authors import is_meant, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.holding import texts_with
from guardrail.attribution.negated import is_denied
from guardrail.attribution.other_authors import is_said
from guardrail.attribution.provenance import Leaf, may_stand_in, share_in
from guardrail.attribution.request import Request
from guardrail.attribution.running_text import runs
from guardrail.attribution.unasked import Taken
from guardrail.case import Case, Source
from guardrail.text.directives import words_of
from guardrail.text.other_tongues import MACHINES, speaks_to_automats
from guardrail.text.reading import Prose
from guardrail.text.sentences import split_sentences
from guardrail.text.unvouched import is_anybodys_place, is_unvouched
from guardrail.text.words import ENGLISH
from guardrail.text.wordset import word_set

_LONGEST = 8_000
_MOST_LEAVES = 8
_LEAST_DIGITS = 2
_LONGEST_CLOCK = 8
_WORDS_OF_A_NAME = 8
# Of these people speak as well: they are meant where they are told what to do.
_AMBIGUOUS = frozenset("agent system model reader machine crawler".split())
_ALWAYS = (ENGLISH.machine_names - _AMBIGUOUS) | MACHINES
_BEHIND = 4


def told_to_machines(case: Case, request: Request) -> Taken | None:
    """Where such a value has come from; None for none."""
    looked_for = 0
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if share >= case.tuning.given_share or not _is_value(leaf):
            continue
        looked_for += 1
        if looked_for > _MOST_LEAVES:
            return None
        taken = _told(leaf, case, request)
        if taken is not None:
            return taken
    return None


def _is_value(leaf: Leaf) -> bool:
    if is_said(leaf):
        # a message that tells of such a text has words and names of it
        return False
    if leaf.kind == "long" or (leaf.kind == "date" and len(leaf.needle) <= _LONGEST_CLOCK):
        return False
    return leaf.kind != "number" or len(leaf.needle) >= _LEAST_DIGITS


def _told(leaf: Leaf, case: Case, request: Request) -> Taken | None:
    """The text whose sentence for machines holds the value, where no other sentence or field does."""
    taken: Taken | None = None
    for source, prose in texts_with(leaf, case):
        author = source.reading.authors[prose.record]
        meant = request.delegation is not Delegation.NONE and is_meant(author.author, case.user)
        if meant or is_ours(author, case) or not runs(prose.lower, case.tuning.running_text):
            return None
        if not (_is_of_a_guest(source, prose) or _is_for_machines(leaf, prose, case.tuning.text_cover)):
            return None
        taken = taken or Taken(source=source, prose=prose, values=(leaf,))
    return taken


def _is_of_a_guest(source: Source, prose: Prose) -> bool:
    """The name or place of the record says so."""
    fields = (text.lower for text in source.reading.prose if text.record == prose.record and text is not prose)
    named = source.reading.authors[prose.record].document.lower()
    return is_anybodys_place(named) or any(
        not runs(field, _WORDS_OF_A_NAME) and is_anybodys_place(field) for field in fields
    )


def _is_for_machines(leaf: Leaf, prose: Prose, least: float) -> bool:
    """Each sentence with the value speaks to machines, or stands behind one that does; none says what it is not."""
    said_before, found = False, False
    text = prose.lower[:_LONGEST]
    for start, end in split_sentences(text):
        for said in text[start:end].split("\n"):
            speaks = _speaks_to_machines(said) or is_unvouched(said)
            if may_stand_in(leaf, (said,), least=least) and share_in(leaf, word_set((said,))) >= least:
                if not (speaks or said_before) or is_denied(leaf, said):
                    return False
                found = True
            said_before = speaks
    return found


def _speaks_to_machines(said: str) -> bool:
    words = words_of(said)
    if not _ALWAYS.isdisjoint(words) or any(word.removesuffix("s") in _ALWAYS for word in words):
        return True
    if speaks_to_automats(words):
        return True
    for at, word in enumerate(words[:-1]):
        if word.removesuffix("s") in _AMBIGUOUS:
            behind = words[at + 1 : at + _BEHIND]
            if any(later in ENGLISH.modals or later in ENGLISH.third_person for later in behind):
                return True
    return False
