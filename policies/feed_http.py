"""Fetches one feed over HTTP, bounded in every direction: time, bytes, redirects, and whom it may connect to.

The name is looked up once and the connection made to the very number that was checked: asked twice, a name may lead
outside the first time and inside the second.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import certifi

from policies.engine_address import AddressError, is_inside, is_link_local
from policies.intelligence.feed import MOST_BYTES
from policies.intelligence.feed_address import checked_feed_url, redirected

SECONDS = 60.0
_CONNECT_SECONDS = 10.0
_MOST_REDIRECTS = 3
_PIECE = 65_536
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class FetchError(Exception):
    """A feed that was not fetched; the message says why, for people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """What came. `body` None = nothing has changed since the version that was named."""

    body: bytes | None
    etag: str
    last_modified: str


def fetch(url: str, *, etag: str = "", last_modified: str = "", seconds: float = SECONDS) -> Fetched:
    """The feed at `url`; by `etag` and `last_modified` only where it has changed. Raises FetchError."""
    until = time.monotonic() + seconds
    headers = {"Accept": "text/csv, application/json, text/plain, */*", "Accept-Encoding": "identity"}
    headers["User-Agent"] = "Guardrail"
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    try:
        at = checked_feed_url(url)
        for _ in range(_MOST_REDIRECTS + 1):
            answer = _ask(at, headers, until=until)
            if isinstance(answer, Fetched):
                return answer
            at = redirected(at, answer)
    except AddressError as error:
        raise FetchError(str(error)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= until:
            raise FetchError(f"it did not answer in full within {seconds:g} s") from error
        raise FetchError(f"it could not be reached ({type(error).__name__})") from error
    raise FetchError(f"it leads on more than {_MOST_REDIRECTS} times")


def _ask(url: str, headers: Mapping[str, str], *, until: float) -> Fetched | str:
    """What came, or where a redirect wants us to go."""
    parts = urlsplit(url)
    connection = _connection(parts.hostname or "", parts.port, secure=parts.scheme == "https")
    # ends whatever read is under way: no trickle of bytes outlasts it
    watch = threading.Timer(max(0.1, until - time.monotonic()), _cut, [connection])
    watch.daemon = True
    watch.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        if time.monotonic() >= until:
            # cut off, it looks like an answer without a body
            raise TimeoutError
        if answer.status in _REDIRECTS:
            return answer.getheader("Location") or ""
        return _read(answer, until=until)
    finally:
        watch.cancel()
        connection.close()


def _read(answer: http.client.HTTPResponse, *, until: float) -> Fetched:
    found = Fetched(
        body=None,
        etag=_plain(answer.getheader("ETag"), 300),
        last_modified=_plain(answer.getheader("Last-Modified"), 100),
    )
    if answer.status == 304:
        return found
    if answer.status != 200:
        raise FetchError(f"it answered with status {answer.status}, expected 200")
    if (answer.getheader("Content-Encoding") or "identity").lower() != "identity":
        raise FetchError("it answers compressed though it was asked not to")
    said = answer.getheader("Content-Length") or ""
    if said.isdecimal() and int(said[:12]) > MOST_BYTES:
        raise FetchError(f"it has {said[:12]} bytes, expected at most {MOST_BYTES}")
    body = bytearray()
    while piece := answer.read1(_PIECE):
        body += piece
        if len(body) > MOST_BYTES:
            raise FetchError(f"it has more than {MOST_BYTES} bytes")
    if time.monotonic() >= until:
        raise TimeoutError
    if said.isdecimal() and len(body) < int(said[:12]):
        raise FetchError(f"it broke off after {len(body)} of {said[:12]} bytes")
    return Fetched(body=bytes(body), etag=found.etag, last_modified=found.last_modified)


def _connection(host: str, port: int | None, *, secure: bool) -> http.client.HTTPConnection:
    """A connection to the number that was checked. Raises AddressError and OSError."""
    number = _checked_number(host, port or (443 if secure else 80))
    raw = socket.create_connection((number, port or (443 if secure else 80)), timeout=_CONNECT_SECONDS)
    if secure:
        try:
            raw = _trusted().wrap_socket(raw, server_hostname=host)
        except OSError:
            raw.close()
            raise
    connection = http.client.HTTPConnection(host, port or (443 if secure else 80))
    connection.sock = raw
    return connection


def _checked_number(host: str, port: int) -> str:
    numbers = [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for number in numbers:
        if is_link_local(number):
            raise AddressError(f"`{host}` leads to a link-local address, expected another")
        if not is_inside(host) and not ip_address(number.partition("%")[0]).is_global:
            raise AddressError(f"`{host}` leads to `{number}`, which is inside, expected a public address")
    return numbers[0]


def _cut(connection: http.client.HTTPConnection) -> None:
    try:
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _plain(text: str | None, longest: int) -> str:
    """A header as it may be kept and sent back; empty where it is none we would send."""
    return text if text and len(text) <= longest and text.isascii() and text.isprintable() else ""


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Those of this machine, of SSL_CERT_FILE, and of certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
