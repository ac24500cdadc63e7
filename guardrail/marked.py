"""Data an admin gave a class by file, phrase or label, or that bears a confidentiality label of its own. Pure.

A label counts where labels stand (alone, in capitals, in a field), not in a mail's footer.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from guardrail.attribution.provenance import stands_in
from guardrail.carried_out import is_named, is_quoted, shingles_of
from guardrail.case import Case
from guardrail.destinations import argument_name
from guardrail.invocation import Passage
from guardrail.leaving import Outgoing
from guardrail.text.labels import Label, find_labels, identity_of, is_under
from guardrail.text.rare import Part
from policies.hosts import plain_parts
from policies.ruleset import ClassifiedFile
from policies.signal import Evidence, Mark

_LONGEST_PATH = 1_000
# Whether data of a class matters to whoever asks
Counts = Callable[[str], bool]

LABEL = re.compile(
    r"(?:^|[\n|\[(*#]|\. )[ \t*_#\[(=-]{0,6}(?:(?:STRICTLY |HIGHLY |COMPANY |TOP |"
    r"COMMERCIAL[- ]IN[- ])(?:CONFIDENTIAL|SECRET|RESTRICTED|CONFIDENCE)|CONFIDENTIAL|"
    # other words begin with these two as well: a secret recipe, a restricted area
    r"(?:SECRET|RESTRICTED)(?=[ \t]*(?:\Z|[^\w \t])|[ \t]+(?:ONLY|INFORMATION|DATA|DOCUMENT|MATERIAL|DRAFT|COPY|FOR|TO|"
    r"UNTIL|AND|USE)\b)|INTERNAL (?:USE )?ONLY|NOT FOR (?:EXTERNAL )?(?:DISTRIBUTION|RELEASE)|DO NOT "
    r"DISTRIBUTE|EYES ONLY)\b"
    r"|\b(?:[Cc]lassification|[Ss]ensitivity|[Ss]ensitivity ?[Ll]abel|[Dd]ata [Cc]lass|CLASSIFICATION|SENSITIVITY)"
    r"[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:(?:[Ss]trictly |[Hh]ighly )?(?:[Cc]onfidential|[Rr]estricted|[Ss]ecret|"
    r"[Ii]nternal"
    r"(?: [Oo]nly| [Uu]se)?)|CONFIDENTIAL|RESTRICTED|SECRET)\b"
)
# One of these stands in every label: looked for first, since the pattern is slow over a long history.
_LABEL_WORDS = (
    "CONFIDEN",
    "SECRET",
    "RESTRICTED",
    "INTERNAL",
    "NOT FOR",
    "DISTRIBUTE",
    "EYES ONLY",
    "lassification",
    "ensitivity",
    "ENSITIVITY",
    "LASSIFICATION",
    "ata class",
    "ata Class",
)
# From so many characters on RE2 is faster than a look for each: 0.1 ms for 60 kB where that takes 0.5 (2026-11).
_LONG = 2_000
_LABEL_WORD = Part("|".join(_LABEL_WORDS))


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Why the data counts as classified, in words, and where that shows."""

    data_class: str
    why: str
    document: str
    evidence: Evidence
    by_admin: bool


def find_marked(case: Case, texts: list[Outgoing], counts: Counts) -> Iterator[Finding]:
    """Whatever of what leaves is marked as data of a class that counts, and what bears a label no class is known by."""
    yield from find_files(case, texts, counts)
    yield from _terms(case, texts, counts)
    yield from _labelled_arguments(case, counts)
    yield from _labels(texts, case, counts)
    yield from _from_labelled_fields(case, texts, counts)
    yield from _from_labelled_outputs(case, texts, counts)


def find_files(case: Case, texts: list[Outgoing], counts: Counts) -> Iterator[Finding]:
    texts = [*texts, *_read_as_paths(texts)]
    # one search of everything first: thousands of files times every argument would take the whole budget
    everything = "\n".join(text.text for text in texts).lower()
    for count, file in enumerate(case.ruleset.files):
        if count % 256 == 0 and case.budget.spent():
            return
        if not any(part and part in everything for part in _parts(file)) or not counts(file.data_class):
            continue
        for text in texts:
            at = _names_file(text, file)
            if at >= 0:
                named = file.name or file.file_id
                yield Finding(
                    data_class=file.data_class,
                    why=f"`{named}` is classified {file.data_class}",
                    document=named,
                    evidence=_quoted(text, at, at + len(named)),
                    by_admin=True,
                )


def _read_as_paths(texts: list[Outgoing]) -> Iterator[Outgoing]:
    """The texts a path may be written in otherwise: with escapes, as links are, or by a way around."""
    for text in texts:
        read = unquote(text.text) if "%" in text.text else text.text
        if len(read) <= _LONGEST_PATH and ("/.." in read or "\\" in read):
            read = "/" + "/".join(plain_parts(read.lower())[0])
        if read != text.text:
            yield Outgoing(argument=text.argument, text=read, decoded=True)


def _parts(file: ClassifiedFile) -> tuple[str, str]:
    """What must stand in a text that names the file: its name without the folder (of a folder, all), or its id."""
    name = file.name.lower()
    return (name if name.endswith("/") else name.rsplit("/", 1)[-1]), file.file_id.lower()


def _names_file(text: Outgoing, file: ClassifiedFile) -> int:
    """Where `text` names the file, -1 if nowhere; a folder by any path below it, an id only in an id argument."""
    lower = text.text.lower()
    name = file.name.lower()
    if name.endswith("/"):
        return lower.find(name)
    if len(name) > 3 and (at := stands_in(name.rsplit("/", 1)[-1] if "/" not in lower else name, lower)) >= 0:
        return at
    if (
        file.file_id
        and argument_name(text.argument).endswith(("id", "ids", "file"))
        and lower.strip() == file.file_id.lower()
    ):
        return 0
    return -1


def _terms(case: Case, texts: list[Outgoing], counts: Counts) -> Iterator[Finding]:
    for data_class in case.ruleset.data_classes.values():
        if not counts(data_class.name):
            continue
        for term in data_class.terms:
            needle = " ".join(term.lower().replace("_", " ").split())
            if len(needle) < 4:
                continue
            for text in texts:
                plain = text.text.lower().replace("_", " ")
                at = stands_in(needle, plain)
                if at >= 0:
                    yield Finding(
                        data_class=data_class.name,
                        why=f"the text says “{term}”, which marks data of the class {data_class.name}",
                        document="",
                        evidence=_quoted(text, at, at + len(needle)),
                        by_admin=True,
                    )


def _labels(texts: list[Outgoing], case: Case, counts: Counts) -> Iterator[Finding]:
    for text in texts:
        match = LABEL.search(text.text)
        if match:
            label = match.group().strip(" \t\n|[(*#.-")
            data_class = _flowing(label, case)
            if data_class and not counts(data_class):
                continue
            yield Finding(
                data_class=data_class or label,
                why=f"what would be sent bears the label “{label}”",
                document="",
                evidence=_quoted(text, match.start(), match.end()),
                by_admin=bool(data_class),
            )


def _labelled_arguments(case: Case, counts: Counts) -> Iterator[Finding]:
    """What would be sent says in a field of its own that it may not be."""
    fields = [(a.path, a.value) for a in case.call.arguments if isinstance(a.value, str)]
    for label in find_labels(fields):
        data_class, by_admin = _class_of(label, case, counts)
        if data_class:
            yield Finding(
                data_class=data_class,
                why=f"what would be sent is labelled “{label.text}”",
                document="",
                evidence=Evidence(
                    source="argument", path=label.path, end=len(label.text), quote=label.text, mark=Mark.DATA
                ),
                by_admin=by_admin,
            )


def _class_of(label: Label, case: Case, counts: Counts) -> tuple[str, bool]:
    """(class, whether an admin gave it) of a label; an empty class where what it is on may leave."""
    ruleset = case.ruleset
    for name in label.names:
        mapped = ruleset.class_of_label(name)
        if not mapped and not label.weak:
            mapped = next((known for known in ruleset.data_classes if known.lower() == name), "")
        if mapped:
            return (mapped if counts(mapped) else ""), True
    return (label.text if label.says_confidential else ""), False


def _flowing(label: str, case: Case) -> str:
    """The class a label in a text means to the flows of the policy; empty without such, when it is the text's own."""
    if not case.ruleset.flows.cells:
        return ""
    plain = " ".join(re.split(r"[:=]", label)[-1].strip("\"' ").split())
    return case.ruleset.class_of_label(plain) or case.ruleset.known_class(plain)


def find_marked_texts(case: Case, counts: Counts) -> Iterator[tuple[str, bool, tuple[Passage, ...]]]:
    """(class or label, whether an admin gave it, texts) of whatever tools returned that is marked, sent or not."""
    for _, _, data_class, by_admin, below in _labelled_things(case, counts):
        yield data_class, by_admin, tuple(below)
    for _, passage, (data_class, _, _, by_admin) in _marked_passages(case, counts):
        yield data_class, by_admin, (passage,)


def _labelled_things(case: Case, counts: Counts) -> Iterator[tuple[int, Label, str, bool, list[Passage]]]:
    """(output, label, class or label, whether an admin gave it, texts) of what a tool returned with a label."""
    for index, output in enumerate(case.call.outputs):
        for label in find_labels((passage.path, passage.text) for passage in output.passages):
            if case.budget.spent():
                return
            data_class, by_admin = _class_of(label, case, counts)
            if data_class:
                below = [passage for passage in output.passages if is_under(passage.path, label.holder)]
                yield index, label, data_class, by_admin, below


def _marked_passages(case: Case, counts: Counts) -> Iterator[tuple[int, Passage, tuple[str, int, int, bool]]]:
    """(output, text, mark) of each text that bears a label or a phrase of a class."""
    for index, output in enumerate(case.call.outputs):
        for passage in output.passages:
            if case.budget.spent():
                return
            found = _mark_of(passage.text, case, counts)
            if found is not None:
                yield index, passage, found


def _from_labelled_fields(case: Case, texts: list[Outgoing], counts: Counts) -> Iterator[Finding]:
    """Text, or the name, of a document or mail that a tool returned with a label in its fields."""
    shingles: set[tuple[str, ...]] | None = None
    for index, label, data_class, by_admin, below in _labelled_things(case, counts):
        if shingles is None:
            shingles = {shingle for text in texts for shingle in shingles_of(text.text)}
        if not is_named(below, label.holder, texts) and not is_quoted(below, shingles):
            continue
        output = case.call.outputs[index]
        yield Finding(
            data_class=data_class,
            why=f"it comes from what {output.tool_name or output.tool_id} returned with the label “{label.text}”",
            document=next(identity_of(below, label.holder), ""),
            evidence=Evidence(
                source=f"output:{index}",
                path=label.path,
                end=len(label.text),
                quote=label.text[:200],
                mark=Mark.DATA,
                note="the label on the data that would leave",
            ),
            by_admin=by_admin,
        )


def _from_labelled_outputs(case: Case, texts: list[Outgoing], counts: Counts) -> Iterator[Finding]:
    """Outgoing text or attachments taken from an output that bears a label or an admin's class."""
    shingles: set[tuple[str, ...]] | None = None
    for index, passage, (data_class, start, end, by_admin) in _marked_passages(case, counts):
        if shingles is None:
            shingles = {shingle for text in texts for shingle in shingles_of(text.text)}
        if not is_quoted((passage,), shingles):
            continue
        output = case.call.outputs[index]
        tool = output.tool_name or output.tool_id
        yield Finding(
            data_class=data_class,
            why=f"the text comes from what {tool} returned, which is marked “{data_class}”",
            document=_document(case, index, passage.path),
            evidence=Evidence(
                source=f"output:{index}",
                path=passage.path,
                start=start,
                end=end,
                quote=passage.text[start : start + 200],
                mark=Mark.DATA,
                note="the label on the data that would leave",
            ),
            by_admin=by_admin,
        )


def _mark_of(text: str, case: Case, counts: Counts) -> tuple[str, int, int, bool] | None:
    """(class or label, start, end, whether an admin gave it) of a marked passage."""
    head = text[:100_000]
    match = LABEL.search(head) if _may_be_labelled(head) else None
    if match:
        label = match.group().strip(" \t\n|[(*#.-")
        data_class = _flowing(label, case)
        if not data_class or counts(data_class):
            return data_class or label, match.start(), match.end(), bool(data_class)
    lower = head.lower()
    for known in case.ruleset.data_classes.values():
        if counts(known.name):
            for term in known.terms:
                at = stands_in(term.lower(), lower) if len(term) >= 4 else -1
                if at >= 0:
                    return known.name, at, at + len(term), True
    return None


def _may_be_labelled(text: str) -> bool:
    return _LABEL_WORD.is_in(text) if len(text) > _LONG else any(word in text for word in _LABEL_WORDS)


def _document(case: Case, index: int, path: str) -> str:
    for source in case.sources:
        if source.name == f"output:{index}":
            for prose in source.reading.prose:
                if prose.path == path:
                    return source.reading.authors[prose.record].document
    return ""


def _quoted(text: Outgoing, start: int, end: int) -> Evidence:
    return Evidence(
        source="argument",
        path=text.argument,
        start=0 if text.decoded else start,
        end=0 if text.decoded else end,
        quote=text.text[max(0, start - 20) : end + 80].strip()[:500],
        mark=Mark.DATA,
        note="inside an encoded attachment" if text.decoded else "",
    )
