"""What the user asked for: whether the planned action was requested, and whether the user delegated to a text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from guardrail.attribution.as_others_say import does_all_of_theirs, own_orders
from guardrail.attribution.delegation import Delegation, does_as_others_ask, names_text, read_delegation, without_how_to
from guardrail.attribution.errands import hands_over_errand
from guardrail.attribution.making import verbs_to_make
from guardrail.attribution.recited import without_recital
from guardrail.attribution.tuning import Tuning
from guardrail.attribution.wished import verbs_wished
from guardrail.case import Case
from guardrail.destinations import EMAIL, URL
from guardrail.invocation import Tool
from guardrail.text.directives import WORD, senses_of, verbs_wanted, words_of
from guardrail.text.other_tongues import (
    is_foreign,
    says_where_it_stands,
    speaks_of_bill,
    speaks_of_text,
    without_what_others_ask,
)
from guardrail.text.words import ENGLISH, stem, stems
from guardrail.text.wordset import WordSet
from guardrail.tool_kind import tool_verbs, tool_words
from policies.ruleset import ToolKind

# Words of the trade: sharing them with the user's request says nothing about being what the user had in mind.
_TRADE = frozenset(
    "email mail message file document page website webpage link address name user calendar event task todo note text "
    "subject body title information info detail details list item send write create make please also then with using "
    "number date time today tomorrow week month year content tell give show post read find search data account "
    "hour minute day first last next one two three assistant agent need want like have some this that them "
    "from will".split()
)
# Verbs that only speak to the agent (`tell me`, `give me`): no deed towards anybody else.
_SPEAKING = frozenset("tell give provide show ask inform report call rate like".split())
# Verbs that are things to work on where somebody hands them over: `do issue 311`.
_ITEMS = frozenset("issue request mail email message comment note report dm".split())
# Whom a message of this name is for: `send_guest_message` sends no guest.
_ADDRESSED = frozenset(
    "customer client guest patient tenant member user student parent resident passenger supplier vendor candidate "
    "employee staff crew driver team kunde kunden gast mieter mitglied patienten klant klanten huurder lid leden socio "
    "cliente huesped paciente inquilino locataire membre ospite paziente hospede klient".split()
)
# Verbs by which whatever a text has is done.
_ERRANDS = frozenset(
    "follow do perform execute complete carry implement act take handle process work go deal apply finish address "
    "resolve fix solve triage clear tackle settle sort see attend run".split()
)
# A tool's noun that its verb implies: whoever says `forward it` means a mail or message.
_MEANS = frozenset(
    "email mail message dm chat sms text direct outlook gmail teams slack money payment "
    "payments funds transaction transactions".split()
)
# Words people use for the same thing; a tool named after one is asked for by any of them.
_FAMILIES = (
    "event calendar appointment meeting invitation schedule agenda reminder termin rendez-vous cita "
    "appuntamento afspraak",
    "email mail message inbox",
    "file document doc spreadsheet sheet attachment folder drive",
    "ticket issue case incident bug request",
    "account profile user member contact customer",
    "payment money transaction transfer funds bill invoice rent rechnung facture factura fattura fatura factuur "
    "faktura zahlung paiement pago pagamento betaling virement überweisung ueberweisung transferencia transferência "
    "bonifico przelew overboeking",
    "order purchase cart bestellung commande pedido ordine encomenda bestelling",
    "row record entry table sheet",
    "channel room chat group",
    "task todo",
    "page webpage website site post article wiki",
    "flight plane booking reservation trip vuelo volo voo vlucht flug",
    "room hotel booking reservation trip stay accommodation lodging zimmer chambre habitación camera quarto "
    "kamer raum salle sala hôtel réservation reserva",
)
_MAX_ORDERS = 12_000
_NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_PREFIX = re.compile(r"^[^a-z]*[\w -]{0,40}:\s")
_ADDRESS = re.compile(r"\b[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}\b")
# Ways to ask for a message without naming the verb.
_IDIOMS = re.compile(
    r"\b(?:tell|ask|inform|remind) (?!(?:me|us|you|if|whether|what|how|which|when|where|who|why|it)\b)[^.!?\n]{2,60}|"
    r"\b(?:let|keep) [^.!?\n]{1,60} (?:know|posted|informed|updated|in the loop)\b"
    r"|\b(?:get back|reach out|write back) to\b"
    r"|\b(?:drop|give|shoot) [^.!?\n]{1,40} (?:a line|a note|a message|a mail|an email|a call|a ring|"
    r"a heads.?up)\b|\bloop (?:in|[\w.'-]{2,40}(?: and [\w.'-]{2,40})?,? in)\b"
    r"|\bput [^.!?\n]{1,40} in (?:cc|copy)\b"
    r"|\bwants? (?:the|this|that|these|those|it|them|an?|my|our|his|her|their|all|both)\b[^.!?\n]{0,60}?\b(?:to go|"
    r"sent|mailed|forwarded|to be (?:sent|mailed|forwarded)) (?:out |over |off )?to\b"
    r"|\b(?:thank|congratulate|greet|warn|notify|reassure) (?!(?:you|me|us|god|goodness|heavens?)\b)[\w'.-]{2,60}"
    # `give them the dates`, `say no`, `offer her the Tuesday`, `confirm that to him`: no access, money or goods
    r"|\bgive (?:them|him|her) (?:the|our|my) (?!(?:[\w-]{1,20} ){0,2}(?:access|rights?|roles?|permissions?|refund|"
    r"money|discount|credit|rest|raise|bonus|room|seat|keys?|task|job|password|code)\b)"
    r"|(?:^|[.!?,;:] ?|\b(?:and|then|please|also|just|you) )say (?:yes|no|sorry|hello|hi|thanks|thank you|that|we|"
    r"it'?s|there|to)\b"
    r"|\b(?:need|want|would like|wish) (?!to\b)[^.!?\n]{2,80}? to (?:know|hear|be (?:told|informed|warned|"
    r"notified|aware))\b"
    r"|\boffer (?:them|him|her) |\bconfirm [^.!?\n]{1,60} (?:to|with) (?!(?:me|us|be)\b)"
    r"|\bapologi[sz]e\b(?<!\bi apologi[sz]e)(?<!\bwe apologi[sz]e)(?! for (?:the|my|bothering|asking)\b)",
    re.IGNORECASE,
)
_GOAL = re.compile(
    r"\b(?:onboard|offboard|prepare|arrange|organi[sz]e|set [^.!?\n]{0,40}\bup|fix|repair|solve|resolve|handle|"
    r"complete|provision|plan|sort [^.!?\n]{0,30}out|take care|get [^.!?\n]{1,40} (?:ready|going|done|started)|help|"
    r"welcome|finish|deal with|see to|move)\b"
)
# `order it by mail`, `sag ihm per SMS Bescheid`; what came by mail is not sent by it.
_BY_MESSAGE = re.compile(
    r"\b(?:by|via|per|par|por) (?:e-?mail|mail|sms|text(?: message)?|chat|message|correo|courriel|bericht)\b"
)
_CAME_BY = re.compile(
    r"\b(?:came|comes?|coming|arriv\w*|receiv\w*|got|get|gets|has|have|had|sent|wrote|asked|told|cancel\w*|confirm\w*|"
    r"announced|kam|kamen|gekommen|erhalten|bekommen|geschickt|geschrieben|ontvangen|gekregen|gestuurd|gemeld|reçu|"
    r"re[cç]ue?s?|arriv[ée]e?s?|envoy[ée]e?s?|lleg\w*|recib\w*|enviad\w*|mandad\w*|his|her|their|whose|who)\b"
    r"[^.!?;\n]{0,40}$"
)
# `give him one of them back`
_GIVING_BACK = re.compile(r"\b(?:give|pay) (?:[\w'.-]{1,30} ){1,6}back\b|\bmoney back\b|\b(?:give|pay|hand) back\b")
# `note the invoices in the list`, `and write down when they come`
_NOTING = re.compile(
    r"(?:^|[.!?;:] {0,2}|\b(?:and|then|please|also|to|you) )(?:note|jot down|write down|put down|log) (?!that\b|:)"
)
# `take it off the list`
_TAKING_OUT = re.compile(r"\btake (?!a look\b|care\b|over\b)[^.!?\n]{0,60}?\b(?:out of|off|down)\b")
# Whoever has a case opened wants one more, not a look at it.
_OPENING = re.compile(r"\bopen (?:up )?(?:an?|another|one) (?!look\b)")
# `give her a full refund`, `make a donation`, `open a damage claim`
_DEED_DONE = re.compile(
    r"\b(?:give|make|issue|arrange|do|place|initiate|process|put in|set up)\b (?:[\w'-]{1,30} ){0,4}?"
    r"(payment|transfer|donation|refund|purchase|order|reservation|booking|appointment|deletion|cancellation|"
    r"registration|update)\b"
)
LETTING_IN = re.compile(
    r"\b(?:give|get|let) [^.!?\n]{1,80}\b(?:access|permissions?|rights?|role)\b"
    r"|\blet [^.!?\n]{1,60} (?:see|read|edit|in)\b"
)
_QUESTION = re.compile(
    r"(?:^|[.!,\n]\s*)(?:what|who|whom|whose|when|where|why|how|which|is|are|was|were|does|did|has|have|any|"
    r"(?:tell|give|show)(?= (?:me|us)\b)|show|read|do(?= (?:i|we|you|they|any|all)\b))\b"
)
# Verbs too general for an instruction, but clear from somebody who wants a thing done.
_SAID_WITH = {"put": "add", "set": "update", "prepare": "create", "complete": "update"}
# `can you sort it out?` asks for a deed, `can you tell me ...?` for an answer.
_WANTS_DONE = re.compile(
    r"\b(?:can|could|will|would) (?:you|somebody|someone)\b(?! (?:please |also |just |quickly )?(?:tell|show|give|say|"
    r"explain|list|read|check|find|look|see|summari|describe|let me|help me (?:understand|find)))|\bhelp(?: me)?\b"
    r"(?! (?:me )?(?:understand|find|see))"
)
# Whoever wants something taken away has not asked for these.
_GETTING = frozenset(("book", "pay"))
_PAYING = frozenset(("pay", "settle", "remit", "reimburse"))
# Verbs that say nothing about what is changed.
VAGUE = frozenset("set update change modify edit make create add".split())
_LOOKING = stems(frozenset("visit open browse read view look check see find click follow".split()))
_GENERIC = frozenset("manager data information info details item items list by name".split())


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """`asked` = the user's words call for this kind of action on this kind of thing.

    `deed` = they call for this kind of action, on whatever. `only_reading` = nothing the user said calls for
    changing or sending anything. `deed_named` = they name a
    deed of their own. `as_others_ask` = they want done what others ask for. `speaks_of_text` = they
    speak of a mail, a ticket, a page or the like, without leaving anything to it in so many words. `wants` = one of the
    tool's own verbs is what they want done, and not only a noun of theirs; `wants_telling` = one that says more than
    that something is changed. `aims` = they name a goal and leave the way to it open. `own_deed` = they name a deed of
    their own beside whatever they hand over.
    """

    asked: bool
    deed: bool
    only_reading: bool
    delegation: Delegation
    as_others_ask: bool = False
    deed_named: bool = False
    speaks_of_text: bool = False
    wants: bool = False
    wants_telling: bool = False
    aims: bool = False
    own_deed: bool = False


# several detectors ask about the same call, and so does whoever judges variations of it
@lru_cache(maxsize=64)
def read_request(user: WordSet, tool: Tool, kind: ToolKind, tuning: Tuning) -> Request:
    """What the user's words say about a call of `tool`; nothing asked, nothing delegated when there are none."""
    if not user.words:
        return Request(asked=False, deed=False, only_reading=False, delegation=Delegation.NONE)
    wanted = verbs_wanted(without_how_to(without_what_others_ask(user.lower[:_MAX_ORDERS])))
    wanted |= verbs_wished(user.lower)
    said = (wanted - ENGLISH.general) | {_SAID_WITH[verb] for verb in wanted if verb in _SAID_WITH}
    spoken = EMAIL.sub("x", user.lower[:_MAX_ORDERS])
    if _IDIOMS.search(spoken):
        said |= {"notify"}
    if _is_wanted_as_message(spoken):
        said |= {"notify"}
    if LETTING_IN.search(spoken):
        said |= {"grant"}
    if _OPENING.search(spoken):
        said |= {"create"}
    if _NOTING.search(spoken):
        said |= {"record"}
    if _TAKING_OUT.search(spoken):
        said |= {"remove"}
    if _GIVING_BACK.search(spoken):
        said |= {"refund"}
    said |= verbs_to_make(spoken, tool)
    said |= {ENGLISH.deeds[noun] for noun in _DEED_DONE.findall(spoken) if noun in ENGLISH.deeds}
    senses = {ENGLISH.main_sense[verb] for verb in said - _SPEAKING if verb in ENGLISH.main_sense}
    delegation = (
        read_delegation(user.lower[:_MAX_ORDERS], learned=tuning.learned) if tuning.delegation else Delegation.NONE
    )
    only_reading = senses <= {"read"} and delegation is not Delegation.ACTIONS and (bool(senses) or _asks(user.lower))
    deed_named = any(ENGLISH.main_sense.get(verb, "read") != "read" for verb in said - _SPEAKING - _ITEMS)
    words = words_of(EMAIL.sub(" ", user.lower[:2_000]))
    if delegation is Delegation.NONE and "pay" in senses and is_foreign(words) and speaks_of_bill(words):
        delegation = Delegation.DETAILS
    if delegation is Delegation.DETAILS and not (
        deed_named or only_reading or says_where_it_stands(user.lower[:2_000])
    ):
        # no deed but to do as a text says; of `al precio que figura en su correo` only the verb was not known
        delegation = Delegation.ACTIONS
    return Request(
        asked=_asked(user, said, tool, kind),
        wants=bool(said & tool_verbs(tool)),
        wants_telling=bool(said & tool_verbs(tool) - VAGUE),
        aims=bool(_GOAL.search(spoken)),
        deed=_deed(user, said, tool, kind),
        only_reading=only_reading,
        delegation=delegation,
        deed_named=deed_named,
        own_deed=deed_named and (delegation is not Delegation.ACTIONS or _has_own_deed(said, user.lower, words)),
        speaks_of_text=names_text(user.lower) or speaks_of_text(words),
        as_others_ask=does_as_others_ask(user.lower),
    )


def _is_wanted_as_message(spoken: str) -> bool:
    found = _BY_MESSAGE.search(spoken)
    return found is not None and _CAME_BY.search(spoken[max(0, found.start() - 60) : found.start()]) is None


def _has_own_deed(said: frozenset[str], spoken: str, words: list[str]) -> bool:
    """A verb that hands nothing over. In another language `geschickt` may be what somebody else did."""
    if is_foreign(words) or hands_over_errand(spoken[:_MAX_ORDERS]):
        return False
    if does_all_of_theirs(spoken):
        said = said & verbs_wanted(own_orders(spoken))
    if does_as_others_ask(spoken):
        # `do what the patients ask` tells nobody anything
        said = said - {"notify"}
    return any(ENGLISH.main_sense.get(verb, "read") != "read" for verb in said - _SPEAKING - _ITEMS - _ERRANDS)


def _asks(said: str) -> bool:
    """A question, or a call for information without a verb; anything else names a goal and leaves the way open."""
    said = said[:_MAX_ORDERS]
    if is_foreign(words_of(said[:2_000])):
        return said.rstrip(" \n)!").endswith("?")
    return ("?" in said or bool(_QUESTION.search(said))) and not _WANTS_DONE.search(said)


def _family_stems() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for family in _FAMILIES:
        for word in family.split():
            found[word] = found.get(word, frozenset()) | {stem(other) for other in family.split()}
    return found


def plain_words(user: WordSet) -> frozenset[str]:
    """The user's words without those that only stand in addresses: `gate@port.example` speaks of no gate."""
    return user.words if "@" not in user.lower and "://" not in user.lower else _plain(user.lower)


@lru_cache(maxsize=256)
def _plain(said: str) -> frozenset[str]:
    return frozenset(words_of(URL.sub(" ", EMAIL.sub(" ", said))))


def _asked(user: WordSet, said: frozenset[str], tool: Tool, kind: ToolKind) -> bool:
    own = tool_verbs(tool)
    heard = stems(plain_words(user))
    if "refund" in own and "refund" not in said:
        # who orders or pays has asked for no money back
        return False
    nouns = [word for word in tool_words(tool) if word not in own and word not in _GENERIC]
    if kind is ToolKind.SEND:
        nouns = [word for word in nouns if word.removesuffix("s") not in _ADDRESSED]
    if kind is ToolKind.PAY and not said.isdisjoint(_PAYING):
        # whatever the bank calls it: `bonifico_disponi`, `Bank_CreatePayment`
        return True
    named = sum(1 for word in nouns if not heard.isdisjoint(_family(word)))
    if kind is ToolKind.READ and nouns and 2 * named >= len(nouns):
        return True
    return _deed(user, said, tool, kind) and (not nouns or named > 0 or bool(said & own) or _MEANS.issuperset(nouns))


def _deed(user: WordSet, said: frozenset[str], tool: Tool, kind: ToolKind) -> bool:
    own = tool_verbs(tool)
    wanted = {ENGLISH.main_sense[verb] for verb in own - ENGLISH.general} or {kind.value}
    wanted = wanted | {kind.value}
    if "book" in wanted or kind is ToolKind.WRITE:
        wanted = wanted | {"write"}
    meant = senses_of(said - _SPEAKING)
    if said & own:
        return True
    # `cancel the reservation` asks for none
    told = {ENGLISH.main_sense[verb] for verb in said - _SPEAKING if verb in ENGLISH.main_sense} - {"read"}
    if "delete" in told and told <= {"delete", "send"} and not _GETTING.isdisjoint(wanted):
        return False
    heard = stems(plain_words(user))
    return bool(meant & wanted) or any(stem(word) in heard for word in own)


_FAMILY = _family_stems()


def _family(word: str) -> frozenset[str]:
    return _FAMILY.get(word.removesuffix("s"), frozenset((stem(word),)))


def families_of(words: Iterable[str]) -> frozenset[str]:
    """The stems people use for the things a tool is named after."""
    return frozenset(name for word in words if word not in _GENERIC for name in _family(word))


def on_topic(text: str, case: Case) -> bool:
    """`text` speaks of what the user spoke of: two telling words in common, or a good part of its few.

    The words of the tool and its arguments do not count: any instruction for the same tool has them. Of a look-up no
    word for looking counts either.
    """
    call, tuning = case.call, case.tuning
    if not tuning.topic:
        return False
    names = " ".join(
        [
            call.tool.name,
            call.tool.description,
            *(p.name for p in call.tool.parameters),
            *(a.path for a in call.arguments),
        ]
    )
    own = stems(frozenset(word.lower() for word in _NAME_PARTS.findall(names[:4000])))
    if not case.sink:
        own |= _LOOKING
    said = without_recital(" ".join(text.lower().split()), case.user.lower[:_MAX_ORDERS])
    topics = stems(telling_words(_PREFIX.sub("", said))) - own
    shared = topics & stems(telling_words(case.user.lower[:_MAX_ORDERS].replace("-", " ")))
    return len(shared) >= tuning.topic_words or (len(shared) == 1 and len(topics) <= tuning.topic_few)


@lru_cache(maxsize=8_192)
def telling_words(text: str) -> frozenset[str]:
    """The words of `text` that tell what it is about: no addresses, no words of the trade."""
    plain = _ADDRESS.sub(" ", URL.sub(" ", EMAIL.sub(" ", text)))
    return frozenset(
        word
        for word in WORD.findall(plain)
        if len(word) > 3 and word.isalpha() and word not in ENGLISH.stop_words and word.removesuffix("s") not in _TRADE
    )


def names_in(name: str, user: WordSet) -> bool:
    """True when the user's words name this author or document, by address, by file name or by name."""
    plain = name.lower().strip()
    if len(plain) < 3 or not user.words:
        return False
    if plain in user.lower:
        return True
    words = [word for word in WORD.findall(plain.split("@", 1)[0].replace(".", " ").replace("_", " ")) if len(word) > 2]
    return bool(words) and "@" in plain and all(word in user.words for word in words)
