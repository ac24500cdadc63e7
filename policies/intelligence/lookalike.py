"""Whether a domain is made to be taken for one of ours: compiled once from the list of destinations. Pure.

A name of ours is found without trying all of them by the deletion neighbourhood of its first seven letters (W. Garbe,
SymSpell, 2012), and then measured by the optimal string alignment distance (Damerau 1964: a letter more, less or other,
or two swapped). Letters that look alike are brought together first, in the manner of UTS #39. Another suffix counts as
one change. One change in a name of five letters or more, two from nine letters on; shorter names are too close to each
other by chance. A name is also imitated where it stands, whole, inside another domain.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from confusable_homoglyphs.confusables import confusables_data

from policies.hosts import host_of
from policies.intelligence.domains import Registered, registered
from policies.intelligence.public_houses import PUBLIC_HOUSES

_PREFIX = 7
_ONE_CHANGE, _TWO_CHANGES = 5, 9
# A name that others may have too: only what is longer is searched for inside other names.
_INSIDE, _GLUED = 5, 7
_SEVERAL = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("nn", "m"))
_DIGITS = str.maketrans("01345789", "olebsabg")
_RUN = re.compile(r"(.)\1+")
_NUMBERS = re.compile(r"\d+")
# What a false house of ours calls its door.
_LURES = frozenset(
    "account accounts auth billing bank check claims corp customer docs finance group help helpdesk hr id info invoice "
    "invoices it login mail mails my office online pay payment payments payroll portal refund secure security service "
    "services share sharing shop signin sso statement statements support team verify vpn web".split()
)
_MOST_NAMES = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Resembled:
    """A domain of ours that another is like. `weak` = others may well have such a name honestly."""

    own: str
    how: str
    weak: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookalikes:
    """The domains of ours. `near` leads from what is left of a name's beginning to domains; `internal` are our own."""

    domains: frozenset[str] = frozenset()
    internal: frozenset[str] = frozenset()
    looks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    near: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    named: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def find(self, host: str) -> Resembled | None:
        """The domain of ours that `host` (as a call has it, in Unicode or punycode) is like; None for ours and others.

        Some 30 microseconds; the caller knows that no standing was given to the host.
        """
        if not self.domains or len(host) > 253 or "." not in host:
            return None
        shown = unicode_of(host.lower().strip("."))
        found = registered(shown)
        if not found.name or found.domain in self.domains or found.domain in PUBLIC_HOUSES:
            return None
        return self._carried(shown, found) or self._looking(found) or self._changed(found) or self._inside(found)

    def _carried(self, host: str, found: Registered) -> Resembled | None:
        """Our whole domain before the one that counts: `contoso.com.evil.example`, `contoso-com.evil.example`."""
        before = host.removesuffix(found.domain).strip(".") if host.endswith(found.domain) else ""
        labels = before.split(".") if before else []
        for start in range(min(len(labels), 12)):
            for end in range(start + 1, min(len(labels), start + 4) + 1):
                way = ".".join(labels[start:end])
                own = way if way in self.domains else self.named.get(way, "")
                if own:
                    return Resembled(own=own, how=f"it has {own} in front of a domain that is not it")
        own = self.named.get(found.name, "")
        return Resembled(own=own, how=f"it writes {own} as one word") if own else None

    def _looking(self, found: Registered) -> Resembled | None:
        own = self.looks.get(look_of(found.name))
        if own is None:
            return None
        name = registered(own).name
        if found.name == name:
            if len(name) < _ONE_CHANGE:
                return None
            return Resembled(own=own, how=f"it is {own} with another ending")
        if _NUMBERS.sub("", found.name) == _NUMBERS.sub("", name) and found.name.isascii():
            return None
        return Resembled(own=own, how=f"its letters look like those of {own}")

    def _changed(self, found: Registered) -> Resembled | None:
        name = found.name
        if len(name) < _ONE_CHANGE - 1 or len(name) > 63:
            return None
        tried: set[str] = set()
        best: tuple[int, str] | None = None
        for rest in _neighbourhood(name[:_PREFIX]):
            for own in self.near.get(rest, ()):
                if own not in tried:
                    tried.add(own)
                    changes = _changes(found, registered(own))
                    if changes and (best is None or (changes, own) < best):
                        best = (changes, own)
        if best is None:
            return None
        changes, own = best
        return Resembled(own=own, how=f"it is {own} with {'one letter' if changes == 1 else 'two letters'} changed")

    def _inside(self, found: Registered) -> Resembled | None:
        """Our name with words around it: `contoso-billing.example`, `securecontoso.example`."""
        parts = [part for part in found.name.split("-") if part]
        for part in parts if len(parts) > 1 else ():
            own = self.looks.get(look_of(part), "")
            if own in self.internal and len(registered(own).name) >= _INSIDE:
                lured = not _LURES.isdisjoint(parts)
                return Resembled(own=own, how=f"it has the name of {own} in it", weak=not lured)
        for end in range(_GLUED, len(found.name)):
            before, after = found.name[:end], found.name[-end:]
            for part, rest in ((before, found.name[end:]), (after, found.name[:-end])):
                own = self.looks.get(part, "")
                if own in self.internal and rest in _LURES:
                    return Resembled(own=own, how=f"it has the name of {own} in it")
        return None


NO_LOOKALIKES = Lookalikes()


def compile_lookalikes(*, internal: str, known: str) -> Lookalikes:
    """From the values, one a line, of the destinations that are one's own and of those that are known.

    Addresses count by their domain. What was compiled last is kept: a list most often changes where no domain does.
    Some 15 ms a thousand domains; of more than 10,000 the own ones come first.
    """
    inside = _domains_of(internal)
    return _compiled(inside, _domains_of(known) - inside)


@lru_cache(maxsize=4)
def _domains_of(lines: str) -> frozenset[str]:
    domains = {registered(host).domain for host in {host_of(value) for value in lines.split("\n")} if "." in host}
    # whoever knows one person at a public house does not own the house
    return frozenset(domains - PUBLIC_HOUSES - {""})


@lru_cache(maxsize=4)
def _compiled(internal: frozenset[str], known: frozenset[str]) -> Lookalikes:
    near: dict[str, list[str]] = {}
    looks: dict[str, str] = {}
    named: dict[str, str] = {}
    for domain in [*sorted(internal), *sorted(known)][:_MOST_NAMES]:
        name = registered(domain).name
        if len(name) >= 4:
            looks.setdefault(look_of(name), domain)
        if len(name) >= _ONE_CHANGE:
            named[domain.replace(".", "-")] = domain
            for rest in _neighbourhood(name[:_PREFIX]):
                near.setdefault(rest, []).append(domain)
    return Lookalikes(
        domains=internal | known,
        internal=internal,
        looks=MappingProxyType(looks),
        near=MappingProxyType({rest: tuple(found) for rest, found in near.items()}),
        named=MappingProxyType(named),
    )


def unicode_of(host: str) -> str:
    """The host as people read it: punycode decoded where it can be."""
    if "xn--" not in host:
        return host
    labels = []
    for label in host.split("."):
        try:
            labels.append(label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label)
        except (UnicodeError, ValueError):
            labels.append(label)
    return ".".join(labels)


@lru_cache(maxsize=8192)
def look_of(name: str) -> str:
    """What a name looks like: letters of other alphabets, digits and pairs brought to the letters they imitate."""
    plain = unicodedata.normalize("NFKD", name.lower())
    plain = "".join(_looks().get(letter, letter) for letter in plain if not unicodedata.combining(letter))
    plain = plain.replace("-", "").replace("_", "").translate(_DIGITS)
    for pair, letter in _SEVERAL:
        plain = plain.replace(pair, letter)
    return _RUN.sub(r"\1", plain.replace("i", "l"))


@lru_cache(maxsize=1)
def _looks() -> Mapping[str, str]:
    """Letters of other alphabets -> the small Latin one they look like."""
    found: dict[str, str] = {}
    for look, entries in confusables_data.items():
        if len(look) == 1 and not look.isascii() and unicodedata.category(look).startswith("L"):
            plain = [entry["c"] for entry in entries if len(entry["c"]) == 1 and entry["c"].isascii()]
            letters = [letter.lower() for letter in plain if letter.isalpha()]
            if letters:
                found.setdefault(look, letters[0])
                found.setdefault(look.lower(), letters[0])
    # small letters whose table entry goes by their capital
    return found | dict(zip("аеорсухіјѕһԁԛвкмтαορνυ", "aeopcyxijshdqbkmtaopvu", strict=True))


def _neighbourhood(text: str) -> set[str]:
    """`text`, and what is left of it when up to two letters are taken out."""
    found = {text}
    for first in range(len(text)):
        once = text[:first] + text[first + 1 :]
        found.add(once)
        found.update(once[:second] + once[second + 1 :] for second in range(first, len(once)))
    return found


def _changes(found: Registered, own: Registered) -> int:
    """How many changes make one of the other, 0 where they are too many to be a disguise."""
    shorter = min(len(found.name), len(own.name))
    allowed = 2 if shorter >= _TWO_CHANGES else 1 if len(own.name) >= _ONE_CHANGE else 0
    allowed -= found.suffix != own.suffix
    if allowed <= 0 or abs(len(found.name) - len(own.name)) > allowed:
        return 0
    # a series is no disguise: `fabrikam2025`, `fabrikam2026`
    if _NUMBERS.sub("", found.name) == _NUMBERS.sub("", own.name):
        return 0
    distance = _distance(found.name, own.name, most=allowed)
    return distance if 0 < distance <= allowed else 0


def _distance(one: str, other: str, *, most: int) -> int:
    """The optimal string alignment distance; `most` + 1 where it is more than `most`."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        previous, row = row, [i] + [0] * len(other)
        for j, against in enumerate(other, start=1):
            row[j] = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                row[j] = min(row[j], before[j - 2] + 1)
        if min(row) > most:
            return most + 1
        before = previous
    return row[-1]
