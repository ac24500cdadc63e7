"""Whether a call puts another name, amount or address where the user gave one: `order 8 from Halford to Leeds`.

A name is a word or more with capitals, as the user typed it; the little word before it says which argument it is for.
"""

import re
from functools import lru_cache

from guardrail.attribution.provenance import Leaf
from guardrail.case import Case
from guardrail.destinations import EMAIL, URL, argument_name
from guardrail.text.directives import words_of
from guardrail.text.sentences import split_sentences
from guardrail.text.words import ENGLISH
from policies.ruleset import ToolKind

_LONGEST = 4_000
_SHORTEST_NAME = 3
_NAME = re.compile(r"(?<![\w@./-])[^\W\d_a-z][\w'’&.-]{0,40}(?: (?:[^\W\d_a-z][\w'’&-]{0,40}|\d[\w./-]{0,12})){0,3}")
# The little words that lead to what an argument of such a name is filled with.
_SELLERS = frozenset(
    "supplier vendor seller shop store company carrier lieferant firma haendler fournisseur vendeur proveedor tienda "
    "fornecedor loja fornitore negozio leverancier dostawca sklep tedarikci satici leverantor".split()
)
_READERS = frozenset("to recipient empfaenger destinataire destinatario destinatário odbiorca alici".split())
_LEADING = {
    **dict.fromkeys(("bei", "chez", "von", "presso", "bij", "från"), _SELLERS),
    **dict.fromkeys(("à", "ao", "da", "do", "al", "del", "aan", "til", "till", "an"), _SELLERS | _READERS),
    "to": frozenset("to recipient destination deliver ship address location place room depot site into folder".split()),
    "into": frozenset("to into folder location place room".split()),
    "from": frozenset("from supplier vendor seller merchant shop store source".split()),
    "at": frozenset("at supplier vendor shop store place location hotel restaurant clinic".split()),
    "with": frozenset("with supplier vendor carrier company provider partner".split()),
    "for": frozenset("for person user guest patient owner beneficiary assignee customer".split()),
    "hotel": frozenset(("hotel",)),
}
_ARGUMENT_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_BEFORE = re.compile(r"(\w+) (?:the |a |an |my |our |their |his |her )?$")
_MONTHS_AND_DAYS = re.compile(
    r"(?:mon|tues?|wednes|thurs?|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|"
    r"november|december|(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)\b"
)
_OPEN = re.compile(
    r"\b(?:who|whom|whoever|whose|whichever|whatever|another|other|instead|best|cheapest|nearest|that he|that she|"
    r"that they|as (?:he|she|they))\b"
)
_MONEY = re.compile(
    r"(?:[€$£]|\b(?:eur|usd|gbp|chf|euros?)) ?(\d[\d.,]{0,15})|(?<![\w.,-])(\d[\d.,]{0,15}) ?(?:[€$£]|(?:eur|usd|gbp|"
    r"chf|euros?|dollars?|pounds?|francs?)\b)"
)
# What stands in front of an amount that is not to be exceeded.
_UP_TO = re.compile(
    r"\b(?:up to|at most|max(?:imum|imal)?\.?(?: of)?|(?:no|not) (?:more|higher) than|not (?:over|above|exceed)|under|"
    r"below|less than|within|limit(?: of| is)?|bis zu|höchstens|maximal|unter|nicht mehr als|jusqu['’]à|au plus|"
    r"moins de|pas plus de|hasta|máximo(?: de)?|menos de|no (?:pase|supere|exceda|sea más)(?: de)?|non più di|fino a|"
    r"al massimo|meno di|até|hoogstens|maximaal|minder dan|niet meer dan|najwyżej|nie więcej niż|högst|nejvýše|"
    r"en fazla) $"
)
# A number that belongs to no word before it: `the cash for the Helvetia, 8500 as agreed`.
_ALONE = re.compile(
    r"(?:[,:;(]|\b(?:of|over|pay|refund|transfer|is)) ?(\d{3,9}(?:[.,]\d{2})?)(?![\w.,-]*\d)(?! ?(?:x|pcs|kg|km)\b)"
)
_QUOTED = re.compile(r"\b([^\W\d_]{4,30}) (?:[^\W\d_]{1,8} ){0,2}['\"“„«]([^'\"“”„«»\n]{2,80})['\"”“»]")
# A number with an article and nothing it counts: `the 20 he claims`, `los 20 que reclama`.
_WITHOUT_THING = re.compile(
    r"\b(?:the|los|las|les|die|os|as|de|i|le) (\d{1,6}(?:[.,]\d{2})?) "
    r"(?:he|she|they|we|that|que|qui|qu['’]\w{2,4}|die|che|dat|które)\b"
)
# `/offers/2026/a-7.pdf` counts nothing.
_PLACE = re.compile(r"(?:[a-z]+:/|/)?[^\s/]{1,60}/[^\s]{1,200}")
AMOUNTS = frozenset(
    "amount sum total valor betrag importe montant bedrag kwota importo summe monto value price".split()
)
_COUNTS = frozenset("qty quantity count pieces units quantidade cantidad menge anzahl quantité aantal ilosc".split())
_SAYING = frozenset("body text message subject content title note comment reason description reference".split())


def filling_another(case: Case) -> tuple[Leaf, ...]:
    """The values the call has in the place of a name, an amount or an address of the user's own."""
    new = [leaf for leaf, share in zip(case.leaves, case.user_shares, strict=True) if share < case.tuning.given_share]
    if not new or not case.user.words or case.call.by_outsider:
        return ()
    return (*_other_addresses(case), *_other_amounts(new, case), *_other_names(new, case), *_other_quoted(new, case))


def _other_addresses(case: Case) -> list[Leaf]:
    """The user gave an address, and whoever is let in is none of those."""
    if case.kind is not ToolKind.SHARE or "@" not in case.user.lower:
        return []
    given = {address.lower() for address in EMAIL.findall(case.user.lower[:_LONGEST])}
    reached = [leaf for leaf in case.leaves if leaf.kind == "email"]
    return reached if given and given.isdisjoint(leaf.needle for leaf in reached) else []


def _other_quoted(new: list[Leaf], case: Case) -> list[Leaf]:
    """The user gave it in quotation marks behind its name: `set the password to 'x7-k2'`."""
    taken = {argument_name(leaf.argument).removeprefix("new"): leaf for leaf in new if leaf.kind == "short"}
    if not taken:
        return []
    filled = {leaf.needle for leaf in case.leaves}
    given = [name for name, value in _QUOTED.findall(case.user.lower[:_LONGEST]) if value not in filled]
    return [taken[name] for name in given if name in taken and name not in _SAYING]


def _other_amounts(new: list[Leaf], case: Case) -> list[Leaf]:
    amounts = [leaf for leaf in new if leaf.kind in ("number", "id") and not _words_of(leaf).isdisjoint(AMOUNTS)]
    counts = [leaf for leaf in new if leaf.kind in ("number", "id") and not _words_of(leaf).isdisjoint(_COUNTS)]
    if not (amounts or counts):
        return []
    said = case.user.lower[:_LONGEST]
    numbers = {_plain(leaf.needle) for leaf in case.leaves if leaf.kind in ("number", "id")}
    found: list[Leaf] = []
    if amounts and not _is_open(said):
        money, limits = _money_in(said)
        if case.kind is ToolKind.PAY and not (money or limits):
            money = {_plain(number) for number in (*_ALONE.findall(said), *_WITHOUT_THING.findall(said))}
        if money and money.isdisjoint(numbers):
            found += amounts
        elif limits:
            found += [leaf for leaf in amounts if _value_of(leaf.needle) > max(limits)]
    if counts:
        counted = _counted(said, frozenset(word for leaf in case.leaves if leaf not in new for word in leaf.words))
        found += counts if counted and counted.isdisjoint(numbers) else []
    return found


def _money_in(said: str) -> tuple[set[str], list[float]]:
    """The amounts of money that are said, and those that are only not to be exceeded: `up to 60 euros`."""
    money: set[str] = set()
    limits: list[float] = []
    for match in _MONEY.finditer(said):
        number = match.group(1) or match.group(2)
        if _UP_TO.search(said, max(0, match.start() - 30), match.start()):
            limits.append(_value_of(number))
        else:
            money.add(_plain(number))
    return money, limits


def _value_of(number: str) -> float:
    """More than any limit where it is no number."""
    try:
        return float(_plain(number))
    except ValueError:
        return float("inf")


@lru_cache(maxsize=256)
def _counted(said: str, things: frozenset[str]) -> frozenset[str]:
    """The numbers right before one of these words, or two words further on: `8 oil filters`, `5 GB-96`."""
    words = re.findall(r"[^\W_]+(?:[.,'-][^\W_]+)*", _PLACE.sub(" ", said))
    return frozenset(
        _plain(word)
        for at, word in enumerate(words)
        if word.isdigit()
        and any(part in things for near in words[at + 1 : at + 4] for part in (near, *near.split("-")))
    )


def _is_open(said: str) -> bool:
    return _OPEN.search(said) is not None


def _other_names(new: list[Leaf], case: Case) -> list[Leaf]:
    taken = [leaf for leaf in new if leaf.kind in ("short", "path") and _words_of(leaf).isdisjoint(_SAYING)]
    if not taken:
        return []
    filled = {word for leaf in case.leaves for word in leaf.words} | {leaf.needle for leaf in case.leaves}
    unused: list[str] = []
    for sentence in _said(case):
        if not _is_open(sentence.lower()):
            unused += [before for before, name in _names_in(sentence) if not _is_used(name, filled)]
    return [leaf for leaf in taken if any(not _words_of(leaf).isdisjoint(_LEADING.get(word, ())) for word in unused)]


def names_said(case: Case) -> frozenset[str]:
    """The words of all names of the user's own, in small letters: `harbour`, `linen`."""
    return frozenset(
        word
        for sentence in _said(case)
        for match in _NAME.finditer(sentence)
        for word in words_of(match.group().lower())
        if len(word) >= _SHORTEST_NAME
    )


@lru_cache(maxsize=256)
def _names_in(sentence: str) -> tuple[tuple[str, str], ...]:
    """(the little word before it, the name) for each name in a sentence."""
    found = []
    for match in _NAME.finditer(sentence):
        name = match.group().strip(".'’ ")
        before = _BEFORE.search(sentence, max(0, match.start() - 30), match.start())
        first = name.split(" ", 1)[0].lower()
        if before is None or len(name) < _SHORTEST_NAME or _MONTHS_AND_DAYS.match(first) or first in ENGLISH.verbs:
            continue
        found.append((before.group(1).lower(), name))
    return tuple(found)


def _is_used(name: str, filled: set[str]) -> bool:
    """A word of the name is in what the call is filled with; of `Lab 2.114` all of it."""
    words = re.findall(r"[^\W_]+(?:[.-][^\W_]+)*", name.lower())
    numbers = [word for word in words if any(map(str.isdigit, word))]
    if numbers:
        return any(number in one for number in numbers for one in filled)
    return any(word in one for word in words if len(word) >= _SHORTEST_NAME for one in filled)


def _said(case: Case) -> tuple[str, ...]:
    """The sentences of the user's own words, as they were typed."""
    texts = [passage.text[:_LONGEST] for passage in case.call.user_passages]
    texts += [
        passage.text[:_LONGEST]
        for message in case.call.history[-10:]
        if message.role == "user"
        for passage in message.passages
    ]
    plain = URL.sub(" ", EMAIL.sub(" ", "\n".join(dict.fromkeys(texts))[:_LONGEST]))
    return tuple(plain[start:end] for start, end in split_sentences(plain))


def _words_of(leaf: Leaf) -> frozenset[str]:
    path = leaf.argument.rpartition("/")[2].rpartition(".")[2]
    return frozenset(part.lower() for part in _ARGUMENT_WORDS.findall(path)) | {argument_name(leaf.argument)}


def _plain(number: str) -> str:
    bare = number.strip(".,").replace(",", ".")
    whole, _, rest = bare.rpartition(".")
    if not whole:
        return bare
    # `8.500` is no fraction
    return (
        f"{whole.replace('.', '')}{rest}"
        if len(rest) == 3
        else f"{whole.replace('.', '')}.{rest}".rstrip("0").rstrip(".")
    )
