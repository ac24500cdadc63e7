"""What the text of an edited document holds that somebody should know: orders addressed to an assistant. Pure.

Reads with the product's own reading of outputs. A document full of orders to people is no finding: an order counts when
it is hidden from people, or when a sign beside it shows that it is meant for the machine that reads along.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from guardrail.invocation import Passage
from guardrail.text.budget import Budget
from guardrail.text.directives import MENTION
from guardrail.text.fingerprint import fingerprints_of
from guardrail.text.reading import Directive, read_source
from guardrail.text.signatures import SIGNATURES
from policies.document_names import sentence_key
from policies.fingerprints import pack

MOST_QUOTES = 5
MOST_SENTENCES = 300
LONGEST_QUOTE = 500
# Fewer are some 60 words: any mail on the same matter could hold a tenth of that by chance.
FEWEST_FINGERPRINTS = 24
# Secrecy, tools and urgency are asked for among people as well: one of them alone tells nothing.
_AMONG_PEOPLE = frozenset(
    (
        "asks for secrecy",
        "names the assistant's tools or their arguments",
        "poses as an urgent message from the user or an authority",
    )
)
_TO_ASSISTANTS = frozenset(name for name, _ in SIGNATURES) - _AMONG_PEOPLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One order: its words, at most 500 characters, where they stand, and what shows that it is one."""

    quote: str
    start: int
    end: int
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TextFound:
    """`digest` is the sha256 hex of the text. `whole` False = the time ran out before its end.

    `sentences` are the keys of every sentence that asks for something, whomever: at most MOST_SENTENCES.
    """

    digest: str
    chars: int
    whole: bool
    orders: tuple[Order, ...]
    sentences: tuple[str, ...]


def read_text(text: str, *, deadline: float, clock: Callable[[], float]) -> TextFound:
    """The orders in `text`, first ones first, at most MOST_QUOTES."""
    budget = Budget(deadline=deadline, clock=clock)
    passages = (Passage(path="", text=text),) if text else ()
    reading = read_source(passages, digest="", budget=budget)
    return TextFound(
        digest=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(),
        chars=len(text),
        whole=reading.complete and not budget.short,
        sentences=tuple(dict.fromkeys(sentence_key(one.text) for one in reading.directives[:MOST_SENTENCES])),
        orders=tuple(_orders(_put_plainly(reading.directives), text))[:MOST_QUOTES],
    )


def packed_fingerprints(text: str, *, deadline: float, clock: Callable[[], float]) -> bytes:
    """The fingerprints of `text` as they are stored; empty where it is too short to be known by them."""
    found = set(fingerprints_of(text, Budget(deadline=deadline, clock=clock)))
    return pack(found) if len(found) >= FEWEST_FINGERPRINTS else b""


def _put_plainly(directives: tuple[Directive, ...]) -> tuple[Directive, ...]:
    """Without sentences that only speak of a deed beside such an order, where there is one."""
    plain = tuple(directive for directive in directives if _why(directive) and _is_order(directive))
    return plain or directives


def _is_order(directive: Directive) -> bool:
    inside = any(sign.start < directive.end and directive.start < sign.end for sign in directive.signs)
    return inside or directive.asked.manner != MENTION or bool(directive.hidden)


def _orders(directives: tuple[Directive, ...], text: str) -> Iterator[Order]:
    for directive in directives:
        why = _why(directive)
        if why:
            # a hidden one stands otherwise in the text than it reads
            quote = directive.text if directive.hidden else text[directive.start : directive.end] or directive.text
            yield Order(quote=quote[:LONGEST_QUOTE], start=directive.start, end=directive.end, why=why)


def _why(directive: Directive) -> str:
    if directive.hidden:
        return f"hidden by {directive.hidden}"
    own = [sign.what for sign in directive.signs if sign.own]
    telling = next((what for what in own if what in _TO_ASSISTANTS), "")
    return telling or (own[0] if len(own) > 1 else "")
