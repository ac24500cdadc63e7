"""Kept connections to one other server, for small HTTP/1.1 exchanges on an event loop.

httpx would do the same for 1.1 ms of processor an exchange instead of 0.2, and its pool loses a connection to many a
cancelled exchange: after 240 that timed out, none of 32 was left (httpcore 1.0.9, 2026-11). Here a line belongs to one
exchange at a time, and whatever ends an exchange before its end, cancellation included, ends its line.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

from policies.engine_address import checked_numbers, is_inside

_IDLE_SECONDS = 30.0
# Of headers and of one chunk's head; h11 refuses more.
_MOST_HEADER_BYTES = 16_384


class LineError(OSError):
    """The other side broke off, or speaks no HTTP."""


class TooMuch(Exception):
    """More came than an answer may have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A whole answer. `content_type` is empty where none was sent."""

    status: int
    content_type: str
    body: bytes


class Lines:
    """To one address. For one event loop; nothing here waits by the clock: whoever calls sets the limit."""

    def __init__(self, base_url: str, *, trust: ssl.SSLContext, most_bytes: int) -> None:
        parts = urlsplit(base_url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._path = parts.path
        self._named = parts.netloc
        self._trust = trust
        self._most_bytes = most_bytes
        self._idle: list[_Line] = []

    async def post(self, suffix: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body` to the address with `suffix` and read the whole answer.

        Raises OSError, AddressError, h11.RemoteProtocolError and TooMuch. A kept line may be closed under us just as we
        use it: then it is tried once more on a new one, so a question must be harmless when it comes twice.
        """
        fields = [("Host", self._named), ("Content-Length", str(len(body))), *headers.items()]
        request = h11.Request(method="POST", target=f"{self._path}{suffix}", headers=fields)
        line = self._kept()
        if line is not None:
            try:
                return await self._exchange(line, request, body)
            except (LineError, h11.RemoteProtocolError):
                if line.heard_anything:
                    raise
        return await self._exchange(await self._opened(), request, body)

    def close(self) -> None:
        """Close what is idle."""
        for line in self._idle:
            line.end()
        self._idle.clear()

    def _kept(self) -> "_Line | None":
        while self._idle:
            line = self._idle.pop()
            if line.is_usable:
                line.take()
                return line
            line.end()
        return None

    async def _opened(self) -> "_Line":
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        numbers = checked_numbers(self._host, (str(one[4][0]) for one in found), inside=is_inside(self._host))
        for number in numbers:
            try:
                _, line = await loop.create_connection(
                    lambda: _Line(self._most_bytes),
                    number,
                    self._port,
                    ssl=self._trust if self._secure else None,
                    server_hostname=self._host if self._secure else None,
                )
            except ssl.SSLError:
                raise
            except OSError:
                if number == numbers[-1]:
                    raise
            else:
                return line
        raise LineError("nobody listens there")

    async def _exchange(self, line: "_Line", request: h11.Request, body: bytes) -> Answer:
        answered = False
        try:
            answer = await line.exchange(request, body)
            answered = True
        finally:
            if answered and line.is_usable:
                line.rest()
                self._idle.append(line)
            else:
                line.end()
        return answer


class _Line(asyncio.Protocol):
    """One connection. What comes while nobody waits for it ends it: it would be taken for the next answer."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._transport: asyncio.Transport | None = None
        self._talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_BYTES)
        self._waiting: asyncio.Future[None] | None = None
        self._arrived = bytearray()
        self._over = False
        self._busy = False
        self._expiry: asyncio.TimerHandle | None = None
        self.heard_anything = False

    @property
    def is_usable(self) -> bool:
        """Whether another exchange can begin."""
        return not self._over and not self._arrived and self._talk.our_state is h11.IDLE

    def rest(self) -> None:
        """Wait for the next exchange; ends by itself when none comes."""
        self._expiry = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self.end)

    def take(self) -> None:
        """Begin one."""
        if self._expiry is not None:
            self._expiry.cancel()

    def end(self) -> None:
        """Close it without a word."""
        self._over = True
        self.take()
        if self._transport is not None:
            self._transport.abort()

    async def exchange(self, request: h11.Request, body: bytes) -> Answer:
        """Send one request and read its answer."""
        if self._transport is None or self._over:
            raise LineError("the connection is closed")
        self._busy, self.heard_anything = True, False
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            self._transport.write(self._talk.send(event) or b"")
        answer = await self._answer()
        if self._talk.our_state is h11.DONE and self._talk.their_state is h11.DONE and not self._talk.trailing_data[0]:
            self._talk.start_next_cycle()
        self._busy = False
        return answer

    async def _answer(self) -> Answer:
        status, content_type, body = 0, "", bytearray()
        while True:
            event = self._talk.next_event()
            if event is h11.NEED_DATA:
                await self._more()
            elif isinstance(event, h11.Response):
                status = event.status_code
                named = dict(event.headers)
                content_type = named.get(b"content-type", b"").decode("latin-1")
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._most_bytes:
                    raise TooMuch
            elif isinstance(event, h11.EndOfMessage):
                return Answer(status=status, content_type=content_type, body=bytes(body))
            elif not isinstance(event, h11.InformationalResponse):
                # closed, or paused for another protocol: to go on would be to spin without ever waiting
                raise LineError("the connection was closed before the answer ended")

    async def _more(self) -> None:
        """Wait for bytes, or for the end, and hand them on."""
        if not self._arrived and not self._over:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        if len(self._arrived) > self._most_bytes + _MOST_HEADER_BYTES:
            raise TooMuch
        self._talk.receive_data(bytes(self._arrived))
        self._arrived.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._busy:
            self.end()
            return
        self.heard_anything = True
        self._arrived += data
        if len(self._arrived) > self._most_bytes + _MOST_HEADER_BYTES:
            self.end()
        self._wake()

    def eof_received(self) -> None:
        self._over = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._over = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
