"""Claim: classified data would leave for a destination that is not the organisation's own.

Classified = a file, folder or phrase an admin gave a class that may not leave, or a text that bears a confidentiality
label of its own: above it, or in the fields that came with it. An admin's mapping of labels to classes comes first. A
label counts where labels stand (alone, in capitals, in a field), not in a mail's footer.
Cannot see: a summary in other words, and data without label, class or telling phrase.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardrail.attribution.provenance import stands_in
from guardrail.case import Case
from guardrail.destinations import Target, argument_name
from guardrail.invocation import Passage
from guardrail.leaving import Outgoing, outgoing, outside
from guardrail.text.directives import WORD
from guardrail.text.labels import Label, find_labels, identity_of, is_under
from policies.ruleset import ClassifiedFile
from policies.signal import Evidence, Mark, Redaction, Severity, Signal

NAME = "classified"

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
_FILE_NAME = re.compile(r"[^/\\\n]{1,200}\.[a-z][a-z0-9]{1,4}")
_BLANK = re.compile(r"\s")
_SHINGLE = 6
_MIN_SHINGLES = 2
_MAX_WORDS = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Finding:
    """Why the data counts as classified, in words, and where that shows."""

    data_class: str
    why: str
    document: str
    evidence: Evidence
    by_admin: bool


def detect(case: Case) -> list[Signal]:
    """At most one signal: the first finding for the first outside destination."""
    targets = outside(case)
    if not targets:
        return []
    texts = outgoing(case)
    for finding in _findings(case, texts):
        # The user named this destination and the label is the text's own word: their decision, no admin's rule.
        if not finding.by_admin and _user_named(targets, case):
            continue
        return [_signal(finding, targets, case, redactions=_files_out(finding, case, texts))]
    return []


def _files_out(finding: _Finding, case: Case, texts: list[Outgoing]) -> tuple[Redaction, ...]:
    """Classified files that are arguments of their own, where one of them is what was found."""
    alone = {text.argument: text.text.strip().lower() for text in texts if not _BLANK.search(text.text.strip())}
    named = (other for other in _files(case, texts) if other.evidence.path in alone)
    whole = {
        other.evidence.path: None for other in named if alone[other.evidence.path].endswith(other.document.lower())
    }
    if finding.evidence.source != "argument" or finding.evidence.path not in whole:
        return ()
    return tuple(Redaction(argument=path, instead="") for path in whole)


def _findings(case: Case, texts: list[Outgoing]) -> Iterator[_Finding]:
    yield from _files(case, texts)
    yield from _terms(case, texts)
    yield from _labelled_arguments(case)
    yield from _labels(texts)
    yield from _from_labelled_fields(case, texts)
    yield from _from_labelled_outputs(case, texts)


def _user_named(targets: tuple[Target, ...], case: Case) -> bool:
    return all(stands_in(target.value, case.user.lower) >= 0 for target in targets)


def _held_back(case: Case, data_class: str) -> bool:
    known = case.ruleset.data_classes.get(data_class)
    return known is None or not known.may_leave


def _files(case: Case, texts: list[Outgoing]) -> Iterator[_Finding]:
    # one search of everything first: thousands of files times every argument would take the whole budget
    everything = "\n".join(text.text for text in texts).lower()
    for count, file in enumerate(case.ruleset.files):
        if count % 256 == 0 and case.budget.spent():
            return
        if not any(part and part in everything for part in _parts(file)) or not _held_back(case, file.data_class):
            continue
        for text in texts:
            at = _names_file(text, file)
            if at >= 0:
                named = file.name or file.file_id
                yield _Finding(
                    data_class=file.data_class,
                    why=f"`{named}` is classified {file.data_class}",
                    document=named,
                    evidence=_quoted(text, at, at + len(named)),
                    by_admin=True,
                )


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


def _terms(case: Case, texts: list[Outgoing]) -> Iterator[_Finding]:
    for data_class in case.ruleset.data_classes.values():
        if data_class.may_leave:
            continue
        for term in data_class.terms:
            needle = " ".join(term.lower().replace("_", " ").split())
            if len(needle) < 4:
                continue
            for text in texts:
                plain = text.text.lower().replace("_", " ")
                at = stands_in(needle, plain)
                if at >= 0:
                    yield _Finding(
                        data_class=data_class.name,
                        why=f"the text says “{term}”, which marks data of the class {data_class.name}",
                        document="",
                        evidence=_quoted(text, at, at + len(needle)),
                        by_admin=True,
                    )


def _labels(texts: list[Outgoing]) -> Iterator[_Finding]:
    for text in texts:
        match = LABEL.search(text.text)
        if match:
            label = match.group().strip(" \t\n|[(*#.-")
            yield _Finding(
                data_class=label,
                why=f"what would be sent bears the label “{label}”",
                document="",
                evidence=_quoted(text, match.start(), match.end()),
                by_admin=False,
            )


def _labelled_arguments(case: Case) -> Iterator[_Finding]:
    """What would be sent says in a field of its own that it may not be."""
    fields = [(a.path, a.value) for a in case.call.arguments if isinstance(a.value, str)]
    for label in find_labels(fields):
        data_class, by_admin = _class_of(label, case)
        if data_class:
            yield _Finding(
                data_class=data_class,
                why=f"what would be sent is labelled “{label.text}”",
                document="",
                evidence=Evidence(
                    source="argument", path=label.path, end=len(label.text), quote=label.text, mark=Mark.DATA
                ),
                by_admin=by_admin,
            )


def _class_of(label: Label, case: Case) -> tuple[str, bool]:
    """(class, whether an admin gave it) of a label; an empty class where what it is on may leave."""
    ruleset = case.ruleset
    for name in label.names:
        mapped = ruleset.class_of_label(name)
        if not mapped and not label.weak:
            mapped = next((known for known in ruleset.data_classes if known.lower() == name), "")
        if mapped:
            return ("" if ruleset.may_leave(mapped) else mapped), True
    return (label.text if label.says_confidential else ""), False


def _from_labelled_fields(case: Case, texts: list[Outgoing]) -> Iterator[_Finding]:
    """Text, or the name, of a document or mail that a tool returned with a label in its fields."""
    shingles: set[tuple[str, ...]] | None = None
    for index, output in enumerate(case.call.outputs):
        for label in find_labels((passage.path, passage.text) for passage in output.passages):
            if case.budget.spent():
                return
            data_class, by_admin = _class_of(label, case)
            if not data_class:
                continue
            if shingles is None:
                shingles = {shingle for text in texts for shingle in _shingles(text.text)}
            below = [passage for passage in output.passages if is_under(passage.path, label.holder)]
            if not _is_named(below, label.holder, texts) and not _is_quoted(below, shingles):
                continue
            tool = output.tool_name or output.tool_id
            yield _Finding(
                data_class=data_class,
                why=f"it comes from what {tool} returned with the label “{label.text}”",
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


def _is_named(passages: list[Passage], holder: str, texts: list[Outgoing]) -> bool:
    """One of the thing's names or ids is sent: as an argument of its own, or a file name in a text."""
    for called in identity_of(passages, holder):
        needle = called.lower()
        for text in texts:
            lower = text.text.lower()
            if lower.strip() == needle or lower.strip().endswith(f"/{needle}"):
                return True
            if _FILE_NAME.fullmatch(needle) and stands_in(needle, lower) >= 0:
                return True
    return False


def _is_quoted(passages: list[Passage], shingles: set[tuple[str, ...]]) -> bool:
    shared = 0
    for passage in passages:
        shared += sum(1 for shingle in _shingles(passage.text[: _MAX_WORDS * 6]) if shingle in shingles)
        if shared >= _MIN_SHINGLES:
            return True
    return False


def _from_labelled_outputs(case: Case, texts: list[Outgoing]) -> Iterator[_Finding]:
    """Outgoing text or attachments taken from an output that bears a label or an admin's class."""
    shingles: set[tuple[str, ...]] | None = None
    for index, output in enumerate(case.call.outputs):
        for passage in output.passages:
            if case.budget.spent():
                return
            found = _mark_of(passage.path, passage.text, case)
            if found is None:
                continue
            data_class, start, end, by_admin = found
            if shingles is None:
                shingles = {shingle for text in texts for shingle in _shingles(text.text)}
            shared = sum(1 for shingle in _shingles(passage.text[: _MAX_WORDS * 6]) if shingle in shingles)
            if shared < _MIN_SHINGLES:
                continue
            tool = output.tool_name or output.tool_id
            yield _Finding(
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


def _mark_of(path: str, text: str, case: Case) -> tuple[str, int, int, bool] | None:
    """(class or label, start, end, whether an admin gave it) of a marked passage."""
    head = text[:100_000]
    match = LABEL.search(head) if any(word in head for word in _LABEL_WORDS) else None
    if match:
        return match.group().strip(" \t\n|[(*#.-"), match.start(), match.end(), False
    lower = head.lower()
    for data_class in case.ruleset.data_classes.values():
        if not data_class.may_leave:
            for term in data_class.terms:
                at = stands_in(term.lower(), lower) if len(term) >= 4 else -1
                if at >= 0:
                    return data_class.name, at, at + len(term), True
    return None


def _shingles(text: str) -> Iterator[tuple[str, ...]]:
    words = WORD.findall(text.lower())[:_MAX_WORDS]
    for start in range(len(words) - _SHINGLE + 1):
        yield tuple(words[start : start + _SHINGLE])


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


def _signal(finding: _Finding, targets: tuple[Target, ...], case: Case, *, redactions: tuple[Redaction, ...]) -> Signal:
    target = targets[0]
    facts = [
        ("destination", target.value),
        ("destination_standing", target.standing.value),
        ("data_class", finding.data_class),
        ("argument", finding.evidence.path if finding.evidence.source == "argument" else target.argument),
        ("tool_kind", case.kind.value),
    ]
    if finding.document:
        facts.append(("document", finding.document))
    return Signal(
        name="classified_data_leaving",
        severity=Severity.CRITICAL if finding.by_admin else Severity.HIGH,
        reason=f"Classified data would go to {target.value}, which is not one of your own destinations: {finding.why}.",
        evidence=(
            finding.evidence,
            Evidence(source="argument", path=target.argument, quote=target.value, mark=Mark.VALUE),
        ),
        facts=tuple(facts),
        redactions=redactions,
    )
