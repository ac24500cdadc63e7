"""What the agent has read in this run, to look up whether a text that would leave was taken from there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from guardrail.attribution.provenance import stands_in
from guardrail.case import Case
from guardrail.text.carried import compact
from guardrail.text.links import find_links, registered_domain

# Characters of what was read that are looked through, newest first: 4 ms to prepare, once a call and only where asked.
_MOST_TEXT = 400_000
_WORDS = re.compile(r"[^\W_]+")
_MOST_PRINTED = 5_000
_LONG_ADDRESS = 40
_WINDOW = 24
_MOST_WINDOWS = 200
_TELLING = re.compile(
    r"(?:password|passcode|passphrase|\bcode\b|\bpin\b|\botp\b|token|secret|\bkey\b|\bssn\b|social security|"
    r"account (?:number|no)|\biban\b|card number|\bcvv\b|salary|balance|date of birth|diagnosis)[^\n]{0,24}$"
)

# one record of one source
Place = tuple[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One text that was read. `compact` is its letters and digits alone."""

    source: str
    record: int
    path: str
    lower: str
    compact: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A text in what was read: how many of its letters stand there, and where the first of them were found."""

    letters: int
    share: float
    field: Field
    places: frozenset[Place]
    is_whole_field: bool
    is_telling: bool


class Seen:
    """Everything one run has read. Costs nothing until it is asked."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._printed: dict[str, frozenset[str]] = {}
        self._links: dict[int, dict[str, set[str]]] = {}

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        return tuple(self._fields())

    @cached_property
    def _own(self) -> str:
        return compact(self._case.user.lower)

    def _fields(self) -> Iterator[Field]:
        room = _MOST_TEXT
        for source in self._case.sources:
            for prose in source.reading.prose:
                if room <= 0 or self._case.budget.spent_already():
                    return
                lower = prose.lower[:room]
                room -= len(lower)
                yield Field(
                    source=source.name, record=prose.record, path=prose.path, lower=lower, compact=compact(lower)
                )

    def is_users(self, text: str) -> bool:
        """The people this run serves said it, in these words or most of them."""
        key = compact(text)
        if len(key) >= 3 and key in self._own:
            return True
        words = [word for word in _WORDS.findall(text.lower()) if len(word) > 2]
        known = sum(1 for word in words if word in self._case.user.words)
        return len(words) >= 2 and known >= 0.75 * len(words)

    def is_users_earlier(self, text: str) -> bool:
        """The user said it in an earlier turn, and what is asked for now is about something else."""
        words = {word for word in _WORDS.findall(text.lower()) if len(word) > 2}
        now = " ".join(passage.text for passage in self._case.call.user_passages)[:_MOST_TEXT].lower()
        asked = sum(1 for word in words if word in now)
        return bool(words) and self.is_users(text) and asked < 0.5 * len(words)

    def find(self, text: str) -> Found | None:
        """Where `text` was read, whole or in stretches of 24 letters; None when nowhere."""
        key = compact(text)
        if len(key) < 4:
            return None
        whole = [field for field in self.fields if key in field.compact and _stands(key, text, field)]
        if whole:
            return _found(key, len(key), whole, text)
        if len(key) < 2 * _WINDOW:
            return None
        hits: dict[Field, int] = {}
        starts = range(0, len(key) - _WINDOW + 1, _WINDOW // 2)[:_MOST_WINDOWS]
        for start in starts:
            if self._case.budget.spent_already():
                break
            window = key[start : start + _WINDOW]
            field = next((field for field in self.fields if window in field.compact), None)
            if field is not None:
                hits[field] = hits.get(field, 0) + 1
        if sum(hits.values()) < 2:
            return None
        letters = min(len(key), (sum(hits.values()) + 1) * _WINDOW // 2)
        return _found(key, letters, sorted(hits, key=lambda field: -hits[field]), text)

    def retold(self, text: str) -> Found | None:
        """The field whose words `text` is mostly made of, where it is too long for that to be chance."""
        words = set(re.findall(r"[^\W_]{4,}", text.lower()))
        if len(words) < 5:
            return None
        for field in self.fields:
            known = [word for word in words if word in field.lower]
            if len(known) >= 0.6 * len(words):
                return _found(compact(text), sum(map(len, known)), [field], text)
        return None

    def homes_of(self, host: str) -> frozenset[Place]:
        """The records that name this host or another of its house."""
        domain = registered_domain(host)
        return frozenset((field.source, field.record) for field in self.fields if domain in field.lower)

    def names(self, host: str) -> bool:
        """Whether anything that was read or said, or the tool itself, speaks of this host or another of its house."""
        domain = registered_domain(host)
        return any(domain in lower for _, lower in self._spoken) or bool(self.homes_of(host))

    def is_printed(self, address: str) -> bool:
        """The whole address, a long one, stands in what was read or said, glued to a word or broken over lines."""
        if len(address) < _LONG_ADDRESS:
            return False
        key = compact(address)
        return any(address in text for text, _ in self._spoken) or any(key in field.compact for field in self.fields)

    def printed(self, host: str) -> frozenset[str]:
        """The pieces, as written, of every address at `host` that stands in what was read or said."""
        if host not in self._printed:
            found: set[str] = set()
            for number, (_, lower) in enumerate(self._spoken):
                if host in lower:
                    found.update(host.split("."))
                    found.update(self._links_of(number).get(host, ()))
            self._printed[host] = frozenset(found)
        return self._printed[host]

    def _links_of(self, number: int) -> dict[str, set[str]]:
        """host -> pieces of the addresses in one text; cut once, since a page of links asks for each of them."""
        if number not in self._links:
            links: dict[str, set[str]] = {}
            for link in find_links(self._spoken[number][0][:_MOST_TEXT], most=_MOST_PRINTED):
                links.setdefault(link.host, set()).update(piece.raw for piece in link.pieces)
            self._links[number] = links
        return self._links[number]

    @cached_property
    def _spoken(self) -> list[tuple[str, str]]:
        return [(text, text.lower()) for text in self._texts()]

    def _texts(self) -> Iterator[str]:
        call = self._case.call
        for output in call.outputs:
            yield from (passage.text for passage in output.passages)
        yield from (passage.text for passage in call.user_passages)
        for message in call.history:
            yield from (passage.text for passage in message.passages)
        yield call.tool.description
        yield from (parameter.description for parameter in call.tool.parameters)


def _stands(key: str, text: str, field: Field) -> bool:
    """A short text counts as a value of its own, not inside another word or number."""
    return len(key) >= 12 or stands_in(text.strip().lower(), field.lower) >= 0


def _found(key: str, letters: int, fields: list[Field], text: str) -> Found:
    first = fields[0]
    at = first.lower.find(text.strip().lower())
    return Found(
        letters=letters,
        share=letters / len(key),
        field=first,
        places=frozenset((field.source, field.record) for field in fields),
        is_whole_field=any(field.compact == key for field in fields),
        is_telling=at > 0 and bool(_TELLING.search(first.lower[max(0, at - 60) : at])),
    )
