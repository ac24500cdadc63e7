"""Syslog: RFC 5424 over TLS (RFC 5425), each message counted in octets, as JSON or as CEF.

Syslog acknowledges nothing, and a write that succeeded says nothing: 290 of 15,001 were lost in a receiver that died
(rsyslog, 2026-11). So a batch has a connection of its own, and counts as taken when the receiver has answered our
`close_notify` by its own, which section 4.4 of RFC 5425 asks of it, and its kernel has acknowledged everything: it has
read all of it by then. Over 8,096 bytes rsyslog makes a second message of the rest: frames are cut.
"""

import contextlib
import fcntl
import socket
import ssl
import struct
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from investigations.siem.content import ascii_json
from investigations.siem.event import Event, as_document
from investigations.siem.sinks.sink import TAKEN, Frame, Post, Result, Setting, SettingError, Setup, Sink
from policies.outbound import OutboundError, connect, cut_at, told_to_people

# INVARIANT: a lease outlasts it (`claims.LEASE`): otherwise another worker sends the same frames meanwhile
_SECONDS = 15.0
_CLOSING_SECONDS = 5.0
_LOOK_SECONDS = 0.01
_PORT = 6514
# Facility 13, log audit; the syslog severity of each of ours
_FACILITY = 13
_LEVELS = {0: 6, 1: 5, 2: 4, 3: 3, 4: 2}
_CEF_LEVELS = {0: 1, 1: 3, 2: 5, 3: 8, 4: 10}
_FORMATS = (("json", "JSON"), ("cef", "CEF"))
_CLOSINGS = (("strict", "It answers when we close, as RFC 5425 asks"), ("lenient", "Lenient: it just closes"))


def _encode(event: Event, setup: Setup) -> bytes:
    said = setup.settings
    message = _cef(event).encode() if said.get("format") == "cef" else ascii_json(as_document(event))
    priority = _FACILITY * 8 + _LEVELS.get(event.severity, 6)
    at = event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = f"<{priority}>1 {at} {said.get('host') or 'guardrail'} guardrail - {event.kind.value} - "
    return head.encode() + message


def _send(frames: Sequence[Frame], setup: Setup, post: Post) -> Sequence[Result]:
    parts = urlsplit(setup.address)
    host, port, until = parts.hostname or "", parts.port or _PORT, time.monotonic() + _SECONDS
    with told_to_people(host, until=until, seconds=_SECONDS):
        line = connect(host, port, inside=setup.inside, trust=setup.trust, until=until)
        try:
            with cut_at(line, until=until):
                line.sendall(b"".join(b"%d %s" % (len(frame.body), frame.body) for frame in frames))
                _close_in_order(line, lenient=setup.settings.get("closing") == "lenient")
                _see_that_it_arrived(line, until=until)
        except OSError as error:
            alert = isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
            if alert or isinstance(error, TimeoutError) or time.monotonic() >= until:
                raise
            raise OutboundError(
                "broke off before it had read everything: it may want another client certificate, or have been stopped"
            ) from error
        finally:
            line.close()
    return [TAKEN] * len(frames)


def _close_in_order(line: socket.socket, *, lenient: bool) -> None:
    """Say that nothing more comes, and wait for the other side to say so, too.

    Raises OSError where it broke off, OutboundError where it did not say so: a process that was killed looks like that.
    """
    line.settimeout(_CLOSING_SECONDS)
    try:
        if isinstance(line, ssl.SSLSocket):
            line = line.unwrap()
    except (ssl.SSLEOFError, TimeoutError) as error:
        if not lenient:
            raise OutboundError(
                "did not say that it had read everything, as RFC 5425 asks: if it never does, choose `lenient`"
            ) from error
    with contextlib.suppress(TimeoutError, ssl.SSLError):
        line.shutdown(socket.SHUT_WR)
        while line.recv(4096):
            continue


def _see_that_it_arrived(line: socket.socket, *, until: float) -> None:
    """Raise ConnectionError where the other side had closed before it had everything.

    Who greets and hangs up, as some do with a certificate they do not let in, closes just as orderly as after the last
    message. But its kernel refuses what comes after, and never acknowledges it.
    """
    if sys.platform != "linux":
        return
    while line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
        (unacknowledged,) = struct.unpack("i", fcntl.ioctl(line.fileno(), termios.TIOCOUTQ, bytes(4)))
        if not unacknowledged:
            return
        if time.monotonic() >= until:
            raise TimeoutError
        time.sleep(_LOOK_SECONDS)
    raise ConnectionResetError


def _cef(event: Event) -> str:
    call, case = event.call, event.case
    rule = call.deciding if call else case.rule if case else ""
    head = (event.kind.value, rule or event.kind.value.replace("_", " "), str(_CEF_LEVELS.get(event.severity, 1)))
    fields = {
        "rt": str(int(event.at.timestamp() * 1000)),
        "externalId": str(event.id),
        "cat": event.kind.value,
        "act": call.action if call else event.act.what if event.act else "",
        "msg": event.summary,
        "request": event.link,
        "suser": call.user_id if call else case.user_id if case else event.act.actor if event.act else "",
        "src": call.client_ip if call and _is_ip(call.client_ip) else "",
        "reason": call.reason if call else "",
        "destinationServiceName": call.destination if call else case.destination if case else "",
    }
    labelled = (
        ("rule", rule),
        ("agent", call.agent_id if call else case.agent_id if case else ""),
        ("tool", call.tool_name or call.tool_id if call else ""),
        ("wouldHave", call.would_have if call else ""),
        ("conversation", call.conversation_id if call else case.conversation_id if case else ""),
        ("disposition", case.disposition if case else ""),
    )
    for number, (label, value) in enumerate(labelled, start=1):
        fields |= {f"cs{number}Label": label, f"cs{number}": value} if value else {}
    number = call.investigation if call else case.number if case else 0
    fields |= {"cn1Label": "investigation", "cn1": str(number)} if number else {}
    extension = " ".join(f"{name}={_in_extension(value)}" for name, value in fields.items() if value)
    return "|".join(("CEF:0", "Guardrail", "Guardrail", "1", *map(_in_head, head), extension))


def _in_head(text: str) -> str:
    return _on_one_line(text).replace("\\", "\\\\").replace("|", "\\|")


def _in_extension(text: str) -> str:
    return _on_one_line(text).replace("\\", "\\\\").replace("=", "\\=")


def _on_one_line(text: str) -> str:
    """Without what ends a line, or turns or hides what stands there."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _check(settings: Mapping[str, str], secret: str) -> None:
    host = settings.get("host", "")
    if not host.isascii() or any(not "!" <= letter <= "~" for letter in host):
        raise SettingError("host", f"`{host}` has spaces or letters beyond ASCII, expected a name")


SINK = Sink(
    kind="syslog",
    word="Syslog over TLS (JSON or CEF)",
    address_help="tls:// with host and port, e.g. tls://syslog.example:6514",
    secret_label="Client certificate",  # noqa: S106 a label
    secret_help="For a receiver that wants to know us: PEM of the certificate and its key, without a password.",  # noqa: S106
    secret_required=False,
    secret_pem=True,
    schemes=("tls",),
    settings=(
        Setting(name="format", label="Format", help="Of the message.", default="json", choices=_FORMATS),
        Setting(
            name="closing",
            label="End of a batch",
            help="Lenient: it may lose what it has read when it is stopped.",
            default="strict",
            choices=_CLOSINGS,
        ),
        Setting(name="host", label="Host", help="What messages name as their host.", default="guardrail"),
    ),
    check=_check,
    encode=_encode,
    send=_send,
    most_events=200,
    frame_bytes=8_000,
    lanes=1,
)
