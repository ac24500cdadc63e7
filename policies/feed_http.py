"""Fetches one feed over HTTP, bounded in every direction: time, bytes, redirects, and whom it may connect to.

Connections are made by `policies.outbound`, to the very number that was checked.
"""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from policies import outbound
from policies.engine_address import AddressError, is_inside
from policies.intelligence.feed import MOST_BYTES
from policies.intelligence.feed_address import checked_feed_url, redirected

SECONDS = 60.0
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
    connection = _connection(parts.hostname or "", parts.port, secure=parts.scheme == "https", until=until)
    try:
        with outbound.cut_at(connection.sock, until=until):
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


def _connection(host: str, port: int | None, *, secure: bool, until: float) -> http.client.HTTPConnection:
    """A connection to the number that was checked. Raises AddressError and OSError."""
    number = port or (443 if secure else 80)
    connection = http.client.HTTPConnection(host, number)
    trust = outbound.trusted() if secure else None
    connection.sock = outbound.connect(host, number, inside=is_inside(host), trust=trust, until=until)
    return connection


def _plain(text: str | None, longest: int) -> str:
    """A header as it may be kept and sent back; empty where it is none we would send."""
    return text if text and len(text) <= longest and text.isascii() and text.isprintable() else ""
