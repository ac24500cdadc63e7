"""Why a call was stopped: its findings, the quoted words in their place, and where each argument came from."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from guardrail import words
from guardrail.invocation import Invocation, Passage
from guardrail.shown_text import Span, tidy
from guardrail.story.spans import Spans, ordered, shown, source_in_words
from guardrail.story.values import ArgumentShown, Finding, OriginShown, Quote
from policies.taxonomy import tags_of

QUOTE_CHARACTERS = 2_400
QUOTE_AROUND = 260
VALUE_CHARACTERS = 1_500
MOST_QUOTES = 6
STOPPING = frozenset({"modify", "hold", "block"})


def finding_of(signal: Mapping[str, Any]) -> Finding:
    action = str(signal.get("action", ""))
    return Finding(
        name=str(signal.get("name", "")),
        heading=words.signal_words(str(signal.get("name", ""))),
        severity=int(signal.get("severity", 0)),
        action=action,
        reason=str(signal.get("reason", "")),
        facts=tuple((str(name), str(value)) for name, value in signal.get("facts", ())),
        would_pass_if=tuple(map(str, signal.get("would_pass_if", ()))),
        would_be_held_if=tuple(map(str, signal.get("would_be_held_if", ()))),
        explained="would_be_held_if" in signal,
        tags=tags_of([str(signal.get("name", ""))]),
        stopping=action in STOPPING,
    )


def facts_of(findings: Iterable[Finding]) -> tuple[tuple[str, str], ...]:
    """(word, value) of every fact, each pair once, in the order of the vocabulary."""
    found = dict.fromkeys((name, value) for finding in findings for name, value in finding.facts if value)
    return tuple(
        (meaning, words.STANDINGS.get(value, (value, ""))[0] if name == "destination_standing" else value)
        for known, meaning in words.FACTS.items()
        for name, value in found
        if name == known
    )


def quotes_of(
    signals: Sequence[Mapping[str, Any]], spans: Spans, *, deciding: str, call: Invocation | None
) -> Iterator[Quote]:
    """The passages the deciding signal points to, each once, in its order."""
    evidence = ordered(signals, deciding)[0].get("evidence", ()) if signals else ()
    places: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for item in evidence:
        # the argument table shows these in full
        if item["source"] != "argument" or item.get("mark") != "value":
            places.setdefault((item["source"], item.get("path", "")), []).append(item)
    for (key, path), items in list(places.items())[:MOST_QUOTES]:
        passage = _passage_at(call, key, path) if call else None
        here = spans.get((key, path), [])
        if passage is None or not tidy(here, length=len(passage.text)):
            # the body is gone, or the words stand in no text of it (inside an encoded file): as the verdict kept them
            kept = " … ".join(str(item["quote"]) for item in items if item.get("quote"))
            passage = Passage(path=path, text=kept)
            here = [Span(start=0, end=len(kept), mark=str(items[0].get("mark", "value")))]
        yield Quote(
            source=source_in_words(key, call),
            passage=shown(passage, here, limit=QUOTE_CHARACTERS, around=QUOTE_AROUND, head=0),
            notes=tuple(dict.fromkeys(str(item["note"]) for item in items if item.get("note"))),
        )


def marks_used(quotes: Sequence[Quote], signals: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """(mark, what it means) of every mark the quotes show, for the legend."""
    if not quotes:
        return ()
    shown = {(quote.source.key, quote.passage.path) for quote in quotes}
    evidence = [item for signal in signals for item in signal.get("evidence", ())]
    used = {str(item.get("mark", "")) for item in evidence if (item["source"], item.get("path", "")) in shown}
    return tuple((mark, meaning) for mark, meaning in words.MARKS.items() if mark in used)


def _passage_at(call: Invocation, key: str, path: str) -> Passage | None:
    kind, _, index = key.partition(":")
    at = int(index) if index.isdecimal() else -1
    passages: Sequence[Passage] = ()
    if kind in ("user", "trigger"):
        passages = call.user_passages
    elif kind == "history" and 0 <= at < len(call.history):
        passages = call.history[at].passages
    elif kind == "output" and 0 <= at < len(call.outputs):
        passages = call.outputs[at].passages
    elif kind == "argument":
        passages = _argument_passages(call)
    elif kind == "thought":
        passages = (Passage(path="", text=call.thought),)
    elif kind == "tool":
        about = ((parameter.name, parameter.description) for parameter in call.tool.parameters)
        passages = tuple(Passage(path=path, text=text) for path, text in (("", call.tool.description), *about))
    return next((passage for passage in passages if passage.path == path), None)


def arguments_of(call: Invocation, origins: Sequence[Mapping[str, Any]], spans: Spans) -> Iterator[ArgumentShown]:
    by_argument: dict[str, list[Mapping[str, Any]]] = {}
    for origin in origins:
        by_argument.setdefault(str(origin.get("argument", "")), []).append(origin)
    for passage in _argument_passages(call):
        here = by_argument.get(passage.path, [])
        standing = next((str(o["standing"]) for o in here if o.get("standing")), "")
        value = shown(
            passage,
            spans.get(("argument", passage.path), []),
            limit=VALUE_CHARACTERS,
            around=120,
            head=VALUE_CHARACTERS,
        )
        yield ArgumentShown(
            path=passage.path,
            pieces=value.pieces,
            rest=value.rest,
            origins=tuple(_origin(origin, call, whole=passage.text) for origin in here),
            standing=words.STANDINGS.get(standing, (standing, "")) if standing else None,
            data_class=next((str(o["data_class"]) for o in here if o.get("data_class")), ""),
        )


def _origin(origin: Mapping[str, Any], call: Invocation, *, whole: str) -> OriginShown:
    kind = str(origin.get("kind", ""))
    icon, said = words.ORIGINS.get(kind, ("question-circle", kind))
    source = source_in_words(str(origin.get("source", "")), call)
    if kind == "output":
        said = f"From what {source.tool or 'a tool'} returned"
    elif kind == "history":
        said = "Said by the agent before" if source.by_agent else "Said by the user before"
    details = [f"by {origin['author']}"] if origin.get("author") else []
    value = str(origin.get("value", ""))
    if value and value != whole:
        details.append(f"“{value[:80]}{'…' if len(value) > 80 else ''}”")
    if origin.get("source") == "thought":
        details.append("it stands in its own reason")
    elif origin.get("end"):
        details.append(f"characters {origin.get('start', 0)}–{origin['end']}")
    if origin.get("disguise"):
        details.append(f"disguised: {origin['disguise']}")
    return OriginShown(
        icon=icon, words=said, anchor=source.anchor if origin.get("source") else "", detail=", ".join(details)
    )


def _argument_passages(call: Invocation) -> tuple[Passage, ...]:
    return tuple(
        Passage(path=argument.path, text=argument.value if isinstance(argument.value, str) else _json(argument.value))
        for argument in call.arguments
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
