"""Where we may connect to, and how an exchange ends: real servers on this machine."""

import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from policies.engine_address import AddressError, checked_numbers
from policies.outbound import Outbound, OutboundError
from tests.certificates import self_signed
from tests.engines import OtherEngine, endless, saying, trickling


@pytest.mark.parametrize(
    "number",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.5.5", "100.64.0.1", "::1", "fc00::1", "::ffff:10.0.0.1"),
        *("64:ff9b::a00:1", "2002:7f00:1::"),
    ],
)
def test_what_is_inside_needs_leave(number: str) -> None:
    with pytest.raises(AddressError, match="which is inside"):
        checked_numbers("siem.example", [number], inside=False)
    assert checked_numbers("siem.example", [number], inside=True) == (number,)


@pytest.mark.parametrize(
    "number",
    [
        *("169.254.169.254", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "168.63.129.16"),
        *("100.100.100.200", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "240.0.0.1"),
    ],
)
def test_where_machines_get_credentials_and_what_is_no_host_is_never_connected_to(number: str) -> None:
    for inside in (True, False):
        with pytest.raises(AddressError):
            checked_numbers("siem.example", [number], inside=inside)


def test_one_bad_number_among_good_ones_is_enough() -> None:
    with pytest.raises(AddressError):
        checked_numbers("siem.example", ["93.184.216.34", "10.0.0.1"], inside=False)
    good = ["93.184.216.34", "2606:2800:220:1::1"]
    assert checked_numbers("siem.example", good, inside=False) == tuple(good)


def test_it_keeps_its_connection_and_opens_another_where_that_was_closed() -> None:
    with OtherEngine(behave=saying(b"")).serving() as engine:
        line = Outbound(engine.url, inside=True)
        for _ in range(3):
            assert line.post("/x", b"1", {}, seconds=5).status == 200
        assert (engine.connections, len(engine.requests)) == (1, 3)
        engine.behave = _closing
        line.post("/x", b"1", {}, seconds=5)
        engine.behave = saying(b"two")
        assert line.post("/x", b"1", {}, seconds=5).body == b"two"
        assert engine.connections == 2
        line.close()


def _closing(connection: object, engine: OtherEngine) -> bool:
    saying(b"")(connection, engine)  # type: ignore[arg-type]  # a socket
    return False


@pytest.mark.parametrize("behave", [trickling, endless])
def test_an_answer_that_does_not_end_is_cut_off(behave: object) -> None:
    with OtherEngine(behave=behave).serving() as engine:  # type: ignore[arg-type]  # a parameter
        started = time.monotonic()
        with pytest.raises(OutboundError, match=r"did not answer in full|answers with more than|no HTTP"):
            Outbound(engine.url, inside=True).post("", b"", {}, seconds=0.5)
        assert time.monotonic() - started < 5


def test_a_name_that_takes_its_whole_time_to_resolve_is_connected_to_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """By then somebody else may be sending the same."""
    resolve, slow = socket.getaddrinfo, threading.Event()

    def resolve_slowly(*args: Any, **kwargs: Any) -> Any:
        slow.wait(0.3)
        return resolve(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_slowly)
    with OtherEngine(behave=saying(b"ok")).serving() as engine:
        with pytest.raises(OutboundError, match=r"did not answer in full within 0\.2 s"):
            Outbound(engine.url, inside=True).post("", b"", {}, seconds=0.2)
        assert (engine.connections, engine.requests) == (0, [])
        assert Outbound(engine.url, inside=True).post("", b"", {}, seconds=5).body == b"ok"


def test_a_redirect_is_an_answer() -> None:
    with OtherEngine(behave=saying(b"", status="307 Temporary Redirect", more=("Location: /on",))).serving() as engine:
        assert Outbound(engine.url, inside=True).post("", b"", {}, seconds=5).status == 307
        assert len(engine.requests) == 1


def test_a_certificate_nobody_signed_is_refused_and_one_an_admin_names_is_not(tmp_path: Path) -> None:
    pem = self_signed(tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pem)
    with OtherEngine(behave=saying(b"ok"), tls=served).serving() as engine:
        with pytest.raises(OutboundError, match="shows a certificate that is not trusted"):
            Outbound(engine.url, inside=True).post("", b"", {}, seconds=5)
        trust = ssl.create_default_context(cadata=pem.read_text().partition("-----BEGIN PRIVATE")[0])
        assert Outbound(engine.url, inside=True, trust=trust).post("", b"", {}, seconds=5).body == b"ok"
