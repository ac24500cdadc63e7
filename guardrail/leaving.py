"""What a call would carry out of the organisation: the outside destinations, and the texts that would go there."""

from collections.abc import Iterable
from dataclasses import dataclass

from guardrail.case import Case
from guardrail.destinations import EMAIL, URL, Target, argument_name
from guardrail.text.normalise import decode_blob
from policies.choices import Action, Standing, ToolKind
from policies.flows import FORM, NAME

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
    """The destinations data may be held back from: those outside, and what a flow of the policy speaks of beside them.

    Those are our own, and what the call names without an address.
    """
    flows = case.ruleset.flows
    if not flows.standings and not flows.holds_names:
        return outside(case)
    ours_too = Standing.INTERNAL in flows.standings
    return tuple(
        target
        for target in case.targets
        if (_leads_out(target, case) and (ours_too or target.standing is not Standing.INTERNAL))
        or (
            _is_name(target, case)
            and (flows.holds_names if _is_unlisted(target) else target.standing in flows.standings)
        )
    )


def held_from(targets: tuple[Target, ...], data_class: str, case: Case) -> tuple[Target, ...]:
    """Those of `targets` that data of the class may not simply go to; what a flow holds back most from comes first."""

    def is_held(target: Target) -> bool:
        if _is_name(target, case):
            return _holds_back(cell_of(target, data_class, case))
        return case.ruleset.held_from(data_class, target.standing)

    return _strictest_first(filter(is_held, targets), data_class, case)


def kept_from(targets: tuple[Target, ...], data_class: str, case: Case) -> tuple[Target, ...]:
    """As `held_from` for what is dangerous whatever its class: where no flow speaks, to be outside is enough."""

    def is_kept(target: Target) -> bool:
        cell = cell_of(target, data_class, case)
        if cell is None:
            return target.standing is not Standing.INTERNAL and not _is_name(target, case)
        return _holds_back(cell)

    return _strictest_first(filter(is_kept, targets), data_class, case)


def cell_of(target: Target, data_class: str, case: Case) -> Action | None:
    """What the policy's flows say of data of the class on its way to this target; None = nothing."""
    flows = case.ruleset.flows
    if _is_name(target, case) and _is_unlisted(target):
        return flows.name_cell(data_class)
    return flows.cell(data_class, target.standing)


def facts_of(target: Target, case: Case) -> tuple[tuple[str, str], ...]:
    """The facts of a finding that would go there, by which the policy's flows decide."""
    facts = (("destination", target.value), ("destination_standing", target.standing.value))
    return (*facts, (FORM, NAME)) if _is_name(target, case) and _is_unlisted(target) else facts


def told_of(target: Target) -> str:
    """A destination as the reason of a signal names it."""
    if target.standing is Standing.INTERNAL:
        return f"{target.value}, your own, which the policy keeps this data from"
    return f"{target.value}, which is not one of your own destinations"


def _strictest_first(targets: Iterable[Target], data_class: str, case: Case) -> tuple[Target, ...]:
    return tuple(sorted(targets, key=lambda target: -_strength(cell_of(target, data_class, case))))


def _strength(cell: Action | None) -> int:
    """What no cell speaks of is done as without flows, which is most often a block."""
    return Action.BLOCK if cell is None else cell


def _holds_back(cell: Action | None) -> bool:
    return cell is not None and cell is not Action.ALLOW


def _leads_out(target: Target, case: Case) -> bool:
    if URL.match(target.value):
        return True
    if case.kind not in _CARRYING:
        return False
    if EMAIL.fullmatch(target.value):
        return target.named or case.kind in (ToolKind.SEND, ToolKind.SHARE)
    return target.named and case.kind in (ToolKind.SEND, ToolKind.SHARE) and "." in target.value


def _is_name(target: Target, case: Case) -> bool:
    """A channel, a user, a team, an account: whom for, but without an address anybody could look up."""
    return target.named and case.kind in _CARRYING and "." not in target.value and not URL.match(target.value)


def _is_unlisted(target: Target) -> bool:
    return target.standing is Standing.UNKNOWN


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
