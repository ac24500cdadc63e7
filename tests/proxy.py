"""A TCP proxy in front of a real server, to take that server away from a test in the ways servers go away."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class Proxy:
    """Listens on `port` and passes bytes to and fro until `refuse` or `fall_silent`."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._silent = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def refuse(self) -> None:
        """From now on: every connection is cut and new ones are refused, as after a kill."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def fall_silent(self) -> None:
        """From now on: connections stay open and nothing comes back, as with a stopped process."""
        self._silent.set()

    def speak(self) -> None:
        """Answer again, beginning with what was held back."""
        self._silent.clear()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._open += [near, far]
            threading.Thread(target=self._pass, args=(near, far), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        held = threading.Event()
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                while self._silent.is_set():
                    held.wait(0.01)
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def proxied(host: str, port: int) -> Iterator[Proxy]:
    """A proxy for the length of a test."""
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.speak()
        proxy.refuse()
