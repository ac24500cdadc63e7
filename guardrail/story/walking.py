"""The transcript as a walk: one step at full length, those around it as a list, and what that step led to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guardrail.invocation import Invocation
from guardrail.story.spans import source_in_words, spans_of
from guardrail.story.transcript import steps_of
from guardrail.story.values import ArgumentShown, EarlierCall, Step
from guardrail.story.why import arguments_of

# Steps listed on each side of the one that is shown.
AROUND = 40
_MOST_CAUSED = 40
_MOST_DOCUMENTS = 10
# In the order people ask for them.
_DOCUMENT = (
    ("name", "Document"),
    ("place", "Place"),
    ("editor", "Last editor"),
    ("revision", "Revision"),
    ("document_id", "Id"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """Where somebody is on the way through a call. `before` and `after` count the steps that are not listed.

    `caused` are the planned arguments with a value from this step, `documents` those it is from, as (name, value).
    `is_plan` = it is the planned call itself, then with all its `arguments`.
    """

    step: Step
    listed: tuple[Step, ...]
    total: int
    before: int
    after: int
    caused: tuple[ArgumentShown, ...]
    documents: tuple[tuple[tuple[str, str], ...], ...]
    authors: tuple[str, ...]
    is_plan: bool
    arguments: tuple[ArgumentShown, ...]

    @property
    def previous(self) -> int:
        """The number of the step before, 0 at the first."""
        return self.step.number - 1

    @property
    def next(self) -> int:
        """The number of the step after, 0 at the last."""
        return self.step.number + 1 if self.step.number < self.total else 0


def walk(
    call: Invocation,
    *,
    number: int,
    signals: Sequence[Mapping[str, Any]],
    origins: Sequence[Mapping[str, Any]],
    documents: Sequence[Mapping[str, Any]],
    deciding: str,
    planned: EarlierCall,
    earlier: Sequence[EarlierCall],
) -> Walk:
    """The walk at step `number`, or at the nearest there is."""
    spans = spans_of(signals, origins, deciding=deciding)
    steps = list(steps_of(call, spans, planned=planned, earlier=earlier, whole=max(1, number)))
    if number > len(steps):
        return walk(
            call,
            number=len(steps),
            signals=signals,
            origins=origins,
            documents=documents,
            deciding=deciding,
            planned=planned,
            earlier=earlier,
        )
    at = max(1, number) - 1
    first, last = max(0, at - AROUND), min(len(steps), at + AROUND + 1)
    step = steps[at]
    arguments = tuple(arguments_of(call, origins, spans))
    caused = [one for one in arguments if any(origin.anchor == step.anchor for origin in one.origins)]
    return Walk(
        step=step,
        listed=tuple(steps[first:last]),
        total=len(steps),
        before=first,
        after=len(steps) - last,
        caused=tuple(caused[:_MOST_CAUSED]),
        documents=tuple(_documents(documents, step.anchor, call))[:_MOST_DOCUMENTS],
        authors=tuple(_authors(origins, step.anchor, call)),
        is_plan=step.anchor == "call",
        arguments=arguments if step.anchor == "call" else (),
    )


def _documents(
    documents: Sequence[Mapping[str, Any]], anchor: str, call: Invocation
) -> Iterator[tuple[tuple[str, str], ...]]:
    for document in documents:
        if source_in_words(str(document.get("source", "")), call).anchor == anchor:
            yield tuple((word, str(document[name])) for name, word in _DOCUMENT if document.get(name))


def _authors(origins: Sequence[Mapping[str, Any]], anchor: str, call: Invocation) -> dict[str, None]:
    return dict.fromkeys(
        str(origin["author"])
        for origin in origins
        if origin.get("author") and source_in_words(str(origin.get("source", "")), call).anchor == anchor
    )
