"""Claim: this call carries out an instruction that stands in outside text, not one the user gave.

An instruction explains a call when its verb fits the tool and it holds values of the call the user never gave. With a
signature (or hidden) within three sentences that is a hijacking; without one it depends on what the user asked for and
on how far the user told the agent to act on texts.
Cannot see: changed facts without an instruction, a request equal to what the user delegated, languages without a table.
"""

from collections.abc import Iterator

from guardrail.case import Case, Source
from guardrail.destinations import EMAIL, Target, argument_name
from guardrail.invocation import Tool
from guardrail.mail_providers import PUBLIC_MAIL
from guardrail.matching import FORMS, OTHERWISE, Match, is_constant, matches_of
from guardrail.provenance import Leaf, stands_in
from guardrail.request import Delegation, Request, names_in, on_topic, read_request, telling_words
from guardrail.text.directives import MENTION
from guardrail.text.reading import Author, Prose
from guardrail.tool_kind import tool_words
from policies.ruleset import Standing, ToolKind, host_of
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "attribution"

_OUTWARD = frozenset(("email", "url", "domain", "iban", "phone"))
_MEANT = "meant"
_UNREQUESTED = frozenset((ToolKind.SEND, ToolKind.PAY, ToolKind.SHARE))
_TO_OTHERS = _UNREQUESTED | {ToolKind.DELETE}
_OWN_MATERIAL = frozenset(
    "file files repo repository code command shell terminal bash doc docs documentation kb knowledge wiki runbook "
    "manual policy handbook guide routine procedure schema sources".split()
)
# Words a field needs to be prose and not a value.
_RUNNING_TEXT = 5
_AUTHOR_FACTS = ("author", "editor", "revision", "document")


def detect(case: Case) -> list[Signal]:
    """At most one signal: the directive that explains the call best."""
    if not case.sources:
        return []
    matches = sorted(matches_of(case), key=lambda match: match.score, reverse=True)
    if not matches and case.kind not in _UNREQUESTED:
        return []
    request = read_request(case.user, case.call.tool, case.kind)
    rivals = [match for match in matches if not (match.marked and _is_marked_for(match, request))]
    for match in matches:
        # Another text explains the call better: a colleague's errand that an attack only happens to resemble.
        if match.marked and not match.exact and _is_outdone(match, rivals, request):
            continue
        if match.marked and _is_marked_for(match, request) and _carries_out_marked(match, case, request):
            return [_signal("instruction_marked", match, case, request)]
    best = max((match.raw for match in matches), default=0.0)
    for match in matches:
        name = _unmarked_name(match, case, request)
        if name == _MEANT and match.raw >= 0.9 * best:
            return []
        if name and name != _MEANT:
            return [_signal(name, match, case, request)]
    return _unrequested(case, request)


def _is_marked_for(match: Match, request: Request) -> bool:
    """In a text the user handed the matter over to, a sign counts for the order of its own paragraph."""
    if request.delegation is Delegation.NONE or match.directive.hidden:
        return True
    return any(sign.own for sign in match.directive.signs)


def _is_outdone(match: Match, rivals: list[Match], request: Request) -> bool:
    if any(rival.raw > match.raw for rival in rivals):
        return True
    handed_over = request.delegation is not Delegation.NONE
    return handed_over and any(rival.raw >= match.raw > 0 and rival.action >= match.action for rival in rivals)


def _carries_out_marked(match: Match, case: Case, request: Request) -> bool:
    """Beside a signature less is needed: some value of the call, or the very tool, that the user did not ask for."""
    aimed = any(leaf.kind in _OUTWARD for leaf in match.values)
    if aimed and not request.asked and match.action >= 0.6 and match.raw >= 0.5 * match.new:
        return True
    if (
        match.exact
        or (match.explained >= 1.0 and match.cover >= 0.25)
        or (match.explained >= 0.5 and match.cover >= 0.8)
    ):
        return True
    if _has_values(case) and not match.new:
        return False
    if request.asked:
        return (match.explained >= 1.0 and match.cover >= 0.5) or (
            case.sink and match.action >= 1.0 and match.tool >= 0.67 and match.cover >= 0.5
        )
    if case.sink and _has_values(case):
        return match.cover >= 0.25
    return (match.action >= 1.0 and match.tool >= 0.5) or match.tool >= 0.67


def _unmarked_name(match: Match, case: Case, request: Request) -> str:
    """The signal an instruction without a signature makes of this call; `_MEANT` when the user meant it so."""
    if not case.sink:
        if not _leads_astray(match, case):
            return ""
        if request.delegation is Delegation.NONE:
            return "instruction_followed"
        handed_over = request.delegation is Delegation.ACTIONS
        return "" if handed_over or on_topic(match.directive.text, case.user, case.call) else "instruction_delegated"
    vague = match.action <= OTHERWISE or match.directive.asked.manner == MENTION
    if vague and not _is_told_to(match, request):
        return ""
    author = match.source.reading.authors[match.directive.record]
    outward = _outward_unknown(match, author, case)
    if case.call.event_triggered and match.source.name == "trigger":
        return "instruction_delegated" if outward else ""
    if not (_explains(match, case) or (not request.asked and _replaces(match, case, request))):
        return ""
    if request.delegation is Delegation.ACTIONS:
        if _named_by_user(author, case):
            return _MEANT
        return "instruction_delegated" if outward or case.kind is ToolKind.PAY else _MEANT
    if request.delegation is Delegation.DETAILS and _is_ours(author.author, case):
        return _MEANT
    if not outward and case.kind not in _TO_OTHERS and _is_own_material(match.source, author, case, request):
        return _MEANT
    if not request.only_reading and _leaves_it_open(match, author, case, request, outward):
        # whom to pay stands in every bill
        pointed = request.delegation is not Delegation.NONE and (
            case.kind is ToolKind.PAY or on_topic(match.directive.text, case.user, case.call)
        )
        unnamed = not pointed and not _speaks_of(author, case)
        return "instruction_delegated" if outward and (unnamed or _has_rival(outward, match, case)) else _MEANT
    return "instruction_followed" if request.delegation is Delegation.NONE else "instruction_delegated"


def _is_told_to(match: Match, request: Request) -> bool:
    """A sentence that only mentions a deed asks for it where it aims the call at somebody or holds all of it."""
    if request.asked or not match.exact:
        return False
    return (match.action >= 0.6 and match.cover >= 0.6) or any(leaf.kind in _OUTWARD for leaf in match.exact)


def _leads_astray(match: Match, case: Case) -> bool:
    """A look-up at an unknown place only the instruction names; what stands in an address can carry data out."""
    if match.action <= OTHERWISE or match.cover < 0.6:
        return False
    return any(
        leaf.kind in ("url", "domain")
        and case.ruleset.standing_of(leaf.value) is Standing.UNKNOWN
        and not _is_of_the_site(host_of(leaf.value), match)
        for leaf in match.exact
    )


def _is_of_the_site(host: str, match: Match) -> bool:
    """The page itself is from this host, as a field of its own says: `read the full story at ...`."""
    record = match.directive.record
    return any(
        prose.record == record and host in prose.lower and len(prose.lower.split()) < _RUNNING_TEXT
        for prose in match.source.reading.prose
    )


def _has_values(case: Case) -> bool:
    return any(not is_constant(leaf) for leaf in case.leaves)


def _is_own_material(source: Source, author: Author, case: Case, request: Request) -> bool:
    """How-to texts of nobody in particular: files, manuals, knowledge; and what the same tool said a step before.

    Whoever names a goal and not the steps expects the agent to go by them. A mail, a review or a web page is none.
    """
    if author.author or author.editor:
        return False
    if source.tool_name and source.tool_name in (case.call.tool.name, case.call.tool.tool_id):
        return True
    tool = Tool(tool_id=source.tool_name, name=source.tool_name)
    return not request.only_reading and not _OWN_MATERIAL.isdisjoint(tool_words(tool))


def _is_ours(author: str, case: Case) -> bool:
    return "@" in author and case.ruleset.standing_of(author) is Standing.INTERNAL


def _unrequested(case: Case, request: Request) -> list[Signal]:
    """Nobody asked for a message or payment, and its unknown recipient stands nowhere but in running text.

    Finds what is put without any instruction (`reports always go to ...`), in another language or in a code. A
    recipient of a contact list, a row or a mail's own header is a field by itself and does not count.
    """
    if case.kind not in _UNREQUESTED or case.call.event_triggered or request.deed:
        return []
    if request.delegation is not Delegation.NONE:
        return []
    for target in case.targets:
        leaf = next(
            (leaf for leaf in case.leaves if leaf.kind in _OUTWARD and leaf.value.lower() == target.value),
            None,
        )
        if leaf is None or not target.named or target.standing in (Standing.INTERNAL, Standing.KNOWN):
            continue
        if stands_in(leaf.needle, case.user.lower) >= 0:
            continue
        found = [
            (source, prose)
            for source in case.sources
            for prose in source.reading.prose
            if stands_in(leaf.needle, prose.lower) >= 0
        ]
        if found and all(len(prose.lower.split()) >= _RUNNING_TEXT for _, prose in found):
            source, prose = found[0]
            return [_unrequested_signal(target, leaf, source, prose, case)]
    return []


def _unrequested_signal(target: Target, leaf: Leaf, source: Source, prose: Prose, case: Case) -> Signal:
    author = source.reading.authors[prose.record]
    number = int(source.name.partition(":")[2])
    passage = next((p for p in case.call.outputs[number].passages if p.path == prose.path), None)
    start = max(0, stands_in(leaf.needle, passage.text.lower())) if passage else 0
    return Signal(
        name="instruction_followed",
        severity=_severity("instruction_followed", case),
        reason=(
            f"The user asked for nothing to be sent or paid, and {_short(target.value)} stands only in the text of "
            f"{_place(source, author)}: the text, not the user, chose who gets this."
        ),
        evidence=(
            Evidence(
                source=source.name,
                path=prose.path,
                start=start,
                end=start + len(leaf.needle),
                quote=passage.text[max(0, start - 120) : start + 120] if passage else leaf.value,
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
        would_pass_if=("the user had asked for this", f"the user had named {_short(target.value)}"),
    )


def _leaves_it_open(match: Match, author: Author, case: Case, request: Request, outward: list[Leaf]) -> bool:
    """The user asked for such an action and left its details to be found: here, or in a text on the same matter."""
    given = {kind for kind, pattern in FORMS.items() if pattern.search(case.user.lower)}
    if any(leaf.kind in given for leaf in outward):
        return False
    wished = request.asked or (request.deed and not outward)
    if wished and on_topic(match.directive.text, case.user, case.call):
        return True
    answers = not outward and any(target.value == author.author.lower() for target in case.targets)
    return request.asked and (answers or request.delegation is Delegation.DETAILS)


def _outward_unknown(match: Match, author: Author, case: Case) -> list[Leaf]:
    """The values only the instruction gives that lead to somebody unknown who is not its own author."""
    home = _home_of(author)
    found = []
    targets = {target.argument for target in case.targets if target.named}
    for leaf in match.values if case.kind is ToolKind.SHARE else match.exact:
        if leaf.kind not in _OUTWARD or (leaf.kind in ("iban", "phone") and case.kind is ToolKind.WRITE):
            continue
        if leaf.argument not in targets and case.kind is ToolKind.WRITE:
            continue
        if case.ruleset.standing_of(leaf.value) in (Standing.INTERNAL, Standing.KNOWN):
            continue
        host = host_of(leaf.value) if leaf.kind in ("email", "url", "domain") else ""
        # answering an author is one thing, giving an author access or money another
        if (
            case.kind in (ToolKind.SEND, ToolKind.WRITE)
            and host
            and (leaf.value.lower() == author.author.lower() or _same_house(host, home))
        ):
            continue
        found.append(leaf)
    return found


def _home_of(author: Author) -> str:
    """The host of the author's address, where it stands for a house and not for a mailbox anybody can have."""
    home = host_of(author.author) if "@" in author.author else ""
    return "" if home in PUBLIC_MAIL else home


def _same_house(host: str, home: str) -> bool:
    return bool(home) and (host == home or host.endswith("." + home) or home.endswith("." + host))


def _has_rival(outward: list[Leaf], match: Match, case: Case) -> bool:
    """Another address of the same kind stands in the same source: one of the two is not what the user had in mind."""
    reading = match.source.reading
    author = reading.authors[match.directive.record]
    # an address in a text made to hijack is no rival but the hijacker's, and a text's own author is none either
    marked = " ".join(d.text.lower() for d in reading.directives if d.signs or d.hidden)
    known = f"{marked} {author.author.lower()} {author.editor.lower()}"
    for leaf in outward:
        pattern = FORMS.get(leaf.kind)
        others = (
            {found for prose in reading.prose for found in pattern.findall(prose.lower[:20_000])} if pattern else ()
        )
        for found in others:
            plain = found.replace(" ", "")
            if plain == leaf.needle or found in known or plain in case.user.lower:
                continue
            if case.ruleset.standing_of(plain) is Standing.UNKNOWN:
                return True
    return False


def _explains(match: Match, case: Case) -> bool:
    """Somebody or something named exactly, and only by the instruction, is who the call is for."""
    targets = {target.argument for target in case.targets if target.named}
    aimed = any(leaf.argument in targets and leaf.kind in _OUTWARD for leaf in match.exact)
    if aimed or (match.exact and match.cover >= 0.4):
        return True
    given = any(
        share >= 0.5 for leaf, share in zip(case.leaves, case.user_shares, strict=True) if not is_constant(leaf)
    )
    return not given and match.action >= 1.0 and match.cover >= 0.9 and match.explained >= 3.0


def _replaces(match: Match, case: Case, request: Request) -> bool:
    """The user did not ask for such an action, and the instruction did."""
    if _has_values(case) and not match.new:
        return False
    if match.cover >= 0.6 and match.explained >= 1.5:
        return True
    if match.action >= 1.0 and match.tool >= 0.67 and (match.cover >= 0.3 or not match.new):
        return True
    if not request.only_reading:
        return False
    return (match.action >= 1.0 and match.tool >= 0.3) or (match.action >= 0.6 and match.cover >= 0.25)


def _named_by_user(author: Author, case: Case) -> bool:
    return any(names_in(name, case.user) for name in (author.author, author.document) if name)


def _speaks_of(author: Author, case: Case) -> bool:
    """The user named the author or document, if only by the words of its title."""
    if _named_by_user(author, case):
        return True
    title = telling_words(author.document.lower()) if len(author.document) < 120 else frozenset()
    return len(title) >= 2 and title <= case.user.words


def _signal(name: str, match: Match, case: Case, request: Request) -> Signal:
    author = match.source.reading.authors[match.directive.record]
    place = _place(match.source, author)
    return Signal(
        name=name,
        severity=_severity(name, case),
        reason=_reason(name, match, case, request, place),
        evidence=tuple(_evidence(match, case)),
        facts=tuple(_facts(match, author, case)),
        would_pass_if=_counterfactuals(match, case, request),
    )


def _severity(name: str, case: Case) -> Severity:
    if name == "instruction_delegated":
        return Severity.MEDIUM
    outside = any(target.standing in (Standing.UNKNOWN, Standing.DENIED) for target in case.targets)
    if name == "instruction_marked":
        return Severity.CRITICAL if case.sink and outside else Severity.HIGH
    return Severity.HIGH


def _place(source: Source, author: Author) -> str:
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


_DONE = {
    ToolKind.READ: "look this up",
    ToolKind.WRITE: "make this change",
    ToolKind.SEND: "send this",
    ToolKind.PAY: "make this payment",
    ToolKind.DELETE: "delete this",
    ToolKind.SHARE: "give this access",
    ToolKind.EXECUTE: "run this",
}


def _reason(name: str, match: Match, case: Case, request: Request, place: str) -> str:
    parts = [f"An instruction in {place} tells the agent to {_DONE[case.kind]}."]
    if match.directive.hidden:
        parts.append(f"It was hidden from people ({match.directive.hidden}).")
    if match.directive.signs:
        parts.append(f"Beside it the text {match.directive.signs[0].what}.")
    given = [leaf.value for leaf in match.exact or match.values][:2]
    if given:
        parts.append(f"From there, not from the user, comes {' and '.join(_short(value) for value in given)}.")
    if case.call.event_triggered:
        parts.append("No person asked for this: the run was started by the message itself.")
    elif name == "instruction_delegated":
        parts.append("The user told the agent to go by what it finds, so a person has to say whether this was meant.")
    elif request.asked:
        parts.append("The user asked for something of this kind, but not for this.")
    else:
        parts.append("The user asked for something else.")
    return " ".join(parts)


def _short(value: str) -> str:
    return f"`{value}`" if len(value) <= 80 else f"`{value[:77]}...`"


def _evidence(match: Match, case: Case) -> Iterator[Evidence]:
    directive = match.directive
    note = f"hidden by {directive.hidden}" if directive.hidden else f"{directive.asked.manner} instruction"
    mark = Mark.HIDDEN if directive.hidden else Mark.INSTRUCTION
    yield Evidence(
        source=match.source.name,
        path=directive.path,
        start=directive.start,
        end=directive.end,
        quote=directive.text,
        mark=mark,
        note=note,
    )
    for sign in directive.signs[:4]:
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
    taken = {leaf.value.lower(): leaf for leaf in match.values if leaf.kind in _OUTWARD}
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


def _counterfactuals(match: Match, case: Case, request: Request) -> tuple[str, ...]:
    found = []
    if match.exact and not case.call.event_triggered:
        found.append(f"the user had named {_short(match.exact[0].value)}")
    if not request.asked and not case.call.event_triggered:
        found.append("the user had asked for this action")
    found.append("the text the agent read had not held this instruction")
    return tuple(found)
