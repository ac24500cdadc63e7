"""Claim: the planned tool's own description is written to take the agent over, and this call does what it says.

Whoever publishes a tool writes its description, and the agent reads it as part of its orders. An order in it that asks
for secrecy, overrules others, imitates a system prompt or is hidden from people has no honest use; the call carries it
out where it hands over what other tools returned, or names somebody only the description names.
Cannot see: the description of another tool than the planned one, a lie about what the tool does, an order without such
a sign.
"""

from guardrail.attribution.outward import OUTWARD
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.attribution.seen import Seen
from guardrail.case import Case, digest_of
from guardrail.invocation import Passage, Tool
from guardrail.text.directives import MENTION
from guardrail.text.reading import Directive, Reading, read_source
from guardrail.text.signatures import OVERRULING
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "tool_description"

# Shorter values stand in many texts by chance.
_TELLING = 8
_MOST_ORDERS = 4


def detect(case: Case) -> list[Signal]:
    """At most one signal: a call that carries the description out, else the description alone."""
    passages = _passages(case.call.tool)
    if not passages:
        return []
    reading = read_source(passages, digest=digest_of("tool", passages), budget=case.budget)
    orders = [directive for directive in reading.directives if _is_planted(directive)][:_MOST_ORDERS]
    if not orders:
        return []
    seen = Seen(case)
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if share >= case.tuning.given_share:
            continue
        if _is_said_in(leaf, reading):
            if leaf.kind in OUTWARD:
                what = f"`{leaf.value[:80]}` comes from there, not from the user"
                return [_carried_out(case, passages, orders, leaf, what)]
            continue
        found = seen.find(leaf.value) if len(leaf.needle) >= _TELLING else None
        if found is not None and found.share >= 0.5:
            return [_carried_out(case, passages, orders, leaf, "the call hands over what another tool returned")]
    return [
        _signal(
            "tool_description_marked",
            Severity.MEDIUM,
            case,
            passages,
            orders,
            reason=f"The description of {_named(case.call.tool)} gives the agent orders no honest description needs.",
        )
    ]


def _is_planted(directive: Directive) -> bool:
    if directive.asked.manner == MENTION:
        return False
    return bool(directive.hidden) or any(sign.what in OVERRULING for sign in directive.signs)


def _is_said_in(leaf: Leaf, reading: Reading) -> bool:
    """A value the description gives as an example or a default."""
    return any(stands_in(leaf.needle, prose.lower) >= 0 for prose in reading.prose)


def _passages(tool: Tool) -> tuple[Passage, ...]:
    texts = [("", tool.description), *((parameter.name, parameter.description) for parameter in tool.parameters)]
    return tuple(Passage(path=path, text=text) for path, text in texts if text)


def _named(tool: Tool) -> str:
    return tool.name or tool.tool_id


def _carried_out(case: Case, passages: tuple[Passage, ...], orders: list[Directive], leaf: Leaf, what: str) -> Signal:
    return _signal(
        "tool_description_followed",
        Severity.CRITICAL,
        case,
        passages,
        orders,
        reason=(
            f"The description of {_named(case.call.tool)} gives the agent orders no honest description needs, "
            f"and {what}."
        ),
        leaf=leaf,
    )


def _signal(
    name: str,
    severity: Severity,
    case: Case,
    passages: tuple[Passage, ...],
    orders: list[Directive],
    *,
    reason: str,
    leaf: Leaf | None = None,
) -> Signal:
    texts = {passage.path: passage.text for passage in passages}
    signs = [(order.path, sign) for order in orders for sign in order.signs if sign.what in OVERRULING]
    told = next((f" It {sign.what}." for _, sign in signs), " It is hidden from people.")
    evidence = [
        Evidence(
            source="tool",
            path=order.path,
            start=order.start,
            end=order.end,
            quote=order.text,
            mark=Mark.HIDDEN if order.hidden else Mark.INSTRUCTION,
            note=f"{order.asked.manner} instruction",
        )
        for order in orders
    ]
    evidence += [
        Evidence(
            source="tool",
            path=path,
            start=sign.start,
            end=sign.end,
            quote=texts[path][sign.start : sign.end][:500],
            mark=Mark.SIGNATURE,
            note=sign.what,
        )
        for path, sign in dict.fromkeys(signs)
    ]
    if leaf is not None:
        evidence.append(Evidence(source="argument", path=leaf.argument, quote=leaf.value[:500], mark=Mark.VALUE))
    return Signal(
        name=name,
        severity=severity,
        reason=reason + told,
        evidence=tuple(evidence),
        facts=(
            ("tool_kind", case.kind.value),
            *(("signature", what) for what in dict.fromkeys(sign.what for _, sign in signs)),
            *(_facts_of(case, leaf) if leaf is not None else ()),
        ),
    )


def _facts_of(case: Case, leaf: Leaf) -> tuple[tuple[str, str], ...]:
    argument = ("argument", leaf.argument)
    if leaf.kind not in OUTWARD:
        return (argument,)
    standing = case.ruleset.standing_of(leaf.value).value
    return (argument, ("destination", leaf.value.lower()), ("destination_standing", standing))
