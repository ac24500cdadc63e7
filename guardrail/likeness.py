"""By what a call is known again when it comes re-spelled, reworded or through another tool: hashes, and no text. Pure.

Destinations: a hash of how the address looks (case, look-alike letters, punycode, sub-address and dots aside), one of
the domain somebody registered, and one of each way to take a letter out of its name: two names one letter apart share
one (M. Mor and A. Fraenkel, "A hash code method for detecting and correcting spelling errors", CACM 1982).

Words: the least hashes of the pairs of words in the arguments. The share of pairs two texts have in common is estimated
from them, exactly for short ones (A. Broder, "On the resemblance and containment of documents", 1997).
"""

import re
import struct
import unicodedata
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

import msgspec

from guardrail.invocation import Invocation
from guardrail.text.public_services import is_public_service
from policies.hosts import authority_of, without_scheme
from policies.intelligence.domains import registered
from policies.intelligence.lookalike import look_of, unicode_of
from policies.intelligence.public_houses import PUBLIC_HOUSES
from policies.ruleset import Standing, ToolKind

# From here on two texts are the same call in other words.
SAME_WORDS = 0.6
# Fewer pairs of words say nothing unless they are all there are.
ENOUGH_WORDS = 5
MOST_AIMS = 8
# Signals of texts that lead a call somewhere.
LEADING = frozenset(
    "instruction_marked instruction_followed instruction_delegated tool_description_followed data_in_link "
    "data_in_link_suspected".split()
)
_SKETCH = 24
_MOST_WORDS = 300
_MOST_LETTERS = 4_000
_LEAST_NAME, _MOST_NAME = 6, 16
# A name this long is that of somebody in particular, wherever it is said.
_TELLING_NAME = 7
_WORD = re.compile(r"[^\W_]+")
_ASCII_WORD = re.compile(rb"[^\W_]+")
_HOST = re.compile(r"(?:[^\s./@:?#]{1,63}\.){1,6}[^\s./@:?#\d]{2,63}")
_BETWEEN = re.compile(r"[\W_]+")
_NUMBERS = 8
_LONGEST_NUMBER = 34
_MOST_SAID = 20_000
_OURS = tuple(("destination_standing", standing.value) for standing in Standing if standing.is_trusted)
# Letters beside an address that make its argument a text that speaks of it.
_LEAST_QUOTED = 24
# Calls whose arguments may be texts to pass on; a command, a payment and a share are carried out as they stand.
_QUOTING = frozenset((ToolKind.READ, ToolKind.WRITE, ToolKind.SEND, ToolKind.DELETE))
_OUTSIDE = (Standing.UNKNOWN, Standing.DENIED)


class Aim(msgspec.Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True):
    """One place outside that a call reaches: `at` in the call's destinations. The user's own words may have `named` it.

    `led` = the signals that stopped the call say that a text led it there.

    `look` and `house` are hashes, `house` of the registered domain, empty where anybody may live there. `near` are
    hashes of 4 bytes. `loose` = a plain name, which means somebody else in another conversation.
    """

    at: int
    look: str
    house: str = ""
    near: bytes = b""
    named: bool = False
    loose: bool = False
    led: bool = False


def aims_of(
    call: Invocation, standings: Mapping[str, Standing], *, kind: ToolKind, organisation: str
) -> tuple[Aim, ...]:
    """Where a call reaches outside, at most MOST_AIMS, what the user did not name first. 20 microseconds each.

    `standings` are those of its destinations, in order.
    """
    outside = [
        (at, value)
        for at, (value, standing) in enumerate(standings.items())
        if standing in _OUTSIDE and not (kind in _QUOTING and _is_only_quoted(value, call))
    ]
    if not outside:
        return ()
    said = own_words(call)
    found = [aim for at, value in outside if (aim := _aim(at, value, said, organisation)) is not None]
    return tuple(sorted(found, key=lambda aim: aim.named)[:MOST_AIMS])


def _is_only_quoted(value: str, call: Invocation) -> bool:
    """It stands nowhere but inside longer texts a tool returned just so: a channel's name, a mail that is passed on.

    The call does not go there; whoever is written to, and what a command or an address says, is another matter.
    """
    holding = [
        argument.value[:_MOST_LETTERS]
        for argument in call.arguments
        if isinstance(argument.value, str) and value in argument.value.lower()
    ]
    if not holding or any(len(text) < len(value) + _LEAST_QUOTED for text in holding):
        return False
    texts = (passage.text for output in call.outputs for passage in output.passages)
    # quotes and the ends of lines are written in another way in a listing
    returned = [_BETWEEN.sub("", text) for text in texts if value in text.lower()]
    return all(any(_BETWEEN.sub("", text) in whole for whole in returned) for text in holding)


def hashes_of(destination: str, *, organisation: str) -> tuple[str, ...]:
    """The hashes a destination is known by, its look first; none for a plain name or a search engine."""
    aim = _aim(0, destination, "", organisation)
    if aim is None or aim.loose:
        return ()
    return (aim.look, aim.house) if aim.house else (aim.look,)


def own_words(call: Invocation) -> str:
    """What people said in this conversation, in small letters; never what an event or the assistant said.

    The last 20,000 characters.
    """
    if call.event_triggered:
        return ""
    texts = [passage.text for message in call.history if message.role == "user" for passage in message.passages]
    texts += [passage.text for passage in call.user_passages]
    return "\n".join(texts)[-_MOST_SAID:].lower()


def is_named(destination: str, said: str) -> bool:
    """Whether these words (in small letters) name the destination: itself, its domain, or whose domain it is."""
    value = destination.lower()
    if not said:
        return False
    if value in said:
        return True
    host = _host_of(value)
    if not host:
        plain = _squashed(value)
        if not _NUMBERS <= len(plain) <= _LONGEST_NUMBER or not any(c.isdigit() for c in plain):
            return False
        # an account in groups
        return re.search(r"[\W_]{0,2}".join(map(re.escape, plain)), said) is not None
    found = registered(host)
    if not found.domain or found.domain in PUBLIC_HOUSES:
        return False
    if found.domain in said:
        return True
    return len(found.name) >= _TELLING_NAME and _is_said(_WORD.findall(found.name), said)


def is_spoken_of(destination: str, said: str) -> bool:
    """Whether these words have the name in front of the address, or the one of the domain: `answer Jane`."""
    local = destination.lower().partition("@")[0]
    names = [name for name in _WORD.findall(local) if len(name) >= 3 and not name.isdigit()]
    host = _host_of(destination.lower())
    names += [name for name in _WORD.findall(registered(host).name) if len(name) >= 4] if host else []
    return any(_is_said([name], said) for name in names[:8])


def led_to(facts: Iterable[Sequence[str]], quotes: Iterable[str]) -> list[str]:
    """The destinations outside among a signal's facts; where its `quotes` of the text name some of them, only those."""
    pairs = [(str(name), str(value)) for name, value in facts]
    outside = [
        value
        for (name, value), following in zip(pairs, [*pairs[1:], ("", "")], strict=True)
        if name == "destination" and following not in _OURS
    ]
    quoted = " ".join(quotes).lower()
    return [value for value in outside if value.lower() in quoted] or outside


def sketch_of(call: Invocation, destinations: Collection[str], *, organisation: str) -> bytes:
    """What the words of the arguments are known by, without the places the call reaches; at most 96 bytes."""
    words: list[bytes] = []
    for argument in call.arguments:
        if argument.value is None or isinstance(argument.value, bool):
            continue
        text = str(argument.value)[:_MOST_LETTERS].lower()
        if text.strip() in destinations:
            continue
        words += _ASCII_WORD.findall(text.encode()) if text.isascii() else _encoded(_WORD.findall(_plain(text)))
        if len(words) >= _MOST_WORDS:
            break
    del words[_MOST_WORDS:]
    # a checksum of its own for each organisation, so that two cannot be compared
    seed = zlib.crc32(organisation.encode())
    pairs = [one + b" " + two for one, two in pairwise(words)] or words
    # as `_mixed`, and written out: 300 calls of a function are as dear as the rest
    found = sorted({(zlib.crc32(pair, seed) * 2654435761) & 0xFFFFFFFF for pair in pairs})[:_SKETCH]
    return struct.pack(f">{len(found)}I", *found)


def _encoded(words: Iterable[str]) -> list[bytes]:
    return [word.encode("utf-8", "replace") for word in words]


def resemblance(one: frozenset[int], other: frozenset[int]) -> float:
    """The share of pairs of words two sketches, by their numbers, have in common, 0 to 1."""
    shared = one & other
    if not shared:
        return 0.0
    if len(shared) == len(one) == len(other):
        return 1.0
    least = sorted(one | other)[:_SKETCH]
    return len(shared.intersection(least)) / len(least)


def may_resemble(one: frozenset[int], other: frozenset[int]) -> bool:
    """False where two sketches, by their numbers, are surely not the same call in other words: a quick look."""
    shared = len(one & other)
    return shared > 0 and shared >= SAME_WORDS * min(_SKETCH, len(one) + len(other) - shared)


def words_in(sketch: bytes) -> int:
    """How many pairs of words a sketch knows, at most 24."""
    return len(sketch) // 4


def are_near(one: bytes, other: bytes) -> bool:
    """Whether two names are at most one letter apart."""
    return not numbers_of(one).isdisjoint(numbers_of(other))


def _aim(at: int, value: str, said: str, organisation: str) -> Aim | None:
    look, house, name, loose = _forms(value)
    if not look:
        return None
    return Aim(
        at=at,
        look=_short(organisation, "look", look),
        house=_short(organisation, "house", house) if house else "",
        near=_neighbourhood(name, organisation) if len(name) >= _LEAST_NAME else b"",
        named=is_named(value, said),
        loose=loose,
    )


@lru_cache(maxsize=4096)
def _forms(value: str) -> tuple[str, str, str, bool]:
    """How a destination looks, whose domain it is in, the name in it that an attacker would vary, whether loose."""
    shown = unicodedata.normalize("NFKC", value.strip().lower())
    host = _host_of(shown)
    if not host:
        plain = _squashed(_plain(shown))
        loose = sum(letter.isdigit() for letter in plain) < _NUMBERS
        return (f"#{plain}" if plain else ""), "", "", loose
    path = _path_of(shown)
    if path and is_public_service(host, path):
        return "", "", "", False
    found = registered(host)
    shared = not found.domain or found.domain in PUBLIC_HOUSES
    name = "" if shared else look_of(found.name)
    before = host.removesuffix(found.domain) if found.domain else ""
    where = f"{_plain(before)}{look_of(found.name)}.{found.suffix}" if found.domain else host
    if _is_mailbox(shown):
        local = _squashed(_plain(shown.rpartition("@")[0].partition("+")[0]))
        return f"{local}@{where}", "" if shared else f"{name}.{found.suffix}", name or local, False
    return "/".join((where.removeprefix("www."), *path)), "" if shared else f"{name}.{found.suffix}", name, False


@lru_cache(maxsize=4096)
def _host_of(value: str) -> str:
    """The host of an address, URL or bare host, in Unicode; empty for anything else."""
    rest = without_scheme(value)
    if _is_mailbox(value):
        rest = value.rpartition("@")[2] if " " not in value else ""
    elif rest is value and not _HOST.match(value):
        rest = ""
    host = re.split(r"[/?#]", rest[:300], maxsplit=1)[0].rpartition("@")[2].partition(":")[0]
    return unicode_of(host.strip("[]<>., "))


def _is_mailbox(value: str) -> bool:
    """Whether the host is behind the last `@`; not in a URL, with or without its scheme, that has one later on."""
    if "@" not in value or without_scheme(value) is not value:
        return False
    return "@" in authority_of(value) or not _HOST.match(value)


def _path_of(value: str) -> tuple[str, ...]:
    if _is_mailbox(value):
        return ()
    rest = re.split(r"[?#]", without_scheme(value), maxsplit=1)[0]
    return tuple(part for part in rest[:500].split("/")[1:] if part)


def _plain(text: str) -> str:
    """Letters of other alphabets as the ones they imitate; plain ones stay."""
    if text.isascii():
        return text
    return "".join(letter if letter.isascii() else look_of(letter) or letter for letter in text)


def _squashed(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def _is_said(words: Sequence[str], said: str) -> bool:
    """Whether these words stand in a row, by themselves; `vistula-data` is said as `Vistula Data` too."""
    if not words or words[0] not in said:
        return False
    pattern = r"[\W_]{1,3}".join(map(re.escape, words))
    return re.search(rf"(?<![^\W_]){pattern}(?![^\W_])", said) is not None


@lru_cache(maxsize=4096)
def _neighbourhood(name: str, organisation: str) -> bytes:
    """The name and what is left of it when any one letter is taken out, hashed."""
    seed = zlib.crc32(organisation.encode())
    name = name[:_MOST_NAME]
    left = {name, *(name[:at] + name[at + 1 :] for at in range(len(name)))}
    found = sorted(_mixed(zlib.crc32(one.encode("utf-8", "replace"), seed)) for one in left)
    return struct.pack(f">{len(found)}I", *found)


@lru_cache(maxsize=4096)
def numbers_of(packed: bytes) -> frozenset[int]:
    """The hashes in a sketch or a neighbourhood."""
    return frozenset(number for (number,) in struct.iter_unpack(">I", packed[: len(packed) // 4 * 4]))


def _mixed(number: int) -> int:
    # a checksum orders like its input; Knuth's multiplication spreads it (TAOCP 3, 6.4)
    return (number * 2654435761) & 0xFFFFFFFF


@lru_cache(maxsize=8192)
def _short(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()
