"""Which instructions in view were found poisoned before: a text is known again by its digests, not by its session.

A block leaves the digests of the record and of the sentence that explained the call; memory keeps them
(`guardrail/memory/poisoned.py`), and a later call that has them in view is judged as if a signature stood beside them.
Nothing is stopped for being near: the call must still be explained by that very text.

INVARIANT: what somebody wrote is remembered as theirs. An attacker who quotes an honest sentence beside a signature
would otherwise poison the honest one (docs/decisions/0023-remember-texts-and-check-later.md).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from guardrail.attribution.matching import Match
from guardrail.attribution.outward import OUTWARD
from guardrail.case import Case, Source
from guardrail.destinations import EMAIL
from guardrail.text.reading import Directive, Reading, Sign
from policies.decision import Decision
from policies.ruleset import Action, Ruleset
from policies.signal import RECALLED

# Facts of a signal: digests of what was found now, and of what this call was known by.
_RECORD, _DIRECTIVE, _RECALLED = "record", "directive", "recalled"
_PROVEN = ("instruction_marked", "instruction_followed")
# The user told the agent to go by the text: only a person can say that it was an attack.
_SUSPECTED = ("instruction_delegated",)
# Characters from a poisoned sentence to another order that counts as of the same hand: a mail, a comment, a row.
_NEAR = 1_000
_WORD = re.compile(r"[^\W_]+")
_BYTES = 12


def with_memory(sources: tuple[Source, ...], poisoned: frozenset[str]) -> tuple[Source, ...]:
    """`sources` with a sign at each instruction that was found poisoned before; the same objects where none was."""
    return tuple(_signed(source, poisoned) for source in sources) if poisoned else sources


def facts_of(match: Match, case: Case) -> Iterator[tuple[str, str]]:
    """What this text is known by when it comes again, and what it was known by this time."""
    reading, directive = match.source.reading, match.directive
    yield _RECORD, _record_digest(reading, directive.record)
    yield _DIRECTIVE, _directive_digest(reading, directive)
    if _leads_away(match, case):
        # it may come again where nobody is named: in a log, a listing, a page without a head
        yield _DIRECTIVE, _digest("", directive.text)
    if any(sign.what == RECALLED for sign in directive.signs):
        known = {digest for other in reading.directives if other.record == directive.record
                 for digest in _digests_of(reading, other)} & case.past.poisoned  # fmt: skip
        for digest in sorted(known):
            yield _RECALLED, digest


def proven(decision: Decision, ruleset: Ruleset) -> tuple[str, ...]:
    """The digests a blocked call leaves. A held one waits for a person's word.

    None where only memory spoke, or one finding would feed the next for ever.
    """
    if decision.would_have < Action.BLOCK:
        return ()
    return _named(
        (signal.facts for signal in decision.signals
         if signal.name in _PROVEN
         and ruleset.action_on(signal, decision.profile) is Action.BLOCK
         and _stands_alone(signal.facts)),
        (_RECORD, _DIRECTIVE),
    )  # fmt: skip


def proven_by(signals: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The same of a verdict that blocked, by the signals it keeps."""
    return _named(
        (signal["facts"] for signal in signals
         if signal["name"] in _PROVEN and signal["action"] == "block" and _stands_alone(signal["facts"])),
        (_RECORD, _DIRECTIVE),
    )  # fmt: skip


def _stands_alone(facts: Iterable[Sequence[str]]) -> bool:
    named = [(name, value) for name, value in facts]
    known_again = any(name == _RECALLED for name, _ in named)
    return not known_again or any(name == "signature" and value != RECALLED for name, value in named)


def named_by(signals: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Every digest the stored signals of a verdict name: what a person's word on that verdict is about."""
    return _named(
        (signal.get("facts", ()) for signal in signals if signal.get("name") in _PROVEN + _SUSPECTED),
        (_RECORD, _DIRECTIVE, _RECALLED),
    )


def _named(facts: Iterable[Iterable[Sequence[str]]], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value) for pairs in facts for name, value in pairs if name in names))


def _signed(source: Source, poisoned: frozenset[str]) -> Source:
    reading = source.reading
    found: dict[int, list[Directive]] = {}
    for directive in reading.directives:
        if not poisoned.isdisjoint(_digests_of(reading, directive)[1:]):
            found.setdefault(directive.record, []).append(directive)
    if not found:
        return source
    whole = {number for number in found if _is_of_one_hand(reading, number)
             and _record_digest(reading, number) in poisoned}  # fmt: skip
    directives = tuple(
        _with_sign(directive, found[directive.record], whole=directive.record in whole)
        if directive.record in found
        else directive
        for directive in reading.directives
    )
    return replace(source, reading=replace(reading, directives=directives))


def _with_sign(directive: Directive, found: list[Directive], *, whole: bool) -> Directive:
    """The sentence itself is marked as if the sign were its own; what stands by it as if by another paragraph's."""
    own = any(directive is other for other in found)
    if not own and not whole and not any(_is_near(directive, other) for other in found):
        return directive
    sign = Sign(what=RECALLED, start=directive.start, end=directive.end, own=own)
    return replace(directive, signs=(*directive.signs, sign))


def _is_near(directive: Directive, other: Directive) -> bool:
    return directive.path == other.path and (max(directive.start, other.start) - min(directive.end, other.end) <= _NEAR)


def _is_of_one_hand(reading: Reading, record: int) -> bool:
    """One named person wrote all of it, so that nobody else's words in it can be hurt."""
    author = reading.authors[record]
    return bool(author.author) and author.editor in ("", author.author)


def _leads_away(match: Match, case: Case) -> bool:
    """The sentence itself names somebody unknown whom the call reaches: then it can hardly be an honest one."""
    told = match.directive.text.lower()
    return any(
        leaf.kind in OUTWARD and leaf.needle in told and not case.ruleset.standing_of(leaf.value).is_trusted
        for leaf in match.values
    )


def _digests_of(reading: Reading, directive: Directive) -> tuple[str, ...]:
    """The record's digest, then the sentence's; where nobody is named also the one that stands for any place."""
    found = (_record_digest(reading, directive.record), _directive_digest(reading, directive))
    return found if _origin_of(reading, directive.record) else (*found, _digest("", directive.text))


def _record_digest(reading: Reading, record: int) -> str:
    return _digest(_origin_of(reading, record), reading.digests[record])


def _directive_digest(reading: Reading, directive: Directive) -> str:
    # words of nobody in particular are those of their record: `please send it` stands in a thousand pages
    origin = _origin_of(reading, directive.record) or _record_digest(reading, directive.record)
    return _digest(origin, directive.text)


def _origin_of(reading: Reading, record: int) -> str:
    """Whose words they are: the author's, or those of a document somebody else has changed; empty where not told."""
    author = reading.authors[record]
    if author.document and author.editor not in ("", author.author):
        return _plain_name(author.document)  # the next to change it leaves the poisoned words where they are
    return _plain_name(author.author or author.editor or author.document)


@lru_cache(maxsize=4096)
def _plain_name(name: str) -> str:
    """`Kim <kim@partner.example>` and `kim@partner.example` are one."""
    address = EMAIL.search(name)
    return address.group().lower() if address else " ".join(_WORD.findall(name.lower()))


@lru_cache(maxsize=16_384)
def _digest(origin: str, text: str) -> str:
    """24 hex digits over the words of `text`, whatever its case, punctuation and layout."""
    words = " ".join(_WORD.findall(text.lower()))
    return blake2b(f"{origin}\x1f{words}".encode("utf-8", "replace"), digest_size=_BYTES).hexdigest()
