"""Claim: what leaves is a piece of something that was taken apart, and with earlier calls most of it has left.

Parts of a secret that an output or the user holds count together wherever they go. Short values that are no words, ids
or dates, each all of a text, count together by the house they go to, over conversations, agents and mailboxes.
Cannot see: pieces in sentences unless one begins as a provider's key does, pieces of plain words or digits only, of a
secret nobody has in view; pieces that wait longer than a day; fewer than three short ones.
"""

from guardrail.case import Case
from guardrail.chains import house_of
from guardrail.destinations import URL, Target
from guardrail.invocation import Heap
from guardrail.leaving import outside
from guardrail.pieces import Part, Piece, covered, find_parts, find_pieces
from guardrail.traces import hashed
from policies.ruleset import Standing, host_of
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "chain_request"

# Of a secret this share has left: the rest is guessed, or comes with the next call.
_SHARE = 0.5
# One part alone is most of it.
_SHARE_AT_ONCE = 0.8
_FEWEST = 3
_FEWEST_OF_A_KEY = 2
_CHARACTERS = 16
_CHARACTERS_OF_A_KEY = 10
# As `guardrail.chains.grade` says it.
_BEGINS, _WRAPPED = 2, 3
_MOST_CALLS = 12
# Whoever is dealt with is told things in pieces.
_NAMED = (Standing.KNOWN, Standing.PARTNER)


def detect(case: Case) -> list[Signal]:
    """At most one signal: parts of a known secret before pieces of who knows what."""
    heaps = case.past.heaps
    targets = outside(case) if heaps else ()
    if not targets:
        return []
    secret = next((heap for heap in heaps if heap.parts and _has_left(heap)), None)
    parts = find_parts(case.call) if secret is not None else ()
    if secret is not None and parts:
        return [_of_secret(secret, parts, targets[0], case)]
    houses = {hashed(house_of(target.value)): target for target in targets if target.standing not in _NAMED}
    gathered = next((heap for heap in heaps if heap.of in houses and _is_taken_apart(heap)), None)
    pieces = find_pieces(case.call) if gathered is not None else ()
    return [_of_pieces(gathered, pieces[0], houses[gathered.of], case)] if gathered is not None and pieces else []


def _has_left(heap: Heap) -> bool:
    share = covered(heap.parts) / heap.size
    return share >= (_SHARE if len(heap.parts) > 1 else _SHARE_AT_ONCE)


def _is_taken_apart(heap: Heap) -> bool:
    begun = any(how == _BEGINS for _, _, how in heap.pieces)
    # a code in a sentence is what customers are told, unless the beginning of a key went there as well
    counted = [(size, how) for _, size, how in heap.pieces if begun or how != _WRAPPED]
    sure = sum(1 for _, how in counted if how)
    # what could be an id counts only beside what could not
    characters = sum(size for size, _ in counted)
    if begun:
        return sure >= _FEWEST_OF_A_KEY and characters >= _CHARACTERS_OF_A_KEY
    return sure >= _FEWEST and characters >= _CHARACTERS


def _of_secret(heap: Heap, parts: tuple[Part, ...], target: Target, case: Case) -> Signal:
    share = f"{round(100 * covered(heap.parts) / heap.size)} %"
    part = parts[0]
    typed = all(part.typed for part in parts)
    return Signal(
        name="pieces_leaving" if typed else "secret_in_pieces",
        severity=Severity.HIGH if typed else Severity.CRITICAL,
        reason=(
            f"A part of a secret {'the user typed' if typed else 'the agent has read'} would go to {_where(target)}"
            f"{_with(heap)}: {share} of it in {len(heap.parts)} parts."
        ),
        evidence=(_evidence(part.argument, part.text, "a part of the secret"),),
        facts=(*_facts(target, part.argument, case), ("share", share), *_calls(heap)),
    )


def _of_pieces(heap: Heap, piece: Piece, target: Target, case: Case) -> Signal:
    characters = sum(size for _, size, _ in heap.pieces)
    begins = any(how == _BEGINS for _, _, how in heap.pieces)
    return Signal(
        name="pieces_leaving",
        severity=Severity.HIGH,
        reason=(
            f"Something seems to leave piece by piece: {len(heap.pieces)} short values that are no words, {characters} "
            f"characters, went or would go to {_where(target)} within a day{_with(heap)}"
            f"{', and one begins as a key does' if begins else ''}."
        ),
        evidence=(_evidence(piece.argument, piece.text, "one of the pieces"),),
        facts=(*_facts(target, piece.argument, case), *_calls(heap)),
    )


def _where(target: Target) -> str:
    # an address may hold the piece itself
    return host_of(target.value) if URL.match(target.value) else target.value


def _with(heap: Heap) -> str:
    count = len(heap.calls)
    return f", with {count} earlier call{'s' if count > 1 else ''}" if count else ""


def _evidence(argument: str, text: str, note: str) -> Evidence:
    shown = text if len(text) <= 4 else f"{text[:2]}…{text[-2:]}"
    return Evidence(source="argument", path=argument, quote=shown, mark=Mark.DATA, note=note)


def _facts(target: Target, argument: str, case: Case) -> tuple[tuple[str, str], ...]:
    return (
        ("destination", _where(target)),
        ("destination_standing", target.standing.value),
        ("argument", argument),
        ("tool_kind", case.kind.value),
    )


def _calls(heap: Heap) -> tuple[tuple[str, str], ...]:
    return tuple(("call", call) for call in heap.calls[-_MOST_CALLS:])
