"""Claim: part of a classified document's own text would leave for a destination that is not the organisation's own.

Known by the winnowed fingerprints of `guardrail/text/fingerprint.py`: by what share of the document is contained, never
by a mere count. Text of a document that may leave, and text the user typed, is not counted.
Cannot see: a summary in other words, single figures, a translation, fewer than about 20 words in a row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guardrail.attachments import texts_in_full
from guardrail.case import Case
from guardrail.destinations import Target
from guardrail.document_lines import LONGEST, held_documents, lines_of, owners_of, prints_of
from guardrail.leaving import Outgoing, cell_of, facts_of, held_from, reached, told_of
from guardrail.text.fingerprint import find_copied, fingerprints_of
from policies.fingerprints import Fingerprints
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "fingerprints"
# In the reason of a finding that memory completed.
WITH_EARLIER = "with what went there in earlier calls"

# A fingerprint counts where most of its neighbours in the text are the same document's: phrases of the trade are
# shared one by one, a copy is shared in stretches, also when a word in ten was changed.
_NEIGHBOURS = 3
_MOST_NEIGHBOURS = 4
# A copy holds this share of the document's fingerprints, and not fewer than so many: 10 are about 30 words.
_SHARE = 0.06
_FEWEST = 10
# Of a long document a page is enough: so many are about 80 words in stretches.
_PAGE = 30
# Out of an output that is the document, less is a copy: about 20 words in a row, more than a title or a quoted line.
_FEWEST_FROM_OUTPUT = 6
# A document is left out whose own text is less than this: forms and covers are all boilerplate.
_SMALLEST_DOCUMENT = 12
# The index and memory tell fingerprints apart by the bits above these.
_FORGOTTEN_BITS = 16
# Characters looked at of one text, and of all that leaves: 150 and 200 ms with 5,000 documents known. More would leave
# no time to judge an honest call with a great attachment, which then would be stopped for being late.
_MAX_TEXT = 300_000
_MAX_TEXTS = 400_000
# Documents whose copy is looked for in what tools returned; the rest shares less with the call.
_MAX_TRACED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class _Copy:
    """Fingerprints of one document in what leaves, its number in the index, and the output it came through.

    `earlier` counts others of it that went there in earlier calls of a day.
    """

    document: int
    fingerprints: frozenset[int]
    contained: bool
    output: int = -1
    passage: int = -1
    earlier: int = 0


def detect(case: Case) -> list[Signal]:
    """At most one signal: the document of which most would leave."""
    index = case.ruleset.fingerprints
    targets = reached(case) if index.documents else ()
    if not targets:
        return []
    texts = []
    room = _MAX_TEXTS
    for text in texts_in_full(case):
        read = text.text[: min(room, _MAX_TEXT)]
        texts.append((text, _prints(read, case)))
        room -= len(read)
        if room <= 0:
            break
    copies = _without_users_own(_copies(index, case, targets, [found for _, found in texts]), case)
    copies.sort(key=lambda copy: (-_flow_of(copy, targets, case), -len(copy.fingerprints)))
    for copy in copies:
        if copy.contained:
            return [_signal(copy, texts, targets, case)]
    returned = _returned(case) if copies else []
    for copy in copies[:_MAX_TRACED]:
        traced = _through_output(copy, index, returned)
        if traced:
            return [_signal(traced, texts, targets, case)]
    whole = _with_earlier(case)
    return [_signal(whole, texts, targets, case)] if whole is not None else []


def _flow_of(copy: _Copy, targets: tuple[Target, ...], case: Case) -> int:
    """How much the policy's flows hold the document back from where it would go; 0 without flows."""
    data_class = case.ruleset.fingerprints.documents[copy.document].data_class
    return max((cell_of(target, data_class, case) or 0 for target in targets), default=0)


def _prints(text: str, case: Case) -> list[int]:
    short = len(text) <= LONGEST and not case.budget.spent()
    return list(prints_of(text)) if short else fingerprints_of(text, case.budget)


def _with_earlier(case: Case) -> _Copy | None:
    """Lines of a document that went to the same house in earlier calls make a copy with those of this one."""
    documents = case.ruleset.fingerprints.documents
    held = held_documents(case) if case.past.lines else frozenset()
    for owner, lines in (lines_of(case) if held else {}).items():
        here = {number >> _FORGOTTEN_BITS for number in lines}
        others = {number for number in case.past.lines if number >> _FORGOTTEN_BITS not in here}
        earlier = sum(1 for number in others if owner in owners_of(number, held, case))
        size = documents[owner].size
        if earlier and size >= _SMALLEST_DOCUMENT and _is_contained(len(here) + earlier, size):
            return _Copy(document=owner, fingerprints=lines, contained=True, earlier=earlier)
    return None


def _copies(index: Fingerprints, case: Case, targets: tuple[Target, ...], texts: Sequence[list[int]]) -> list[_Copy]:
    """Every held-back document with enough fingerprints in `texts` to look at, whichever text they are in."""
    shared: dict[int, set[int]] = {}
    held = {name: bool(held_from(targets, name, case)) for name in {one.data_class for one in index.documents}}
    for fingerprint in {number for text in texts for number in text}:
        owners = list(index.documents_with(fingerprint))
        # what also stands in a document for everybody is no secret of the others
        if all(held[index.documents[owner].data_class] for owner in owners):
            for owner in owners:
                shared.setdefault(owner, set()).add(fingerprint)
    copies = []
    for owner, found in shared.items():
        size = index.documents[owner].size
        if size >= _SMALLEST_DOCUMENT and len(found) >= _FEWEST_FROM_OUTPUT:
            dense = frozenset(number for text in texts for number in _in_stretches(text, found))
            if len(dense) >= _FEWEST_FROM_OUTPUT:
                copies.append(_Copy(document=owner, fingerprints=dense, contained=_is_contained(len(dense), size)))
    return copies


def _is_contained(count: int, size: int) -> bool:
    return count >= max(_FEWEST, min(_SHARE * size, _PAGE))


def _in_stretches(text: list[int], found: set[int]) -> Iterator[int]:
    """Those of `found` that stand in `text` among others of `found`."""
    flags = [number in found for number in text]
    around = sum(flags[:_NEIGHBOURS])
    for at, number in enumerate(text):
        around += flags[at + _NEIGHBOURS] if at + _NEIGHBOURS < len(flags) else 0
        around -= flags[at - _NEIGHBOURS - 1] if at > _NEIGHBOURS else 0
        if flags[at] and around >= _MOST_NEIGHBOURS:
            yield number


def _without_users_own(copies: list[_Copy], case: Case) -> list[_Copy]:
    """What is left when the words the user typed are taken out: those are the user's decision."""
    if not copies or case.call.event_triggered:
        return copies
    typed = [passage.text for passage in case.call.user_passages]
    typed += [passage.text for turn in case.call.history if turn.role == "user" for passage in turn.passages]
    own = {number for text in typed for number in fingerprints_of(text, case.budget)}
    left = []
    for copy in copies:
        fingerprints = copy.fingerprints - own
        # nearly all of it typed: the rest is where the user's words end and the agent's begin
        if len(fingerprints) >= max(_FEWEST_FROM_OUTPUT, len(copy.fingerprints) / 4):
            enough = len(fingerprints) >= _FEWEST
            left.append(_Copy(document=copy.document, fingerprints=fingerprints, contained=copy.contained and enough))
    return left


def _returned(case: Case) -> list[tuple[int, int, list[int]]]:
    """(output, passage, fingerprints) of what tools returned, newest first."""
    found = []
    room = _MAX_TEXTS
    for at in range(len(case.call.outputs) - 1, -1, -1):
        for place, passage in enumerate(case.call.outputs[at].passages):
            read = passage.text[: min(room, _MAX_TEXT)]
            room -= len(read)
            found.append((at, place, fingerprints_of(read, case.budget)))
            if room <= 0 or case.budget.spent():
                return found
    return found


def _through_output(copy: _Copy, index: Fingerprints, returned: list[tuple[int, int, list[int]]]) -> _Copy | None:
    """`copy` when a tool returned the document itself, so that even some lines of it are a copy and no coincidence."""
    size = index.documents[copy.document].size
    for at, place, text in returned:
        shown = {number for number in text if copy.document in index.documents_with(number)}
        dense = frozenset(_in_stretches(text, shown))
        from_here = copy.fingerprints & dense
        if _is_contained(len(dense), size) and len(from_here) >= _FEWEST_FROM_OUTPUT:
            return _Copy(document=copy.document, fingerprints=from_here, contained=True, output=at, passage=place)
    return None


def _signal(
    copy: _Copy, texts: Sequence[tuple[Outgoing, list[int]]], targets: tuple[Target, ...], case: Case
) -> Signal:
    document = case.ruleset.fingerprints.documents[copy.document]
    count = len(copy.fingerprints) + copy.earlier
    share = f"{max(1, min(100, round(100 * count / document.size)))} %"
    target = next(iter(held_from(targets, document.data_class, case)), targets[0])
    text = max(texts, key=lambda text: len(copy.fingerprints.intersection(text[1])))[0]
    evidence = [_quoted(text, copy, case)]
    through = f", {WITH_EARLIER}" if copy.earlier else ""
    if copy.output >= 0:
        evidence.append(_in_output(copy, case))
        output = case.call.outputs[copy.output]
        through = f", which {output.tool_name or output.tool_id} returned"
    facts = [
        *facts_of(target, case),
        ("document", document.name),
        ("data_class", document.data_class),
        ("share", share),
        ("argument", text.argument),
        ("tool_kind", case.kind.value),
    ]
    if document.revision:
        facts.append(("revision", document.revision))
    return Signal(
        name="classified_data_leaving",
        severity=Severity.CRITICAL,
        reason=(
            f"Classified data would go to {told_of(target)}: {share} of the"
            f" text of `{document.name}`, classified {document.data_class}{through}."
        ),
        evidence=(*evidence, Evidence(source="argument", path=target.argument, quote=target.value, mark=Mark.VALUE)),
        facts=tuple(facts),
    )


def _quoted(text: Outgoing, copy: _Copy, case: Case) -> Evidence:
    start, end = find_copied(text.text[:_MAX_TEXT], copy.fingerprints, case.budget)
    return Evidence(
        source="argument",
        path=text.argument,
        start=0 if text.decoded else start,
        end=0 if text.decoded else end,
        quote=text.text[start : min(end, start + 500)],
        mark=Mark.DATA,
        note="inside an encoded attachment" if text.decoded else "copied from the document",
    )


def _in_output(copy: _Copy, case: Case) -> Evidence:
    passage = case.call.outputs[copy.output].passages[copy.passage]
    start, end = find_copied(passage.text[:_MAX_TEXT], copy.fingerprints, case.budget)
    return Evidence(
        source=f"output:{copy.output}",
        path=passage.path,
        start=start,
        end=end,
        quote=passage.text[start : min(end, start + 500)],
        mark=Mark.DATA,
        note="where the agent read it",
    )
