"""Where a planned call would reach: the addresses, hosts, accounts and handles in its arguments."""

import re
from dataclasses import dataclass
from functools import lru_cache

from guardrail.invocation import Argument, Invocation
from guardrail.text.other_tongues import READS, TO
from guardrail.tool_kind import infer_kind
from policies.ruleset import Ruleset, Standing, ToolKind

EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}")
URL = re.compile(
    r"\b(?:https?|ftp|wss?)://[^\s\"'<>()\[\]{}|\\^`]{3,2000}|\bwww\.[^\s\"'<>()\[\]{}|\\^`]{3,2000}", re.I
)
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_HOST = re.compile(r"^(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,18}(?::\d{1,5})?(?:/[^\s]*)?$", re.IGNORECASE)
_INDEX = re.compile(r"\[\d+\]")
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")
# Argument names that hold somebody or some place the call reaches; a plain name or number counts only under these.
_TARGET_NAMES = frozenset(
    "to cc bcc recipient recipients receiver payee beneficiary destination target channel channelid address email "
    "emails useremail emailaddress toaddress participants attendees invitees guests guest members sharedwith sharewith "
    "iban account accountnumber toaccount recipientaccount wallet walletaddress phone phonenumber tophonenumber number "
    "chatid roomid webhook webhookurl endpoint url uri href site host domain topic forwardto replyto user username "
    "userid handle recipientid tonumber bic team person contact".split()
).union(READS)
_WHERE_TO = re.compile(r"[a-z](?:[_-]to|To)$")
_OUTWARD_KINDS = frozenset((ToolKind.SEND, ToolKind.PAY, ToolKind.SHARE, ToolKind.WRITE, ToolKind.EXECUTE))
_MAX_TARGETS = 50
_MOST_READ = 2_000
# Nobody here knows them, or nobody may reach them.
STRANGE = (Standing.UNKNOWN, Standing.DENIED)
_MAX_READ = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One place an argument points to, lower-cased, with its standing and whether it stands in a target argument."""

    value: str
    argument: str
    standing: Standing
    named: bool


def destinations_of(call: Invocation, ruleset: Ruleset) -> tuple[str, ...]:
    """Lower-cased outside-reaching targets of a call that can change or send something, recipients first.

    A call that only reads reaches outside by URL alone, which can carry data out. At most 50.
    """
    kind = infer_kind(call.tool, ruleset, agent_id=call.agent_id)
    return tuple(dict.fromkeys(target.value for target in targets_of(call, ruleset, kind)))


def targets_of(call: Invocation, ruleset: Ruleset, kind: ToolKind) -> tuple[Target, ...]:
    """The targets of a call with their standing: those in recipient arguments first, then those inside its texts.

    Of more than 50 those nobody here knows come first, and the rest is left out: fifty colleagues, or fifty links in
    the body, must not hide one stranger behind them.
    """
    named: list[Target] = []
    inside: list[Target] = []
    for argument in call.arguments:
        if not isinstance(argument.value, str | int) or isinstance(argument.value, bool):
            continue
        is_target = _is_target(_INDEX.sub("", argument.path)) or _is_sent_to(argument)
        if not is_target and (not isinstance(argument.value, str) or not _may_hold_address(argument.value)):
            continue
        for value, known_form in _values(argument, is_target=is_target, kind=kind):
            standing = ruleset.standing_of(value)
            if not known_form and standing is Standing.UNKNOWN and kind not in (ToolKind.SEND, ToolKind.PAY):
                continue
            target = Target(value=value, argument=argument.path, standing=standing, named=is_target)
            (named if is_target else inside).append(target)
        if len(named) + len(inside) >= _MOST_READ:
            break
    if len(named) + len(inside) <= _MAX_TARGETS:
        return tuple(named + inside)
    return tuple(sorted(named + inside, key=lambda target: target.standing not in STRANGE)[:_MAX_TARGETS])


def reads_all(call: Invocation, targets: tuple[Target, ...]) -> bool:
    """Whether `targets` are all the call has: False where one more may hide behind what is read, or has no address."""
    if len(targets) >= _MAX_TARGETS:
        return False
    texts = [a.value for a in call.arguments if isinstance(a.value, str) and _is_target(_INDEX.sub("", a.path))]
    return all(len(text) <= _MAX_READ and _is_one_place_a_part(text) for text in texts)


def _is_one_place_a_part(text: str) -> bool:
    """Each part of a list has an address: what has none beside one that has would be a recipient nobody looks at."""
    parts = [part for part in re.split(r"[,;|\n]", text) if part.strip()]
    return len(parts) < 2 or bool(URL.match(text)) or all(EMAIL.search(part) or IBAN.search(part) for part in parts)


def argument_name(path: str) -> str:
    """The argument's own name, plain: `emailMessage/To` and `body.To[0]` are both `to`."""
    tail = re.sub(r"(?:\[\d+\])+$", "", path)
    return _NOT_ALNUM.sub("", re.split(r"[./\]]", tail)[-1].lower())


def _may_hold_address(text: str) -> bool:
    return "@" in text or "://" in text or "www." in text.lower()


def _is_sent_to(argument: Argument) -> bool:
    """`deliver_to`, `returnTo`, `an`: whom for, where the value is an address; `belongs_to: 12` is none."""
    text = argument.value
    if not isinstance(text, str) or not EMAIL.match(text.strip()):
        return False
    return bool(_WHERE_TO.search(argument.path[-80:])) or argument_name(argument.path) in TO


@lru_cache(maxsize=4096)
def _is_target(path: str) -> bool:
    parts = re.split(r"[./\[\]]+", path.lower())
    return any(_NOT_ALNUM.sub("", part) in _TARGET_NAMES for part in parts if part)


def _values(argument: Argument, *, is_target: bool, kind: ToolKind) -> list[tuple[str, bool]]:
    """(value, whether it has an address's form) of one argument."""
    text = str(argument.value)[:_MAX_READ]
    found = [(url.rstrip(".,;:!?'\")").lower(), True) for url in URL.findall(text)]
    if kind in _OUTWARD_KINDS:
        found += [(address.lower(), True) for address in EMAIL.findall(text)]
        found += [(iban.replace(" ", "").lower(), True) for iban in IBAN.findall(text) if is_target]
        if is_target and not found and 0 < len(text.strip()) <= 120:
            found.append((text.strip().lower(), bool(_HOST.match(text.strip()))))
    elif is_target and not found and _HOST.match(text.strip()):
        found.append((text.strip().lower(), True))
    return found
