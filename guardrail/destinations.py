"""Where a planned call would reach: the addresses, hosts, accounts and handles in its arguments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from guardrail.invocation import Argument, Invocation
from guardrail.text.other_tongues import READS, TO
from guardrail.tool_kind import infer_kind
from policies.ruleset import Ruleset, Standing, ToolKind

EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,30}")
URL = re.compile(
    r"\b(?:https?|ftp|wss?)://(?:\[[0-9a-f:.]{2,45}\][^\s\"'<>()\[\]{}|\\^`]{0,2000}|[^\s\"'<>()\[\]{}|\\^`]{3,2000})"
    r"|\bwww\.[^\s\"'<>()\[\]{}|\\^`]{3,2000}",
    re.I,
)
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_HOST = re.compile(
    # with a `_` in it `final_report.txt` is a file, and `a_b.contoso.com` a host
    r"^(?:(?:(?:(?:[^\W_]|-){1,63}\.){1,9}|(?:[\w-]{1,63}\.){2,9})(?:[^\W\d_]{2,18}|xn--[a-z0-9-]{2,50})"
    r"|(?:\d{1,3}\.){3}\d{1,3})(?::\d{1,5})?"
    r"(?:[/?#\\]\S*)?$",
    re.IGNORECASE,
)
# What browsers take for a URL, too: `https:/a.example`, `https:\\a.example`, `//a.example`.
_LAX_URL = re.compile(r"^(https?|ftp|wss?):(?:[/\\]+|(?=[\w-]+\.))|^//+", re.IGNORECASE)
# A browser ends the host at the backslash; others go to what stands behind the `@`.
_TWO_HOSTS = re.compile(r"(?:https?|ftp|wss?)://[^\s/?#\\\"'<>@]*\\[^\s/?#\"'<>]*@([^\s/?#\\\"'<>@]+)", re.IGNORECASE)
_BREAKS = re.compile(r"[\t\r\n]+")
_IBAN_IN_ANY_FORM = re.compile(r"[a-z]{2}\d{2}[a-z0-9]{10,30}")
# More of a domain than EMAIL takes, and a domain by itself.
_MORE_DOMAIN = re.compile(r"[\w.%-]*")
_DOMAIN = re.compile(r"\[?[\w.:%-]+")
_BEFORE_ADDRESS = " \t\r\n<([,;|"
# What a message or a note says, by the name of the argument.
SAYING = frozenset(
    "body text message content comment comments html markdown note notes remark remarks texto texte testo tekst "
    "opmerking uwagi nachricht inhalt mensagem mensaje messaggio corpo cuerpo corps contenu contenido conteudo inhoud "
    "bericht tresc wiadomosc meddelande zprava mesaj metin kommentar bemerkung comentario commentaire commento".split()
)
_SAYING_ENDS = (
    "body",
    "messagetext",
    "mailtext",
    "notetext",
    "replytext",
    "messagecontent",
    "bodycontent",
    "bodytext",
    "bodyhtml",
    "bodyplain",
)
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
# Whoever a call is for is read further: twenty thousand letters of colleagues must not hide one stranger.
_MAX_READ_NAMED = 200_000
_LONGEST_ODD = 320


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One place an argument points to, lower-cased, with its standing and whether it stands in a target argument."""

    value: str
    argument: str
    standing: Standing
    named: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What kind of call it is, and where it reaches."""

    kind: ToolKind
    targets: tuple[Target, ...]

    @property
    def destinations(self) -> tuple[str, ...]:
        """Lower-cased outside-reaching targets of a call that can change or send something, recipients first.

        A call that only reads reaches outside by URL alone, which can carry data out. At most 50.
        """
        return tuple(dict.fromkeys(target.value for target in self.targets))

    @property
    def standings(self) -> dict[str, Standing]:
        """How the organisation stands to each of the destinations."""
        return {target.value: target.standing for target in self.targets}


def reach_of(call: Invocation, ruleset: Ruleset) -> Reach:
    """Where a call reaches; 0.1 ms."""
    kind = infer_kind(call.tool, ruleset, agent_id=call.agent_id)
    return Reach(kind=kind, targets=targets_of(call, ruleset, kind))


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
            if not known_form and standing is Standing.UNKNOWN and not _may_be_named(kind, ruleset):
                continue
            target = Target(value=value, argument=argument.path, standing=standing, named=is_target)
            (named if is_target else inside).append(target)
        if len(named) + len(inside) >= _MOST_READ:
            break
    if len(named) + len(inside) <= _MAX_TARGETS:
        return tuple(named + inside)
    return tuple(sorted(named + inside, key=lambda target: target.standing not in STRANGE)[:_MAX_TARGETS])


def _may_be_named(kind: ToolKind, ruleset: Ruleset) -> bool:
    """Whether a name nobody listed counts; where things are shared, it may as well be a record's own field."""
    return kind in (ToolKind.SEND, ToolKind.PAY) or (kind is ToolKind.SHARE and ruleset.flows.holds_names)


def reads_all(call: Invocation, targets: tuple[Target, ...]) -> bool:
    """Whether `targets` are all the call has: False where one more may hide behind what is read, or has no address."""
    if len(targets) >= _MAX_TARGETS:
        return False
    texts = [a.value for a in call.arguments if isinstance(a.value, str) and _is_target(_INDEX.sub("", a.path))]
    return all(len(text) <= _MAX_READ_NAMED and _is_one_place_a_part(text) for text in texts)


def _is_one_place_a_part(text: str) -> bool:
    """Each part of a list has an address: what has none beside one that has would be a recipient nobody looks at."""
    if URL.fullmatch(text.strip()):
        # a comma may be its own
        return True
    parts = [part for part in re.split(r"[,;|\n]", text) if part.strip()]
    return len(parts) < 2 or all(EMAIL.search(part) or IBAN.search(part) or URL.search(part) for part in parts)


def says_something(path: str) -> bool:
    """The argument holds what a message or a note says: `emailMessage/Body`, `replyText`, `cuerpo`."""
    name = argument_name(path)
    return name in SAYING or name.endswith(_SAYING_ENDS)


def argument_name(path: str) -> str:
    """The argument's own name, plain: `emailMessage/To` and `body.To[0]` are both `to`."""
    return _known_name(path) if len(path) <= _SHORT_PATH else _name_of(path)


def _name_of(path: str) -> str:
    tail = re.sub(r"(?:\[\d+\])+$", "", path)
    return _NOT_ALNUM.sub("", re.split(r"[./\]]", tail)[-1].lower())


# a tool takes the same arguments again and again; what is long is not kept for whoever sends it
_SHORT_PATH = 200
_known_name = lru_cache(maxsize=4096)(_name_of)


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
    text = str(argument.value)[: _MAX_READ_NAMED if is_target else _MAX_READ]
    plain = text.strip()
    if is_target and _HOST.match(plain):
        # what its query speaks of is no place it goes to
        return [(plain.lower(), True)]
    found = [(url.rstrip(".,;:!?'\")").lower(), True) for url in URL.findall(text)]
    if is_target:
        found += [(value, True) for value in _read_otherwise(plain)]
    if kind not in _OUTWARD_KINDS:
        return found
    found += [(address.lower(), True) for address in EMAIL.findall(text)]
    if is_target:
        found += _odd_addresses(text) if "@" in text else []
        found += [(iban.replace(" ", "").lower(), True) for iban in IBAN.findall(text)]
        if not found and 0 < len(plain) <= 120:
            compact = re.sub(r"[\s-]", "", plain).lower()
            is_account = _IBAN_IN_ANY_FORM.fullmatch(compact) is not None
            found.append((compact if is_account else plain.lower(), is_account))
    return found


def _read_otherwise(plain: str) -> Iterator[str]:
    """Where else a target that is a URL may lead: some clients read it otherwise than others."""
    lax = None if URL.match(plain) else _LAX_URL.match(plain)
    if lax and not any(letter.isspace() for letter in plain):
        rest = plain[lax.end() :].lstrip("/\\")
        if lax[1] or _HOST.match(rest):
            yield f"{lax[1] or 'https'}://{rest}".lower()
    yield from (f"https://{host}".lower() for host in _TWO_HOSTS.findall(plain))
    pieces = _BREAKS.split(plain)
    if len(pieces) > 1 and URL.match(plain) and " " not in plain:
        hosts = [piece for piece in pieces if _HOST.match(piece)]
        yield from map(str.lower, hosts)
        if not all(URL.match(piece) or EMAIL.fullmatch(piece) or piece in hosts for piece in pieces):
            # clients leave a tab or a line break in a URL out
            yield "".join(pieces)[:_LONGEST_ODD].lower()


def _odd_addresses(text: str) -> list[tuple[str, bool]]:
    """Addresses of which EMAIL finds too little: mail to `"kim@a.example"@b.example` goes to b.example."""
    ends = {text.index("@", match.start()): match.end() for match in EMAIL.finditer(text)}
    linked = {
        match.start() + at for match in URL.finditer(text) for at, sign in enumerate(match.group()) if sign == "@"
    }
    found = []
    for match in islice(re.finditer(r"(?<=\S)@(?=\S)", text), _MOST_READ):
        at = match.start()
        if at in linked:
            continue
        end = ends.get(at, at + 1)
        more = (_MORE_DOMAIN if at in ends else _DOMAIN).match(text, end, end + _LONGEST_ODD)
        rest = more.group().rstrip("._:-%") if more else ""
        if rest:
            start = max(text.rfind(sign, max(0, at - _LONGEST_ODD), at) for sign in _BEFORE_ADDRESS) + 1
            found.append((f"{text[start:end]}{rest}".lower()[-_LONGEST_ODD:], at in ends or "." in rest or "[" in rest))
    return found
