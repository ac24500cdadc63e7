"""Traces each argument value to its place for people: the user's words, an output, the trigger, or the agent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.case import Case
from guardrail.invocation import Invocation, Origin, Passage
from guardrail.text.view import lowered
from policies.ruleset import Standing

_MAX_ORIGINS = 40
# Characters searched for origins in one call; text beyond is left to the attribution detector, which reads by budget.
_MAX_SEARCHED = 600_000
_USER_SHARE = 0.8
_SENTENCE = re.compile(r"[.!?;\n]+\s*")
# Shorter sentences stand in many texts by chance.
_TELLING = 30
_MAX_SENTENCES = 8


def trace_origins(case: Case) -> tuple[Origin, ...]:
    """One Origin a value, at most 40, in the order of the arguments."""
    standings = {target.value: target.standing for target in case.targets}
    # without time left the texts are not searched: a value is then said to be the agent's or the user's
    places = [] if case.budget.spent_already() else _places(case)
    pairs = list(zip(case.leaves, case.user_shares, strict=True))[:_MAX_ORIGINS]
    return tuple(_origin(case, leaf, share, standings, places) for leaf, share in pairs)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    kind: str
    source: str
    path: str
    lower: str


def _origin(case: Case, leaf: Leaf, share: float, standings: dict[str, Standing], places: list[_Place]) -> Origin:
    standing = standings.get(leaf.value.lower())
    kind, place, start, length = _found(case, leaf, share, places)
    return Origin(
        argument=leaf.argument,
        value=leaf.value[:500],
        kind=kind,
        source=place.source if place else "",
        path=place.path if place else "",
        start=start,
        end=start + length,
        author=_author(case, place, place.lower[start : start + length]) if place else "",
        standing=standing.value if standing else "",
    )


def _found(case: Case, leaf: Leaf, share: float, places: list[_Place]) -> tuple[str, _Place | None, int, int]:
    """Kind, place, and offset and length there."""
    if leaf.kind == "number" and len(leaf.needle) <= 2:
        return "constant", None, 0, 0
    for place in places:
        at = stands_in(leaf.needle, place.lower)
        if at >= 0:
            return place.kind, place, at, len(leaf.needle)
    if share >= _USER_SHARE and not case.call.event_triggered:
        return "user", None, 0, 0
    # a mail body is rarely one text whole: its first sentence that stands somewhere says where it was taken from
    for sentence in [part for part in _SENTENCE.split(leaf.needle) if len(part) >= _TELLING][:_MAX_SENTENCES]:
        for place in places:
            at = place.lower.find(sentence)
            if at >= 0:
                return place.kind, place, at, len(sentence)
    return "agent", None, 0, 0


def _places(case: Case) -> list[_Place]:
    """The texts a value may stand in, lower-cased once, the user's own words first."""
    found: list[_Place] = []
    room = _MAX_SEARCHED
    for kind, source, passage in _passages(case.call):
        if len(passage.text) <= room:
            room -= len(passage.text)
            found.append(_Place(kind=kind, source=source, path=passage.path, lower=lowered(passage.text)))
    return found


def _passages(call: Invocation) -> Iterator[tuple[str, str, Passage]]:
    own = "trigger" if call.event_triggered else "user"
    for passage in call.user_passages:
        yield own, own, passage
    if not call.event_triggered:
        for index, message in enumerate(call.history):
            if message.role == "user":
                for passage in message.passages:
                    yield "history", f"history:{index}", passage
    for index, output in enumerate(call.outputs):
        for passage in output.passages:
            yield "output", f"output:{index}", passage


def _author(case: Case, place: _Place, needle: str) -> str:
    """Who wrote the record the value stands in, where its fields say so."""
    for source in case.sources:
        if source.name == place.source:
            for prose in source.reading.prose:
                if prose.path == place.path and needle in prose.lower:
                    return source.reading.authors[prose.record].author
    return ""
