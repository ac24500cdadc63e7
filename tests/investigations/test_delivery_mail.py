"""Notices by mail: one for an event, a digest for many, and what servers may answer. Entered by the Celery tasks."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from socket import create_server
from threading import Thread
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from investigations import services
from investigations.models import Activity, Delivery, Investigation, Receiver
from investigations.siem.backlog import load_late
from investigations.siem.sinks import mail
from investigations.tasks import deliver, tell_receivers
from policies.access import Role
from tests.certificates import self_signed
from tests.engines import OtherEngine, hanging
from tests.investigations.cases import case, person
from tests.receivers import a_receiver, later, states, the
from tests.smtp import PASSWORD, USER, MailServer

pytestmark = pytest.mark.django_db
State = Delivery.State
SENT = {
    "from": "guardrail@quay.example",
    "to": "soc@quay.example, desk@quay.example",
    "also": "critical = duty@quay.example",
    "minutes": "15",
    "user": "",
    "security": "plain",
}


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer().serving() as serving:
        yield serving


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs must not make a test wait as long as an operator would."""
    monkeypatch.setattr(mail, "REQUEST_SECONDS", 1.0)


def told(server: MailServer, scheme: str = "smtp", settings: dict[str, str] | None = None, **wanted: Any) -> Receiver:
    kinds = ("investigation_opened", "investigation_changed", "investigation_closed")
    whole: dict[str, Any] = {
        "calls": "none",
        "kinds": kinds,
        "settings": {**SENT, **(settings or {})},
        "secret": "",
        **wanted,
    }
    return a_receiver("mail", f"{scheme}://127.0.0.1:{server.port}", **whole)


def happens(row: Investigation, text: str = "Looked at it.") -> None:
    services.comment(row, text, actor=None)
    tell_receivers()


def parts(found: EmailMessage) -> tuple[str, str]:
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


def test_one_event_is_one_mail_with_its_id(server: MailServer) -> None:
    receiver, row = told(server), case("An order in a mail", agent_name="Quay Desk")
    happens(row)
    deliver()
    (found,) = server.mails
    assert found["Subject"] == f"[Guardrail] high: Investigation {row.pk}, An order in a mail: commented by the system"
    assert found["Message-ID"] == f"<{Delivery.objects.get().event_id}.guardrail@quay.example>"
    assert found["References"] == f"<case-{row.pk}.guardrail@quay.example>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert server.recipients == [["soc@quay.example", "desk@quay.example"]]
    text, html = parts(found)
    assert "Agent: Quay Desk" in text
    assert f"/investigations/{row.pk}/" in text
    assert "<td>Quay Desk</td>" in html
    assert (states(), the(receiver).failures) == ([State.ACKNOWLEDGED], 0)


def test_what_comes_in_between_is_one_digest(server: MailServer) -> None:
    told(server)
    first, grave = case("First", severity=2), case("Grave", severity=4)
    happens(first)
    deliver()
    for number in range(5):
        happens(first, f"Number {number}.")
    happens(grave)
    deliver()
    assert len(server.mails) == 1
    with later(14):
        assert load_late(timezone.now()) == []
    with later(16):
        deliver()
        assert len(server.mails) == 2
        digest = server.mails[1]
        assert digest["Subject"] == "[Guardrail] 6 events, the gravest critical"
        assert digest["X-Guardrail-Events"] == "6"
        text, html = parts(digest)
        assert text.splitlines()[2].startswith("- critical, ")
        assert (text.count(f"/investigations/{first.pk}/"), html.count("<li>")) == (5, 6)
    assert set(states()) == {State.ACKNOWLEDGED}
    # who is told from critical on gets it as well
    assert server.recipients[1] == ["soc@quay.example", "desk@quay.example", "duty@quay.example"]


def test_without_minutes_nothing_waits(server: MailServer) -> None:
    told(server, settings={"minutes": "0"})
    row = case("One")
    for _ in range(2):
        happens(row)
        deliver()
    assert len(server.mails) == 2


def test_what_is_not_grave_enough_is_no_mail(server: MailServer) -> None:
    told(server, severity_from=4)
    happens(case("One", severity=3))
    deliver()
    happens(case("Two", severity=4))
    deliver()
    assert len(server.mails) == 1


def test_hostile_text_is_no_header_no_second_mail_no_markup_and_no_link(server: MailServer, settings: Settings) -> None:
    nasty = "x\r\nBcc: all@evil.example\r\n\r\n.\r\nMAIL FROM:<a@b>\r\n<b>https://evil.example</b>\u202e\x00"
    row = case("Quiet")
    Investigation.objects.filter(pk=row.pk).update(title=nasty[:-1], agent_name=nasty[:-1], destination=nasty[:-1])
    told(server, content="full")
    Activity.objects.create(investigation=row, kind="commented", text=nasty[:-1])
    tell_receivers()
    deliver()
    (found,) = server.mails
    assert found["Bcc"] is None
    assert len(server.recipients[0]) == 2
    text, html = parts(found)
    for part in (str(found["Subject"]), text, html):
        assert "evil.example" not in part
        assert "\u202e" not in part
    assert "<b>https" not in html
    assert "&lt;b&gt;https[:]//evil[.]example&lt;/b&gt;" in html
    assert b"\r\n.\r\n" not in server.raw[0]


def test_it_signs_in_over_starttls_with_a_certificate_that_is_checked(
    tmp_path: Path,
) -> None:
    pem = self_signed(tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pem)
    with MailServer().serving(tls=served) as server:
        signed = {"security": "", "user": USER}
        unknown = told(server, settings=signed, secret=PASSWORD)
        happens(case("One"))
        deliver()
        assert "shows a certificate that is not trusted" in the(unknown).error
        Receiver.objects.update(authority=pem.read_text(), rest_until=None)
        deliver()
        assert (len(server.mails), states()) == (1, [State.ACKNOWLEDGED])
        wrong = told(server, settings=signed, secret="wrong", name="Wrong", authority=pem.read_text())
        happens(case("Two"))
        deliver()
        assert "it refuses our credentials (535" in the(wrong).error


def test_it_speaks_tls_from_the_first_byte(tmp_path: Path) -> None:
    pem = self_signed(tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pem)
    with MailServer().serving(tls=served, at_once=True) as server:
        told(server, "smtps", authority=pem.read_text())
        happens(case("One"))
        deliver()
        assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"security": ""}, "it does not offer what is needed: STARTTLS"),
        ({"user": "somebody"}, "a password goes over TLS only"),
    ],
)
def test_nothing_secret_goes_over_a_line_that_can_be_read(
    server: MailServer, settings: dict[str, str], said: str
) -> None:
    receiver = told(server, settings=settings, secret="p")
    happens(case("One"))
    deliver()
    assert said in the(receiver).error
    assert (server.mails, states()) == ([], [State.QUEUED])


@pytest.mark.parametrize(
    ("command", "answer", "said", "state"),
    [
        ("MAIL", "451 4.7.1 Greylisted", "it does not take mail from us just now (451 4.7.1 Greylisted)", State.QUEUED),
        ("MAIL", "550 5.7.1 Not you", "it does not take mail from us (550 5.7.1 Not you)", State.QUEUED),
        ("RCPT", "450 4.2.1 Busy", "it refuses every recipient: 450 4.2.1 Busy", State.QUEUED),
        ("RCPT", "550 5.1.1 Unknown", "it refuses every recipient: 550 5.1.1 Unknown", State.QUEUED),
        ("DATA", "452 4.3.1 Full", "it does not take mail just now (452 4.3.1 Full)", State.QUEUED),
        ("DATA", "554 5.7.1 Looks bad", "", State.DEAD),
    ],
)
def test_what_it_refuses_is_kept_or_told(server: MailServer, command: str, answer: str, said: str, state: int) -> None:
    server.refusing = {command: answer}
    receiver = told(server)
    happens(case("One"))
    deliver()
    assert states() == [state]
    assert said in the(receiver).error
    if state == State.DEAD:
        assert "it does not take this mail (554 5.7.1 Looks bad)" in Delivery.objects.get().error
        return
    server.refusing = {}
    with later(20):
        deliver()
    assert (states(), len(server.mails)) == ([State.ACKNOWLEDGED], 1)


def test_who_of_several_is_refused_keeps_nobody_else_from_it(server: MailServer) -> None:
    server.refusing, server.only = {"RCPT": "550 5.1.1 Unknown"}, "desk@"
    receiver = told(server)
    happens(case("One"))
    deliver()
    assert (states(), server.recipients) == ([State.ACKNOWLEDGED], [["soc@quay.example"]])
    admin = Client()
    admin.force_login(person("ada", Role.POLICY_ADMIN))
    page = admin.post(f"/deliveries/{receiver.pk}/test/", follow=True).content.decode()
    assert "desk@quay.example: 550 5.1.1 Unknown" in page


@pytest.mark.parametrize(("how", "said"), [("drops", "broke off"), ("hangs", "did not answer in full within 1 s")])
def test_a_mail_without_an_answer_is_sent_again_with_the_same_id(server: MailServer, how: str, said: str) -> None:
    setattr(server, how, True)
    receiver = told(server)
    happens(case("One"))
    deliver()
    assert said in the(receiver).error
    assert states() == [State.QUEUED]
    setattr(server, how, False)
    with later(20):
        deliver()
    assert states() == [State.ACKNOWLEDGED]
    assert len({found["Message-ID"] for found in server.mails}) == 1


def test_what_is_no_mail_server_is_left_alone() -> None:
    with OtherEngine(behave=hanging).serving() as engine:
        server = MailServer(port=int(engine.url.split(":")[2].split("/")[0]))
        receiver = told(server)
        happens(case("One"))
        deliver()
    assert "did not answer in full" in the(receiver).error
    assert states() == [State.QUEUED]


def test_one_that_never_ends_its_greeting_fills_no_memory() -> None:
    with create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            with suppress(OSError), listener.accept()[0] as line:
                while True:
                    line.sendall(b"220-" + b"x" * 4_000 + b"\r\n")

        greeting = Thread(target=greet)
        greeting.start()
        receiver = told(MailServer(port=listener.getsockname()[1]))
        happens(case("One"))
        deliver()
        greeting.join()
    assert "it says more than 100000 bytes" in the(receiver).error


def test_its_form_takes_addresses_and_says_which_is_none() -> None:
    admin = Client()
    admin.force_login(person("ada", Role.POLICY_ADMIN))
    typed = {
        **SENT,
        **{"name": "Mail", "address": "smtp://mail.quay.example:587", "secret": "", "calls": "none", "security": ""},
        **{"severity_from": "3", "kinds": ["investigation_opened"], "content": "redacted", "per_minute": "0"},
        "authority": "",
    }
    for changes, said in (
        ({"to": "soc"}, "is no mail address"),
        ({"to": "a@b.example\nBcc: c@d.example"}, "is no mail address"),
        ({"to": ""}, "it is empty"),
        ({"also": "grave = a@b.example"}, "is no severity"),
        ({"from": "guardrail"}, "is no mail address"),
        ({"minutes": "soon"}, "is no number"),
        ({"security": "tls"}, "Select a valid choice"),
        ({"address": "https://mail.quay.example"}, "is not what it begins with"),
        ({"address": "smtp://127.0.0.1:25"}, "is this machine or a private network"),
    ):
        answer = admin.post("/deliveries/new/mail/", {**typed, **changes})
        assert answer.status_code == 422
        assert said in answer.content.decode().replace("&#x27;", "'")
    assert admin.post("/deliveries/new/mail/", typed).status_code == 302
    assert Receiver.objects.get().address == "smtp://mail.quay.example:587"
