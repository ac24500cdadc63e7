"""Which stretches of which texts to mark, what their places are called, and how much of a text is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from guardrail import shown_text
from guardrail.invocation import Invocation, Passage
from guardrail.shown_text import Span
from guardrail.story.values import ShownPassage, Source

MOST_SPANS = 60
NUMBERED = frozenset({"instruction", "question"})

Spans = dict[tuple[str, str], list[Span]]


def source_in_words(key: str, call: Invocation | None) -> Source:
    """An evidence source (`output:2`) as people would call it. The label holds the tool's own name: show it escaped."""
    kind, _, index = key.partition(":")
    at = int(index) if index.isdecimal() else -1
    if kind == "output":
        tool = call.outputs[at].tool_name or call.outputs[at].tool_id if call and 0 <= at < len(call.outputs) else ""
        label = f"Output {at + 1}" + (f" of {tool}" if tool else "")
        return Source(key=key, icon="search", label=label, anchor=f"output-{at}", tool=tool)
    if kind == "history":
        by_agent = call is not None and 0 <= at < len(call.history) and call.history[at].role == "assistant"
        label = f"Chat message {at + 1}"
        return Source(key=key, icon="chat-left-text", label=label, anchor=f"message-{at}", by_agent=by_agent)
    icon, label, anchor = {
        "user": ("person", "What the user asked", "request"),
        "trigger": ("envelope", "The message that started the run", "request"),
        "argument": ("cpu", "The planned call", "call"),
        "thought": ("cpu", "The agent's own reason", "call"),
        "tool": ("plug", "The tool's own description", "call"),
    }.get(kind, ("question-circle", kind, ""))
    return Source(key=key, icon=icon, label=label, anchor=anchor)


def spans_of(signals: Sequence[Mapping[str, Any]], origins: Sequence[Mapping[str, Any]], *, deciding: str) -> Spans:
    """Every span to mark, by source and path: evidence first, numbered where several decided, then origins."""
    spans: Spans = {}
    number = 0
    for signal in ordered(signals, deciding):
        for item in _in_reading_order(signal.get("evidence", ())):
            place = spans.setdefault((item["source"], item.get("path", "")), [])
            start, end, mark = int(item.get("start", 0)), int(item.get("end", 0)), str(item.get("mark", "value"))
            if len(place) >= MOST_SPANS or any((s.start, s.end, s.mark) == (start, end, mark) for s in place):
                continue
            counts = mark in NUMBERED and signal.get("name") == deciding
            number += counts
            place.append(
                Span(start=start, end=end, mark=mark, number=number if counts else 0, note=str(item.get("note", "")))
            )
    if number == 1:
        spans = {place: [replace(span, number=0) for span in here] for place, here in spans.items()}
    for origin in origins:
        place = spans.setdefault((origin.get("source", ""), origin.get("path", "")), [])
        start, end = int(origin.get("start", 0)), int(origin.get("end", 0))
        if len(place) < MOST_SPANS and not any(s.start <= start and end <= s.end for s in place):
            place.append(Span(start=start, end=end, mark="value", note=f"used in {origin.get('argument', '')}"))
    return spans


def _in_reading_order(evidence: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Passage by passage as the detector named them, and from top to bottom in each: so the numbers count up."""
    places = list(dict.fromkeys((item["source"], item.get("path", "")) for item in evidence))
    return sorted(
        evidence, key=lambda item: (places.index((item["source"], item.get("path", ""))), int(item.get("start", 0)))
    )


def ordered(signals: Sequence[Mapping[str, Any]], deciding: str) -> list[Mapping[str, Any]]:
    return sorted(signals, key=lambda signal: signal.get("name") != deciding)


def shown(passage: Passage, spans: Sequence[Span], *, limit: int, around: int, head: int) -> ShownPassage:
    pieces = shown_text.show(passage.text, spans, limit=limit, around=around, head=head)
    return ShownPassage(
        path=passage.path,
        pieces=pieces,
        characters=len(passage.text),
        unseen=shown_text.count_unseen(passage.text),
        rest=len(passage.text) - (pieces[-1].end if pieces else 0),
        marked=bool(spans),
    )
