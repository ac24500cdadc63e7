"""The addresses another engine may have: transcripts are sent there, with a token. Pure.

Whoever connects asks `checked_numbers` for what a name resolved to, and connects to one of those numbers: asked twice,
a name may lead outside the first time and inside the second.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

# Suffixes that public DNS does not answer for (RFC 6762, RFC 8375, RFC 6761, ICANN's `.internal`), and `.lan`
_PRIVATE_SUFFIXES = (".local", ".internal", ".home.arpa", ".localhost", ".lan")
# RFC 1918, RFC 6598, RFC 4193; `is_private` would take in what is merely reserved
_PRIVATE_NETWORKS = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
# Where the machines of a cloud get credentials and settings, beside link-local: Azure, Alibaba, Oracle, AWS
_FOR_MACHINES = frozenset(map(ip_address, ("168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")))
# A number inside a number: NAT64 (RFC 6052)
_NAT64 = ip_network("64:ff9b::/96")
_LONGEST = 500


class AddressError(ValueError):
    """An address nothing may be sent to; the message says what was found and what is wanted."""


def checked_address(raw: str) -> str:
    """The base address without a slash at its end. Raises AddressError.

    https anywhere; plain http only to this machine and private networks, told by the name or number alone: a look-up
    would say something else tomorrow. Never link-local: cloud machines give out credentials there.
    """
    address = raw.strip().rstrip("/")
    if len(address) > _LONGEST or not address.isascii() or any(not letter.isprintable() for letter in address):
        raise AddressError(f"the address has {len(address)} characters, expected at most {_LONGEST} of plain ASCII")
    try:
        parts = urlsplit(address)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise AddressError(f"`{address}` is no address, expected e.g. `https://engine.example/guard`") from None
    if parts.scheme not in ("http", "https") or not host or any(letter.isspace() for letter in address):
        raise AddressError(f"`{address}` is no web address, expected e.g. `https://engine.example/guard`")
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in address or "#" in address:
        raise AddressError(f"`{parts.hostname}` comes with more than host, port and path, expected these alone")
    if _is_link_local(host):
        raise AddressError(f"`{host}` is a link-local address, expected another: machines give out credentials there")
    if parts.scheme == "http" and not _is_private(host):
        raise AddressError(f"`{host}` is reached over plain http, expected https: whole transcripts go there")
    return address


def is_plain(address: str) -> bool:
    """Whether what goes to this address can be read on the way."""
    return address.startswith("http://")


def is_inside(host: str) -> bool:
    """Whether a host is this machine or of a private network, told by its name or number alone."""
    return _is_private(host)


def is_link_local(host: str) -> bool:
    """Whether a host is where cloud machines give out credentials."""
    return _is_link_local(host)


def checked_numbers(host: str, numbers: Iterable[str], *, inside: bool) -> tuple[str, ...]:
    """The numbers `host` resolved to, as they may be connected to. Raises AddressError when one of them may not be.

    Without `inside` public ones only; never where machines are given credentials, and never what is no host at all.
    """
    found = tuple(numbers)
    for written in found:
        number = _number(written.partition("%")[0])
        if number is None or _is_no_host(number):
            raise AddressError(f"`{host}` leads to `{written}`, which is no machine's address, expected another")
        if number.is_link_local or number in _FOR_MACHINES:
            raise AddressError(f"`{host}` leads to a link-local address, expected another")
        is_near = number.is_loopback or any(number in network for network in _PRIVATE_NETWORKS)
        if not (is_near and inside) and not number.is_global:
            raise AddressError(f"`{host}` leads to `{written}`, which is inside, expected a public address")
    if not found:
        raise AddressError(f"`{host}` leads nowhere, expected an address")
    return found


def _is_no_host(number: IPv4Address | IPv6Address) -> bool:
    # IPv6's loopback lies in what is reserved
    return number.is_multicast or number.is_unspecified or (number.is_reserved and not number.is_loopback)


def _is_private(host: str) -> bool:
    number = _number(host)
    if number is not None:
        return number.is_loopback or any(number in network for network in _PRIVATE_NETWORKS)
    return "." not in host or host.endswith(_PRIVATE_SUFFIXES)


def _is_link_local(host: str) -> bool:
    number = _number(host)
    return number is not None and (number.is_link_local or number in _FOR_MACHINES)


def _number(host: str) -> IPv4Address | IPv6Address | None:
    try:
        number = ip_address(host)
    except ValueError:
        return None
    if isinstance(number, IPv4Address):
        return number
    if number in _NAT64:
        return IPv4Address(number.packed[-4:])
    return number.ipv4_mapped or number.sixtofour or number
