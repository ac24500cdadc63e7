"""Infers what kind of thing a tool does from its id, name, description and parameters; an admin's word comes first."""

import re
from functools import lru_cache

from guardrail.invocation import Tool
from guardrail.text.directives import senses_of
from guardrail.text.words import ENGLISH
from policies.ruleset import Ruleset, ToolKind

_TOKENS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_KIND_OF_SENSE = {
    "read": ToolKind.READ,
    "write": ToolKind.WRITE,
    "send": ToolKind.SEND,
    "pay": ToolKind.PAY,
    "delete": ToolKind.DELETE,
    "share": ToolKind.SHARE,
    "execute": ToolKind.EXECUTE,
    "book": ToolKind.WRITE,
}
# Verbs that name a thing as often as an action (`get order`, `list files`, `check status`) decide only when first.
_NOUN_TOO = frozenset(
    "order file access list view report contact message mail email text record note plan rate copy comment log mark "
    "store page answer post reply label tag cancel search check sign track schedule draft share exchange show look "
    "lock input output preview load estimate call phone route book link alert block start stop move set".split()
)
# Sending, booking or setting up one of these is paying.
_MONEY = frozenset("money payment payments funds transaction payout remittance wire iban".split())
_SORTS_OF = {
    ToolKind.WRITE: frozenset((ToolKind.DELETE, ToolKind.PAY)),
    ToolKind.SEND: frozenset((ToolKind.SHARE, ToolKind.PAY)),
}
_MOVING = frozenset((ToolKind.SEND, ToolKind.WRITE, ToolKind.EXECUTE))
_FILLER = frozenset(
    "action actions topic tool the a an of to in on for from with by using and or v v1 v2 v3 v4 p mcp item items api "
    "all my this that data result results new".split()
)
_OUTWARD = frozenset("to recipient recipients cc bcc emailaddress toaddress".split())


@lru_cache(maxsize=4096)
def name_tokens(tool_id: str, name: str) -> tuple[str, ...]:
    """The lower-case words of a tool's operation: of its name, or of its id's last part when it has no name."""
    text = name or tool_id
    tail = re.split(r"[:/]|\.(?=[A-Za-z])", text)[-1] if ("." in text or ":" in text) and " " not in text else text
    return tuple(token.lower() for token in _TOKENS.findall(tail[:200]))


@lru_cache(maxsize=4096)
def _id_tokens(tool_id: str) -> tuple[str, ...]:
    tail = re.split(r"[.:/-]", tool_id)[-1]
    return tuple(token.lower() for token in _TOKENS.findall(tail[:200]))


def tool_verbs(tool: Tool) -> frozenset[str]:
    """Base forms of the verbs in the tool's own name; a word that is also a thing counts only in front."""
    tokens = name_tokens(tool.tool_id, tool.name)
    verbs = [(index, ENGLISH.verb_forms[token]) for index, token in enumerate(tokens) if token in ENGLISH.verb_forms]
    return frozenset(verb for index, verb in verbs if index == 0 or verb not in _NOUN_TOO)


def tool_words(tool: Tool) -> tuple[str, ...]:
    """The words of the tool's name that say something about it, verbs included."""
    return tuple(t for t in name_tokens(tool.tool_id, tool.name) if t not in _FILLER and len(t) > 1 and not t.isdigit())


def infer_kind(tool: Tool, ruleset: Ruleset, *, agent_id: str) -> ToolKind:
    """The tool's kind: the admin's, else by the verbs of name, id and description, else by its parameters.

    A tool nothing is known about is `write`: a call that may change something.
    """
    given = ruleset.tool_kind(agent_id=agent_id, tool_id=tool.tool_id, tool_name=tool.name)
    kind = _inferred(tool)
    tokens = name_tokens(tool.tool_id, tool.name)
    if kind in _MOVING and not _MONEY.isdisjoint(tokens):
        kind = ToolKind.PAY
    # whoever entered `write` for a tool named `delete_file` said how coarse the list is, not what the tool spares
    return kind if given is None or kind in _SORTS_OF.get(given, frozenset()) else given


def _inferred(tool: Tool) -> ToolKind:
    return (
        _kind_of(name_tokens(tool.tool_id, tool.name))
        or _kind_of(_id_tokens(tool.tool_id))
        or _kind_of_description(tool.description)
        or _kind_of_parameters(tool)
    )


def _kind_of(tokens: tuple[str, ...]) -> ToolKind | None:
    """The kind of the first verb that is not also a thing; a leading verb always counts."""
    for index, token in enumerate(tokens):
        verb = ENGLISH.verb_forms.get(token)
        if verb is None or verb in ("use", "do", "take", "let") or (index > 0 and verb in _NOUN_TOO):
            continue
        return _KIND_OF_SENSE[ENGLISH.main_sense[verb]]
    return None


def _kind_of_description(description: str) -> ToolKind | None:
    first = re.split(r"[.\n]", description.strip(), maxsplit=1)[0][:200].lower()
    return _kind_of(tuple(re.findall(r"[a-z]+", first)))


def _kind_of_parameters(tool: Tool) -> ToolKind:
    names = {re.sub(r"[^a-z]", "", parameter.name.lower().rsplit("/", 1)[-1]) for parameter in tool.parameters}
    return ToolKind.SEND if names & _OUTWARD else ToolKind.WRITE


def tool_senses(tool: Tool, kind: ToolKind) -> frozenset[str]:
    """The kinds of action a call of this tool can carry out, in the word lists' terms."""
    senses = senses_of(tool_verbs(tool))
    return senses | {kind.value}
