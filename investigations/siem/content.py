"""What of an event a receiver may see, and how it is made to fit. Pure.

INVARIANT: the decision record - action, mode, rule, severity, policy version, who, which tool, where to - is in every
event, whatever the policy and however small the frame.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, TypeVar

from guardrail.text.keys import find_secrets
from guardrail.text.personal import find_numbers
from guardrail.text.private import find_private
from guardrail.words import signal_words
from investigations.siem.event import Act, Call, Case, Event, Finding, Kind, Quote
from policies.recognition.kinds import PHONE

FULL, REDACTED, METADATA = "full", "redacted", "metadata"
_HIDDEN = "[redacted]"
# Texts beyond are cut whatever the frame takes: fields of more than 64 KB are dropped or refused by many.
LONGEST_TEXT = 30_000
_LONGEST_METADATA = 200
_MOST_LOOKED_AT = 20_000
# Of words and ids that are never cut
_WHOLE = frozenset(("verdict_id", "duplicate_of", "action", "would_have", "mode", "status", "disposition"))
Part = TypeVar("Part", Call, Case, Act, Finding, Quote)


def seen_by(event: Event, content: str) -> Event:
    """The event by a receiver's content policy."""
    if content == FULL:
        return replace(event, content=FULL)
    if event.kind is Kind.AUDIT:
        # numbers of lines, digests and signatures: masked, an anchor would be worth nothing
        return replace(event, content=content)
    call, case, act = event.call, event.case, event.act
    if call is not None:
        found = tuple(_finding(one, content) for one in call.findings)
        reason = masked(call.reason) if content == REDACTED else _rule_in_words(call.deciding)
        call = replace(call, transcript="", reason=reason, findings=found)
    if content == METADATA:
        case = replace(case, title=masked(case.title)) if case else None
        act = replace(act, text="", detail=_short(act.detail)) if act else None
    elif act is not None:
        act = replace(act, text=masked(act.text), detail=tuple((name, masked(text)) for name, text in act.detail))
    return replace(event, content=content, summary=masked(event.summary), call=call, case=case, act=act)


def masked(text: str) -> str:
    """`text` without keys, passwords and numbers that stand for a person; what is beyond 20,000 characters is cut."""
    text = shortened(text, _MOST_LOOKED_AT)
    found = sorted((start, end) for _, start, end in chain(find_secrets(text), find_numbers(text), _phones(text)))
    parts, at = [], 0
    for start, end in found:
        if start >= at:
            parts += [text[at:start], _HIDDEN]
        at = max(at, end)
    return "".join((*parts, text[at:]))


def _phones(text: str) -> Iterator[tuple[str, int, int]]:
    return find_private(text, frozenset({PHONE}))


def fitting(event: Event, encode: Callable[[Event], bytes], *, most_bytes: int) -> bytes:
    """The event encoded in at most `most_bytes`, with less and less of its texts; `cut` names what is missing."""
    body = b""
    for smaller in _smaller(event):
        body = encode(smaller)
        if len(body) <= most_bytes:
            return body
    return body


def shortened(text: str, most: int) -> str:
    """At most `most` characters of a text, and a mark that says how many there were."""
    if len(text) <= most:
        return text
    mark = f" [cut, {len(text)} characters]"
    return text[: max(0, most - len(mark))] + mark


def ascii_json(document: Any) -> bytes:
    """JSON in ASCII on one line: nothing an attacker wrote can end a line, or a field, of what carries it."""
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"), default=str).encode()


def _finding(finding: Finding, content: str) -> Finding:
    if content == METADATA:
        quotes = tuple(replace(quote, text="") for quote in finding.quotes)
        return replace(finding, reason=_rule_in_words(finding.name), facts=_short(finding.facts), quotes=quotes)
    quotes = tuple(replace(quote, text=masked(quote.text)) for quote in finding.quotes)
    facts = tuple((name, masked(value)) for name, value in finding.facts)
    return replace(finding, reason=masked(finding.reason), facts=facts, quotes=quotes)


def _rule_in_words(name: str) -> str:
    """What stands where a reason would: that quotes the call."""
    return signal_words(name) if name else ""


def _short(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Pairs whose values are names and numbers: what is longer may be a text."""
    return tuple((name, masked(value)) for name, value in pairs if len(value) <= _LONGEST_METADATA)


def _smaller(event: Event) -> Iterator[Event]:
    """The event, then with ever less of what is not the decision."""
    yield _within(event, most=LONGEST_TEXT)
    if event.call and event.call.transcript:
        for most in (LONGEST_TEXT // 4, 2_000):
            yield _within(_with_transcript(event, shortened(event.call.transcript, most)), most=LONGEST_TEXT)
        event = _with_transcript(event, "")
        yield _within(event, most=LONGEST_TEXT)
    for most in (2_000, 500, 200):
        yield _within(event, most=most)
    if event.call:
        bare = tuple(replace(one, quotes=(), facts=()) for one in event.call.findings[:5])
        event = replace(event, call=replace(event.call, findings=bare), cut=_also(event, "findings"))
        yield _within(event, most=200)
        event = replace(event, call=replace(event.call, findings=()) if event.call else None)
    if event.act:
        event = replace(event, act=replace(event.act, detail=()), cut=_also(event, "detail"))
    for most in (120, 40, 20):
        yield _within(event, most=most)


def _with_transcript(event: Event, text: str) -> Event:
    call = replace(event.call, transcript=text) if event.call else None
    return replace(event, call=call, cut=_also(event, "transcript"))


def _within(event: Event, *, most: int) -> Event:
    """Every text at most `most` characters."""
    call, case, act = event.call, event.case, event.act
    if call:
        found = tuple(_finding_within(one, most) for one in call.findings)
        call = replace(_texts_within(call, most), findings=found)
    if act:
        act = replace(
            _texts_within(act, most), detail=tuple((name, shortened(text, most)) for name, text in act.detail)
        )
    smaller = replace(
        event,
        summary=shortened(event.summary, max(most, 60)),
        call=call,
        case=_texts_within(case, most) if case else None,
        act=act,
    )
    return smaller if smaller == event else replace(smaller, cut=_also(event, "texts"))


def _finding_within(finding: Finding, most: int) -> Finding:
    return replace(
        _texts_within(finding, most),
        facts=tuple((name, shortened(value, most)) for name, value in finding.facts),
        quotes=tuple(_texts_within(quote, most) for quote in finding.quotes),
    )


def _texts_within(part: Part, most: int) -> Part:
    texts = ((name, getattr(part, name)) for name in part.__slots__ if name not in _WHOLE)
    shorter: dict[str, Any] = {name: shortened(text, most) for name, text in texts if isinstance(text, str)}
    return replace(part, **shorter)


def _also(event: Event, what: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*event.cut, what)))
