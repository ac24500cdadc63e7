"""What no feed may put on the list: this organisation, whom it knows, what everybody uses, what is no public place.

A feed is written by strangers, and a poisoned or careless one that lists `gmail.com` would stop every agent. Only a
person can overrule it, by adding the same value by hand. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from policies.destinations import Destinations
from policies.intelligence.domains import registered
from policies.intelligence.public_houses import PUBLIC_HOUSES
from policies.intelligence.values import Kind, Named, number_or_network

_TRUSTED = ("internal", "known", "partner")
# RFC 2606 and 6761: names that lead nowhere, `.example` and `.test` left out: people try the product with them.
_NOWHERE = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".invalid", ".arpa", ".onion")
# RFC 5737 and RFC 3849 are kept for documents; people try the product with them too.
_FOR_DOCUMENTS = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")


@dataclass(frozen=True, kw_only=True, slots=True)
class Own:
    """The destinations with their standing, and every domain above a trusted one."""

    standing: Mapping[str, str]
    above: Mapping[str, str]


@lru_cache(maxsize=2)
def own_of(destinations: Destinations) -> Own:
    """From the list of destinations; kept until it changes."""
    standing = {value: one.value for value, one in destinations.listed.items()}
    trusted = {value: kind for value, kind in standing.items() if kind in _TRUSTED}
    above: dict[str, str] = {}
    for value in trusted:
        host = value.rpartition("@")[2]
        labels = host.split(".")
        for start in range(1 if "@" not in value else 0, len(labels) - 1):
            above.setdefault(".".join(labels[start:]), value)
    return Own(standing=standing, above=above)


def why_refused(named: Named, own: Own) -> str:
    """Why a feed may not name this, in words; empty where it may."""
    match named.kind:
        case Kind.DOMAIN | Kind.NEW_DOMAIN:
            return _of_domain(named.value, own)
        case Kind.EMAIL:
            return _of_own(named.value, own) or _of_own(named.value.rpartition("@")[2], own)
        case Kind.URL:
            return _of_url(named.value, own)
        case Kind.IP:
            return _of_number(named.value)
        case _:
            return ""


def _of_domain(value: str, own: Own) -> str:
    if not registered(value).name:
        return "it is a public suffix, below which many people have domains"
    if value in PUBLIC_HOUSES:
        return "it is a public service that very many people use"
    if value.endswith(_NOWHERE):
        return "it is no name of the public internet"
    if value in own.above:
        return f"`{own.above[value]}`, which this organisation trusts, stands below it"
    return _of_own(value, own)


def _of_own(value: str, own: Own) -> str:
    """The most exact entry decides, as for a call's destination."""
    labels = value.split(".")
    ways = [value, *(".".join(labels[start:]) for start in range(1, len(labels) - 1))] if "@" not in value else [value]
    found = next((way for way in ways if way in own.standing), "")
    kind = own.standing.get(found, "")
    if kind not in _TRUSTED:
        return ""
    whose = {"internal": "this organisation's own", "partner": "a partner of this organisation"}.get(
        kind, "known to this organisation"
    )
    return f"`{found}` is {whose}"


def _of_url(value: str, own: Own) -> str:
    host, slash, rest = value.partition("/")
    host = host.partition("?")[0]
    if host.startswith("["):
        return _of_number(host[1:].partition("]")[0])
    name = host.partition(":")[0]
    if name.replace(".", "").isdecimal():
        return _of_number(name)
    if slash and rest:
        return _of_own(name, own)
    return _of_domain(name, own)


@lru_cache(maxsize=1024)
def _of_number(value: str) -> str:
    try:
        number = number_or_network(value)
    except ValueError:
        return ""
    if value.startswith(_FOR_DOCUMENTS):
        return ""
    if not number.is_global or number.is_multicast:
        return "it is a private or reserved address"
    return ""
