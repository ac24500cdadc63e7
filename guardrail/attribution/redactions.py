"""Finds what to take out of the arguments so that a call no longer serves an instruction: whom only that one named."""

import re
from collections.abc import Iterable, Iterator

from guardrail.attribution.outward import OUTWARD
from guardrail.attribution.provenance import Leaf
from guardrail.case import Case
from policies.signal import Redaction

_SEPARATOR = re.compile(r"\s*[,;\n]\s*")


def recipients_out(leaves: Iterable[Leaf], case: Case) -> tuple[Redaction, ...]:
    """Each of `leaves` where it stands as somebody or some place the call is for, alone or in a list."""
    wanted = {leaf.value.lower() for leaf in leaves if leaf.kind in OUTWARD}
    places = {target.argument for target in case.targets if target.named and target.value in wanted}
    found: dict[Redaction, None] = {}
    for argument in case.call.arguments:
        if argument.path in places:
            for part in _parts(str(argument.value), wanted):
                found[Redaction(argument=argument.path, start=part[0], end=part[1], instead="")] = None
    return tuple(found)


def _parts(text: str, wanted: set[str]) -> Iterator[tuple[int, int]]:
    """The items of a list in `text` that hold one of `wanted`, each with one separator, so that the rest is a list."""
    bounds = [0, *(edge for match in _SEPARATOR.finditer(text) for edge in match.span()), len(text)]
    items = list(zip(bounds[::2], bounds[1::2], strict=True))
    for at, (start, end) in enumerate(items):
        if any(value in text[start:end].lower() for value in wanted):
            before = items[at - 1][1] if at else start
            after = items[at + 1][0] if at + 1 < len(items) else end
            # all items before the last go with what follows them
            yield (start, after) if at + 1 < len(items) else (before, end)
