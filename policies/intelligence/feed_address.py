"""The addresses a feed may be fetched from, and where a redirect may lead. Pure.

An admin may name a server inside; a server outside may not send us there. A name that looks public and resolves to
something inside is refused where the connection is made (`policies/feed_http.py`).
"""

from urllib.parse import urljoin, urlsplit

from policies.engine_address import AddressError, is_inside, is_link_local

_LONGEST = 1000
_PORTS = {"http": 80, "https": 443}


def checked_feed_url(raw: str) -> str:
    """The address as it is fetched. Raises AddressError.

    https anywhere; plain http inside only: whoever is on the way could put honest names on the list, or take bad ones
    off it. Never link-local.
    """
    url = raw.strip()
    if len(url) > _LONGEST or not url.isascii() or any(not letter.isprintable() for letter in url) or " " in url:
        raise AddressError(f"the address has {len(url)} characters, expected at most {_LONGEST} of plain ASCII")
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise AddressError(f"`{url}` is no address, expected e.g. `https://feed.example/list.csv`") from None
    if parts.scheme not in _PORTS or not host:
        raise AddressError(f"`{url}` is no web address, expected e.g. `https://feed.example/list.csv`")
    if "@" in parts.netloc or parts.fragment:
        raise AddressError(f"`{host}` comes with a name, a password or a fragment, expected none of these")
    if is_link_local(host):
        raise AddressError(f"`{host}` is a link-local address, expected another: machines give out credentials there")
    if parts.scheme == "http" and not is_inside(host):
        raise AddressError(f"`{host}` is reached over plain http, expected https: anybody on the way could change it")
    return url


def redirected(url: str, location: str) -> str:
    """Where a redirect from `url` leads. Raises AddressError where it may not lead there."""
    target = checked_feed_url(urljoin(url, location))
    host = (urlsplit(target).hostname or "").lower()
    if _place(target) != _place(url) and is_inside(host):
        raise AddressError(f"the feed leads on to `{host}`, which is inside, expected a public address")
    return target


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme]
