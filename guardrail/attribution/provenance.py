"""Where each value of a planned call came from: the user's own words, an output, or the agent itself."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from guardrail.destinations import EMAIL, IBAN, URL, argument_name
from guardrail.invocation import Argument
from guardrail.text.directives import WORD
from guardrail.text.weekdays import names_of_day
from guardrail.text.words import ENGLISH
from guardrail.text.wordset import WordSet

_PHONE = re.compile(r"^\+?[\d][\d\s().-]{6,18}$")
_SHORTEST_PHONE = 7
# A number for a telephone as texts write it, and how many of its last digits are the same with and without a country.
_DIGITS = re.compile(r"\+?\d(?:[\d ()/.-]{5,22})\d")
_DIALLED = 9
_MEASURE = re.compile(r"(\d{1,5})([a-z]{1,3})")
# A mailbox that names somebody, and what it counts without its house.
_FULL_NAME = re.compile(r"[a-z]{2,20}[._-][a-z]{2,24}")
_MAILBOX_ONLY = 0.8
# A kind of thing and its name.
_THING = re.compile(r"[a-z]{2,24}/[a-z][a-z0-9-]{3,60}")
# A day by its name only; and a day by its numbers.
_WEEKDAY_ONLY = 0.6
_WRITTEN_DAY = re.compile(r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}[./]\d{1,2}\b")
# What stands between the parts of the name of a thing, and the ends of hosts.
_BETWEEN = re.compile(r"[._-]")
TLDS = frozenset(
    "com net org info biz io co app dev ai me tv cc xyz online site shop store cloud page link live news email eu us "
    "uk de fr es it nl be pl pt at ch se no fi dk ie cz ru cn in br mx ca au jp example test".split()
)
# What stands between thousands, and before the cents then.
_GROUPED_BY = ((",", "."), (".", ","), (" ", ","), ("\u202f", ","), ("\u00a0", ","), ("'", "."))
# Characters from the point of `39.9` on, which people write as `39.90`.
_TENTHS = 2
# From here on are the scripts of East Asia, which put no blank between words.
FIRST_WITHOUT_BLANKS = "\u2e80"
# `2026-11-24T09:30` as well
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?:(?=[Tt]\d)|\b)")
_CLOCK = re.compile(r"[Tt ](\d{2}):(\d{2})(?!\d)")
# A time of day as people write it: `9:30`, `09.30 uur`, `9h30`, `4 pm`.
_TIME_OF_DAY = re.compile(
    r"(?<![\d.:,])(?:\d{1,2}[:h]\d{2}|\d{1,2}\.\d{2} ?(?:uur|uhr|h)\b|\d{1,2} ?[ap]\.?m\b)(?![\d.]\d)"
)
_NUMBER = re.compile(r"^-?\d[\d,]*(?:\.\d+)?$")
_PATH = re.compile(
    r"^(?:[A-Za-z]:\\|\.{0,2}/)?[^\s/\\]+(?:[/\\][^\s/\\]+)+/?$|^[\w -]{1,80}\.[A-Za-z][A-Za-z0-9]{1,4}$"
)
_ID = re.compile(r"^(?=[^\s]*\d)[A-Za-z0-9_#:.-]{1,80}$")
_TIME = re.compile(r"^\d{1,2}:\d{2}(?::\d{2})?$")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# How the months of the other tables begin, where they begin otherwise.
_MONTHS_ELSEWHERE = tuple(
    tuple(names.split())
    for names in (
        *("gen ene sty", "fév fev lut", "mär mrz mrt maa", "abr avr kwi", "mai maj mei mag", "juin giu cze"),
        *("juil lug lip", "ago aoû sie", "set wrz", "okt out ott paź", "lis", "dez déc dic gru"),
    )
)
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
# Kinds whose values texts write in other ways too.
_WRITTEN_OTHERWISE = frozenset(("date", "iban", "phone"))
_MAX_LEAVES = 200
_MOST_READ = 2_000
_MAX_TEXT = 20_000
_LONGEST_MONTH = 10
# What a day counts where the text gives another time of it.
OTHER_TIME = 0.4


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


_PHONE_NAMES = re.compile(r"phone|mobile|tel|fax|cell|sms|whatsapp|call|contact|^to|^number$|telefon|handy|gsm")
_NUMBER_NAMES = ("id", "no", "nr", "num", "number", "code", "ref", "reference")
_ACCOUNT_NAMES = re.compile(r"account|iban|konto|cuenta|compte|conto|rekening")


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
        # `ShipmentNo: 260-4405`; an account in groups leads somewhere as a telephone does
        other = _PHONE_NAMES.search(name) or _ACCOUNT_NAMES.search(name)
        return "id" if name.endswith(_NUMBER_NAMES) and not other else "phone"
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
    share = share_in(leaf, user)
    if not share and leaf.kind == "path" and _THING.fullmatch(leaf.needle):
        # `deploy/notifier` is the notifier
        return _MAILBOX_ONLY * (stands_in(leaf.needle.partition("/")[2], user.lower) >= 0)
    return _WEEKDAY_ONLY if not share and leaf.kind == "date" and _is_weekday_in(leaf, user) else share


def _is_weekday_in(leaf: Leaf, user: WordSet) -> bool:
    """`next Wednesday`, where the user wrote no date: which week is not told."""
    if names_of_day(leaf.value).isdisjoint(user.words):
        return False
    return not (_DAY_OF_MONTH.search(user.lower) or _WRITTEN_DAY.search(user.lower))


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
        if any(
            stands_in(form, text.lower) >= 0 for form in (cents, cents.replace(".", ","), leaf.needle.replace(".", ","))
        ):
            return 1.0
    if leaf.kind == "number" and len(leaf.needle) > 3:
        return float(_is_grouped_in(leaf.needle, text.lower))
    if leaf.kind == "phone":
        return float(_is_dialled_in(leaf.needle, text.lower))
    if leaf.kind == "id":
        return float(_is_measured_in(leaf.needle, text.lower))
    if leaf.kind == "email":
        return _MAILBOX_ONLY * _is_mailbox_in(leaf.needle, text.lower)
    if leaf.kind == "domain":
        # `cam.nursery` is the nursery cam
        parts = [part for part in _BETWEEN.split(leaf.needle) if part]
        return _MAILBOX_ONLY * (len(parts) > 1 and parts[-1] not in TLDS and text.words.issuperset(parts))
    if leaf.kind in ("short", "long") and leaf.words:
        known = sum(1 for word in leaf.words if word in text.words or _stem_in(word, text.words))
        if known < len(leaf.words) and "_" in leaf.needle and " " not in leaf.needle:
            # in one piece: the half of `new_password` that stands in `a new friend` is none of it
            return 0.0
        return known / len(leaf.words)
    return 0.0


def _is_grouped_in(number: str, lower: str) -> bool:
    """`120000` as `120,000`, `120.000` or `120 000`, with cents or without."""
    whole, _, rest = number.partition(".")
    if not whole.lstrip("-").isdigit():
        return False
    grouped = f"{int(whole):,}"
    for sign, point in _GROUPED_BY:
        form = grouped.replace(",", sign)
        if form not in lower:
            continue
        if not rest or stands_in(f"{form}{point}{rest.ljust(_TENTHS, '0')}", lower) >= 0:
            return True
    return False


def _is_measured_in(measure: str, lower: str) -> bool:
    """`24m` as `24 months`, `90d` as `90 days`: a number with the first letters of what it counts."""
    match = _MEASURE.fullmatch(measure)
    if match is None:
        return False
    at = stands_in(match.group(1), lower)
    if at < 0:
        return False
    return lower[at + len(match.group(1)) :].lstrip(" -")[: len(match.group(2)) + 1].startswith(match.group(2))


def _is_mailbox_in(address: str, lower: str) -> bool:
    """`lock the account sian.morris`: what stands before the sign, where it is a whole name."""
    mailbox = address.partition("@")[0]
    if not _FULL_NAME.fullmatch(mailbox):
        return False
    at = stands_in(mailbox, lower)
    return at >= 0 and lower[at + len(mailbox) : at + len(mailbox) + 1] != "@"


def _is_dialled_in(number: str, lower: str) -> bool:
    """`+49 40 5550112` as `040/555 01 12`: by its last digits, however they are written."""
    bare = "".join(sign for sign in number if sign.isdigit())
    if len(bare) < _SHORTEST_PHONE or bare[-2:] not in lower:
        return False
    told = bare[-_DIALLED:]
    written = ("".join(sign for sign in found if sign.isdigit()) for found in _DIGITS.findall(lower[:_MAX_TEXT]))
    return any(digits.endswith(told) for digits in written)


def may_stand_in(leaf: Leaf, lowers: Sequence[str], *, least: float) -> bool:
    """False when no stretch of `lowers` explains any of the value, or of a text less than `least`: a quick look."""
    kind, needle = leaf.kind, leaf.needle
    spaced = kind in _WRITTEN_OTHERWISE or " " in needle
    if not spaced and _any_holds(lowers, needle):
        return True
    day = _DATE.match(leaf.value) if kind == "date" else None
    if day is not None:
        return _any_holds(lowers, day.group(3).lstrip("0"))
    if kind == "email":
        return _any_holds(lowers, needle.partition("@")[0])
    if kind == "id":
        match = _MEASURE.fullmatch(needle)
        return match is not None and _any_holds(lowers, match.group(1))
    if kind not in ("short", "long"):
        # grouped digits, other ways to write a date
        return spaced or (kind == "number" and len(needle) > 3)
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


def _any_holds(lowers: Sequence[str], piece: str) -> bool:
    # no generator: this is asked of each value and sentence
    for lower in lowers:  # noqa: SIM110
        if piece in lower:
            return True
    return False


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
    """Dates match by day and month however written. Another time of day than the text gives is another value."""
    match = _DATE.match(leaf.value)
    if not match:
        return 1.0 if leaf.needle in text.lower else 0.0
    if leaf.needle in text.lower:
        return 1.0
    if match.group() not in text.lower and not _is_day_in(int(match.group(3)), int(match.group(2)), text):
        return 0.0
    clock = _CLOCK.search(leaf.value)
    return OTHER_TIME if clock is not None and _names_another_time(clock, text) else 1.0


def time_of(leaf: Leaf) -> str:
    """`09:30` of a day with that time; empty where it has none."""
    clock = _CLOCK.search(leaf.value) if leaf.kind == "date" else None
    return f"{clock.group(1)}:{clock.group(2)}" if clock else ""


def _is_day_in(day: int, month: int, text: WordSet) -> bool:
    if not 1 <= month <= len(MONTHS):
        return False
    lower = text.lower
    # a look at the text saves taking it apart into words
    if str(day) not in lower:
        return False
    if any(
        form in lower
        for form in (f"{day}.{month}.", f"{day:02d}.{month:02d}", f"{day:02d}/{month:02d}", f"{day}/{month}/")
    ):
        return True
    names = tuple(name for name in (MONTHS[month - 1], *_MONTHS_ELSEWHERE[month - 1]) if name in lower)
    if not names or not any(word.startswith(names) and len(word) <= _LONGEST_MONTH for word in text.words):
        return False
    suffixes = ("", "st", "nd", "rd", "th")
    return any(f"{number}{suffix}" in text.words for number in (str(day), f"{day:02d}") for suffix in suffixes)


def _names_another_time(clock: re.Match[str], text: WordSet) -> bool:
    """The text gives times of day, and this is none of them."""
    hour, minute = int(clock.group(1)), clock.group(2)
    given = _TIME_OF_DAY.findall(text.lower[:_MAX_TEXT])
    if not given or (hour, minute) == (0, "00"):
        return False
    half = hour - 12 if hour > 12 else hour
    forms = {f"{h}{sign}{minute}" for h in (str(hour), f"{hour:02d}") for sign in ":h."}
    forms |= {f"{half}:{minute}"} | ({f"{half}a", f"{half}p"} if minute == "00" else set())
    return not any(found.replace(" ", "").startswith(tuple(forms)) for found in given)
