"""Deliveries by syslog over TLS: whole frames, or none. Entered by the Celery tasks."""

import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import jc
import pytest

from investigations.models import Delivery, Receiver
from investigations.receivers import ReceiverError, change_receiver
from investigations.tasks import deliver, take_in
from tests.certificates import self_signed
from tests.factories import instruction, record_verdict
from tests.receivers import a_receiver, later, settings_of, states, the

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State
# RFC 5424: priority, version, time, host, application, process, message id, no structured data, message
FRAME = re.compile(
    r"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\S{1,255}) guardrail - (\w{1,32}) - ([^\n\r]*)", re.DOTALL
)
HOSTILE = "x\n<14>1 - evil - - - - forged\r\n act=allow|CEF:0|a|b \u2028 \\ \u202e"


@dataclass(slots=True)
class Syslog:
    """Reads frames by their count of octets until the other side ends.

    `dies` = hangs up on what it has not read; `leaves` = greets and closes in order, and reads nothing; `ragged` =
    never says that it closes; `hangs` = at the greeting, or when it has `read` everything.
    """

    frames: list[bytes] = field(default_factory=list)
    dies: bool = False
    leaves: bool = False
    ragged: bool = False
    hangs: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def serving(self, pem: Path) -> Iterator[str]:
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        served.load_cert_chain(pem)
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, args=(listener, served), daemon=True).start()
        yield f"tls://127.0.0.1:{listener.getsockname()[1]}"
        self.closing.set()
        listener.close()

    def _accept(self, listener: socket.socket, served: ssl.SSLContext) -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            if self.hangs == "greeting":
                self.closing.wait()
            try:
                with served.wrap_socket(raw, server_side=True) as line:
                    self._read(line)
            except OSError:
                continue

    def _read(self, line: ssl.SSLSocket) -> None:
        if self.dies:
            # a reset, as the kernel sends for a process that was killed
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            return
        if self.leaves:
            line.unwrap()
            return
        incoming = b""
        while piece := line.recv(65_536):
            incoming += piece
            while (count := incoming.partition(b" ")[0]).isdigit() and len(incoming) > len(count) + int(count):
                start = len(count) + 1
                self.frames.append(incoming[start : start + int(count)])
                incoming = incoming[start + int(count) :]
        if self.hangs == "read":
            self.closing.wait()
        elif not self.ragged:
            line.unwrap()


def parsed(parser: str, text: str) -> dict[str, Any]:
    """What jc reads in it; of syslog as it stands, since it takes backslashes out of messages."""
    (read,) = cast("list[dict[str, Any]]", jc.parse(parser, text, raw=parser == "syslog", quiet=True))
    return read


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return self_signed(tmp_path)


def to_syslog(address: str, pem: Path, **wanted: Any) -> Receiver:
    authority = pem.read_text().partition("-----BEGIN PRIVATE")[0]
    return a_receiver("syslog", address, authority=authority, **wanted)


@pytest.mark.parametrize("form", ["json", "cef"])
def test_each_call_is_one_frame_whatever_stands_in_it(pem: Path, form: str) -> None:
    stub = Syslog()
    with stub.serving(pem) as address:
        receiver = to_syslog(address, pem, settings={"format": form, "host": ""}, content="full")
        ids = [
            str(record_verdict(instruction(HOSTILE * 400), agent_name=HOSTILE, destination=HOSTILE)) for _ in range(3)
        ]
        take_in()
        deliver()
        assert (states(), the(receiver).taken) == ([State.ACKNOWLEDGED] * 3, 3)
        assert receiver.address == address
    assert len(stub.frames) == 3
    told = []
    for frame in stub.frames:
        assert len(frame) <= 8_000
        found = FRAME.fullmatch(frame.decode())
        assert found is not None
        assert (found[1], found[3], found[4]) == ("107", "guardrail", "call")
        told.append(found[5])
    assert all(any(one in message for message in told) for one in ids)
    if form == "cef":
        plain = "".join(letter if letter.isprintable() else "?" for letter in HOSTILE)
        for message in told:
            read = parsed("cef", message)
            assert (read["deviceVendor"], read["deviceEventClassId"], read["name"], read["agentSeverity"]) == (
                *("Guardrail", "call", "instruction_marked", "8"),
            )
            assert (read["act"], read["rule"], read["destinationServiceName"]) == ("block", "instruction_marked", plain)


@pytest.mark.parametrize("form", ["json", "cef"])
def test_a_parser_of_somebody_else_reads_each_part_of_a_frame(pem: Path, form: str) -> None:
    stub = Syslog()
    with stub.serving(pem) as address:
        to_syslog(address, pem, settings={"format": form, "host": "guardrail.quay.example"})
        verdict_id = record_verdict(agent_name=HOSTILE, destination="pay@quay.example")
        take_in()
        deliver()
    read = parsed("syslog", stub.frames[0].decode())
    assert [read[name] for name in ("priority", "version", "hostname", "appname", "proc_id", "msg_id")] == [
        *("110", "1", "guardrail.quay.example", "guardrail", None, "call"),
    ]
    assert (read["structured_data"], read["timestamp"][-1]) == (None, "Z")
    if form == "json":
        assert json.loads(read["message"])["id"] == str(verdict_id)
    else:
        inside = parsed("cef", read["message"])
        assert (inside["externalId"], inside["act"]) == (str(verdict_id), "allow")


def test_what_a_receiver_that_dies_has_not_read_is_sent_again(pem: Path) -> None:
    stub = Syslog(dies=True)
    with stub.serving(pem) as address:
        receiver = to_syslog(address, pem)
        record_verdict()
        take_in()
        deliver()
        assert states() == [State.QUEUED]
        assert "broke off" in the(receiver).error
        stub.dies = False
        with later(1):
            deliver()
        assert (states(), len(stub.frames)) == ([State.ACKNOWLEDGED], 1)


def test_what_one_that_greets_and_leaves_has_not_read_is_sent_again(pem: Path) -> None:
    stub = Syslog(leaves=True)
    with stub.serving(pem) as address:
        receiver = to_syslog(address, pem)
        record_verdict()
        take_in()
        for minutes in range(0, 60, 10):
            with later(minutes):
                deliver()
            assert (states(), the(receiver).taken) == ([State.QUEUED], 0)
        stub.leaves = False
        with later(120):
            deliver()
        assert (states(), len(stub.frames)) == ([State.ACKNOWLEDGED], 1)


def test_one_that_never_says_that_it_has_read_everything_is_taken_at_its_word_by_leave_only(pem: Path) -> None:
    stub = Syslog(ragged=True)
    with stub.serving(pem) as address:
        receiver = to_syslog(address, pem)
        record_verdict()
        take_in()
        deliver()
        assert (states(), the(receiver).taken) == ([State.QUEUED], 0)
        assert "did not say that it had read everything, as RFC 5425 asks" in receiver.error
        change_receiver(receiver, settings_of(receiver, settings={"closing": "lenient"}), actor=None)
        deliver()
        assert (states(), the(receiver).taken) == ([State.ACKNOWLEDGED], 1)


@pytest.mark.parametrize(
    ("hangs", "said"), [("greeting", "did not answer in full"), ("read", "did not say that it had")]
)
def test_one_that_hangs_is_left_alone_and_loses_nothing(
    pem: Path, monkeypatch: pytest.MonkeyPatch, hangs: str, said: str
) -> None:
    monkeypatch.setattr("investigations.siem.sinks.syslog._SECONDS", 0.6)
    monkeypatch.setattr("investigations.siem.sinks.syslog._CLOSING_SECONDS", 0.2)
    with Syslog(hangs=hangs).serving(pem) as address:
        receiver = to_syslog(address, pem)
        record_verdict()
        take_in()
        deliver()
        assert (states(), Delivery.objects.get().attempts, the(receiver).failures) == ([State.QUEUED], 0, 1)
        assert said in receiver.error


def test_an_unknown_certificate_gets_nothing(pem: Path) -> None:
    stub = Syslog()
    with stub.serving(pem) as address:
        receiver = a_receiver("syslog", address)
        record_verdict()
        take_in()
        deliver()
        assert "shows a certificate that is not trusted" in the(receiver).error
    assert (states(), stub.frames) == ([State.QUEUED], [])


def test_only_tls_is_an_address_of_it() -> None:
    with pytest.raises(ReceiverError, match="expected `tls://`"):
        a_receiver("syslog", "https://syslog.example:6514")
    with pytest.raises(ReceiverError, match="expected `https://`"):
        a_receiver("splunk", "tls://splunk.example:8088")
