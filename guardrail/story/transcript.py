"""The transcript of one call, step by step: chat, request, outputs with the calls behind them, and the plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from guardrail import shown_text
from guardrail.invocation import Invocation, Passage, ToolOutput
from guardrail.story.spans import NUMBERED, Spans, shown
from guardrail.story.values import EarlierCall, ShownPassage, Step

# Characters of transcript one page carries, and fields of one step.
PAGE_CHARACTERS = 160_000
STEP_PASSAGES = 120
# Characters of a passage without any finding, once the page's share is used up.
SMALL = 400
GIST = 140
ASKED = 400
_TELLING = NUMBERED | {"hidden", "signature"}


def steps_of(
    call: Invocation, spans: Spans, *, planned: EarlierCall, earlier: Sequence[EarlierCall], whole: int = 0
) -> Iterator[Step]:
    """The steps, oldest first, the planned call last.

    `whole` is the number of the one that has the page's characters to itself; 0 = they share them, oldest first.
    """
    answered = _calls_behind(call.outputs, earlier)
    teller = _Teller(spans=spans)
    repeated = _repeated(call)
    number = 0
    for number, (kind, index) in enumerate(_order(call), start=1):
        if whole:
            teller.left = PAGE_CHARACTERS if number == whole else 0
        if kind == "history":
            message = call.history[index]
            icon, title = _speaker(message.role, call)
            body = teller.body(message.passages, f"history:{index}")
            yield body.step(anchor=f"message-{index}", number=number, icon=icon, title=title, at=message.at)
        elif kind == "output":
            output = call.outputs[index]
            title = f"Output {index + 1} of {output.tool_name or output.tool_id or 'an unnamed tool'}"
            body = teller.body(output.passages, f"output:{index}")
            behind = answered.get(index)
            anchor = f"output-{index}"
            yield body.step(anchor=anchor, number=number, icon="search", title=title, at=output.at, call=behind)
        else:
            icon, title = (
                ("envelope", "A message started the run") if call.event_triggered else ("person", "User asked")
            )
            body = teller.body(call.user_passages, "user", "trigger", f"history:{repeated}")
            at = None if repeated is None else call.history[repeated].at
            yield body.step(anchor="request", number=number, icon=icon, title=title, at=at)
    title = f"Planned {call.tool.name or call.tool.tool_id}"
    body = _Body(passages=(), left_out=0, marks=0, gist=_one_line(call.thought))
    yield body.step(anchor="call", number=number + 1, icon="cpu", title=title, at=None, call=planned)


def asked_for(call: Invocation | None) -> str:
    """The beginning of what a person asked for, empty when an event started the run."""
    if call is None or call.event_triggered:
        return ""
    return " ".join(passage.text for passage in call.user_passages[:3])[:ASKED]


def started_by(call: Invocation | None) -> str:
    """Who started the run, in words; empty when the call could not be read."""
    if call is None:
        return ""
    if call.event_triggered:
        return "an event, no person"
    return "somebody not signed in" if call.anonymous else "a person"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Body:
    """What a step shows, before it has its number and title."""

    passages: tuple[ShownPassage, ...]
    left_out: int
    marks: int
    gist: str

    def step(
        self, *, anchor: str, number: int, icon: str, title: str, at: datetime | None, call: EarlierCall | None = None
    ) -> Step:
        return Step(
            anchor=anchor,
            number=number,
            icon=icon,
            title=title,
            gist=self.gist,
            at=at,
            passages=self.passages,
            left_out=self.left_out,
            marks=self.marks,
            unseen=sum(passage.unseen for passage in self.passages),
            call=call,
        )


@dataclass(kw_only=True, slots=True)
class _Teller:
    """Shows passages with their marks, and counts down what the page may still carry."""

    spans: Spans
    left: int = PAGE_CHARACTERS

    def body(self, passages: Sequence[Passage], *places: str) -> _Body:
        """The passages of one source; `places` are the evidence sources that point into it."""
        marked = [(p, [span for place in places for span in self.spans.get((place, p.path), ())]) for p in passages]
        kept = [(p, here) for index, (p, here) in enumerate(marked) if index < STEP_PASSAGES or here]
        kept = kept[: 2 * STEP_PASSAGES]
        return _Body(
            passages=tuple(
                shown(p, here, limit=self._limit(p), around=shown_text.AROUND, head=shown_text.HEAD) for p, here in kept
            ),
            left_out=len(marked) - len(kept),
            marks=sum(span.mark in _TELLING for _, here in marked for span in here),
            gist=_one_line(" ".join(p.text[:GIST] for p, _ in kept[:3])),
        )

    def _limit(self, passage: Passage) -> int:
        allowed = shown_text.SHOWN_CHARACTERS if self.left > 0 else SMALL
        self.left -= min(len(passage.text), allowed)
        return allowed


def _one_line(text: str) -> str:
    return " ".join(text[: 2 * GIST].split())[:GIST]


def _order(call: Invocation) -> list[tuple[str, int]]:
    """(kind, index) of the steps before the plan: chat, request and outputs, by time where the caller gave one.

    The request carries no time of its own: it comes after the chat, and after the outputs of the turns before it.
    """
    repeated = _repeated(call)
    newest = next((message.at for message in reversed(call.history) if message.at), None)
    turn = newest if repeated is None else call.history[repeated].at
    before = [index for index, output in enumerate(call.outputs) if turn and output.at and output.at < turn]
    earlier = [("history", index) for index in range(len(call.history)) if index != repeated]
    earlier += [("output", index) for index in before]
    timed = [(at.timestamp(), step) for step in earlier if (at := _time_of(call, step))]
    if len(timed) == len(earlier):
        earlier = [step for _, step in sorted(timed, key=lambda pair: pair[0])]
    request = [("request", 0)] if call.user_passages else []
    skipped = set(before)
    return earlier + request + [("output", index) for index in range(len(call.outputs)) if index not in skipped]


def _time_of(call: Invocation, step: tuple[str, int]) -> datetime | None:
    kind, index = step
    return call.history[index].at if kind == "history" else call.outputs[index].at


def _repeated(call: Invocation) -> int | None:
    """The index of the newest chat message when it is the current request once more."""
    last = len(call.history) - 1
    return last if last >= 0 and call.history[last].passages == call.user_passages else None


def _speaker(role: str, call: Invocation) -> tuple[str, str]:
    if role == "assistant":
        return "cpu", "Agent answered"
    if role == "user":
        return ("envelope", "A message came in") if call.event_triggered else ("person", "User wrote")
    return "chat-left-text", f"{role or 'Somebody'} wrote"


def _calls_behind(outputs: Sequence[ToolOutput], earlier: Sequence[EarlierCall]) -> dict[int, EarlierCall]:
    """Which earlier call each output answers: the oldest one of that tool that went through and is not used yet."""
    unused = [call for call in earlier if call.action not in ("hold", "block")]
    found: dict[int, EarlierCall] = {}
    for index, output in enumerate(outputs):
        match = next(
            (c for c in unused if (output.tool_id and c.tool_id == output.tool_id) or c.tool_name == output.tool_name),
            None,
        )
        if match is not None:
            unused.remove(match)
            found[index] = match
    return found
