"""Traces each argument value to its place for people: the user's words, an output, the trigger, or the agent."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.case import Case, Source
from guardrail.invocation import Invocation, Origin, Passage
from guardrail.text.normalise import decode_blob
from guardrail.text.reading import Prose
from guardrail.text.records import Field, cut_records
from guardrail.text.view import View, lowered
from policies.ruleset import Standing

_MAX_ORIGINS = 40
# Characters searched for origins in one call; text beyond is left to the attribution detector, which reads by budget.
_MAX_SEARCHED = 600_000
# A disguised text is read again to say where in the original a value stood; at 5 kB a millisecond (2026-11, 2 cores).
_MAX_READ_AGAIN = 20_000
_MAX_DISGUISED = 4
_USER_SHARE = 0.8
_SENTENCE = re.compile(r"[.!?;\n]+\s*")
_WHITE = {ord(sign): " " for sign in "\n\r\t\v\f\u00a0"}
_WIDE_SPACE = re.compile("  +")
_MAX_JOINED = 60_000
# Fields a value is looked for in as a reader has them who sees everything.
_MAX_PLAIN = 400
# Shorter sentences stand in many texts by chance.
_TELLING = 30
_MAX_SENTENCES = 8
_SHORTEST_BARE = 4
_SHORTEST_BLOB = 16
_BLOB = re.compile(r"base64|base32|base85|hex|binary|percent|quoted|codes of|octal|UTF-7")
# An entity of an entity: `&amp;#0000105;`.
_LONGEST_LETTER = 16


@dataclass(kw_only=True, slots=True)
class _Place:
    """One passage to search. `joined` is its text with every stretch of white space as one blank, made when needed."""

    kind: str
    source: str
    path: str
    lower: str
    joined: View | None = None


# (kind, source, passages)
_Said = tuple[str, str, tuple[Passage, ...]]


class _Texts:
    """Passages to search, as (kind, source, passages); each is laid out when a value may stand in one of them."""

    def __init__(self, sources: Sequence[_Said] = ()) -> None:
        self._sources = sources
        self._places: list[_Place] | None = None
        texts = [passage.text for _, _, passages in sources for passage in passages]
        if sum(map(len, texts)) > _MAX_SEARCHED:
            texts = [passage.text for _, _, passage in _within(sources)]
        whole = "\n".join(texts)
        self._whole = whole.lower() if whole.isascii() else "\n".join(map(lowered, texts))

    def with_(self, needle: str) -> Sequence[_Place]:
        """The places one of which may hold it; most values stand in no text, and that is seen at once."""
        return () if needle not in self._whole else self.places

    @property
    def places(self) -> Sequence[_Place]:
        if self._places is None:
            self._places = [
                _Place(kind=kind, source=source, path=passage.path, lower=lowered(passage.text))
                for kind, source, passage in _within(self._sources)
            ]
        return self._places


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    kind: str
    source: str = ""
    path: str = ""
    start: int = 0
    end: int = 0
    disguise: str = ""


def trace_origins(case: Case) -> tuple[Origin, ...]:
    """One Origin a value, at most 40, in the order of the arguments."""
    standings = {target.value: target.standing for target in case.targets}
    # without time left the texts are not searched: a value is then said to be the agent's or the user's
    search = _Search(case)
    pairs = list(zip(case.leaves, case.user_shares, strict=True))[:_MAX_ORIGINS]
    return tuple(_origin(leaf, search.find(leaf, share), case, standings) for leaf, share in pairs)


def _origin(leaf: Leaf, found: _Found, case: Case, standings: dict[str, Standing]) -> Origin:
    standing = standings.get(leaf.value.lower())
    return Origin(
        argument=leaf.argument,
        value=leaf.value[:500],
        kind=found.kind,
        source=found.source,
        path=found.path,
        start=found.start,
        end=found.end,
        author=_author(case, found, leaf),
        standing=standing.value if standing else "",
        disguise=found.disguise,
    )


class _Search:
    """The texts of one call, lower-cased once, and how a value is looked for in them: the plainest answer first."""

    def __init__(self, case: Case) -> None:
        self._case = case
        late = case.budget.spent_already()
        self._said = _Texts() if late else _Texts(_said_by_people(case.call))
        self._read = _Texts() if late else _Texts(_returned(case.call))
        self._agents = _Texts() if late else _Texts(_said_by_agent(case.call))
        self._readings = [
            (source, "\n".join([prose.lower for prose in source.reading.prose[:_MAX_PLAIN]])) for source in case.sources
        ]
        self._reread: dict[tuple[str, str], list[Field]] = {}

    def find(self, leaf: Leaf, share: float) -> _Found:
        if leaf.kind == "number" and len(leaf.needle) <= 2:
            return _Found(kind="constant")
        everywhere = (self._said, self._read)
        by_user = share >= _USER_SHARE and not self._case.call.by_outsider
        return (
            _whole(leaf.needle, everywhere)
            or self._disguised(leaf)
            or next(filter(None, (_whole(form, everywhere) for form in _other_forms(leaf))), None)
            or (_in_other_words(leaf, self._said.places) if by_user else None)
            or _in_part(leaf.needle, everywhere)
            or _whole(leaf.needle, (self._agents,))
            or _encoded_by_agent(leaf, everywhere)
            or _Found(kind="agent")
        )

    def _disguised(self, leaf: Leaf) -> _Found | None:
        """In a text as a reader who sees everything has it, decoded and unhidden; the span is where it was written."""
        forms = (leaf.needle, *_other_forms(leaf))
        for source, whole in self._readings:
            held = [form for form in forms if form in whole]
            for prose in source.reading.prose[:_MAX_PLAIN] if held else ():
                form = next((form for form in held if stands_in(form, prose.lower) >= 0), "")
                found = self._in_original(form, source, prose) if form else None
                if found is not None:
                    return found
        return None

    def _in_original(self, form: str, source: Source, prose: Prose) -> _Found | None:
        for field in self._fields(source, prose.path):
            at = stands_in(form, lowered(field.view.text))
            if at < 0:
                continue
            start, end = _span(field, at, at + len(form))
            if field.encoded == "written backwards":
                start, end = self._lines(source, prose.path, start, end)
            hidden = next((h.how for h in field.hidden if h.start < end and start < h.end), "")
            return _Found(
                kind="trigger" if source.name == "trigger" else "output",
                source=source.name,
                path=prose.path,
                start=start,
                end=end,
                disguise=field.encoded or hidden or "characters that look like others",
            )
        return None

    def _lines(self, source: Source, path: str, start: int, end: int) -> tuple[int, int]:
        """The lines a stretch stands in: read backwards, only they are sure to hold the value."""
        text = next(p.text for p in _passages_of(self._case.call, source.name) if p.path == path)
        after = text.find("\n", end)
        return text.rfind("\n", 0, start) + 1, len(text) if after < 0 else after

    def _fields(self, source: Source, path: str) -> list[Field]:
        """The passage at `path` read again, with the way back to the original; nothing where that would take long."""
        key = (source.name, path)
        if key not in self._reread:
            passage = next((p for p in _passages_of(self._case.call, source.name) if p.path == path), None)
            fits = passage is not None and len(passage.text) <= _MAX_READ_AGAIN and len(self._reread) < _MAX_DISGUISED
            records = cut_records((passage,), self._case.budget) if passage is not None and fits else []
            self._reread[key] = [field for record in records for field in record.fields]
        return self._reread[key]


def _span(field: Field, start: int, end: int) -> tuple[int, int]:
    """Where in the original a stretch of a field's text was written."""
    view = field.view
    if _BLOB.match(field.encoded):
        # where in the blob a letter of it stands, nobody could see
        return view.place(0), max(view.place(len(view.text)), view.place(0) + 1)
    near, last, after = view.place(start), view.place(end - 1), view.place(end)
    # a letter may be written with several; what follows may also stand somewhere else
    far = after if last < after <= last + _LONGEST_LETTER else last + 1
    return min(near, far - 1), max(near + 1, far)


def _whole(needle: str, everywhere: Sequence[_Texts]) -> _Found | None:
    for texts in everywhere:
        for place in texts.with_(needle):
            at = stands_in(needle, place.lower)
            if at >= 0:
                return _at(place, at, at + len(needle))
    if " " not in needle:
        return None
    # over two lines, as in a mail wrapped at 72 characters; one word that is nowhere rules that out
    telling = max(needle.split(), key=len)
    for texts in everywhere:
        for place in texts.with_(telling):
            if telling in place.lower:
                view = _joined(place)
                at = stands_in(needle, view.text)
                if at >= 0:
                    return _at(place, view.place(at), view.place(at + len(needle) - 1) + 1)
    return None


def _joined(place: _Place) -> View:
    """The text with every stretch of white space as one blank; a blank for each where that would take long."""
    if place.joined is None:
        # first letter by letter, which is fast and moves nothing
        place.joined = View(place.lower.translate(_WHITE))
        if "  " in place.joined.text and len(place.lower) <= _MAX_JOINED:
            place.joined = place.joined.rewrite(_WIDE_SPACE, _blank)
    return place.joined


def _other_forms(leaf: Leaf) -> Iterator[str]:
    """Other ways to write the same value: without the full stop, an account in groups, a number with commas."""
    bare = leaf.needle.strip(" .,;:!?/'\"()")
    if bare != leaf.needle and len(bare) >= _SHORTEST_BARE:
        yield bare
    if leaf.kind == "iban":
        yield " ".join(leaf.needle[at : at + 4] for at in range(0, len(leaf.needle), 4))
    if leaf.kind == "number" and leaf.needle.partition(".")[0].isdigit() and len(leaf.needle) > 3:
        whole, point, rest = leaf.needle.partition(".")
        yield f"{int(whole):,}{point}{rest}"


def _in_other_words(leaf: Leaf, said: Sequence[_Place]) -> _Found:
    """The user's words that hold the value's words, where they stand close together; else the user, nowhere exactly."""
    for place in said:
        found = [(at, at + len(word)) for word in leaf.words if (at := stands_in(word, place.lower)) >= 0]
        if len(found) > 1 and len(found) >= _USER_SHARE * len(leaf.words):
            start, end = min(at for at, _ in found), max(to for _, to in found)
            if end - start <= 2 * len(leaf.needle) + _TELLING:
                return _at(place, start, end)
    return _Found(kind="user")


def _blank(_: str) -> str:
    return " "


def _in_part(needle: str, places: Sequence[_Texts]) -> _Found | None:
    """A mail body is rarely one text whole: its first sentence that stands somewhere says where it was taken from."""
    for sentence in [part for part in _SENTENCE.split(needle) if len(part) >= _TELLING][:_MAX_SENTENCES]:
        found = _whole(sentence, places)
        if found is not None:
            return found
    return None


def _encoded_by_agent(leaf: Leaf, places: Sequence[_Texts]) -> _Found | None:
    """An attachment's content: what it says, once decoded, may stand where the agent read it."""
    blob = leaf.value.partition(";base64,")[2] if leaf.value.startswith("data:") else leaf.value
    opened = decode_blob(blob) if len(blob) >= _SHORTEST_BLOB and " " not in blob.strip() else None
    if not opened:
        return None
    needle = " ".join(lowered(opened).split())
    found = _whole(needle, places) or _in_part(needle, places)
    return replace(found, disguise="base64, by the agent") if found is not None else None


def _at(place: _Place, start: int, end: int) -> _Found:
    return _Found(kind=place.kind, source=place.source, path=place.path, start=start, end=end)


def _within(sources: Sequence[_Said]) -> Iterator[tuple[str, str, Passage]]:
    room = _MAX_SEARCHED
    for kind, source, passages in sources:
        for passage in passages:
            if len(passage.text) <= room:
                room -= len(passage.text)
                yield kind, source, passage


def _said_by_people(call: Invocation) -> list[_Said]:
    if call.by_outsider:
        return [("trigger", "trigger", call.user_passages)]
    return [("user", "user", call.user_passages), *_history(call, ("user",))]


def _returned(call: Invocation) -> list[_Said]:
    return [("output", f"output:{index}", output.passages) for index, output in enumerate(call.outputs)]


def _said_by_agent(call: Invocation) -> list[_Said]:
    thought = [("agent", "thought", (Passage(path="", text=call.thought),))] if call.thought else []
    return [*_history(call, ("assistant",)), *thought]


def _history(call: Invocation, roles: tuple[str, ...]) -> list[_Said]:
    return [
        ("history", f"history:{index}", message.passages)
        for index, message in enumerate(call.history)
        if message.role in roles
    ]


def _passages_of(call: Invocation, source: str) -> tuple[Passage, ...]:
    kind, _, index = source.partition(":")
    return call.outputs[int(index)].passages if kind == "output" else call.user_passages


def _author(case: Case, found: _Found, leaf: Leaf) -> str:
    """Who wrote the record the value stands in, or changed it last, where its fields say so."""
    for source in case.sources:
        if source.name == found.source:
            here = [prose for prose in source.reading.prose if prose.path == found.path]
            # a text of several records: the one that holds the value
            holding = next((prose for prose in here if leaf.needle in prose.lower), None)
            if holding is None and len({prose.record for prose in here}) == 1:
                holding = here[0]
            author = source.reading.authors[holding.record] if holding else None
            return author.author or author.editor if author else ""
    return ""
