"""Where a request comes from, as far as it can be known."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

_LONGEST_CHAIN = 20


def source_of(request: HttpRequest) -> str:
    """The address of whoever asks; behind proxies that are listed the one they say, else the other end's.

    Empty where it cannot be known: a proxy on this machine that nobody listed speaks for everybody, and taken for one
    source it would be shut out as a whole.
    """
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    if not peer:
        return ""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if not _is_proxy(peer):
        return "" if forwarded and ip_address(peer).is_loopback else peer
    for said in reversed(forwarded.split(",")[-_LONGEST_CHAIN:]):
        address = _address(said.strip())
        if not address:
            return ""
        if not _is_proxy(address):
            return address
    return peer if not forwarded else ""


def comes_from_proxy(request: HttpRequest) -> bool:
    """Whether the other end itself is a proxy that is listed: what it says of a sender may be believed."""
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    return bool(peer) and _is_proxy(peer)


def counted_as(source: str) -> str:
    """What failures of a source are counted under: whoever has one IPv6 address has the whole /64."""
    address = ip_address(source)
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else source


def _is_proxy(address: str) -> bool:
    return any(ip_address(address) in network for network in settings.PROXIES)


def _address(said: str) -> str:
    try:
        found = ip_address(said)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(found)
