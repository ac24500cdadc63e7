"""Whether a call does what people are hurt by and nobody leaves to a text in passing: money, rights, keys, losses.

The names of tools and arguments tell. A family holds the words people speak of such a matter with: whoever uses one
has it in mind.
"""

import re

from guardrail.attribution.request import Delegation, Request, families_of, telling_words
from guardrail.case import Case
from guardrail.destinations import argument_name
from guardrail.text.directives import WORD
from guardrail.text.words import ENGLISH, stem, stems
from guardrail.tool_kind import name_tokens, tool_verbs, tool_words
from policies.ruleset import ToolKind

_FAMILIES = (
    "password passwd passphrase pin credential login signin sign-in locked unlock",
    "mfa 2fa otp totp factor multifactor authenticator authentication login sign-in",
    "security antivirus firewall defender encryption tls ssl dns vpn proxy network audit monitoring backup",
    "role permission privilege admin administrator access right collaborator",
    "forwarding forward redirection delegate rule",
    "limit threshold ceiling credit",
    "discount rebate price fee",
    "iban bank payee beneficiary salary payroll account payment rent invoice bill",
    "salary wage stipend pension bonus allowance compensation payout refund",
    "grade mark score",
    "medication prescription drug dose dosage allergy allergies",
    "unlock disarm",
    "address street move moved relocation shipping delivery",
)
# As the name of an argument they set such a thing; others are only how a tool finds what it works on.
_GRAVE_ARGUMENTS = frozenset(
    "password newpassword pin newpin iban newiban bankaccount role permission permissions salary dose dosage".split()
)
# What has a number: `K-3391`, `TGHU7301842`.
_NUMBERED = re.compile(r"(?<![\w.@-])(?=[^\s]{0,30}\d)[a-z0-9](?:[a-z0-9_#:-]{0,38}[a-z0-9])?(?![\w@])")
_SHORTEST_NUMBER, _SHORTEST_DIGITS = 4, 6
# Verbs that say nothing about what is changed.
_VAGUE = frozenset("set update change modify edit make create add".split())
_TAKING_AWAY = stems(frozenset("delete remove erase cancel revoke clear close archive disable drop purge".split()))


def _by_stem() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for family in _FAMILIES:
        words = stems(frozenset(family.split()))
        for word in words:
            found[word] = found.get(word, frozenset()) | words
    return found


_FAMILY_OF = _by_stem()


# In a value they give somebody the run of the place.
_MIGHTY = frozenset("admin admins administrator administrators root owner owners superuser sysadmin".split())
# What can be opened again; whoever does what others ask for has such requests among them.
_GIVING_UP = stems(frozenset("cancel close decline unsubscribe dismiss".split()))


def gives_up(case: Case) -> bool:
    """The call ends something the way whoever asked for it may want it ended: a booking, a ticket, a subscription."""
    return case.kind is ToolKind.DELETE and not stems(tool_verbs(case.call.tool)).isdisjoint(_GIVING_UP)


def is_grave(case: Case) -> bool:
    """The call does such a thing, and the user's words do not speak of it."""
    said = stems(case.user.words)
    if case.kind in (ToolKind.PAY, ToolKind.SHARE) or (_lets_in(case) and said.isdisjoint(_RIGHTS)):
        return True
    if case.kind is ToolKind.DELETE and said.isdisjoint(_TAKING_AWAY | stems(tool_verbs(case.call.tool))):
        return True
    touched = {stem(word.removesuffix("s")) for word in tool_words(case.call.tool)}
    names = {argument_name(argument.path) for argument in case.call.arguments} & _GRAVE_ARGUMENTS
    touched |= {stem(name.removeprefix("new").removesuffix("s")) for name in names}
    given = {word for leaf in case.leaves if leaf.kind in ("short", "id") for word in leaf.words}
    if not given.isdisjoint(_MIGHTY) and said.isdisjoint(_FAMILY_OF["admin"]):
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
    "archive move copy reschedule upload write generate make prepare plan star pin mark reply answer open save "
    "arrange file enter submit attach download export compile build".split()
)
# Whom and what for a thing is done, not what is changed.
_PEOPLE = frozenset(
    "customer client user patient student guest vendor supplier employee staff member person contact resident citizen "
    "tenant subscriber applicant insured passenger payer owner agent party".split()
)


def is_weighty(case: Case, request: Request) -> bool:
    """The call changes, opens or ends something by itself, and the user's words do not speak of that.

    Wider than `is_grave`, whatever the trade: not weighty is what only adds something for people to look at. Of who
    only asks a question nobody expects even that.
    """
    if case.kind in (ToolKind.READ, ToolKind.SEND):
        return False
    if case.kind is ToolKind.WRITE and not (request.only_reading or _changes_something(case)):
        return False
    return not _is_spoken_of(case, request)


def _changes_something(case: Case) -> bool:
    words = tool_words(case.call.tool)
    verbs = tool_verbs(case.call.tool)
    if _sets_grave(case) or _lets_in(case) or any(stem(word.removesuffix("s")) in _FAMILY_OF for word in words):
        return True
    return _SLIGHT.isdisjoint(word.removesuffix("s") for word in words) and not (verbs and verbs <= _ADDING)


def _lets_in(case: Case) -> bool:
    """The tool's own sentence speaks of rights, or its name of joining others."""
    tool = case.call.tool
    said = stems(frozenset(WORD.findall(tool.description[:200].partition(".")[0].lower())))
    return not said.isdisjoint(_RIGHTS) or {"to", "group"} <= frozenset(name_tokens(tool.tool_id, tool.name))


def _sets_grave(case: Case) -> bool:
    return not {argument_name(argument.path) for argument in case.call.arguments}.isdisjoint(_GRAVE_ARGUMENTS)


def _is_spoken_of(case: Case, request: Request) -> bool:
    """The user's words hold the tool's telling verb, or half of what it is named after.

    Looser words are not enough: whoever has a vendor set up has not asked for a file to be deleted.
    """
    if request.only_reading or not case.user.words:
        return False
    if _is_another(case):
        return False
    said = stems(case.user.words)
    if case.kind is ToolKind.PAY and request.deed and not said.isdisjoint(_PAYING):
        return True
    if (request.delegation is not Delegation.NONE or not request.deed_named) and is_object_given(case):
        return True
    verbs = tool_verbs(case.call.tool)
    telling = stems(verbs - ENGLISH.general - _VAGUE)
    if not said.isdisjoint(telling):
        return True
    empty = verbs | ENGLISH.general | _VAGUE | _PEOPLE
    matters = [word for word in tool_words(case.call.tool) if word not in empty and word.removesuffix("s") not in empty]
    if not matters:
        # `submit_leave` names its matter by a word that is a verb as well
        return request.asked and (not telling or not said.isdisjoint(stems(verbs - _VAGUE)))
    spoken = sum(1 for word in matters if not said.isdisjoint(_ways_to_say(word)))
    return 2 * spoken >= len(matters)


def _is_another(case: Case) -> bool:
    """The user named one thing by its number, and the call is about another with a number of the same form."""
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
    """The user named what is to be changed, if only by a word of it: `the timeout` for `export.timeout`."""
    return any(
        leaf.kind not in ("long", "date")
        and (leaf.words or leaf.kind != "short")
        and (share >= case.tuning.given_share or not telling_words(" ".join(leaf.words)).isdisjoint(case.user.words))
        and (leaf.kind != "number" or f"{argument_name(leaf.argument)} {leaf.needle}" in case.user.lower)
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
    )


def _ways_to_say(word: str) -> frozenset[str]:
    return families_of((word,)) | _FAMILY_OF.get(stem(word.removesuffix("s")), frozenset())
