"""What two stopped calls may have in common: the text that led there, where it led, the document it stood in. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guardrail.likeness import LEADING, hashes_of, led_to
from investigations.grouping import is_file

# Memory of an instruction names where it led too.
_LED = LEADING | frozenset(
    "double_request double_request_held destination_stopped_elsewhere destination_confirmed_malicious".split()
)
_TEXTS = frozenset(("instruction_marked", "instruction_followed", "instruction_delegated"))
_DIGESTS = ("record", "directive", "recalled")
_LONGEST = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """What others may share. `kind` is `text`, `destination` or `document`; `label` is for people."""

    kind: str
    digest: str
    label: str


def keys_of(signals: Sequence[Mapping[str, Any]], *, organisation: str, named: Iterable[str] = ()) -> tuple[Key, ...]:
    """What a stopped verdict could share with one of another agent, by its stored signals, each once.

    `named` are looks (`guardrail.likeness`) of destinations the user named. Raises KeyError, TypeError or ValueError on
    signals that are not of the shape the store writes.
    """
    # a whole domain would join what has nothing to do with each other
    places = (key for key in _places(signals, organisation, set(named)) if key.kind == "destination")
    return tuple({key.digest: key for key in (*_texts(signals, organisation), *places)}.values())


def places_of(signals: Sequence[Mapping[str, Any]], *, organisation: str, named: Iterable[str] = ()) -> tuple[str, ...]:
    """The hashes of the destinations a text led to, as memory knows them."""
    return tuple(dict.fromkeys(key.digest for key in _places(signals, organisation, set(named))))


def _texts(signals: Sequence[Mapping[str, Any]], organisation: str) -> Iterator[Key]:
    for signal in signals:
        if signal["name"] not in _TEXTS:
            continue
        quote = next((str(e["quote"]) for e in signal["evidence"] if e["mark"] in ("instruction", "hidden")), "")
        for name, value in signal["facts"]:
            if name in _DIGESTS:
                yield Key(kind="text", digest=_digest("text", organisation, value), label=quote[:_LONGEST])
            # the subject of a mail names many mails
            elif name == "document" and is_file(str(value)):
                digest = _digest("document", organisation, " ".join(str(value).lower().split()))
                yield Key(kind="document", digest=digest, label=str(value)[:_LONGEST])


def _places(signals: Sequence[Mapping[str, Any]], organisation: str, named: set[str]) -> Iterator[Key]:
    for signal in signals:
        if signal["name"] not in _LED:
            continue
        for value in _led_by(signal):
            looks = hashes_of(value, organisation=organisation)
            if not looks or looks[0] in named:
                continue
            for kind, digest in zip(("destination", "domain"), looks, strict=False):
                yield Key(kind=kind, digest=digest, label=value[:_LONGEST])


def _led_by(signal: Mapping[str, Any]) -> list[str]:
    return led_to(signal["facts"], [str(item["quote"]) for item in signal["evidence"] if item["source"] != "argument"])


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:24]
