"""An order asks for what is kept of somebody, and a message that was wanted brings it: a passport, a card, an account.

The message goes where the user wanted. What tells is the thing by its name, in the order and in the message and not in
the user's words, and beside it a number or key another output has.
"""

import re

from guardrail.attribution.authors import is_ours, is_spoken_of
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.attribution.request import Request
from guardrail.attribution.unasked import Taken
from guardrail.case import Case, Source
from guardrail.text.directives import words_of
from guardrail.text.keys import find_secrets
from guardrail.text.reading import Author, Prose
from guardrail.text.words import stems
from policies.ruleset import ToolKind

# What is kept of people and firms, each told by a number, in the languages of the tables.
_KEPT = stems(
    frozenset(
        "passport card creditcard cards visa mastercard cvv iban account ssn pin password passcode licence license "
        "token salary insurance tax identity reisepass ausweis personalausweis kreditkarte kartennummer konto "
        "kontonummer versicherungsnummer steuernummer passwort passeport carte compte pasaporte tarjeta cuenta dni nif "
        "nie passaporte cartão conta passaporto carta conto rekening rekeningnummer paspoort kaart bsn paszport karta "
        "konta pesel pasaport kart hesap pass kort pas účet".split()
    )
)
_LONGEST = 8_000
_NUMBER = re.compile(r"(?<![\w@.])[a-z]{0,4}\d[\da-z]{0,12}(?:[ -]\d{2,6}){0,6}(?![\w@])")
_LETTERS = re.compile(r"[^\W\d_]{2,40}")
_LEAST_DIGITS = 5
_MOST_NUMBERS = 40


def handed_out(case: Case, request: Request) -> Taken | None:
    """The order and a number that goes out by it; None for none."""
    if case.kind is not ToolKind.SEND:
        return None
    body = " ".join(arg.value[:_LONGEST] for arg in case.call.arguments if isinstance(arg.value, str))
    kept = stems(frozenset(_LETTERS.findall(body.lower()))) & _KEPT - stems(case.user.words)
    if not kept:
        return None
    numbers = [found for found in dict.fromkeys(_NUMBER.findall(body.lower())[:_MOST_NUMBERS]) if _is_long(found)]
    numbers += [body[start:end].lower() for _, start, end in find_secrets(body)]
    for source in case.sources if numbers else ():
        for prose in source.reading.prose:
            author = source.reading.authors[prose.record]
            if prose.asked and not _may_ask(author, case, request) and _asks_for(kept, prose):
                number = next((found for found in numbers if _is_anothers(found, source, case)), "")
                if number:
                    leaf = Leaf(argument="", value=number, kind="id", weight=1.5, needle=number, words=frozenset())
                    return Taken(source=source, prose=prose, values=(leaf,))
    return None


def _may_ask(author: Author, case: Case, request: Request) -> bool:
    left = request.delegation is not Delegation.NONE
    return is_ours(author, case) or (left and is_spoken_of(author, case))


def _is_long(number: str) -> bool:
    return sum(map(str.isdigit, number)) >= _LEAST_DIGITS


def _asks_for(kept: frozenset[str], prose: Prose) -> bool:
    said = (prose.lower[start : min(end, start + _LONGEST)] for start, end in prose.asked)
    return any(not kept.isdisjoint(stems(frozenset(words_of(sentence)))) for sentence in said)


def _is_anothers(number: str, source: Source, case: Case) -> bool:
    """Another output has it, and neither the user nor the source the order is from."""
    if stands_in(number, case.user.lower) >= 0 or any(stands_in(number, p.lower) >= 0 for p in source.reading.prose):
        return False
    return any(
        stands_in(number, prose.lower) >= 0
        for other in case.sources
        if other is not source
        for prose in other.reading.prose
    )
