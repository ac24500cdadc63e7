"""Another engine for tests: a real server on this machine that answers, hangs, trickles, errs or lies as it is told."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

TOKEN = "engine-token-0123456789"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request as it arrived; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


# Answers one request on a connection; returns whether the connection goes on.
Behave = Callable[[socket.socket, "OtherEngine"], bool]


def saying(
    content: Any, *, status: str = "200 OK", content_type: str = "application/json", more: tuple[str, ...] = ()
) -> Behave:
    """Answers with `content`: bytes as they are, or anything JSON can say."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *more, "", ""]
    whole = "\r\n".join(lines).encode() + body

    def behave(connection: socket.socket, engine: "OtherEngine") -> bool:
        connection.sendall(whole)
        return True

    return behave


ALLOWS = saying({"blockAction": False})
BLOCKS = saying({"blockAction": True, "reasonCode": 7, "reason": "It looks like data theft."})


def hanging(connection: socket.socket, engine: "OtherEngine") -> bool:
    """Reads the question and says nothing until the engine is closed."""
    engine.closing.wait()
    return False


def trickling(connection: socket.socket, engine: "OtherEngine") -> bool:
    """Sends a header byte now and then for ever, so that no single read times out."""
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not engine.closing.wait(0.02):
            connection.sendall(b"x")
    return False


def trickling_body(connection: socket.socket, engine: "OtherEngine") -> bool:
    """Promises a small body and sends it a byte at a time."""
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n")
        while not engine.closing.wait(0.02):
            connection.sendall(b" ")
    return False


def endless(connection: socket.socket, engine: "OtherEngine") -> bool:
    """Sends a body that never ends, as fast as it is read."""
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while not engine.closing.is_set():
            connection.sendall(b" " * 65536)
    return False


def hanging_up(connection: socket.socket, engine: "OtherEngine") -> bool:
    """Closes the connection without an answer."""
    return False


def no_http(connection: socket.socket, engine: "OtherEngine") -> bool:
    """Answers in another protocol."""
    connection.sendall(b"220 mail.example ESMTP\r\n")
    return False


@dataclass(slots=True)
class OtherEngine:
    """Listens on a free port; `behave` may be changed at any time and holds for the next request."""

    behave: Behave = BLOCKS
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    tls: ssl.SSLContext | None = None

    @contextmanager
    def serving(self) -> Iterator["OtherEngine"]:
        """Serve for the length of a test."""
        listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if self.tls else "http"
        self.url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/guard"
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        try:
            yield self
        finally:
            self.closing.set()
            listener.close()

    @property
    def asked(self) -> list[Request]:
        """The questions about calls."""
        return [request for request in self.requests if "/analyze-tool-execution" in request.path]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        if self.tls:
            try:
                connection = self.tls.wrap_socket(connection, server_side=True)
            except OSError:
                return
        # what is no HTTP, a TLS greeting say, gets no answer
        with contextlib.suppress(OSError, ValueError, IndexError), connection, connection.makefile("rb") as incoming:
            while first := incoming.readline():
                headers = {}
                while (line := incoming.readline().strip()) != b"":
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.strip().lower()] = value.strip()
                body = incoming.read(int(headers.get("content-length", "0")))
                self.requests.append(
                    Request(
                        path=first.split()[1].decode(), headers=headers, body=body, method=first.split()[0].decode()
                    )
                )
                if "/validate" in self.requests[-1].path and self.behave in (ALLOWS, BLOCKS):
                    saying({"isSuccessful": True, "status": "OK"})(connection, self)
                elif not self.behave(connection, self):
                    return
