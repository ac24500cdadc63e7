"""What a call would carry out of the organisation: the outside destinations, and the texts that would go there."""

from dataclasses import dataclass

from guardrail.case import Case
from guardrail.destinations import EMAIL, URL, Target, argument_name
from guardrail.text.normalise import decode_blob
from policies.ruleset import Standing, ToolKind

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
