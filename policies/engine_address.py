"""The addresses another engine may have: transcripts are sent there, with a token. Pure."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

# Suffixes that public DNS does not answer for (RFC 6762, RFC 8375, RFC 6761, ICANN's `.internal`), and `.lan`
_PRIVATE_SUFFIXES = (".local", ".internal", ".home.arpa", ".localhost", ".lan")
# RFC 1918, RFC 6598, RFC 4193; `is_private` would take in what is merely reserved
_PRIVATE_NETWORKS = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
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


def _is_private(host: str) -> bool:
    number = _number(host)
    if number is not None:
        return number.is_loopback or any(number in network for network in _PRIVATE_NETWORKS)
    return "." not in host or host.endswith(_PRIVATE_SUFFIXES)


def _is_link_local(host: str) -> bool:
    number = _number(host)
    return number is not None and number.is_link_local


def _number(host: str) -> IPv4Address | IPv6Address | None:
    try:
        number = ip_address(host)
    except ValueError:
        return None
    mapped = number.ipv4_mapped if isinstance(number, IPv6Address) else None
    return mapped or number
