"""Masks personal data and secrets in a text without changing its length, so that every marked span stays where it is.

Enough of each stays to tell two of them apart: first and last characters, separators, the domain of an address. Pure.
Cannot see: names of people and postal addresses; what is encoded or spelled out.
"""

import re
from collections.abc import Collection, Iterator

from guardrail.text.keys import find_secrets
from guardrail.text.personal import find_numbers, kind_of
from guardrail.text.rare import Rare
from policies.recognition.kinds import ACCOUNT, CARD, IDENTITY, KEYS, MAIL, MASKED_NAMES, PHONE

DOT = "•"
EVERY_KIND = MASKED_NAMES
# Where nobody knows what a decision rests on, an address may be just that.
WITHOUT_MAIL = EVERY_KIND - {MAIL}
# How many characters stay at both ends.
_ENDS = {KEYS: (4, 2), CARD: (4, 4), ACCOUNT: (4, 4), IDENTITY: (0, 2), PHONE: (3, 2)}
# What a mailbox is called is looked for around its sign: no run of letters is read twice.
_NAME_OF_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\u00a1-\uffff-]{1,64}\Z")
_HOST = re.compile(r"(?:[A-Za-z0-9\u00a1-\uffff-]{1,63}\.){1,8}[A-Za-z\u00a1-\uffff][A-Za-z0-9\u00a1-\uffff-]{1,62}")
_LONGEST_NAME = 64
# What stands around an address in texts, and could begin a mailbox by the letter of RFC 5322, is not the address.
_AROUND = "`'*|{=&?/!#.~"
_ABROAD = Rare(re.compile(r"(?<![\w+])\+[1-9](?:[ ()./-]{0,2}\d){6,13}(?!\d)"), part=r"\+[1-9](?:[ ()./-]{0,2}\d){6}")
_AT_HOME = Rare(
    re.compile(r"(?<![\w.,/-])\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-]|[.,]\d)"),
    part=r"[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}",
)
_NAMED = Rare(
    re.compile(
        r"(?i)(?<![a-z])(?:phone|telephone|tel|mobile|cell|telefon|handy|fax)"
        r"(?:[ _-]?(?:no|nr|number|nummer))?[\"'.:= ]{1,6}"
        r"(\(?0(?:[ ()./-]{0,2}\d){5,13})(?!\d)"
    ),
    part=r"[\"'.:= ]\(?0(?:[ ()./-]{0,2}\d){5}",
)


def blanked(text: str, kinds: frozenset[str]) -> str:
    """The text of the same length with nothing where these kinds stood."""
    for _, start, end in list(find_private(text, kinds)):
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def find_private(text: str, kinds: frozenset[str]) -> Iterator[tuple[str, int, int]]:
    """(kind, start, end) of everything of these kinds, in no order; stretches may overlap."""
    if KEYS in kinds:
        yield from ((KEYS, start, end) for _, start, end in find_secrets(text, most=None))
    if not kinds.isdisjoint((CARD, ACCOUNT, IDENTITY)):
        for what, start, end in find_numbers(text, most=None):
            if kind_of(what) in kinds:
                yield kind_of(what), start, end
    if PHONE in kinds:
        for pattern in (_ABROAD, _AT_HOME):
            yield from ((PHONE, *match.span()) for match in pattern.finditer(text))
        yield from ((PHONE, *match.span(1)) for match in _NAMED.finditer(text))
    if MAIL in kinds:
        yield from ((MAIL, start, end) for start, end in find_addresses(text))


def find_addresses(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each mail address."""
    at = text.find("@")
    while at >= 0:
        name = _NAME_OF_MAILBOX.search(text, max(0, at - _LONGEST_NAME), at)
        host = _HOST.match(text, at + 1)
        if name and host:
            yield at - (len(name[0].lstrip(_AROUND)) or len(name[0])), host.end()
        at = text.find("@", at + 1)


def hide(text: str, kinds: frozenset[str], *, known: Collection[str] = frozenset()) -> tuple[str, int]:
    """The text of the same length with these kinds masked, and how many were.

    `known` are values in lower case that are shown whole: what a decision rests on. Keys and cards never are.
    """
    found = sorted(find_private(text, kinds), key=lambda one: (one[1], -one[2]))
    parts: list[str] = []
    at = count = 0
    for kind, start, end in found:
        if start < at or (kind not in (KEYS, CARD) and text[start:end].lower() in known):
            # what an earlier one covers in part is covered to its own end
            if at > start and end > at:
                parts.append(_dots(text[at:end]))
                at = end
            continue
        parts += [text[at:start], _masked(text[start:end], kind)]
        at = end
        count += 1
    return ("".join((*parts, text[at:])) if count else text), count


def _masked(found: str, kind: str) -> str:
    if kind == MAIL:
        name, _, host = found.rpartition("@")
        return f"{_between(name, 1, 1 if len(name) > 3 else 0)}@{host}"
    first, last = _ENDS[kind]
    return _between(found, first, last) if len(found) >= 2 * (first + last) or kind == IDENTITY else _dots(found)


def _between(text: str, first: int, last: int) -> str:
    """Masked but for so many letters and digits at the ends; separators stay where they are."""
    places = [index for index, character in enumerate(text) if character.isalnum()]
    whole = {*places[:first], *places[len(places) - last :]} if len(places) > first + last else set()
    return "".join(
        character if index in whole or (not character.isalnum() and character not in "_=~") else DOT
        for index, character in enumerate(text)
    )


def _dots(text: str) -> str:
    return "".join(character if character.isspace() else DOT for character in text)
