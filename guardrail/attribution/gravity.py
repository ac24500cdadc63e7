"""Whether a call does what people are hurt by and nobody leaves to a text in passing: money, rights, keys, losses.

The names of tools and arguments tell. A family holds the words people speak of such a matter with: whoever uses one
has it in mind.
"""

from guardrail.case import Case
from guardrail.destinations import argument_name
from guardrail.text.words import stem, stems
from guardrail.tool_kind import tool_verbs, tool_words
from policies.ruleset import ToolKind

_FAMILIES = (
    "password passwd passphrase pin credential login signin sign-in locked unlock",
    "mfa 2fa otp totp factor multifactor authenticator authentication login sign-in",
    "security antivirus firewall defender encryption tls ssl dns vpn proxy network",
    "role permission privilege admin administrator access right collaborator",
    "forwarding forward redirection delegate rule",
    "limit threshold ceiling",
    "iban bank payee beneficiary salary payroll account payment rent invoice bill",
    "medication prescription drug dose dosage allergy allergies",
    "unlock disarm",
    "address street move moved relocation shipping delivery",
)
# As the name of an argument they set such a thing; others are only how a tool finds what it works on.
_GRAVE_ARGUMENTS = frozenset(
    "password newpassword pin newpin iban newiban bankaccount role permission permissions salary dose dosage".split()
)
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
    if case.kind in (ToolKind.PAY, ToolKind.SHARE):
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
