"""Where each value of a planned call came from: the user's own words, an output, or the agent itself."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from guardrail.destinations import EMAIL, IBAN, URL, argument_name
from guardrail.invocation import Argument
from guardrail.text.directives import WORD
from guardrail.text.words import ENGLISH
from guardrail.text.wordset import WordSet

_PHONE = re.compile(r"^\+?[\d][\d\s().-]{6,18}$")
_SHORTEST_PHONE = 7
# Characters from the point of `39.9` on, which people write as `39.90`.
_TENTHS = 2
# From here on are the scripts of East Asia, which put no blank between words.
FIRST_WITHOUT_BLANKS = "\u2e80"
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_NUMBER = re.compile(r"^-?\d[\d,]*(?:\.\d+)?$")
_PATH = re.compile(
    r"^(?:[A-Za-z]:\\|\.{0,2}/)?[^\s/\\]+(?:[/\\][^\s/\\]+)+/?$|^[\w -]{1,80}\.[A-Za-z][A-Za-z0-9]{1,4}$"
)
_ID = re.compile(r"^(?=[^\s]*\d)[A-Za-z0-9_#:.-]{1,80}$")
_TIME = re.compile(r"^\d{1,2}:\d{2}(?::\d{2})?$")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = f"(?:{'|'.join(MONTHS)})[a-z]{{0,6}}"
_DAY_OF_MONTH = re.compile(
    rf"\b{_MONTH}\.? (?:the )?\d{{1,2}}(?:st|nd|rd|th)?\b|\b\d{{1,2}}(?:st|nd|rd|th)?\.? (?:of )?{_MONTH}\b"
)
WEIGHTS = {
    "email": 3.0,
    "url": 3.0,
    "domain": 2.5,
    "iban": 3.0,
    "phone": 2.0,
    "path": 2.0,
    "id": 1.5,
    "date": 1.0,
    "number": 0.7,
    "short": 1.5,
    "long": 2.0,
}
_MAX_LEAVES = 200
_MOST_READ = 2_000
_MAX_TEXT = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """One typed value of the arguments. `needle` is what to look for in lower-cased text; `words` its content words."""

    argument: str
    value: str
    kind: str
    weight: float
    needle: str
    words: frozenset[str]


def leaves_of(arguments: tuple[Argument, ...], *, first: Collection[str] = ()) -> tuple[Leaf, ...]:
    """The typed values in `arguments`, addresses inside texts on their own.

    At most 200: then those `first`, lower case, and the heaviest of the others.
    """
    leaves: dict[tuple[str, str], Leaf] = {}
    for argument in arguments:
        if argument.value is None or isinstance(argument.value, bool):
            continue
        for leaf in _leaves_of_one(argument):
            leaves.setdefault((leaf.kind, leaf.needle), leaf)
        if len(leaves) > _MOST_READ:
            break
    found = list(leaves.values())
    if len(found) > _MAX_LEAVES:
        foremost = frozenset(first)
        found.sort(key=lambda leaf: (leaf.value.lower() not in foremost, -leaf.weight))
    return tuple(found[:_MAX_LEAVES])


def _leaves_of_one(argument: Argument) -> list[Leaf]:
    if not isinstance(argument.value, str):
        return [_leaf(argument.path, _number_text(argument.value), "number")]
    text = argument.value.strip()[:_MAX_TEXT]
    if not text:
        return []
    found = []
    addresses = EMAIL.findall(text)
    links = [link.rstrip(".,;:!?'\")") for link in URL.findall(text)]
    found += [_leaf(argument.path, address, "email") for address in addresses]
    found += [_leaf(argument.path, link, "url") for link in links]
    rest = text
    for part in addresses + links:
        rest = rest.replace(part, " ")
    if rest.strip(" ,;<>"):
        found.append(_leaf(argument.path, text, _kind_of(text, argument_name(argument.path))))
    return found


def _number_text(value: int | float | bool | None) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def _kind_of(text: str, name: str) -> str:
    compact = text.replace(" ", "")
    if IBAN.fullmatch(text) or IBAN.fullmatch(compact):
        return "iban"
    if (_DATE.match(text) and len(text) <= 32) or _TIME.match(text):
        return "date"
    if _NUMBER.match(text):
        digits = len(re.sub(r"\D", "", text))
        named_id = name.endswith(("id", "account", "number", "iban", "code"))
        return "id" if named_id or digits >= 6 else "number"
    if _PHONE.match(text) and sum(map(str.isdigit, text)) >= _SHORTEST_PHONE:
        return "phone"
    if _PATH.match(text) and " " not in text.strip():
        return "path"
    if re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z]{2,12}", text, re.IGNORECASE):
        return "domain"
    if _ID.match(text):
        return "id"
    return "short" if len(text) <= 60 and len(text.split()) <= 7 else "long"


def _leaf(path: str, value: str, kind: str) -> Leaf:
    needle = re.sub(r"\s+", " ", value.lower()).strip()
    if kind == "url":
        needle = re.sub(r"^[a-z]+://", "", needle).removeprefix("www.").rstrip("/")
    elif kind == "iban":
        needle = needle.replace(" ", "")
    elif kind == "number":
        needle = needle.replace(",", "")
    words = frozenset(w for w in WORD.findall(needle) if len(w) > 2 and w not in ENGLISH.stop_words)
    weight = WEIGHTS[kind]
    if kind == "number" and len(needle) <= 1:
        weight = 0.3
    return Leaf(argument=path, value=value, kind=kind, weight=weight, needle=needle, words=words)


def share_given(leaf: Leaf, user: WordSet) -> float:
    """How much of the value the user's words explain. The 13 of `June 13` is no number and no id."""
    if leaf.kind in ("id", "number") and len(leaf.needle) <= 2 and leaf.needle.isdigit():
        return float(stands_in(leaf.needle, _DAY_OF_MONTH.sub(" ", user.lower)) >= 0)
    return share_in(leaf, user)


def share_in(leaf: Leaf, text: WordSet) -> float:
    """0 to 1: how much of the value `text` explains. A text counts by its content words, anything else whole."""
    if leaf.kind == "date":
        return _date_share(leaf, text)
    if stands_in(leaf.needle, text.lower) >= 0:
        return 1.0
    if leaf.kind == "iban" and leaf.needle in text.lower.replace(" ", ""):
        return 1.0
    if leaf.kind == "number" and "." in leaf.needle:
        cents = leaf.needle + "0" * (len(leaf.needle) - leaf.needle.index(".") == _TENTHS)
        if any(stands_in(form, text.lower) >= 0 for form in (cents, cents.replace(".", ","))):
            return 1.0
    if leaf.kind == "number" and len(leaf.needle) > 3:
        grouped = f"{int(leaf.needle.split('.')[0]):,}" if leaf.needle.split(".")[0].lstrip("-").isdigit() else ""
        return 1.0 if grouped and grouped in text.lower else 0.0
    if leaf.kind in ("short", "long") and leaf.words:
        known = sum(1 for word in leaf.words if word in text.words or _stem_in(word, text.words))
        return known / len(leaf.words)
    return 0.0


def may_stand_in(leaf: Leaf, lowers: Sequence[str], *, least: float) -> bool:
    """False when no stretch of `lowers` explains any of the value, or of a text less than `least`: a quick look."""
    spaced = leaf.kind in ("date", "iban") or " " in leaf.needle
    if not spaced and any(leaf.needle in lower for lower in lowers):
        return True
    if leaf.kind not in ("short", "long"):
        # grouped digits, other ways to write a date
        return spaced or (leaf.kind == "number" and len(leaf.needle) > 3)
    known = len(leaf.words)
    for word in leaf.words:
        # it counts with and without its s
        bare = word.removesuffix("s")
        base = ENGLISH.verb_forms.get(word, bare)
        for lower in lowers:
            if bare in lower or base in lower:
                break
        else:
            known -= 1
            if known < least * len(leaf.words):
                return False
    return True


def stands_in(needle: str, lower: str, start: int = 0) -> int:
    """The offset of `needle` in `lower` as a whole value, not as a part of a longer word or number; -1 if nowhere."""
    if not needle:
        return -1
    size = len(needle)
    guard_left, guard_right = needle[0].isalnum(), needle[-1].isalnum()
    at = lower.find(needle, start)
    tries = 0
    while at >= 0 and tries < 200:
        left_ok = not guard_left or at == 0 or not _goes_on(lower[at - 1])
        right = lower[at + size : at + size + 1]
        if left_ok and not (guard_right and right and _goes_on(right)):
            return at
        at = lower.find(needle, at + 1)
        tries += 1
    return -1


def _goes_on(sign: str) -> bool:
    """A value and this sign would be one longer word; scripts without blanks write what follows right beside it."""
    return sign.isalnum() and sign < FIRST_WITHOUT_BLANKS


def _stem_in(word: str, words: frozenset[str]) -> bool:
    """With or without its s; `unlocked` where somebody says `unlock` or `unlocking`."""
    if (word[:-1] if word.endswith("s") else word + "s") in words:
        return True
    base = ENGLISH.verb_forms.get(word)
    return base is not None and not words.isdisjoint((base, base + "ing", base[:-1] + "ing", base + "ed", base + "d"))


def _date_share(leaf: Leaf, text: WordSet) -> float:
    """Dates match by day and month however written; the time of day counts a little."""
    match = _DATE.match(leaf.value)
    if not match:
        return 1.0 if leaf.needle in text.lower else 0.0
    if match.group() in text.lower:
        return 1.0
    month, day = int(match.group(2)), int(match.group(3))
    if not 1 <= month <= 12:
        return 0.0
    # a look at the text saves taking it apart into words
    if MONTHS[month - 1] not in text.lower or str(day) not in text.lower:
        return 0.0
    has_month = any(word.startswith(MONTHS[month - 1]) and len(word) <= 9 for word in text.words)
    suffixes = ("", "st", "nd", "rd", "th")
    has_day = any(f"{number}{suffix}" in text.words for number in (str(day), f"{day:02d}") for suffix in suffixes)
    return 1.0 if has_month and has_day else 0.0
