"""Traces each argument value to its place for people: the user's words, an output, the trigger, or the agent."""

from collections.abc import Iterator

from guardrail.case import Case
from guardrail.invocation import Origin, Passage
from guardrail.provenance import Leaf, stands_in
from policies.ruleset import Standing

_MAX_ORIGINS = 40
_MAX_LOOKED_AT = 400_000
_USER_SHARE = 0.8


def trace_origins(case: Case) -> tuple[Origin, ...]:
    """One Origin a value, at most 40, in the order of the arguments."""
    standings = {target.value: target.standing for target in case.targets}
    return tuple(_origin(case, leaf, share, standings) for leaf, share in _traced(case))


def _traced(case: Case) -> list[tuple[Leaf, float]]:
    return list(zip(case.leaves, case.user_shares, strict=True))[:_MAX_ORIGINS]


def _origin(case: Case, leaf: Leaf, share: float, standings: dict[str, Standing]) -> Origin:
    standing = standings.get(leaf.value.lower())
    kind, source, path, start, end, author = _found(case, leaf, share)
    return Origin(
        argument=leaf.argument,
        value=leaf.value[:500],
        kind=kind,
        source=source,
        path=path,
        start=start,
        end=end,
        author=author,
        standing=standing.value if standing else "",
    )


def _found(case: Case, leaf: Leaf, share: float) -> tuple[str, str, str, int, int, str]:
    if leaf.kind == "number" and len(leaf.needle) <= 2:
        return "constant", "", "", 0, 0, ""
    for kind, source, passage, author in _places(case):
        if len(passage.text) > _MAX_LOOKED_AT:
            continue
        at = stands_in(leaf.needle, passage.text.lower())
        if at >= 0:
            return kind, source, passage.path, at, at + len(leaf.needle), author
    if share >= _USER_SHARE and not case.call.event_triggered:
        return "user", "user", "", 0, 0, ""
    return "agent", "", "", 0, 0, ""


def _places(case: Case) -> Iterator[tuple[str, str, Passage, str]]:
    call = case.call
    own = "trigger" if call.event_triggered else "user"
    for passage in call.user_passages:
        author = _author(case, "trigger", passage.path) if own == "trigger" else ""
        yield own, own, passage, author
    if not call.event_triggered:
        for index, message in enumerate(call.history):
            if message.role == "user":
                for passage in message.passages:
                    yield "history", f"history:{index}", passage, ""
    for index, output in enumerate(call.outputs):
        for passage in output.passages:
            yield "output", f"output:{index}", passage, _author(case, f"output:{index}", passage.path)


def _author(case: Case, source: str, path: str) -> str:
    for candidate in case.sources:
        if candidate.name == source:
            for prose in candidate.reading.prose:
                if prose.path == path:
                    return candidate.reading.authors[prose.record].author
    return ""
