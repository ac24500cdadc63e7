"""Which classes of data a call carries, by an admin's places, dictionaries and patterns. Pure.

Looked through is what leaves (arguments in full, attached files opened), and what tools returned where the call names
the document it was. Where nothing of the kind is configured this costs nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from guardrail.attachments import MAX_TEXT, texts_in_full
from guardrail.attribution.provenance import stands_in
from guardrail.carried_out import FILE_NAME, is_quoted, shingles_of
from guardrail.case import Case
from guardrail.destinations import URL
from guardrail.invocation import Passage
from guardrail.leaving import Outgoing, outgoing
from guardrail.marked import find_marked
from guardrail.text.keys import find_secrets
from guardrail.text.labels import is_under, things_in
from guardrail.text.normalise import normalise
from guardrail.text.personal import find_numbers, kind_of
from guardrail.text.view import View, lowered
from policies.recognition.kinds import KEYS
from policies.recognition.places import LONGEST_PATH, plain_path
from policies.recognition.recognisers import Recognition
from policies.signal import Evidence, Mark, Signal

# Characters looked at of all that leaves.
_MAX_TEXTS = 400_000
# Named things looked at in what tools returned; the budget ends it before where there are many.
_MOST_THINGS = 20_000
_LONGEST_ADDRESSES = 2000
_MOST_ASKED = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A stretch of a text that a dictionary or a pattern of a class is found in. `fewest` different ones are needed."""

    data_class: str
    how: str
    fewest: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassFound:
    """A class of data in what the call carries: why, in words, and where that shows."""

    data_class: str
    why: str
    evidence: Evidence
    document: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Text:
    """One text with its place, as Evidence tells it."""

    source: str
    path: str
    text: str
    note: str = ""
    decoded: bool = False


def find_classes(case: Case) -> list[ClassFound]:
    """The classes the admin's recognition finds in what the call carries, each as often as something shows it."""
    recognition = case.ruleset.recognition
    if recognition.is_empty:
        return []
    named = list(_named_records(case, outgoing(case))) if case.call.outputs else []
    found = list(_in_places(case, named)) if recognition.places else []
    if recognition.reads_texts:
        found += _in_texts(_carried(case, named), recognition, case.budget.spent)
    return found


def carried_classes(case: Case, signals: Sequence[Signal]) -> tuple[str, ...]:
    """Every class of data the call carries, wherever it goes: what the signals found, and what nobody holds back."""
    found = dict.fromkeys(value for signal in signals for name, value in signal.facts if name == "data_class")
    ruleset = case.ruleset
    if not (ruleset.data_classes or ruleset.files):
        return tuple(found)
    texts = outgoing(case)
    found |= dict.fromkeys(one.data_class for one in find_classes(case))
    marked = find_marked(case, texts, lambda _: True)
    found |= dict.fromkeys(ruleset.known_class(one.data_class) or one.data_class for one in marked)
    for text in texts if ruleset.recognition.kinds else ():
        found |= dict.fromkeys(ruleset.recognition.kinds.get(kind, "") for kind in kinds_in(text.text))
    return tuple(filter(None, found))


def classes_for_rules(case: Case, signals: Sequence[Signal]) -> tuple[str, ...]:
    """As `carried_classes`; a class that was renamed is there by its former names too, for rules written before."""
    found = carried_classes(case, signals)
    known = (case.ruleset.data_classes.get(name) for name in found)
    return (*found, *(name for one in known if one is not None for name in one.former_names))


def kinds_in(text: str) -> Iterator[str]:
    """The kinds (see `policies.recognition.kinds`) of what the product itself finds in a text."""
    if next(find_secrets(text), None):
        yield KEYS
    yield from {kind_of(what) for what, _, _ in find_numbers(text)}


def hits_in(text: str, recognition: Recognition, is_over: Callable[[], bool]) -> list[Hit]:
    """What dictionaries and patterns find in a text as it is written, and as a reader who sees everything has it."""
    found = dict.fromkeys(_hits(View(text), recognition, is_over))
    plain = normalise(text).view if not (text.isascii() and "<" not in text and "&" not in text) else None
    if plain is not None and plain.text != text:
        found |= dict.fromkeys(_hits(plain, recognition, is_over))
    return list(found)


def _hits(view: View, recognition: Recognition, is_over: Callable[[], bool]) -> Iterator[Hit]:
    phrases = recognition.phrases
    for index, start, end in phrases.find(lowered(view.text), is_over=is_over):
        dictionary = phrases.dictionaries[index]
        yield Hit(
            data_class=dictionary.data_class,
            how=f"the dictionary “{dictionary.name}”",
            fewest=dictionary.fewest,
            start=view.place(start),
            end=view.place(end - 1) + 1,
        )
    content = view.text.encode("utf-8", "surrogatepass") if recognition.patterns else b""
    plain = view.text.isascii()
    for pattern in recognition.patterns:
        if is_over():
            return
        for near, far in pattern.compiled.spans(content, is_over=is_over):
            start, end = (near, far) if plain else (_characters(content[:near]), _characters(content[:far]))
            yield Hit(
                data_class=pattern.data_class,
                how=f"the pattern “{pattern.name}”",
                fewest=pattern.fewest,
                start=view.place(start),
                end=view.place(end - 1) + 1,
            )


def _characters(content: bytes) -> int:
    return len(content.decode("utf-8", "ignore"))


def _carried(case: Case, named: Sequence[tuple[int, str, list[Passage]]]) -> Iterator[_Text]:
    """The texts that leave, as far as they are looked at; whom the call is for is not among them."""
    aims: dict[str, list[str]] = {}
    for target in case.targets:
        if target.named:
            aims.setdefault(target.argument, []).append(target.value)
    room = _MAX_TEXTS
    for text in texts_in_full(case):
        if room <= 0:
            return
        if text.argument in aims and _is_address(text.text, aims[text.argument]):
            continue
        read = text.text[: min(room, MAX_TEXT)]
        room -= len(read)
        note = "inside an encoded value" if text.decoded else ""
        yield _Text(source="argument", path=text.argument, text=read, note=note, decoded=text.decoded)
    for index, _, passages in named:
        for passage in passages:
            if room <= 0:
                return
            read = passage.text[: min(room, MAX_TEXT)]
            room -= len(read)
            yield _Text(source=f"output:{index}", path=passage.path, text=read, note="in the document the call names")


def _is_address(text: str, values: Sequence[str]) -> bool:
    """Whether a text is nothing but where the call goes."""
    if len(text) > _LONGEST_ADDRESSES:
        return False
    rest = text.lower()
    for value in values:
        rest = rest.replace(value, " ")
    return not any(letter.isalnum() for letter in rest)


def _in_texts(texts: Iterator[_Text], recognition: Recognition, is_over: Callable[[], bool]) -> list[ClassFound]:
    seen: dict[tuple[str, str, int], dict[str, tuple[_Text, Hit]]] = {}
    for text in texts:
        if is_over():
            break
        for hit in hits_in(text.text, recognition, is_over):
            key = hit.data_class, hit.how, hit.fewest
            seen.setdefault(key, {}).setdefault(text.text[hit.start : hit.end].lower(), (text, hit))
    return [
        ClassFound(
            data_class=data_class,
            why=_why(data_class, how, len(found)),
            evidence=_evidence(*next(iter(found.values()))),
        )
        for (data_class, how, fewest), found in seen.items()
        if len(found) >= fewest
    ]


def _why(data_class: str, how: str, count: int) -> str:
    times = "" if count == 1 else f" {count} different times"
    return f"{how} of the class {data_class} is found in it{times}"


def _evidence(text: _Text, hit: Hit) -> Evidence:
    return Evidence(
        source=text.source,
        path=text.path,
        start=0 if text.decoded else hit.start,
        end=0 if text.decoded else hit.end,
        quote=text.text[hit.start : hit.end][:500],
        mark=Mark.DATA,
        note=text.note,
    )


def _named_records(case: Case, texts: Sequence[Outgoing]) -> Iterator[tuple[int, str, list[Passage]]]:
    """(output, what it is called, its passages) of each thing a tool returned that the arguments name."""
    whole = {text.text.strip().lower() for text in texts if len(text.text) <= LONGEST_PATH}
    whole |= {name.rsplit("/", 1)[-1] for name in whole}
    everything = "\n".join(text.text for text in texts).lower()
    count = 0
    for index, output in enumerate(case.call.outputs):
        told: set[str] = set()
        for holder, called in things_in(output.passages):
            count += 1
            if count > _MOST_THINGS or case.budget.spent():
                return
            name = called.strip().lower()
            if holder not in told and (name in whole or _is_mentioned(name, everything)):
                told.add(holder)
                yield index, called, [passage for passage in output.passages if is_under(passage.path, holder)]


def _is_mentioned(name: str, everything: str) -> bool:
    return name in everything and FILE_NAME.fullmatch(name) is not None and stands_in(name, everything) >= 0


def _in_places(case: Case, named: Sequence[tuple[int, str, list[Passage]]]) -> Iterator[ClassFound]:
    """Documents of a place the call names, and what it quotes of documents that a tool returned from one."""
    for argument in case.call.arguments:
        value = argument.value if isinstance(argument.value, str) else ""
        for part in _paths(value):
            for data_class, pattern in _covering(part, case):
                at = value.find(part)
                yield ClassFound(
                    data_class=data_class,
                    why=f"`{part[:200]}` lies in `{pattern}`, a place of the class {data_class}",
                    document=part[:500],
                    evidence=Evidence(
                        source="argument",
                        path=argument.path,
                        start=at,
                        end=at + len(part),
                        quote=part[:500],
                        mark=Mark.DATA,
                    ),
                )
    yield from _from_places(case, {index: passages for index, _, passages in named})


def _from_places(case: Case, named: dict[int, list[Passage]]) -> Iterator[ClassFound]:
    shingles = None
    count = 0
    for index, output in enumerate(case.call.outputs):
        done: set[tuple[str, str]] = set()
        for holder, called in things_in(output.passages):
            count += 1
            if count > _MOST_THINGS or case.budget.spent():
                return
            for data_class, pattern in _covering(called, case):
                if (holder, data_class) in done:
                    continue
                done.add((holder, data_class))
                below = [passage for passage in output.passages if is_under(passage.path, holder)]
                if shingles is None:
                    shingles = {shingle for text in outgoing(case) for shingle in shingles_of(text.text)}
                if not any(passage in named.get(index, ()) for passage in below) and not is_quoted(below, shingles):
                    continue
                place = next(passage for passage in below if passage.text == called)
                tool = output.tool_name or output.tool_id
                yield ClassFound(
                    data_class=data_class,
                    why=f"it comes from `{called[:200]}`, which {tool} returned and which lies in `{pattern}`,"
                    f" a place of the class {data_class}",
                    document=called,
                    evidence=Evidence(
                        source=f"output:{index}",
                        path=place.path,
                        end=len(called),
                        quote=called,
                        mark=Mark.DATA,
                        note="where the data lay",
                    ),
                )


def _paths(value: str) -> Iterator[str]:
    """The paths, links and file names a short argument consists of; a text that speaks of one is none."""
    if len(value) > LONGEST_PATH:
        # a long question behind a link makes no text of it
        bare = value.partition("?")[0]
        value = value if len(bare) <= LONGEST_PATH and URL.fullmatch(bare.strip()) else ""
    for part in value.replace("\n", ";").split(";"):
        path = part.strip()
        if ("/" in path or "\\" in path or "." in path) and len(path) >= 3:
            yield path


def _covering(path: str, case: Case) -> Iterator[tuple[str, str]]:
    ways = [plain_path(path), *_asked_for(path)]
    for places in case.ruleset.recognition.places:
        pattern = next(filter(None, map(places.covering, ways)), "")
        if pattern:
            yield places.data_class, pattern


def _asked_for(link: str) -> Iterator[str]:
    """The paths in the question of a link: `.../download.aspx?SourceUrl=/sites/finance/plan.docx`."""
    question = link.partition("?")[2][:LONGEST_PATH]
    if "/" in question or "%2f" in question.lower():
        pairs = parse_qsl(question.partition("#")[0])[:_MOST_ASKED]
        yield from (plain_path(value) for _, value in pairs if "/" in value)
