"""What of a call is masked for whom: the kinds its environment says, but not the addresses its decision rests on.

Everything keeps its length, so a story is told of the masked call as of the whole one, its marks included.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from guardrail.invocation import Invocation, Passage
from guardrail.models import LateFinding, Verdict
from guardrail.text.private import DOT, WITHOUT_MAIL, find_addresses, hide
from policies.queries import load_masked_kinds

# Characters that are looked through for one page: about 0.25 s. What lies behind is masked whole.
MOST_CHARACTERS = 600_000
# Facts and members of origins that say where something goes or who wrote it.
_RESTED_ON = frozenset({"destination", "author", "editor", "resembles", "document_editor"})


@dataclass(kw_only=True, slots=True)
class Masking:
    """Masks what belongs to one verdict, and counts it. `kinds` empty = nothing is masked."""

    kinds: frozenset[str]
    known: frozenset[str] = frozenset()
    count: int = 0
    left: int = MOST_CHARACTERS
    _seen: dict[str, str] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """The text, masked, of the same length."""
        if not self.kinds or not text:
            return text
        if text in self._seen:
            return self._seen[text]
        self.left -= len(text)
        if self.left < 0:
            return DOT * len(text)
        masked, count = hide(text, self.kinds, known=self.known)
        self.count += count
        self._seen[text] = masked
        return masked

    def value(self, value: Any) -> Any:
        """Any JSON value with its texts masked; a number of many digits is looked at as a text."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.value(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(one) for one in value]
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**7:
            masked = self.text(str(value))
            return value if masked == str(value) else masked
        return value

    def call(self, call: Invocation) -> Invocation:
        """The call with what was said, read and planned masked."""
        if not self.kinds:
            return call
        return replace(
            call,
            thought=self.text(call.thought),
            arguments=tuple(replace(one, value=self.value(one.value)) for one in call.arguments),
            user_passages=self._passages(call.user_passages),
            history=tuple(replace(one, passages=self._passages(one.passages)) for one in call.history),
            outputs=tuple(replace(one, passages=self._passages(one.passages)) for one in call.outputs),
        )

    def signals(self, signals: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Findings as a verdict keeps them: their reasons, quotes, notes and facts."""
        return [{name: self._finding(name, value) for name, value in signal.items()} for signal in signals]

    def origins(self, origins: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Where values came from: the values themselves."""
        return [{**origin, "value": self.text(str(origin.get("value", "")))} for origin in origins]

    def body(self, body: bytes) -> bytes:
        """The raw body masked, as JSON again where it is some; byte for byte where nothing of it is private."""
        if not self.kinds:
            return body
        before = self.count
        try:
            masked = json.dumps(self.value(json.loads(body)), ensure_ascii=False, indent=1)
        except (ValueError, RecursionError):
            masked = self.text(body.decode("utf-8", "replace"))
        return body if self.count == before and self.left >= 0 else masked.encode("utf-8", "replace")

    def _finding(self, name: str, value: Any) -> Any:
        if name in ("reason", "facts", "evidence", "would_pass_if", "would_be_held_if"):
            return self.text(value) if isinstance(value, str) else self._deep(value)
        return value

    def _deep(self, value: Any) -> Any:
        """Texts inside of evidence and facts; sources, paths and offsets stay what they are."""
        if isinstance(value, Mapping):
            return {
                name: self.text(one) if isinstance(one, str) and name in ("quote", "note") else one
                for name, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.text(one) if isinstance(one, str) else self._deep(one) for one in value]
        return value

    def _passages(self, passages: Iterable[Passage]) -> tuple[Passage, ...]:
        return tuple(replace(one, text=self.text(one.text)) for one in passages)


NOTHING: frozenset[str] = frozenset()


def masking_of(verdict: Verdict, *, revealed: bool, late: LateFinding | None = None) -> Masking:
    """What is masked of this verdict for somebody it is `revealed` to or not. One query, none where it is."""
    if revealed:
        return Masking(kinds=NOTHING)
    kinds = load_masked_kinds(verdict.environment_id)
    return Masking(kinds=kinds, known=rested_on(verdict, late))


def mask_text(text: str) -> str:
    """A text told without its call, of the same length: every kind but addresses, which may be what it is about."""
    return hide(text, WITHOUT_MAIL)[0]


def rested_on(verdict: Verdict, late: LateFinding | None = None) -> frozenset[str]:
    """The addresses a decision rests on, in lower case: destinations, authors, editors."""
    said = [verdict.destination, verdict.user_id]
    for judged in (verdict, late):
        for signal in judged.signals if judged else ():
            said += [str(value) for name, value in signal.get("facts", ()) if str(name) in _RESTED_ON]
        for origin in judged.origins if judged else ():
            said += [str(origin.get("author", "")), str(origin["value"]) if origin.get("standing") else ""]
    known = {text.strip().lower() for text in said if text}
    for text in tuple(known):
        known.update(text[start:end] for start, end in find_addresses(text))
    return frozenset(known)
