"""Infers what kind of thing a tool does from its id, name, description and parameters; an admin's word comes first."""

import re
from functools import lru_cache

from guardrail.invocation import Tool
from guardrail.text.directives import senses_of
from guardrail.text.other_tongues import FORMS
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
# Behind the one thing a name begins with they are what is done: `room_book`, `appointment_move`.
_LAST = frozenset("book cancel move start stop".split())
_BOOKS = frozenset("address guest phone note contact log hand cook play".split())
# In front of another verb these are what the tool is about: `email_search`, `order_status`.
_THINGS_FIRST = frozenset(
    "order email mail message contact file note record report page comment log call text plan alert address ticket "
    "access route phone list view".split()
)
# Behind a thing they say what is done to it: `order_set_address`, `mail_read_message`, `account_set_status`.
_DONE_TO = frozenset(
    "get list search find read fetch query lookup set add create update change edit modify delete remove cancel revoke "
    "approve reject assign archive insert send reply forward".split()
)
_PAID = frozenset("payment invoice transfer refund booking purchase bill rent".split())
# A name that ends in one of these and names no deed says what is looked up.
_STATES = frozenset(
    "status balance history info information details count tree time date weather forecast level levels price prices "
    "rate rates availability statement metadata stats statistics settings profile".split()
)
_ASKS = frozenset("is has can are does exists".split())
# Of these a deed makes another text and changes nothing.
_RENDERED = frozenset("currency text unit units temperature language timezone time date markdown html json".split())
_RENDERING = frozenset("convert translate transform format".split())
# Sending, booking or setting up one of these is paying.
_MONEY = frozenset(
    "money payment payments funds transaction payout payouts remittance wire iban refund refunds charge transfer "
    "transfers virement paiement überweisung ueberweisung zahlung transferencia transferência pago bonifico pagamento "
    "przelew overboeking betaling".split()
)
# Adding or making one of these lets somebody in.
_LETTING_IN = frozenset(
    "member members collaborator collaborators owner owners permission permissions delegate delegates sharing".split()
)
_ADDING = frozenset("add create assign set".split())
# `grant_extension` lets nobody in, `grant_access` does.
_ALLOWING = frozenset("grant allow permit authorize authorise".split())
_ACCESS = _LETTING_IN | frozenset(
    "access role roles right rights privilege privileges admin user users guest file folder document calendar "
    "site".split()
)
# Whoever opens one of these does not just look at it.
_OPENED = frozenset("port ports firewall gate door valve lock account network".split())
# Entered in books, not sent to anybody.
_BOOKED = frozenset("journal entry entries goods receipt item items record row".split())
# Products in front of a name say whose tool it is and not what it does.
_PRODUCTS = frozenset(
    "gmail google outlook office365 office microsoft ms msgraph graph slack jira confluence atlassian zendesk github "
    "gitlab bitbucket salesforce servicenow hubspot notion asana trello linear airtable shopify stripe paypal twilio "
    "sendgrid dropbox sharepoint onedrive dataverse dynamics dynamics365 sap workday netsuite quickbooks xero mcp aws "
    "azure gcp postgres postgresql mysql sqlite mongodb snowflake bigquery discord telegram whatsapp zoom webex okta "
    "pagerduty datadog intercom freshdesk docusign hr crm erp bapi api soql sql".split()
)
# Verbs of money that goes back to whoever paid it.
GIVING_BACK = frozenset("refund reimburse reverse".split())
# What a payment is called, where that is all of a tool's name.
_PAYMENTS = frozenset(
    "ueberweisung zahlung bonifico pagamento virement paiement transferencia pago betaling overboeking przelew "
    "zaplata betalning platba odeme".split()
)
_BANKED = frozenset("account accounts detail details data".split())
_SORTS_OF = {
    ToolKind.WRITE: frozenset((ToolKind.DELETE, ToolKind.PAY)),
    ToolKind.SEND: frozenset((ToolKind.SHARE, ToolKind.PAY)),
}
_MOVING = frozenset((ToolKind.SEND, ToolKind.WRITE, ToolKind.EXECUTE))
_FILLER = frozenset(
    "action actions topic tool the a an of to in on for from with by using and or v v1 v2 v3 v4 p mcp item items api "
    "all my this that data result results new".split()
)
# `forum_message`, with something to say, sends it; of these it is a part of something else.
_MESSAGES = frozenset("message msg sms dm mail email".split())
_NO_MESSAGES = frozenset("commit error welcome status default away greeting system log template last next".split())
# `message_template` is none either.
_FORMS = frozenset("template templates".split())
_SAID = frozenset("text body message content".split())
_OUTWARD = frozenset("to recipient recipients cc bcc emailaddress toaddress".split())


@lru_cache(maxsize=4096)
def name_tokens(tool_id: str, name: str) -> tuple[str, ...]:
    """The lower-case words of a tool's operation: of its name, or of its id's last part when it has no name.

    Without the product in front (`slack_post_message`), and with what a part of one word is done to (`drafts.create`).
    """
    text = name or tool_id
    parts = (
        re.split(r"[:/]|\.(?=[A-Za-z])", text[-300:]) if ("." in text or ":" in text) and " " not in text else [text]
    )
    connector, _, operation = parts[-1].partition("-")
    tokens = _tokens_of(parts[-1])
    if operation[:1].isupper() and connector.isalnum() and tokens[0] not in ENGLISH.verb_forms:
        # `Ledgerly-CreateTransfer`
        behind = _tokens_of(operation)
        tokens = behind if len(behind) > 1 and behind[0] in ENGLISH.verb_forms else tokens
    if len(tokens) == 1 and len(parts) > 1:
        tokens = _tokens_of(parts[-2]) + tokens
    return _without_product(tokens)


def _without_product(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """`SharePoint-DeleteFile` shares nothing: a product may be written in two words."""
    start = 0
    while start < len(tokens) - 1:
        if tokens[start] in _PRODUCTS:
            start += 1
        elif start < len(tokens) - 2 and tokens[start] + tokens[start + 1] in _PRODUCTS:
            start += 2
        else:
            break
    return tokens[start:]


def _tokens_of(text: str) -> tuple[str, ...]:
    return _in_english(tuple(token.lower() for token in _TOKENS.findall(text[:200])))


def _in_english(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """`termin_eintragen` as `enter_termin`: the verb of another language, where no English one is there."""
    if len(tokens) == 1 and tokens[0] not in ENGLISH.verb_forms:
        # `ueberweise`, `bonifico`
        return ("transfer",) if tokens[0] in _PAYMENTS else (FORMS.get(tokens[0], tokens[0]),)
    verbs = [token for token in tokens if token in ENGLISH.verb_forms]
    if len(tokens) < 2 or tokens[0] in verbs or not ENGLISH.things.issuperset(verbs):
        # `sende_mail` has no English verb: a mail is what is sent
        return tokens
    for at in (0, len(tokens) - 1):
        if tokens[at] in FORMS:
            return (FORMS[tokens[at]], *tokens[:at], *tokens[at + 1 :])
    return tokens


@lru_cache(maxsize=4096)
def _id_tokens(tool_id: str) -> tuple[str, ...]:
    return _without_product(_tokens_of(re.split(r"[.:/-]", tool_id)[-1]))


def tool_verbs(tool: Tool) -> frozenset[str]:
    """Base forms of the verbs in the tool's own name; a word that is also a thing counts only in front.

    In front, or behind a single word that is no verb: `lms_set_grade`.
    """
    return _verbs_of(name_tokens(tool.tool_id, tool.name))


@lru_cache(maxsize=4096)
def _verbs_of(tokens: tuple[str, ...]) -> frozenset[str]:
    verbs = [(index, ENGLISH.verb_forms[token]) for index, token in enumerate(tokens) if token in ENGLISH.verb_forms]
    first = 1 if len(tokens) > 2 and tokens[0] not in ENGLISH.verb_forms else 0
    if len(tokens) == 2 and (_is_gerund(tokens[0]) or _is_thing(tokens[0])) and tokens[1] in ENGLISH.verbs:
        return frozenset((tokens[1],))
    if len(tokens) == 2 and tokens[1] in _LAST and tokens[0] not in ENGLISH.verb_forms and tokens[0] not in _BOOKS:
        return frozenset((tokens[1],))
    done = _done_to_thing(tokens) if _is_thing(tokens[0]) else ""
    if done:
        return frozenset((done,))
    return frozenset(verb for index, verb in verbs if index <= first or verb not in _NOUN_TOO)


def tool_words(tool: Tool) -> tuple[str, ...]:
    """The words of the tool's name that say something about it, verbs included."""
    return _words_of(name_tokens(tool.tool_id, tool.name))


@lru_cache(maxsize=4096)
def _words_of(tokens: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(t for t in tokens if t not in _FILLER and len(t) > 1 and not t.isdigit())


def infer_kind(tool: Tool, ruleset: Ruleset, *, agent_id: str) -> ToolKind:
    """The tool's kind: the admin's, else by the verbs of name, id and description, else by its parameters.

    A tool nothing is known about is `write`: a call that may change something.
    """
    given = ruleset.tool_kind(agent_id=agent_id, tool_id=tool.tool_id, tool_name=tool.name)
    # an agent has a few tools; what is long is not kept for whoever sends it
    short = len(tool.description) <= _SHORT and len(tool.parameters) <= _FEW
    kind = _known_kind(tool) if short else _inferred(tool)
    # whoever entered `write` for a tool named `delete_file` said how coarse the list is, not what the tool spares
    return kind if given is None or kind in _SORTS_OF.get(given, frozenset()) else given


def _inferred(tool: Tool) -> ToolKind:
    tokens = name_tokens(tool.tool_id, tool.name)
    kind = (
        _kind_of_name(tokens)
        or _kind_of_name(_id_tokens(tool.tool_id))
        or _kind_of_description(tool.description)
        or (ToolKind.READ if tokens and tokens[-1] in _STATES else None)
        or _kind_of_parameters(tool)
    )
    if kind is ToolKind.SHARE and tokens[0] in _ALLOWING and len(tokens) > 1 and _ACCESS.isdisjoint(tokens):
        return ToolKind.SHARE if _kind_of_parameters(tool) is ToolKind.SEND else ToolKind.WRITE
    if kind is ToolKind.READ and tokens[0] == "open" and not _OPENED.isdisjoint(tokens):
        return ToolKind.WRITE
    # whoever changes a payee's account pays, only later
    payee = "bank" in tokens and not _BANKED.isdisjoint(tokens)
    if kind in _MOVING and (payee or not _MONEY.isdisjoint(tokens)):
        return ToolKind.PAY
    if kind is ToolKind.WRITE and not _ADDING.isdisjoint(tokens) and not _LETTING_IN.isdisjoint(tokens):
        return ToolKind.SHARE
    if kind is ToolKind.WRITE and {"share", "link"} <= set(tokens):
        return ToolKind.SHARE
    if kind is ToolKind.SEND and "post" in tokens and not _BOOKED.isdisjoint(tokens):
        return ToolKind.WRITE
    if kind is ToolKind.WRITE and _is_message(tokens) and not _SAID.isdisjoint(_parameter_names(tool)):
        return ToolKind.SEND
    return kind


_SHORT, _FEW = 2_000, 40
_known_kind = lru_cache(maxsize=1024)(_inferred)


def _kind_of_name(tokens: tuple[str, ...]) -> ToolKind | None:
    if not tokens:
        return None
    if tokens[0] in _ASKS:
        return ToolKind.READ
    if tokens[0] in _RENDERING and not _RENDERED.isdisjoint(tokens):
        return ToolKind.READ
    if tokens[0] == "perform":
        return ToolKind.EXECUTE
    if tokens[0] == "check" and tokens[1:2] in (("out",), ("in",)):
        return ToolKind.WRITE
    if len(tokens) == 2 and _is_thing(tokens[0]) and tokens[1] in _FORMS:
        return None
    # `booking_cancel`
    if len(tokens) == 2 and _is_gerund(tokens[0]) and tokens[1] in ENGLISH.verbs:
        return _KIND_OF_SENSE[ENGLISH.main_sense[tokens[1]]]
    done = _done_to_thing(tokens)
    if done:
        return _KIND_OF_SENSE[ENGLISH.main_sense[done]]
    if len(tokens) > 1 and _is_thing(tokens[0]):
        last = _doer(tokens[-1]) or tokens[-1]
        if last in _STATES:
            return ToolKind.READ
        if last in ENGLISH.verbs and (last not in _NOUN_TOO or ENGLISH.main_sense[last] == "read"):
            return _KIND_OF_SENSE[ENGLISH.main_sense[last]]
    # a plural is what the tool works on
    bare = tuple(token for token in tokens if token in ENGLISH.verbs or not token.endswith("s"))
    return _kind_of(bare if bare and bare[0] == tokens[0] else ("", *bare))


def _done_to_thing(tokens: tuple[str, ...]) -> str:
    """The verb right behind the thing a name begins with; empty where it may be a thing and a clearer one is there."""
    if len(tokens) < 2 or not (_is_thing(tokens[0]) or tokens[0] not in ENGLISH.verb_forms):
        return ""
    done = tokens[1]
    if done not in _DONE_TO:
        return ""
    clearer = any(token in ENGLISH.verbs and token not in _NOUN_TOO for token in tokens[2:])
    return "" if done in _NOUN_TOO and clearer else done


def _is_message(tokens: tuple[str, ...]) -> bool:
    """`forum_message`, `group_sms`: of a name without a verb the last word."""
    return (
        len(tokens) > 1
        and tokens[-1] in _MESSAGES
        and _NO_MESSAGES.isdisjoint(tokens)
        and all(token not in ENGLISH.verb_forms or token in _NOUN_TOO for token in tokens)
    )


def _is_thing(token: str) -> bool:
    return not {token, token.removesuffix("s")}.isdisjoint(_THINGS_FIRST | _PAID)


def _is_gerund(token: str) -> bool:
    return token.endswith("ing") and token in ENGLISH.verb_forms and token not in ENGLISH.verbs


def _doer(token: str) -> str:
    """`generator` does what `generate` says; empty where no verb is in it."""
    if not token.endswith(("er", "or")):
        return ""
    return next((verb for verb in (token[:-2], token[:-2] + "e", token[:-3]) if verb in ENGLISH.verbs), "")


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
    if first.startswith(("returns ", "return the ", "return a", "computes ", "looks up ")):
        return ToolKind.READ
    return _kind_of(tuple(re.findall(r"[a-z]+", first)))


def _kind_of_parameters(tool: Tool) -> ToolKind:
    return ToolKind.SEND if _parameter_names(tool) & _OUTWARD else ToolKind.WRITE


def _parameter_names(tool: Tool) -> set[str]:
    return {re.sub(r"[^a-z]", "", parameter.name.lower().rsplit("/", 1)[-1]) for parameter in tool.parameters}


def tool_senses(tool: Tool, kind: ToolKind) -> frozenset[str]:
    """The kinds of action a call of this tool can carry out, in the word lists' terms."""
    senses = senses_of(tool_verbs(tool))
    return senses | {kind.value}
