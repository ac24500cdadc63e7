"""What a user hands over to one text and no other: a colleague's errand, the address of a form, a handbook's steps.

Each is known by what the call itself shows, and is what the user meant only where all of it comes from where the user
pointed. What somebody else wrote beside it fails one of these.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from guardrail.attribution.authors import KNOWLEDGE, is_knowledge, is_meant, is_nobodys, is_ours, is_spoken_of
from guardrail.attribution.delegation import Delegation, read_delegation
from guardrail.attribution.gravity import is_object_given
from guardrail.attribution.negated import is_forbidden
from guardrail.attribution.pointing import is_kept_by_ourselves, is_numbered
from guardrail.attribution.provenance import stands_in
from guardrail.attribution.request import Request, plain_words
from guardrail.case import Case, Source
from guardrail.destinations import EMAIL
from guardrail.text.directives import MENTION
from guardrail.text.reading import Author, Directive
from guardrail.text.words import ENGLISH, stem, stems
from guardrail.tool_kind import GIVING_BACK, tool_verbs, tool_words
from policies.mail_providers import PUBLIC_MAIL
from policies.ruleset import Standing, ToolKind, host_of

# The user leaves the very address to a text: `to the address it gives`, `a la dirección que indica`.
_ADDRESS_LEFT = re.compile(
    r"\b(?:address|e-?mail|mailbox|contact|recipient|office)s?\b[^.!?\n]{0,20}\b(?:it|they|that|which|the \w{1,20}) "
    r"(?:gives?|names?|states?|says?|lists?|shows?|mentions?|has|asks? for)\b"
    r"|\b(?:address|e-?mail|mailbox|contact|recipient|office)s? (?:that is |which is )?(?:(?:given|named|stated|listed|"
    r"shown|mentioned|printed) )?(?:in|on|at the (?:end|top|bottom|foot) of) (?:it|there|the|that|this)\b"
    r"|\bto where (?:it|they|that|the \w{1,20}) (?:says?|tells?|wants?|asks?)\b"
    r"|\bdirecci[oó]n (?:que (?:indica|figura|aparece|da|consta)|indicada|del? formulario)"
    r"|\badresse (?:qu['’]\w{2,6} (?:indique|donne)|qui y figure|indiquée|donnée|angegeben)"
    r"|\b(?:angegebene|genannte)n? (?:e-?mail-?)?adresse\b|\badresse,? die (?:dort|darin|da) steht"
)
# `the address is in the manual`, `Adresse steht im Handbuch`, `adres w instrukcji`
_ADDRESS_THERE = re.compile(
    r"\b(?:address|adresse?|e-?mail|kontakt|contact|direcci[oó]n|correo|indirizzo|endere[cç]o|adres|adresa|adressen)\b"
    r"[^.!?\n]{0,24}?\b(?:in|im|on|at|dans|sur|en|nel(?:la|le)?|sul(?:la)?|no|na|op|w|we|v|ve|i|på)\b ?(?:nell['’])?"
    r"[^.!?\n]{0,20}?\b(?:manual|handbook|guide|instructions?|document|sheet|page|letter|notice|handbuch|anleitung|"
    r"datenblatt|e-?mail|mail|message|courriel|mensaje|messaggio|nachricht|bericht|mensagem|brief|schreiben|unterlagen|manuel|fiche|lettre|courrier|gu[ií]a|ficha|carta|instrucciones|manuale|"
    r"istruzioni|scheda|lettera|instru[cç][oõ]es|instrukcji|instrukcją|podręczniku|piśmie|handleiding|instructie|"
    r"instruktionen|handboken|brevet|příručce|návodu|dopise|kılavuzda)\b"
)
# `as the runbook says`, `following the steps on the page 'moves'`, `nach der Anweisung`
_GOES_BY_PAGE = re.compile(
    r"\b(?:as|following|follow|according to|by|per|under|like|the way|apply|using|with|nach|gemäß|laut|volgens|zoals|"
    r"selon|suivant|comme|según|como|aplica)\b[^.!?\n]{0,50}\b(?:page|runbook|playbook|guide|manual|handbook|procedure|"
    r"policy|protocol|rules?|checklist|wiki|notebook|article|steps|instructions?|template|anweisung|arbeitsanweisung|"
    r"handbuch|leitfaden|regeln?|ablauf|seite|handboek|werkwijze|stappenplan|protocol|pagina|procédure|consigne|fiche|"
    r"manuel|norma|protocolo|procedimiento|guía|página)\b"
)
# `KB-12`, `ON-3`, `A-12`, `88213`
_NAMED_BY_NUMBER = re.compile(r"[^\W_]{0,12}-?\d(?:[\d.-]{0,12}\d)?")
_WORD = re.compile(r"[^\W_]{2,40}")
_IT = frozenset("it them her him".split())
_LEAST_NUMBER = 3
_LONGEST_NUMBER = 24
_LONGEST_WISH = 1_000
_LEAST_HOUSE = 5
_FORWARDING = frozenset(("forward", "transfer", "send"))
_LONGEST = 8_000
_MOST_ELSEWHERE = 1
_LONGEST_WORD = 24
_LONGEST_ADDRESS = 200
_MOST_NEW = 100
_MOST_PAGES = 50


class Same:
    """Stands for one object in a cache, by which it is and not by what it holds: many orders ask the same of it."""

    __slots__ = ("it",)

    def __init__(self, it: Any) -> None:
        self.it = it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.it is other.it

    def __hash__(self) -> int:
        return id(self.it)


def is_meant_by_name(source: Source, record: int, case: Case, request: Request) -> bool:
    """The text is of the one person the user handed it over by name, and nothing but what it says goes out by it.

    To the one address in it. Whoever borrows the name has what goes out already; and where the organisation's own
    domains are known the address of whoever wrote it must be one of them.
    """
    author = source.reading.authors[record]
    if not _hands_on(case) or request.delegation is not Delegation.ACTIONS or not author.author:
        return False
    if not is_meant(author.author, case.user) or not _is_trusted(_addresses_of(source, record, author), case):
        return False
    texts = _texts_of(Same(source.reading)).get(record, [])
    running = [text for text in texts if len(text.split()) >= case.tuning.running_text]
    return _reaches_only(_addresses_in(running, case), case) and not _carries_more(texts, source, record, case)


def _hands_on(case: Case) -> bool:
    """It sends something, or what the user named to another house: `forward_file`."""
    if case.kind is not ToolKind.SHARE:
        return case.kind is ToolKind.SEND
    return not tool_verbs(case.call.tool).isdisjoint(_FORWARDING) and is_object_given(case)


def is_address_left(source: Source, record: int, case: Case, request: Request) -> bool:
    """The user left the very address to a text and wants it sent there; the text itself, and nobody in it, has one."""
    if case.kind not in (ToolKind.SEND, ToolKind.SHARE) or not (request.deed or request.deed_named):
        return False
    author = source.reading.authors[record]
    if not (is_nobodys(author) or is_meant(author.author, case.user) or is_ours(author, case)):
        return False
    return _has_the_address(Same(case), source.name)


def has_left_address(case: Case) -> bool:
    """The user wants something sent to an address that a text has: `at the address in the notes`."""
    said = case.user.lower[:_LONGEST]
    return _ADDRESS_LEFT.search(said) is not None or _ADDRESS_THERE.search(said[:_LONGEST_WISH]) is not None


@lru_cache(maxsize=32)
def _has_the_address(same: Same, name: str) -> bool:
    case: Case = same.it
    source = next(source for source in case.sources if source.name == name)
    if not (has_left_address(case) or _is_of_house_named(case)) or not _is_one_text(source, case):
        return False
    there = _addresses_in((prose.lower for prose in source.reading.prose), case)
    # an address in an order that tries to take the agent over is no second one to choose from
    told = (
        order.text.lower() for order in source.reading.directives if order.hidden or any(s.own for s in order.signs)
    )
    return _reaches_only(there - _addresses_in(told, case), case)


def _is_of_house_named(case: Case) -> bool:
    """Whoever is reached is of a house the user called by its name: `claims@maison-delorme.fr` of Delorme's."""
    if read_delegation(case.user.lower) is Delegation.NONE:
        return False
    said = plain_words(case.user)
    hosts = [host_of(target.value) for target in case.targets if target.named and "@" in target.value]
    return bool(hosts) and all(
        host not in PUBLIC_MAIL
        and any(len(part) >= _LEAST_HOUSE and part in said for part in host.rpartition(".")[0].split("-"))
        for host in hosts
    )


@lru_cache(maxsize=32)
def _texts_of(same: Same) -> dict[int, list[str]]:
    """The fields of each record of a reading."""
    found: dict[int, list[str]] = {}
    for prose in same.it.prose:
        found.setdefault(prose.record, []).append(prose.lower)
    return found


def has_number_named(source: Source, record: int, case: Case) -> bool:
    """A field of this record is a number the user gave: `the guest of R-118`."""
    given = {word for word in _NAMED_BY_NUMBER.findall(case.user.lower[:_LONGEST]) if len(word) > _LEAST_NUMBER}
    fields = _texts_of(Same(source.reading)).get(record, ()) if given else ()
    return any(field.strip() in given for field in fields if len(field) <= _LONGEST_NUMBER)


def is_about_number_named(source: Source, case: Case) -> bool:
    """The first record that came back has the number, as the ticket above its comments."""
    return bool(source.reading.authors) and has_number_named(source, 0, case)


def _is_one_text(source: Source, case: Case) -> bool:
    """A document with or without comments, and no list of entries of whom nobody says who wrote them."""
    least, authors = case.tuning.running_text, source.reading.authors
    texts = {
        prose.record
        for prose in source.reading.prose
        if is_nobodys(authors[prose.record]) and len(prose.lower.split(None, least)) >= least
    }
    return len(texts) <= 1


def is_step_of_handbook(case: Case, request: Request) -> bool | None:
    """A page of the organisation's own handbook that the user named has such a call as one of its steps.

    With values that are the user's or stand in another text: a page that names them all is no general rule. None where
    the user handed over nothing by such a page, or none was read. A right for somebody who is not the organisation's is
    no step, where its own domains are known.
    """
    if request.delegation is not Delegation.ACTIONS or (case.kind is ToolKind.PAY and not _is_given_back(case)):
        return None
    return _step_of(Same(case))


def _is_given_back(case: Case) -> bool:
    """Money goes back the way it came: the tool gives back, and the call has no account or address to send it to."""
    back = not tool_verbs(case.call.tool).isdisjoint(GIVING_BACK)
    return back and not any(leaf.kind in ("iban", "email", "phone", "url", "domain") for leaf in case.leaves)


@lru_cache(maxsize=8)
def _step_of(same: Same) -> bool | None:
    case: Case = same.it
    pages = list(_named_pages(case)) or _only_page(case)
    if not pages:
        return None
    if _is_for_a_stranger(case):
        return False
    named = [leaf for leaf in case.leaves if leaf.kind not in ("number", "date", "long")]
    for source, record in pages:
        page = [text[:_LONGEST] for text in _texts_of(Same(source.reading)).get(record, [])]
        steps = (directive for directive in source.reading.directives if directive.record == record)
        if all(any(stands_in(leaf.needle, text) >= 0 for text in page) for leaf in named):
            continue
        if any(_is_step(step, page, case) for step in steps):
            return True
    return False


def _named_pages(case: Case) -> Iterator[tuple[Source, int]]:
    """The pages of a handbook that have the number or the title the user named."""
    given = {word for word in _NAMED_BY_NUMBER.findall(case.user.lower[:_LONGEST]) if len(word) >= _LEAST_NUMBER}
    for source in case.sources:
        if not (is_knowledge(source) or _is_of_a_handbook(source, case)):
            continue
        fields = _texts_of(Same(source.reading))
        for record, author in enumerate(source.reading.authors[:_MOST_PAGES]):
            if not (is_nobodys(author) or is_ours(author, case)):
                continue
            texts = [author.document.lower(), *(text[:300] for text in fields.get(record, ())[:_MOST_PAGES])]
            named = is_spoken_of(author, case) or is_numbered(source, case)
            if named or any(stands_in(one, text) >= 0 for one in given for text in texts if text):
                yield source, record


def _only_page(case: Case) -> list[tuple[Source, int]]:
    """The one text of rules that was read, for whoever goes by `the page 'cancellations'`: many pages have no title."""
    if not _GOES_BY_PAGE.search(case.user.lower[:_LONGEST]):
        return []
    pages = [
        (source, record)
        for source in case.sources
        if is_kept_by_ourselves(source)
        for record, author in enumerate(source.reading.authors[:_MOST_PAGES])
        if is_nobodys(author) and _has_orders(source, record)
    ]
    return pages if len(pages) == 1 else []


def _has_orders(source: Source, record: int) -> bool:
    return any(order.record == record and order.asked.manner != MENTION for order in source.reading.directives)


def _is_of_a_handbook(source: Source, case: Case) -> bool:
    """The connector the page came by is a wiki, a knowledge base or the like."""
    kind, _, number = source.name.partition(":")
    if kind != "output":
        return False
    words = _WORD.findall(case.call.outputs[int(number)].tool_id[:300].lower().replace("_", " "))
    return not KNOWLEDGE.isdisjoint(words)


def _is_step(directive: Directive, page: list[str], case: Case) -> bool:
    """The step's verb is the tool's, and it names what the tool works on, or its page a value of the call."""
    tool = case.call.tool
    own, words = tool_verbs(tool), stems(frozenset(_WORD.findall(directive.text.lower())))
    if is_forbidden(own, directive.text.lower()):
        return False
    # `give the full refund`
    if directive.asked.verbs.isdisjoint(own) and words.isdisjoint(stems(own - ENGLISH.general)):
        return False
    if not directive.asked.verbs.isdisjoint(own - ENGLISH.general) and not words.isdisjoint(_IT):
        # `if the account is locked, unlock it`
        return True
    things = stems(frozenset(word for word in tool_words(tool) if word not in ENGLISH.verb_forms))
    if not things.isdisjoint(words) or any(stem(word.removesuffix("s")) in words for word in things):
        return True
    return any(stands_in(leaf.needle, text) >= 0 for leaf in case.leaves if leaf.kind != "number" for text in page)


def _is_for_a_stranger(case: Case) -> bool:
    """Somebody among the values has an address that is not the organisation's, whose own domains are known."""
    if not case.ruleset.destinations.knows_own:
        return False
    return any(leaf.kind == "email" and not case.ruleset.standing_of(leaf.value).is_trusted for leaf in case.leaves)


def _is_trusted(addresses: frozenset[str], case: Case) -> bool:
    if case.ruleset.destinations.knows_own:
        return all(case.ruleset.standing_of(address) is Standing.INTERNAL for address in addresses)
    return all(host_of(address) not in PUBLIC_MAIL for address in addresses)


def _addresses_of(source: Source, record: int, author: Author) -> frozenset[str]:
    """The addresses that stand by themselves in the record's fields: whoever wrote it."""
    fields = [text.strip() for text in _texts_of(Same(source.reading)).get(record, []) if len(text) < _LONGEST_ADDRESS]
    alone = {field for field in fields if "@" in field and EMAIL.fullmatch(field)}
    return frozenset((*alone, *(address.lower() for address in EMAIL.findall(author.author))))


def _addresses_in(texts: Iterable[str], case: Case) -> set[str]:
    """The addresses in running texts that nobody vouches for."""
    found = {address for text in texts if "@" in text for address in EMAIL.findall(text[:_LONGEST])}
    return {address for address in found if case.ruleset.standing_of(address) is Standing.UNKNOWN}


def _reaches_only(addresses: set[str], case: Case) -> bool:
    """The call reaches one address nobody vouches for, and it is the only one there."""
    reached = {target.value for target in case.targets if target.standing is Standing.UNKNOWN and target.named}
    return len(addresses) == 1 and reached == addresses


def _carries_more(texts: list[str], source: Source, record: int, case: Case) -> bool:
    """Something of the call stands in another text and not in this one; what the agent put in its own words is not."""
    if case.budget.spent():
        return True
    own = {word for text in texts for word in _WORD.findall(text[:_LONGEST])} | case.user.words
    told = {
        word
        for argument in case.call.arguments
        if isinstance(argument.value, str) and not EMAIL.fullmatch(argument.value.strip())
        for word in _WORD.findall(argument.value[:_LONGEST].lower())
    }
    new = {word for word in told - own if word not in ENGLISH.stop_words}
    if len(new) > _MOST_NEW or any(len(word) > _LONGEST_WORD for word in new):
        return True
    others = [
        prose.lower
        for other in case.sources
        for prose in other.reading.prose
        if other is not source or prose.record != record
    ]
    elsewhere = {word for word in new if any(stands_in(word, text) >= 0 for text in others)}
    return any(any(map(str.isdigit, word)) for word in elsewhere) or len(elsewhere) > _MOST_ELSEWHERE
