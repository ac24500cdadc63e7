"""A real SMTP server for tests, on this machine: takes mail, refuses it, drops it or hangs as it is told."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from socket import create_server
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "guardrail", "smtp-password-0123456789"


@dataclass(slots=True)
class MailServer:
    """`refusing`: what it says to a command (`MAIL`, `RCPT`, `DATA`), for `RCPT` to addresses that hold `only`.

    `drops` and `hangs` happen when the mail is there and no answer was sent.
    """

    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refusing: dict[str, str] = field(default_factory=dict)
    only: str = ""
    drops: bool = False
    hangs: bool = False
    closing: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @contextmanager
    def serving(self, *, tls: ssl.SSLContext | None = None, at_once: bool = False) -> Iterator["MailServer"]:
        """Serve for the length of a test: with STARTTLS and passwords where `tls` is given, or TLS `at_once`."""
        with create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        starttls: dict[str, Any] = {} if at_once or tls is None else {"tls_context": tls, "require_starttls": True}
        controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=tls if at_once else None,
            authenticator=_authenticated,
            auth_require_tls=not at_once,
            **starttls,
        )
        controller.start()
        try:
            yield self
        finally:
            self.closing.set()
            controller.stop()

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Whom it is from."""
        if "MAIL" in self.refusing:
            return self.refusing["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Whom it is for."""
        if "RCPT" in self.refusing and self.only in address:
            return self.refusing["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The mail itself."""
        if "DATA" in self.refusing:
            return self.refusing["DATA"]
        content: Any = envelope.content
        self.raw.append(content)
        found = message_from_bytes(content, policy=default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        self.recipients.append(list(envelope.rcpt_tos))
        if self.drops and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        while self.hangs and not self.closing.is_set():
            await asyncio.sleep(0.02)
        return "250 OK"


def _authenticated(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    # unhandled, the server says no itself
    return AuthResult(success=good, handled=False)
