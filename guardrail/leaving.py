"""What a call would carry out of the organisation: the outside destinations, and the texts that would go there."""

from dataclasses import dataclass

from guardrail.case import Case
from guardrail.destinations import EMAIL, URL, Target, argument_name
from guardrail.text.normalise import decode_blob
from policies.choices import Action, Standing, ToolKind

_CARRYING = frozenset((ToolKind.SEND, ToolKind.SHARE, ToolKind.PAY, ToolKind.WRITE, ToolKind.EXECUTE))
# Arguments a tool signs in with: the secret goes to the tool itself, not to a destination.
_SIGN_IN = frozenset(
    "accesstoken apikey token password authorization auth credential credentials secret clientsecret bearer session "
    "sessionid key passphrase".split()
)
_MAX_TEXT = 60_000
_MAX_TEXTS = 500
# a number of fewer digits stands for nobody; Python does not write out one of thousands
_TELLING_NUMBER = 10**8
_LONGEST_NUMBER = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """One text that would leave: the argument it is in, and whether it was decoded from an encoded value."""

    argument: str
    text: str
    decoded: bool = False


def outside(case: Case) -> tuple[Target, ...]:
    """The destinations of this call that are not the organisation's own.

    A bare name counts for sending, sharing and paying only: elsewhere it is as often a record's own field.
    """
    return tuple(
        target for target in case.targets if target.standing is not Standing.INTERNAL and _leads_out(target, case)
    )


def reached(case: Case) -> tuple[Target, ...]:
    """The destinations data may be held back from: those outside, and our own where a flow of the policy says so."""
    if Standing.INTERNAL not in case.ruleset.flows.standings:
        return outside(case)
    return tuple(target for target in case.targets if _leads_out(target, case))


def held_from(targets: tuple[Target, ...], data_class: str, case: Case) -> tuple[Target, ...]:
    """Those of `targets` that data of the class may not simply go to; what a flow holds back most from comes first."""
    ruleset = case.ruleset
    held = [target for target in targets if ruleset.held_from(data_class, target.standing)]
    return tuple(sorted(held, key=lambda target: -_strength(ruleset.flows.cell(data_class, target.standing))))


def kept_from(targets: tuple[Target, ...], data_class: str, case: Case) -> tuple[Target, ...]:
    """As `held_from` for what is dangerous whatever its class: where no flow speaks, to be outside is enough."""
    flows = case.ruleset.flows

    def is_kept(target: Target) -> bool:
        cell = flows.cell(data_class, target.standing)
        return target.standing is not Standing.INTERNAL if cell is None else cell is not Action.ALLOW

    kept = filter(is_kept, targets)
    return tuple(sorted(kept, key=lambda target: -_strength(flows.cell(data_class, target.standing))))


def told_of(target: Target) -> str:
    """A destination as the reason of a signal names it."""
    if target.standing is Standing.INTERNAL:
        return f"{target.value}, your own, which the policy keeps this data from"
    return f"{target.value}, which is not one of your own destinations"


def _strength(cell: Action | None) -> int:
    """What no cell speaks of is done as without flows, which is most often a block."""
    return Action.BLOCK if cell is None else cell


def _leads_out(target: Target, case: Case) -> bool:
    if URL.match(target.value):
        return True
    if case.kind not in _CARRYING:
        return False
    if EMAIL.fullmatch(target.value):
        return target.named or case.kind in (ToolKind.SEND, ToolKind.SHARE)
    return target.named and case.kind in (ToolKind.SEND, ToolKind.SHARE) and "." in target.value


def outgoing(case: Case, *, longest: int = _MAX_TEXT) -> list[Outgoing]:
    """Every text in the arguments, encoded attachments opened, sign-in arguments left out; beyond 500 they are one.

    Of each text the first `longest` characters.
    """
    found: list[Outgoing] = []
    for number, argument in enumerate(case.call.arguments):
        if len(found) >= _MAX_TEXTS:
            rest = "\n".join(str(a.value) for a in case.call.arguments[number:] if isinstance(a.value, str))
            return [*found, Outgoing(argument=argument.path, text=rest[:longest], decoded=True)]
        value = argument.value
        if isinstance(value, int) and abs(value) >= _TELLING_NUMBER and not isinstance(value, bool):
            value = str(value) if value.bit_length() < _LONGEST_NUMBER else ""
        if not isinstance(value, str) or argument_name(argument.path) in _SIGN_IN:
            continue
        text = value[:longest]
        if text.strip():
            found.append(Outgoing(argument=argument.path, text=text))
            opened = decode_blob(text) if len(text) >= 16 and " " not in text.strip() else None
            if opened:
                found.append(Outgoing(argument=argument.path, text=opened, decoded=True))
    return found
