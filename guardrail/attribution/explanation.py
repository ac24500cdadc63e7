"""Says in plain words which instruction explains a call, with the evidence."""

from collections.abc import Iterator

from guardrail.attribution.delegation import Delegation
from guardrail.attribution.matching import Match
from guardrail.attribution.outward import OUTWARD
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.attribution.recall import facts_of
from guardrail.attribution.redactions import recipients_out
from guardrail.attribution.request import Request
from guardrail.attribution.unasked import Taken
from guardrail.case import Case, Source
from guardrail.destinations import EMAIL, Target, argument_name
from guardrail.text.reading import Author, Prose
from guardrail.text.view import lowered
from policies.ruleset import Standing, ToolKind
from policies.signal import RECALLED, Evidence, Mark, Severity, Signal

_AUTHOR_FACTS = ("author", "editor", "revision", "document")
_DONE = {
    ToolKind.READ: "look this up",
    ToolKind.WRITE: "make this change",
    ToolKind.SEND: "send this",
    ToolKind.PAY: "make this payment",
    ToolKind.DELETE: "delete this",
    ToolKind.SHARE: "give this access",
    ToolKind.EXECUTE: "run this",
}


def followed(name: str, match: Match, case: Case, request: Request) -> Signal:
    """The signal `name`: this call carries out what the matched instruction asks for."""
    author = match.source.reading.authors[match.directive.record]
    place = place_in_words(match.source, author)
    return Signal(
        name=name,
        severity=_severity(name, case),
        reason=_reason(name, match, case, request, place),
        evidence=tuple(_evidence(match, case)),
        facts=tuple(_facts(match, author, case)),
        redactions=recipients_out((*match.exact, *match.values), case),
    )


def unrequested(
    target: Target, leaf: Leaf, source: Source, prose: Prose, case: Case, *, left_open: bool = False
) -> Signal:
    """The signal for a recipient nobody named but `prose`; only to be held where what is done was left to texts."""
    author = source.reading.authors[prose.record]
    kind, _, number = source.name.partition(":")
    passages = case.call.outputs[int(number)].passages if kind == "output" else case.call.user_passages
    passage = next((p for p in passages if p.path == prose.path), None)
    start = stands_in(leaf.needle, lowered(passage.text)) if passage else -1
    end = start + len(leaf.needle)
    name = "instruction_delegated" if left_open else "instruction_followed"
    return Signal(
        name=name,
        severity=_severity(name, case),
        reason=(
            f"Nobody named {short(target.value)} but the text of {place_in_words(source, author)}: "
            "the text, not a person, chose who gets this."
            if left_open
            else f"The user asked for nothing to be sent or paid, and {short(target.value)} stands only in the text of "
            f"{place_in_words(source, author)}: the text, not the user, chose who gets this."
        ),
        evidence=(
            Evidence(
                source=source.name,
                path=prose.path,
                # written otherwise in the original (disguised, or over two lines): then the field as a whole
                start=max(0, start),
                end=end if start >= 0 else 0,
                quote=passage.text[start:end] if passage and start >= 0 else leaf.value[:500],
                mark=Mark.VALUE,
                note="the only place the recipient stands",
            ),
            Evidence(source="argument", path=leaf.argument, quote=leaf.value[:500], mark=Mark.VALUE),
        ),
        facts=(
            ("destination", target.value),
            ("destination_standing", target.standing.value),
            *((name, getattr(author, name)) for name in _AUTHOR_FACTS if getattr(author, name)),
            ("argument", argument_name(leaf.argument) or leaf.argument),
            ("tool_kind", case.kind.value),
        ),
        redactions=recipients_out((leaf,), case),
    )


def change_unasked(taken: Taken, case: Case) -> Signal:
    """The signal for a change nobody asked for with values out of one text."""
    source, prose = taken.source, taken.prose
    author = source.reading.authors[prose.record]
    values = " and ".join(short(leaf.value) for leaf in taken.values[:2])
    asked = "No person asked for this" if case.call.by_outsider else "The user did not speak of this"
    return Signal(
        name="instruction_delegated",
        severity=Severity.MEDIUM,
        reason=(
            f"{asked}, and {values} stands only in the text of {place_in_words(source, author)}: a person has to say "
            "whether a text may decide it."
        ),
        evidence=(
            *(_stands(leaf, taken, case) for leaf in taken.values[:3]),
            *(
                Evidence(source="argument", path=leaf.argument, quote=leaf.value[:500], mark=Mark.VALUE)
                for leaf in taken.values[:6]
            ),
        ),
        facts=(
            *((name, getattr(author, name)) for name in _AUTHOR_FACTS if getattr(author, name)),
            *(("argument", argument_name(leaf.argument) or leaf.argument) for leaf in taken.values[:3]),
            ("tool_kind", case.kind.value),
        ),
    )


def _stands(leaf: Leaf, taken: Taken, case: Case) -> Evidence:
    kind, _, number = taken.source.name.partition(":")
    passages = case.call.outputs[int(number)].passages if kind == "output" else case.call.user_passages
    passage = next((p for p in passages if p.path == taken.prose.path), None)
    start = stands_in(leaf.needle, lowered(passage.text)) if passage else -1
    end = start + len(leaf.needle)
    return Evidence(
        source=taken.source.name,
        path=taken.prose.path,
        # written otherwise in the original: then the field as a whole
        start=max(0, start),
        end=end if start >= 0 else 0,
        quote=passage.text[start:end] if passage and start >= 0 else leaf.value[:500],
        mark=Mark.VALUE,
        note="where the value stands",
    )


def _severity(name: str, case: Case) -> Severity:
    if name == "instruction_delegated":
        return Severity.MEDIUM
    outside = any(target.standing in (Standing.UNKNOWN, Standing.DENIED) for target in case.targets)
    if name == "instruction_marked":
        return Severity.CRITICAL if case.sink and outside else Severity.HIGH
    return Severity.HIGH


def _reason(name: str, match: Match, case: Case, request: Request, place: str) -> str:
    parts = [f"An instruction in {place} tells the agent to {_DONE[case.kind]}."]
    if match.directive.hidden:
        parts.append(f"It was hidden from people ({match.directive.hidden}).")
    seen = [sign.what for sign in match.directive.signs if sign.what != RECALLED]
    if seen:
        parts.append(f"Beside it the text {seen[0]}.")
    if len(seen) < len(match.directive.signs):
        parts.append(f"This text {RECALLED}.")
    given = [leaf.value for leaf in match.exact or match.values][:2]
    if given:
        parts.append(f"From there, not from the user, comes {' and '.join(short(value) for value in given)}.")
    if case.call.by_outsider:
        parts.append("No person asked for this: the run was started by the message itself.")
    elif name == "instruction_delegated" and request.delegation is Delegation.NONE and not request.asked:
        parts.append("The user did not ask for this, so a person has to say whether it was meant.")
    elif name == "instruction_delegated":
        parts.append("The user told the agent to go by what it finds, so a person has to say whether this was meant.")
    elif request.asked:
        parts.append("The user asked for something of this kind, but not for this.")
    else:
        parts.append("The user asked for something else.")
    return " ".join(parts)


def short(value: str) -> str:
    """A value as sentences quote it, at most 80 characters of it."""
    return f"`{value}`" if len(value) <= 80 else f"`{value[:77]}...`"


def place_in_words(source: Source, author: Author) -> str:
    """Where the instruction stands, in words: `what get_page returned (“Plan.docx”, written by Ann)`."""
    if source.name == "trigger":
        return "the message that started this run" + (f", from {author.author}," if author.author else "")
    about = []
    if author.document:
        about.append(f"“{author.document[:80]}”")
    if author.author:
        about.append(f"written by {author.author}")
    if author.editor:
        about.append(
            f"last changed by {author.editor}" + (f" in revision {author.revision}" if author.revision else "")
        )
    return f"what {source.tool_name or 'a tool'} returned" + (f" ({', '.join(about)})" if about else "")


def _evidence(match: Match, case: Case) -> Iterator[Evidence]:
    directive = match.directive
    known = f", {RECALLED}" if any(sign.what == RECALLED for sign in directive.signs) else ""
    marks = [(Mark.HIDDEN, f"hidden by {directive.hidden}")] if directive.hidden else []
    for mark, note in (*marks, (Mark.INSTRUCTION, f"{directive.asked.manner} instruction{known}")):
        yield Evidence(
            source=match.source.name,
            path=directive.path,
            start=directive.start,
            end=directive.end,
            quote=directive.text,
            mark=mark,
            note=note,
        )
    # what is only known again has no sign of its own to show
    for sign in [sign for sign in directive.signs if sign.what != RECALLED][:4]:
        yield Evidence(
            source=match.source.name,
            path=directive.path,
            start=sign.start,
            end=sign.end,
            quote=_quote(case, match.source.name, directive.path, sign.start, sign.end),
            mark=Mark.SIGNATURE,
            note=sign.what,
        )
    for leaf in match.values[:6]:
        yield Evidence(source="argument", path=leaf.argument, quote=leaf.value[:500], mark=Mark.VALUE)


def _quote(case: Case, source: str, path: str, start: int, end: int) -> str:
    """The original characters of a span in one of the call's sources."""
    kind, _, number = source.partition(":")
    passages = case.call.outputs[int(number)].passages if kind == "output" else case.call.user_passages
    return next((passage.text[start:end][:500] for passage in passages if passage.path == path), "")


def _facts(match: Match, author: Author, case: Case) -> Iterator[tuple[str, str]]:
    taken = {leaf.value.lower(): leaf for leaf in match.values if leaf.kind in OUTWARD}
    for target in case.targets[:5]:
        if target.named or target.value in taken:
            yield "destination", target.value
            yield "destination_standing", target.standing.value
    if not any(target.named or target.value in taken for target in case.targets):
        # A look-up made for the instruction: where it would have the findings sent.
        for address in list(taken) or [found.lower() for found in EMAIL.findall(match.directive.text)[:2]]:
            yield "destination", address
            yield "destination_standing", case.ruleset.standing_of(address).value
    for name in _AUTHOR_FACTS:
        if getattr(author, name):
            yield name, getattr(author, name)
    for leaf in match.exact[:3] or match.values[:3]:
        yield "argument", argument_name(leaf.argument) or leaf.argument
    yield "tool_kind", case.kind.value
    for sign in match.directive.signs[:3]:
        yield "signature", sign.what
    if match.directive.hidden:
        yield "signature", f"hidden by {match.directive.hidden}"
    yield from facts_of(match, case)
