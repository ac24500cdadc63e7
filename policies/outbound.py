"""Connections to other machines: to the very number that was checked, bounded in time and bytes.

Redirects are answers like any other: whoever follows one checks where it leads.
"""

import http.client
import os
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

import certifi

from policies.engine_address import AddressError, checked_numbers

CONNECT_SECONDS = 10.0
_MOST_ANSWER_BYTES = 4_000_000
_PIECE = 65_536


class OutboundError(Exception):
    """Something was not sent, or no answer came; the message says why, for people, as what “it” did."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Outbound:
    """To one address, with one kept connection. For one thread."""

    def __init__(self, url: str, *, inside: bool, trust: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._path = parts.path.rstrip("/")
        self._query = parts.query
        self._inside = inside
        self._trust = trust
        self._kept: http.client.HTTPConnection | None = None

    def post(self, suffix: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Answer:
        """As `ask` with POST."""
        return self.ask("POST", suffix, body, headers, seconds=seconds)

    def ask(
        self, method: str, suffix: str, body: bytes | None, headers: Mapping[str, str], *, seconds: float
    ) -> Answer:
        """Send `body` to the address with `suffix` and read the whole answer. Raises OutboundError.

        A kept connection may be closed under us just as we use it: then it is tried once more on a new one, so what is
        sent must be harmless when it comes twice. What is not is sent after `close`, and then only once.
        """
        until = time.monotonic() + seconds
        with told_to_people(self._host, until=until, seconds=seconds):
            if self._kept is not None:
                try:
                    return self._exchange(self._kept, method, suffix, body, headers, until=until)
                except (ConnectionError, http.client.RemoteDisconnected):
                    if time.monotonic() >= until:
                        raise
            return self._exchange(self._opened(until=until), method, suffix, body, headers, until=until)

    def close(self) -> None:
        """Close the kept connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _opened(self, *, until: float) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self._host, self._port)
        trust = (self._trust or trusted()) if self._secure else None
        connection.sock = connect(self._host, self._port, inside=self._inside, trust=trust, until=until)
        return connection

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        suffix: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        until: float,
    ) -> Answer:
        self._kept = None
        path = (f"{self._path}{suffix}" or "/") + (f"?{self._query}" if self._query else "")
        done = False
        try:
            with cut_at(connection.sock, until=until):
                connection.request(method, path, body=body, headers={**headers, "Accept-Encoding": "identity"})
                answer = _read(connection.getresponse(), until=until)
            done = True
        finally:
            if done and connection.sock is not None:
                self._kept = connection
            else:
                connection.close()
        return answer


def connect(host: str, port: int, *, inside: bool, trust: ssl.SSLContext | None, until: float) -> socket.socket:
    """A connection to a number that was checked, with TLS where `trust` is given. Raises AddressError and OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if time.monotonic() >= until:
        # nothing bounds that: what is begun now would come when nobody expects it any more
        raise TimeoutError
    numbers = checked_numbers(host, (str(one[4][0]) for one in found), inside=inside)
    raw = _first_of(numbers, port, until=until)
    if trust is None:
        return raw
    secured = trust.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)
    try:
        with cut_at(secured, until=until):
            secured.do_handshake()
    except (OSError, ValueError):
        secured.close()
        raise
    return secured


@contextmanager
def cut_at(raw: socket.socket | None, *, until: float) -> Iterator[None]:
    """End whatever is read or written meanwhile at `until`: no trickle of bytes outlasts it."""
    watch = threading.Timer(max(0.1, until - time.monotonic()), _cut, [raw])
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


@contextmanager
def told_to_people(host: str, *, until: float, seconds: float) -> Iterator[None]:
    """Errors of connections as sentences. Raises OutboundError for each."""
    try:
        yield
    except AddressError as error:
        raise OutboundError(f"is not connected to: {error}") from error
    except ssl.SSLCertVerificationError as error:
        raise OutboundError(f"shows a certificate that is not trusted: {error.verify_message}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= until or isinstance(error, TimeoutError):
            raise OutboundError(f"did not answer in full within {seconds:g} s") from error
        raise OutboundError(_in_words(host, error)) from error


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """Those of this machine, of SSL_CERT_FILE, and of certifi."""
    return _usual()


def _usual() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def trusting(authority: str, *, shown: str = "") -> ssl.SSLContext:
    """What trusts those who are signed by `authority` (empty = the usual ones) and shows the certificate in `shown`.

    Both are PEM, `shown` with its key. Raises ssl.SSLError and ValueError.
    """
    if not authority and not shown:
        return trusted()
    context = ssl.create_default_context(cadata=authority) if authority else _usual()
    if shown:
        with _in_memory(shown) as path:
            # never asks at a terminal: a key with a password is no key here
            context.load_cert_chain(path, password="")
    return context


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """A file of `text` that is on no disk where the system can do that: a key must not outlive a killed process."""
    if sys.platform == "linux":
        number = os.memfd_create("guardrail")
        with os.fdopen(number, "wb") as file:
            file.write(text.encode())
            file.flush()
            yield f"/proc/self/fd/{number}"
    else:
        with tempfile.NamedTemporaryFile() as named:
            named.write(text.encode())
            named.flush()
            yield named.name


def _in_words(host: str, error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return f"has a name that does not resolve, `{host}`"
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return f"and we could not agree on TLS ({error.reason or type(error).__name__})"
    if isinstance(error, ConnectionRefusedError):
        return "refuses the connection: nothing listens there"
    if isinstance(
        error, http.client.RemoteDisconnected | http.client.IncompleteRead | ConnectionError | ssl.SSLEOFError
    ):
        return "broke off before its answer ended"
    if isinstance(error, http.client.HTTPException | ValueError):
        return f"answers with what is no HTTP ({type(error).__name__})"
    return f"could not be reached ({type(error).__name__})"


def _first_of(numbers: tuple[str, ...], port: int, *, until: float) -> socket.socket:
    for number in numbers:
        patience = max(0.1, min(CONNECT_SECONDS, until - time.monotonic()))
        try:
            return socket.create_connection((number, port), timeout=patience)
        except OSError:
            if number == numbers[-1]:
                raise
    raise ConnectionError


def _read(answer: http.client.HTTPResponse, *, until: float) -> Answer:
    body = bytearray()
    while piece := answer.read1(_PIECE):
        body += piece
        if len(body) > _MOST_ANSWER_BYTES:
            raise OutboundError(f"answers with more than {_MOST_ANSWER_BYTES} bytes")
    if time.monotonic() >= until:
        # cut off, it looks like an answer that ended
        raise TimeoutError
    said = answer.getheader("Content-Length") or ""
    if said.isdecimal() and len(body) < int(said[:12]):
        raise ConnectionError
    # read1 leaves it open at its end, and then nothing more can be asked on its connection
    answer.close()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return Answer(status=answer.status, headers=headers, body=bytes(body))


def _cut(raw: socket.socket | None) -> None:
    try:
        if raw is not None:
            raw.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
