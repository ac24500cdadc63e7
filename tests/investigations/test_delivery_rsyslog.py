"""Deliveries to Debian's rsyslog over mutual TLS, which the test starts. Skipped by name where it is not installed."""

import contextlib
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from guardrail.embedded.processes import free_port
from investigations.models import Delivery, Receiver
from investigations.receivers import change_receiver
from investigations.tasks import deliver, take_in
from tests.certificates import Authority, authority
from tests.factories import instruction, record_verdict
from tests.guardrail.instances import wait_for
from tests.receivers import a_receiver, later, settings_of, states, the

RSYSLOG = shutil.which("rsyslogd", path="/usr/sbin:/usr/local/sbin:/sbin")
TLS = [*Path("/usr/lib").glob("*/rsyslog/lmnsd_ossl.so"), *Path("/usr/lib/rsyslog").glob("lmnsd_ossl.so")]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not RSYSLOG or not TLS, reason="rsyslog with rsyslog-openssl is not installed"),
]
HOSTILE = 'x\n<14>1 - evil - - - - forged\r\n"} act=allow|CEF:0|a|b \u2028 \\ \u202e'
CONFIGURATION = """
global(workDirectory="{folder}" defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{folder}/ca.pem"
  defaultNetstreamDriverCertFile="{folder}/server.pem" defaultNetstreamDriverKeyFile="{folder}/server.key")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
template(name="raw" type="string" string="%msgid% %msg%\\n")
input(type="imtcp" port="{port}" address="127.0.0.1")
action(type="omfile" file="{folder}/arrived" template="raw")
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rsyslog:
    """One that runs; `shown` is a certificate it accepts, with its key."""

    address: str
    authority: Authority
    shown: str
    file: Path

    def messages(self) -> list[tuple[str, dict[str, Any]]]:
        """The message id and the message of each that arrived, in order."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [(line.partition(" ")[0], json.loads(line.partition(" ")[2])) for line in lines]


@pytest.fixture(scope="module")
def rsyslog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rsyslog]:
    folder, signing, port = tmp_path_factory.mktemp("rsyslog"), authority(), free_port()
    certificate, key = signing.issue("siem.example")
    for name, text in (("ca.pem", signing.pem), ("server.pem", certificate), ("server.key", key)):
        (folder / name).write_text(text)
    (folder / "rsyslog.conf").write_text(CONFIGURATION.format(folder=folder, port=port))
    command = [str(RSYSLOG), "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(folder / "pid")]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        wait_for(lambda: _listens(port), what="rsyslog", seconds=20)
        yield Rsyslog(
            address=f"tls://127.0.0.1:{port}",
            authority=signing,
            shown="".join(signing.issue("guardrail.example")),
            file=folder / "arrived",
        )
    finally:
        process.terminate()
        process.wait(timeout=20)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def to_rsyslog(rsyslog: Rsyslog, **wanted: Any) -> Receiver:
    return a_receiver("syslog", rsyslog.address, authority=rsyslog.authority.pem, content="full", **wanted)


def test_each_event_arrives_whole_and_once_by_a_client_certificate(rsyslog: Rsyslog) -> None:
    receiver = to_rsyslog(rsyslog, secret=rsyslog.shown)
    ids = [str(record_verdict(instruction(HOSTILE * 300), agent_name=HOSTILE)) for _ in range(60)]
    before = len(rsyslog.messages())
    take_in()
    deliver()
    assert (set(states()), the(receiver).error) == ({Delivery.State.ACKNOWLEDGED}, "")
    wait_for(lambda: len(rsyslog.messages()) >= before + len(ids), what="the events", seconds=20)
    arrived = rsyslog.messages()[before:]
    assert [name for name, _ in arrived] == ["call"] * len(ids)
    assert sorted(message["id"] for _, message in arrived) == sorted(ids)
    assert all(message["decision"]["action"] == "block" and message["cut"] for _, message in arrived)


def test_without_a_certificate_nothing_counts_as_taken(rsyslog: Rsyslog) -> None:
    receiver, stranger = to_rsyslog(rsyslog), "".join(authority().issue("guardrail.example"))
    verdict_id, before = record_verdict(), len(rsyslog.messages())
    take_in()
    for minutes, shown in ((0, ""), (5, stranger)):
        with later(minutes):
            change_receiver(receiver, settings_of(receiver, secret=shown), actor=None)
            deliver()
        assert states() == [Delivery.State.QUEUED]
        # its alert, or the reset that overtakes it
        assert "TLS" in the(receiver).error or "another client certificate" in the(receiver).error
    with later(30):
        change_receiver(receiver, settings_of(receiver, secret=rsyslog.shown), actor=None)
        deliver()
    assert states() == [Delivery.State.ACKNOWLEDGED]
    wait_for(lambda: len(rsyslog.messages()) > before, what="the event", seconds=20)
    assert [message["id"] for _, message in rsyslog.messages()[before:]] == [str(verdict_id)]
