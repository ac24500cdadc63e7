"""The hosts, addresses, links and hashes a text names, to be looked up in a list. Pure and linear."""

import re
from dataclasses import dataclass

_HOST = re.compile(r"(?<![\w.-])(?:[\w-]{1,63}+\.){1,10}+[\w-]{1,63}+")
_EMAIL = re.compile(
    r"(?<![\w.%+-])[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}+@(?:[A-Za-z0-9-]{1,63}+\.){1,6}+[A-Za-z0-9-]{2,63}+"
)
_LINK = re.compile(r"://([^\s\"'<>()\[\]{}|\\^`]{4,600})")
_HASH = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{128}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{32})(?![0-9A-Za-z])"
)
_MOST_TEXT = 400_000
_MOST = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Mentions:
    """What a text names, lower-cased, each once. `links` are without their scheme."""

    hosts: frozenset[str]
    emails: frozenset[str]
    links: frozenset[str]
    hashes: frozenset[str]


def mentions_in(text: str) -> Mentions:
    """What one text names; the first 4,000 of each, in the first 400,000 characters."""
    text = text[:_MOST_TEXT].lower()
    hosts: set[str] = set()
    if "." in text:
        for match in _HOST.finditer(text):
            hosts.add(match.group())
            if len(hosts) >= _MOST:
                break
    links = _LINK.findall(text)[:_MOST] if "://" in text else []
    return Mentions(
        hosts=frozenset(hosts),
        emails=frozenset(_EMAIL.findall(text)[:_MOST]) if "@" in text else frozenset(),
        links=frozenset(link.rstrip(".,;:!?*/") for link in links),
        hashes=frozenset(_HASH.findall(text)[:_MOST]),
    )
