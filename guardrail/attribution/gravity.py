"""Whether a call does what people are hurt by and nobody leaves to a text in passing: money, rights, keys, losses.

The names of tools and arguments tell. A family holds the words people speak of such a matter with: whoever uses one
has it in mind.
"""

import re

from guardrail.attribution.delegation import Delegation
from guardrail.attribution.named_slots import AMOUNTS
from guardrail.attribution.provenance import Leaf
from guardrail.attribution.request import LETTING_IN, VAGUE, Request, families_of, plain_words, telling_words
from guardrail.attribution.slots import fills_another
from guardrail.case import Case
from guardrail.destinations import argument_name, says_something
from guardrail.text.directives import WORD, words_of
from guardrail.text.other_tongues import is_foreign, says_paying
from guardrail.text.words import ENGLISH, stem, stems
from guardrail.tool_kind import name_tokens, tool_verbs, tool_words
from policies.ruleset import Standing, ToolKind

_FAMILIES = (
    "password passwd passphrase pin credential recovery login signin sign-in locked unlock",
    "mfa 2fa otp totp factor multifactor authenticator authentication login sign-in",
    "security antivirus firewall defender encryption tls ssl dns vpn proxy network audit monitoring backup",
    "role permission privilege admin administrator access right collaborator",
    "forwarding forward redirection delegate rule filter",
    "limit threshold ceiling credit",
    "discount rebate price fee fine coupon voucher",
    # whoever speaks of an invoice has not spoken of the account it is paid to
    "iban bank payee beneficiary > salary payroll account payment pay transfer",
    "salary payroll account payment rent invoice bill > iban bank payee beneficiary",
    "salary wage stipend pension bonus allowance compensation payout refund",
    "grade mark score",
    "medication prescription drug dose dosage allergy allergies > antibiotic medicine tablet painkiller",
    "unlock disarm > open",
    "lock door gate keycode keypad alarm > unlock open key code pin access",
    "keycard badge > key card pass access room",
    "cle clef schlüssel schluessel llave chiave sleutel chave klucz nyckel > key clé clés clefs llaves chiavi sleutels",
    "address street move moved relocation shipping delivery > adresse anschrift umgezogen umzug déménagé dirección "
    "direccion endereço indirizzo adres adresa verhuisd",
    "approve approval release authorize authorise publish promote > accept allow clear",
    "deploy deployment rollout > release ship production live install",
    "protect protection unprotect",
    # behind the sign: who says so means it, but not every tool with such a word buys something
    "purchase buy procurement > order reorder restock",
)
_LOCKS = frozenset("key door gate access entry entrance alarm safe locker".split())
# Of what is only given another day these say nothing.
_MOVES = stems(frozenset("move moved street relocation shipping delivery".split()))
# As the name of an argument they set such a thing; others are only how a tool finds what it works on.
_GRAVE_ARGUMENTS = frozenset(
    "password newpassword pin newpin iban newiban bankaccount role permission permissions salary dose dosage".split()
)
# A part of such a name: `discount_percent`.
_SETTING = frozenset("discount rebate salary".split())
# Arguments that name what is set: `field: recovery_email, value: ...`.
_NAMES_OF_SETTINGS = frozenset("field setting property attribute parameter option".split())
# What has a number: `K-3391`, `TGHU7301842`.
_NUMBERED = re.compile(r"(?<![\w.@-])(?=[^\s]{0,30}\d)[a-z0-9](?:[a-z0-9_#:-]{0,38}[a-z0-9])?(?![\w@])")
_SHORTEST_NUMBER, _SHORTEST_DIGITS = 4, 6
_KEY_FILE = re.compile(
    r"(?:^|[/\\_.-])(?:secrets?|credentials?|passwords?|passwd|shadow|id_rsa|id_ed25519|\.env|private[_-]key|keystore|vault)"
    r"(?:[/\\_.-]|$)|\.(?:pem|p12|pfx|kdbx|ppk|env)$"
)
# As the whole of a value they mean anybody.
_ANYBODY = frozenset("0.0.0.0/0 ::/0 * everyone everybody anyone anybody public world".split())
# What was found is to be written where the user says: `put it on order 55126 as a note`.
_PUT_THERE = re.compile(
    r"\b(?:put|enter|note|write|add|log|record|save) (?:it|that|this|them|these|those)\b[^.!?\n]{0,30}\b"
    r"(?:on|in|into|to|under|at)\b"
)
# Whoever wants a thing closed or put away has not asked for a loss; tools of that name are known by it.
_TAKING_AWAY = stems(frozenset("delete remove erase cancel revoke clear drop purge".split()))


def _by_stem() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for family in _FAMILIES:
        touched, _, said = family.partition(">")
        words = stems(frozenset((*touched.split(), *said.split())))
        for word in stems(frozenset(touched.split())):
            found[word] = found.get(word, frozenset()) | words
    return found


_FAMILY_OF = _by_stem()


# `the group calendar` is the calendar of a group, which nobody joins by an entry.
_WHOSE = re.compile(
    r"\b(?:group|access|account)(?:['’]s|(?= (?:calendar|diary|chat|agenda|page|list|folder|drive|mailbox)))"
)
# In front of an approval they have somebody asked for one.
_ASKING = frozenset("start request ask seek submit await send get need".split())
_APPROVALS = stems(frozenset("approval approve release authorization authorisation".split()))
# In a value they give somebody the run of the place.
_MIGHTY = frozenset("admin admins administrator administrators root owner owners superuser sysadmin".split())
# What can be opened again; whoever does what others ask for has such requests among them.
_SAYING = frozenset("body text message subject content html attachment attachments".split())
_DONE = frozenset(("close", "dismiss", "resolve"))
_WORK = frozenset("ticket issue task case incident alert alarm order job work request todo defect bug".split())
_GIVING_UP = stems(frozenset("cancel close decline unsubscribe dismiss discontinue stop end withdraw".split()))


def gives_up(case: Case) -> bool:
    """The call ends something the way whoever asked for it may want it ended: a booking, a ticket, a subscription."""
    return case.kind is ToolKind.DELETE and not stems(tool_verbs(case.call.tool)).isdisjoint(_GIVING_UP)


def ends_something(case: Case) -> bool:
    """The same by the tool's verb alone, and no money is drawn: `withdraw_entry`."""
    if stems(tool_verbs(case.call.tool)).isdisjoint(_GIVING_UP):
        return False
    money = any(argument_name(argument.path) in AMOUNTS for argument in case.call.arguments)
    return case.kind in (ToolKind.DELETE, ToolKind.WRITE) or (case.kind is ToolKind.PAY and not money)


def is_grave(case: Case) -> bool:
    """The call does such a thing, and the user's words do not speak of it."""
    said = stems(case.user.words)
    if case.kind in (ToolKind.PAY, ToolKind.SHARE) or (_lets_in(case) and said.isdisjoint(_RIGHTS)):
        return True
    if case.kind is ToolKind.WRITE and (_hands_out(case) or _goes_to_account(case)):
        return True
    if (
        case.kind is ToolKind.DELETE
        and not _closes_work(case)
        and said.isdisjoint(_TAKING_AWAY | stems(tool_verbs(case.call.tool)))
    ):
        return True
    touched = {stem(word.removesuffix("s")) for word in _matters_of(case)}
    if not _ASKING.isdisjoint(name_tokens(case.call.tool.tool_id, case.call.tool.name)):
        # `request_approval`: a person decides
        touched -= _APPROVALS
    names = {argument_name(argument.path) for argument in case.call.arguments} & _GRAVE_ARGUMENTS
    touched |= {stem(part) for argument in case.call.arguments for part in _parts_of(argument.path) & _SETTING}
    touched |= {stem(name.removeprefix("new").removesuffix("s")) for name in names}
    touched |= _settings_named(case)
    if _is_moved_in_time(case):
        touched -= _MOVES
    given = {word for leaf in case.leaves if leaf.kind in ("short", "id") for word in leaf.words}
    if not given.isdisjoint(_MIGHTY) and said.isdisjoint(_FAMILY_OF["admin"]):
        return True
    if any(leaf.needle in _ANYBODY and share == 0 for leaf, share in zip(case.leaves, case.user_shares, strict=True)):
        return True
    return any(word in _FAMILY_OF and said.isdisjoint(_FAMILY_OF[word]) for word in touched)


_PAYING = stems(
    frozenset(verb for verb, sense in ENGLISH.main_sense.items() if sense == "pay")
    | frozenset("paid bought payment bill invoice rent reminder subscription donation debt money renew rebook".split())
)
_RIGHTS = stems(frozenset("role permission privilege administrator access group".split()))
# Whoever adds one of these leaves something for people to look at, and changes nothing by it.
_SLIGHT = frozenset(
    "note comment remark task todo reminder draft ticket issue case incident event calendar appointment meeting slot "
    "room reservation label tag category folder log message mail email reply post chat channel thread page wiki review "
    "rating reaction feedback survey bookmark favorite favourite cart basket playlist list profile picture photo "
    "description title summary report file document doc repository branch commit code worksheet cell spreadsheet "
    "subscription newsletter window volume light temperature".split()
)
# Verbs that only add or put away; `set`, `change`, `approve`, `release` and all others change what is.
_ADDING = frozenset(
    "add create append insert log record register book reserve schedule draft tag label comment note save store "
    "archive move copy reschedule upload write generate make prepare plan star pin mark reply answer save "
    "arrange file enter submit attach download export compile build".split()
)
# `update_user_info` is about nothing but the user.
_NOTHING = frozenset("info information data detail record field attribute value".split())
# What is there is another thing afterwards, however slight.
_ALTERING = frozenset("set reset change modify edit amend overwrite replace alter".split())
# Of slight things those that are not altered all day.
_LASTING = frozenset("code document doc profile reservation subscription".split())
# Whom and what for a thing is done, not what is changed.
_PEOPLE = frozenset(
    "customer client user patient student guest vendor supplier employee staff member person contact resident citizen "
    "tenant subscriber applicant insured passenger payer owner agent party".split()
)


def is_weighty(case: Case, request: Request) -> bool:
    """The call changes, opens or ends something by itself, and the user's words do not speak of that.

    Wider than `is_grave`, whatever the trade: not weighty is what only adds something for people to look at. Of who
    only asks a question, or asks for something else and leaves nothing to a text, nobody expects even that. Of what is
    only read it is the files that keys are kept in.
    """
    if case.kind is ToolKind.READ:
        return _opens_keys(case)
    if case.kind is ToolKind.SEND and _is_message(case) and not (_is_no_matter_of(request) and _is_to_nobody(case)):
        return False
    if case.kind is ToolKind.WRITE and not (
        _is_no_matter_of(request)
        or _changes_something(case)
        or _is_other_booking(case, request)
        or (request.asked and is_another(case))
    ):
        return False
    return not _is_spoken_of(case, request)


def _is_no_matter_of(request: Request) -> bool:
    elsewhere = request.deed_named and not request.deed and request.delegation is Delegation.NONE
    return request.only_reading or elsewhere


def _is_other_booking(case: Case, request: Request) -> bool:
    """It reserves what the user, who wants something else written or booked, did not speak of."""
    elsewhere = request.deed_named and not request.asked and request.delegation is Delegation.NONE
    return elsewhere and any(ENGLISH.main_sense.get(verb) == "book" for verb in tool_verbs(case.call.tool))


def _is_message(case: Case) -> bool:
    """It has something to say, or an address to go to; `redirect_shipment` only sounds like one.

    What is called with numbers alone reckons.
    """
    if all(leaf.kind == "number" for leaf in case.leaves):
        return True
    names = {argument_name(argument.path) for argument in case.call.arguments}
    return not names.isdisjoint(_SAYING) or any("@" in target.value for target in case.targets)


def _is_to_nobody(case: Case) -> bool:
    """It says something, to all who read there: a post, a comment, a review."""
    return not case.targets and any(argument_name(argument.path) in _SAYING for argument in case.call.arguments)


def _opens_keys(case: Case) -> bool:
    """A file named after keys or passwords, which the user did not name."""
    return any(
        share < case.tuning.given_share and _KEY_FILE.search(leaf.needle)
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
        if leaf.kind in ("path", "id", "short")
    )


def _changes_something(case: Case) -> bool:
    words = tool_words(case.call.tool)
    verbs = tool_verbs(case.call.tool)
    if (
        _reaches_out(case)
        or _goes_to_account(case)
        or _sets_grave(case)
        or _lets_in(case)
        or any(stem(word.removesuffix("s")) in _FAMILY_OF for word in _matters_of(case))
        or not _FAMILY_OF.keys().isdisjoint(_settings_named(case))
    ):
        return True
    # `issue_key_code` issues a code; `comment_issue` is about an issue
    matters = words[1:] if len(words) > 1 and words[0] in verbs else words
    if verbs and verbs <= _ADDING:
        return False
    bare = frozenset(word.removesuffix("s") for word in matters)
    if _SLIGHT.isdisjoint(bare):
        return True
    return bare & _SLIGHT <= _LASTING and not verbs.isdisjoint(_ALTERING)


def decides(case: Case) -> bool:
    """It puts something into a state that pays, allows or takes away, by one word the user did not say."""
    return case.kind is ToolKind.WRITE and any(
        leaf.kind == "short" and share == 0 and leaf.needle.isalpha() and says_something_grave(leaf.needle)
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
    )


def says_something_grave(word: str) -> bool:
    """As a state it pays, allows or takes away: `approved`, `paid`, `unlocked`, `deleted`."""
    plain = stem(word)
    return plain in _FAMILY_OF or plain in _PAYING or plain in _TAKING_AWAY


def _matters_of(case: Case) -> tuple[str, ...]:
    """The words of the tool; the code of a key, a door or a safe is one of a lock, a standing order one of money."""
    words = tool_words(case.call.tool)
    bare = {word.removesuffix("s") for word in words}
    if "card" in bare and "key" in bare:
        return (*words, "keycard")
    if "standing" in bare and "order" in bare:
        return (*words, "bank")
    return (*words, "keycode") if "code" in bare and not bare.isdisjoint(_LOCKS) else words


def _reaches_out(case: Case) -> bool:
    """Somebody unknown is handed something: `send_to`, `deliver_to`. An address inside a longer name is none."""
    given = {str(argument.value).strip().lower() for argument in case.call.arguments}
    unknown = (target for target in case.targets if target.named and target.standing is Standing.UNKNOWN)
    return any("@" in target.value and target.value in given for target in unknown)


def _parts_of(path: str) -> frozenset[str]:
    return frozenset(WORD.findall(path.rpartition("/")[2].replace("_", " ").lower()))


def _settings_named(case: Case) -> frozenset[str]:
    """`recovery_email`, where one argument says which setting another gives a value for."""
    return frozenset(
        stem(part)
        for argument in case.call.arguments
        if isinstance(argument.value, str) and argument_name(argument.path) in _NAMES_OF_SETTINGS
        for part in WORD.findall(argument.value[:80].replace("_", " ").lower())
    )


def _hands_out(case: Case) -> bool:
    """It goes to an unknown address, by the name of the argument: `send_to`."""
    return any(
        target.named
        and target.standing is Standing.UNKNOWN
        and "@" in target.value
        and argument_name(target.argument).endswith(("to", "recipient", "recipients", "receiver"))
        for target in case.targets
    )


def _goes_to_account(case: Case) -> bool:
    """Money goes, now or later, to an account, of which the user did not speak."""
    return stems(plain_words(case.user)).isdisjoint(_FAMILY_OF["iban"]) and any(
        leaf.kind == "iban" and share < case.tuning.given_share
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
    )


def _is_moved_in_time(case: Case) -> bool:
    """It says which, and a day or an hour: a visit or a delivery is put off, and goes nowhere else."""
    when = [leaf for leaf in case.leaves if leaf.kind == "date"]
    return bool(when) and all(
        leaf.kind in ("date", "id") or says_something(leaf.argument) or share == 1.0
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
    )


def _closes_work(case: Case) -> bool:
    """A job is done and closed, which is no loss: `close_ticket`."""
    words = {word.removesuffix("s") for word in tool_words(case.call.tool)}
    return tool_verbs(case.call.tool) <= _DONE and not words.isdisjoint(_WORK)


def _lets_in(case: Case) -> bool:
    """The tool's own sentence speaks of rights, or its name of joining others."""
    tool = case.call.tool
    told = _WHOSE.sub(" ", tool.description[:200].partition(".")[0].lower())
    said = stems(frozenset(WORD.findall(told)))
    return not said.isdisjoint(_RIGHTS) or {"to", "group"} <= frozenset(name_tokens(tool.tool_id, tool.name))


def _sets_grave(case: Case) -> bool:
    return not {argument_name(argument.path) for argument in case.call.arguments}.isdisjoint(_GRAVE_ARGUMENTS)


def _is_spoken_of(case: Case, request: Request) -> bool:
    """The user's words hold the tool's telling verb, or half of what it is named after.

    Looser words are not enough: whoever has a vendor set up has not asked for a file to be deleted.
    """
    if request.only_reading or not case.user.words:
        return False
    if is_another(case):
        return False
    said = stems(plain_words(case.user))
    if case.kind is ToolKind.PAY and request.deed:
        words = words_of(case.user.lower[:2_000])
        if not said.isdisjoint(_PAYING) or (is_foreign(words) and says_paying(words)):
            return True
    verbs = tool_verbs(case.call.tool)
    telling = stems(verbs - ENGLISH.general - VAGUE)
    wanted = request.wants_telling or (request.wants and not is_grave(case))
    if wanted and not (verbs <= ENGLISH.general | VAGUE):
        return True
    if not said.isdisjoint(telling) and (request.asked or request.delegation is not Delegation.NONE or request.wants):
        return True
    if request.asked and _is_named_whole(case, said):
        return True
    if is_grave(case):
        # whoever names the thing has not asked for rights or a loss, and by the way not for money
        if request.delegation is Delegation.NONE:
            return False
        if case.kind is ToolKind.WRITE and _goes_to_account(case):
            # whoever names a supplier has not left it to a text where they are paid
            return False
        foreign = request.deed and is_foreign(words_of(case.user.lower[:2_000]))
        if foreign and is_object_given(case):
            # the words for it are not those the tool is named by
            return True
        if case.kind is ToolKind.SHARE:
            # `let the painter in`
            return not said.isdisjoint(_RIGHTS) or LETTING_IN.search(case.user.lower[:4_000]) is not None
        return case.kind in (ToolKind.PAY, ToolKind.WRITE) and _is_object_numbered(case)
    if (request.delegation is not Delegation.NONE or not request.deed_named) and is_object_given(case):
        return True
    if case.kind is ToolKind.WRITE and is_object_given(case) and _PUT_THERE.search(case.user.lower[:4_000]):
        return True
    empty = verbs | ENGLISH.general | VAGUE | _PEOPLE | _NOTHING
    matters = [word for word in tool_words(case.call.tool) if word not in empty and word.removesuffix("s") not in empty]
    if not matters:
        # `submit_leave` names its matter by a word that is a verb as well
        return request.asked and (not telling or not said.isdisjoint(stems(verbs - VAGUE)))
    if request.deed_named and not request.deed:
        # `tell her the balance and the last salary run` is about no payee
        return False
    spoken = sum(1 for word in matters if not said.isdisjoint(_ways_to_say(word)))
    return 2 * spoken >= len(matters)


def _is_named_whole(case: Case, said: frozenset[str]) -> bool:
    """The user said each word of the tool's name: `create the employee`, `set up the standing order`."""
    words = [stem(word.removesuffix("s")) for word in tool_words(case.call.tool)]
    return len(words) > 1 and said.issuperset(words)


def is_another(case: Case) -> bool:
    """The user named one thing by its number, and the call is about another with a number of the same form.

    Or gave what the call fills in another way, see `slots`.
    """
    if fills_another(case):
        return True
    given: set[str] = set()
    others: set[str] = set()
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if leaf.kind == "id" and _is_telling(leaf.needle):
            (given if share >= case.tuning.given_share else others).add(_form_of(leaf.needle))
    others -= given
    if not others:
        return False
    return any(_form_of(word) in others for word in _NUMBERED.findall(case.user.lower[:4_000]) if _is_telling(word))


def _is_telling(number: str) -> bool:
    """Longer than a year, or with letters."""
    return len(number) >= (_SHORTEST_NUMBER if any(map(str.isalpha, number)) else _SHORTEST_DIGITS)


def _form_of(number: str) -> str:
    """`K-3391` as `a-9999`."""
    return "".join("9" if sign.isdigit() else "a" if sign.isalpha() else sign for sign in number)


def is_object_given(case: Case) -> bool:
    """The user named what is to be changed, if only by a word of it: `the timeout` for `export.timeout`.

    Of a path by a word of its last part: `/sites/legal/claims.docx` is not named by whoever speaks of sites or a docx.
    """
    return any(
        leaf.kind not in ("long", "date")
        and (leaf.words or leaf.kind != "short")
        and (share >= case.tuning.given_share or not _telling_of(leaf).isdisjoint(case.user.words))
        and (leaf.kind != "number" or f"{argument_name(leaf.argument)} {leaf.needle}" in case.user.lower)
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
    )


def _is_object_numbered(case: Case) -> bool:
    """The user named it as the call does, by its number: `V-3108`."""
    shares = zip(case.leaves, case.user_shares, strict=True)
    return any(
        leaf.kind == "id" and _is_telling(leaf.needle) and share >= case.tuning.given_share for leaf, share in shares
    )


def _telling_of(leaf: Leaf) -> frozenset[str]:
    if leaf.kind != "path" or "/" not in leaf.needle:
        return telling_words(" ".join(leaf.words))
    last = leaf.needle.rstrip("/").rpartition("/")[2]
    return telling_words(" ".join(WORD.findall(last.rpartition(".")[0] or last)))


def _ways_to_say(word: str) -> frozenset[str]:
    return families_of((word,)) | _FAMILY_OF.get(stem(word.removesuffix("s")), frozenset())
