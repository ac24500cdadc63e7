"""What people or rules restrict at present, compiled to frozen maps for judging. Pure.

A restriction stays in force until somebody or something ends it: its `until` is for people, and a task ends it then. So
a clock that is wrong, or workers that are down, leave it in force.
"""

import enum
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from policies.hosts import authority_of, without_scheme

# Beyond it a value is no name of anything, but a text.
LONGEST_NAME = 500
# A name of more words than these is found alone, or at the end of a path, but not inside a sentence.
_MOST_WORD_COUNTS = 8
_BREAKS = re.compile(r"[^\s\"'<>|()\[\]{},;“”„‘’«»`]+")


class Restricted(enum.Enum):
    """What is restricted. The value is a word of the pages and of signals."""

    AGENT = "agent"
    SESSION = "session"
    USER = "user"
    DOCUMENT = "document"
    DESTINATION = "destination"
    CHANNEL = "channel"


class Effect(enum.Enum):
    """Quarantine stops every call, step-up holds those that change or send something, for a person to agree to.

    Tighten puts an agent on the strict profile and on the fail posture block; a rate limit is for callers who did not
    sign in.
    """

    QUARANTINE = "quarantine"
    STEP_UP = "step_up"
    TIGHTEN = "tighten"
    RATE_LIMIT = "rate_limit"


# Which effects make sense on what; everything else is refused.
EFFECTS: Mapping[Restricted, tuple[Effect, ...]] = MappingProxyType(
    {
        Restricted.AGENT: (Effect.QUARANTINE, Effect.STEP_UP, Effect.TIGHTEN, Effect.RATE_LIMIT),
        Restricted.SESSION: (Effect.QUARANTINE, Effect.STEP_UP),
        Restricted.USER: (Effect.QUARANTINE, Effect.STEP_UP),
        Restricted.DOCUMENT: (Effect.QUARANTINE,),
        Restricted.DESTINATION: (Effect.QUARANTINE,),
        Restricted.CHANNEL: (Effect.RATE_LIMIT,),
    }
)
# How many parts the subject of each has: a session is (caller, agent, conversation), a channel (agent, channel).
PARTS: Mapping[Restricted, int] = MappingProxyType({Restricted.SESSION: 3, Restricted.CHANNEL: 2})
STEP_UP, RATE_LIMITED = "step_up", "rate_limited"
_BLOCK = {"strict": "block", "cautious": "block"}
# What is done on the signals of restrictions, unless a policy says otherwise: policies published before there were any
# name none of them, and a quarantine that is only noticed is none.
ACTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        **{f"{what.value}_quarantined": _BLOCK for what in Restricted if Effect.QUARANTINE in EFFECTS[what]},
        STEP_UP: {"strict": "hold", "cautious": "hold"},
        RATE_LIMITED: _BLOCK,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Restriction:
    """One restriction in force. `made_by` is a user name or, `by_rule`, the name of a rule; `until` None = no end.

    `per_minute` calls pass a rate limit each minute.
    """

    number: int
    kind: Restricted
    effect: Effect
    subject: tuple[str, ...]
    reason: str = ""
    made_by: str = ""
    by_rule: bool = False
    until: datetime | None = None
    per_minute: int = 0


_Place = tuple[Restricted, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Restrictions:
    """All that are in force, by what they are on. Looking one up costs the same however many there are.

    `longest` is the length of the longest name of a document, `word_counts` how many words such names have: both make
    it quick to find one in a text. `lifted` are numbers that do not count, to judge as if somebody had ended them.
    """

    by_place: Mapping[_Place, tuple[Restriction, ...]] = field(default_factory=lambda: MappingProxyType({}))
    longest: int = 0
    word_counts: tuple[int, ...] = ()
    kinds: frozenset[Restricted] = frozenset()
    lifted: frozenset[int] = frozenset()

    def on(self, kind: Restricted, *subject: str) -> tuple[Restriction, ...]:
        """Those on exactly this subject, given by its parts as a call holds them."""
        if kind not in self.kinds:
            return ()
        found = self.by_place.get((kind, normal(kind, subject)), ())
        return tuple(one for one in found if one.number not in self.lifted) if self.lifted else found

    def on_destination(self, destination: str) -> tuple[Restriction, ...]:
        """Those on the address itself, on its host or domain, and on each domain that one belongs to."""
        if Restricted.DESTINATION not in self.kinds:
            return ()
        return tuple(one for value in covering(destination) for one in self.on(Restricted.DESTINATION, value))

    def on_document_named(self, text: str) -> tuple[Restriction, ...]:
        """Those on the document whose name, id, path or address `text` is; a name covers it in every folder."""
        # what is longer than every name can only end like one; letters of several code points count once in a name
        if not self.longest or (
            len(text) > 3 * self.longest and "/" not in text and "\\" not in text and "%" not in text
        ):
            return ()
        names = dict.fromkeys((text, last_part(text)))
        found = (one for name in names if name for one in self.on(Restricted.DOCUMENT, name))
        return tuple(dict.fromkeys(found))

    def on_documents_in(self, text: str) -> tuple[Restriction, ...]:
        """Those on documents that an argument names: alone, as the end of a path or address, or inside a sentence."""
        if not self.longest:
            return ()
        found = dict.fromkeys(self.on_document_named(text) if len(text) <= LONGEST_NAME else ())
        for name in self._names_in(_folded(unquote(text[:20_000]))):
            found.update(dict.fromkeys(self.by_place.get((Restricted.DOCUMENT, (name,)), ())))
        return tuple(one for one in found if one.number not in self.lifted)

    def _names_in(self, lower: str) -> Iterator[str]:
        """Every stretch of as many words as some name has, with and without the path before its first word."""
        words = list(_BREAKS.finditer(lower))
        for last, word in enumerate(words):
            end = word.end() - (len(word.group()) - len(word.group().rstrip(".!?:")))
            for many in self.word_counts:
                if many > last + 1:
                    break
                first = words[last - many + 1]
                start = first.start()
                yield lower[start:end]
                path = max(first.group().rfind("/"), first.group().rfind("\\"))
                if path >= 0:
                    yield lower[start + path + 1 : end]

    def without(self, numbers: Iterable[int]) -> "Restrictions":
        """The same as if somebody had ended these."""
        return replace(self, lifted=self.lifted.union(numbers))

    def tightens(self, agent_id: str) -> bool:
        """Whether this agent is on the strict profile and the fail posture block for the time being."""
        return any(one.effect is Effect.TIGHTEN for one in self.on(Restricted.AGENT, agent_id))


NO_RESTRICTIONS = Restrictions()


def compile_restrictions(entries: Sequence[Mapping[str, Any]]) -> Restrictions:
    """Compile the `restrictions` of a ruleset document. Raises ValueError or KeyError on an entry nobody wrote."""
    if not entries:
        return NO_RESTRICTIONS
    by_place: dict[_Place, list[Restriction]] = {}
    for entry in entries:
        kind = Restricted(entry["kind"])
        subject = normal(kind, entry["subject"])
        one = Restriction(
            number=int(entry["number"]),
            kind=kind,
            effect=Effect(entry["effect"]),
            subject=tuple(entry["subject"]),
            reason=entry.get("reason", ""),
            made_by=entry.get("made_by", ""),
            by_rule=bool(entry.get("by_rule", False)),
            until=datetime.fromisoformat(entry["until"]) if entry.get("until") else None,
            per_minute=int(entry.get("per_minute", 0)),
        )
        by_place.setdefault((kind, subject), []).append(one)
    names = [subject[0] for kind, subject in by_place if kind is Restricted.DOCUMENT]
    return Restrictions(
        by_place=MappingProxyType({place: tuple(found) for place, found in by_place.items()}),
        longest=max(map(len, names), default=0),
        word_counts=tuple(sorted({len(_BREAKS.findall(name)) for name in names} - {0}))[:_MOST_WORD_COUNTS],
        kinds=frozenset(kind for kind, _ in by_place),
    )


def normal(kind: Restricted, subject: Iterable[str]) -> tuple[str, ...]:
    """The subject as it is compared: ids as they are, users whatever their case, names also whatever
    their letter form."""
    if kind is Restricted.DESTINATION:
        return tuple(_address(part) for part in subject)
    if kind is Restricted.DOCUMENT:
        return tuple(_folded(unquote(part).split("?", 1)[0] if "://" in part else part) for part in subject)
    if kind is Restricted.USER:
        # platforms write one address in several ways
        return tuple(part[:LONGEST_NAME].casefold() for part in subject)
    return tuple(part[:LONGEST_NAME] for part in subject)


def key_of(kind: Restricted, subject: Iterable[str]) -> str:
    """sha256 hex by which the database knows one subject: names may be longer than an index takes."""
    whole = json.dumps([kind.value, *normal(kind, subject)])
    return hashlib.sha256(whole.encode()).hexdigest()


def covering(destination: str) -> tuple[str, ...]:
    """What a restriction may be on to cover this destination, most exact first: itself, its host, parent domains.

    A mailbox with a tag (`eve+jobs@`) is most often the one without.
    """
    value = _address(destination)
    local, at, house = value.rpartition("@")
    untagged = f"{local.partition('+')[0]}@{house}" if at and "+" in local and "/" not in value else ""
    host = host_of_address(value)
    labels = host.split(".")
    parents = (".".join(labels[start:]) for start in range(1, len(labels) - 1))
    return tuple(dict.fromkeys(name for name in (value, untagged, host, *parents) if name))


def host_of_address(value: str) -> str:
    """The host of an address or URL, with no user, port or path; empty for what has none, such as an account."""
    rest = without_scheme(value)
    authority = authority_of(rest)
    host = authority.rpartition("@")[2].strip("<> ")
    if host.startswith("["):
        return host[1:].partition("]")[0]
    host = host.partition(":")[0].strip(".")
    return host if "." in host or rest is not value else ""


def last_part(text: str) -> str:
    """The file name at the end of a path or URL."""
    path = text.split("?", 1)[0].split("#", 1)[0] if "://" in text else text
    return re.split(r"[/\\]", unquote(path).rstrip("/\\"))[-1].strip()


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text[:20_000]).casefold().split())


def _address(text: str) -> str:
    """An address as it is compared: an international domain in the letters the network uses.

    `*.contoso.com`, `@contoso.com` and `https://contoso.com/` are ways to write the domain.
    """
    value = _folded(text[:2_000]).strip("<> ").removeprefix("*.").lstrip("@.")
    scheme, _, rest = value.partition("://")
    if rest and scheme.isalnum() and not rest.rstrip("/").strip("abcdefghijklmnopqrstuvwxyz0123456789.-"):
        value = rest.rstrip("/")
    if value.isascii():
        return value.rstrip(".")
    return ".".join(_label(part) for part in value.split(".")).rstrip(".")


def _label(text: str) -> str:
    """One label of a domain; what stands before it in an address (`name@`, `https://`) is left as it is."""
    at = max(text.rfind("@"), text.rfind("/")) + 1
    try:
        return text[:at] + text[at:].encode("idna").decode("ascii")
    except UnicodeError:
        return text
