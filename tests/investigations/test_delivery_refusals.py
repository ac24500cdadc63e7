"""What receivers of every protocol may do instead of taking events, and what follows. Entered by the Celery tasks."""

import ssl
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from investigations.models import Delivery
from investigations.siem import delivery
from investigations.tasks import deliver, take_in
from tests.certificates import self_signed
from tests.engines import Behave, OtherEngine, hanging, hanging_up, no_http, saying, trickling, trickling_body
from tests.factories import instruction, record_verdict
from tests.receivers import Elastic, Hook, Ocsf, Sentinel, Splunk, a_receiver, half_an_answer, later, states, the

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State
STUBS: dict[str, Callable[[], Any]] = {
    "splunk": Splunk,
    "sentinel": Sentinel,
    "elastic": Elastic,
    "ocsf": Ocsf,
    "webhook": Hook,
}
# what it does, what an admin reads, and how long it is left alone at least
REFUSALS: dict[str, tuple[Behave, str, float]] = {
    "bad credentials": (saying(b"", status="401 Unauthorized"), "refuses our credentials (status 401)", 60),
    "a proxy": (saying(b"<html>", status="407 Proxy Authentication Required"), "refuses our credentials", 60),
    "a redirect": (
        saying(b"", status="302 Found", more=("Location: http://169.254.169.254/",)),
        "it redirects (status 302), which is not followed",
        60,
    ),
    "another address": (saying(b"", status="404 Not Found"), "takes nothing at this address (status 404)", 60),
    "too many": (
        saying(b"", status="429 Too Many Requests", more=("Retry-After: 300",)),
        "asks us to wait (status 429)",
        300,
    ),
    "overload": (
        saying(b"", status="503 Service Unavailable", more=("Retry-After: 120",)),
        "does not take anything just now (status 503)",
        120,
    ),
    "half an answer": (half_an_answer, "broke off before its answer ended", 0),
    "no answer": (hanging_up, "broke off before its answer ended", 0),
    "another protocol": (no_http, "answers with what is no HTTP", 0),
    "silence": (hanging, "did not answer in full within 0.3 s", 0),
    "slow headers": (trickling, "did not answer in full within 0.3 s", 0),
    "a slow body": (trickling_body, "did not answer in full within 0.3 s", 0),
}


# what nobody answers who means well
HOSTILE: dict[str, Behave] = {
    "depth": saying(b"[" * 100_000),
    "depth, refused": saying(b'{"error":' * 50_000, status="400 Bad Request"),
    "a late day": saying(
        b"", status="429 Too Many Requests", more=("Retry-After: 1 Jan 99999999999999999999 00:00:00",)
    ),
    "a long way": saying(
        b"", status="503 Service Unavailable", more=("Retry-After: Mon, 1 Jan 2026 00:00:00 +99999999999999999999",)
    ),
    "no number": saying(b'{"items": [{"create": {"status": Infinity}}], "code": Infinity, "text": 1e999}'),
}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that hangs must not make a test wait as long as an operator would."""
    monkeypatch.setattr(delivery, "REQUEST_SECONDS", 0.3)


@pytest.fixture
def siem(settings: Settings) -> Iterator[OtherEngine]:
    with OtherEngine().serving() as serving:
        # an authority of its own each, so that no test has another's token
        settings.ENTRA_AUTHORITY = serving.url
        yield serving


def but_tokens(stub: Behave, behave: Behave) -> Behave:
    """Answers by `behave`, and requests for tokens as always."""
    return lambda line, engine: (stub if "/oauth2/" in engine.requests[-1].path else behave)(line, engine)


@pytest.mark.parametrize("kind", STUBS)
def test_each_is_told_to_people_left_alone_and_costs_no_event(
    siem: OtherEngine, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub, receiver = STUBS[kind](), a_receiver(kind, siem.url)
    verdict_id, minutes = record_verdict(instruction()), 0
    take_in()
    for what, (behave, said, seconds) in REFUSALS.items():
        siem.behave = but_tokens(stub, behave)
        # longer than any was left alone before
        minutes += 30
        with later(minutes):
            deliver()
            until, asked = the(receiver).rest_until, len(siem.requests)
            assert said in receiver.error, what
            assert until is not None, what
            assert until >= timezone.now() + timedelta(seconds=seconds - 5), what
            assert (states(), Delivery.objects.get().attempts) == ([State.QUEUED], 0), what
            deliver()
            assert len(siem.requests) == asked, what
    assert receiver.failures == len(REFUSALS)
    siem.behave = stub
    monkeypatch.setattr(delivery, "REQUEST_SECONDS", 15.0)
    with later(minutes + 30):
        deliver()
    assert (stub.ids, states(), the(receiver).failures) == ([str(verdict_id)], [State.ACKNOWLEDGED], 0)


@pytest.mark.parametrize("kind", STUBS)
def test_what_is_too_large_alone_and_bare_is_a_dead_letter_and_the_receiver_is_well(
    siem: OtherEngine, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub, receiver = STUBS[kind](), a_receiver(kind, siem.url)
    siem.behave = but_tokens(stub, saying(b"", status="413 Content Too Large"))
    record_verdict(instruction("send it all " * 2_000))
    take_in()
    deliver()
    assert "does not even take" in Delivery.objects.get(state=State.DEAD).error
    assert (the(receiver).failures, receiver.rest_until) == (0, None)
    siem.behave = stub
    monkeypatch.setattr(delivery, "REQUEST_SECONDS", 15.0)
    verdict_id = record_verdict()
    take_in()
    deliver()
    assert (stub.ids, sorted(states())) == ([str(verdict_id)], [State.ACKNOWLEDGED, State.DEAD])


@pytest.mark.parametrize("kind", STUBS)
def test_what_a_hostile_receiver_answers_ends_no_run(siem: OtherEngine, kind: str) -> None:
    """What another receiver is to be told is sent in the same run."""
    stub, other, minutes = STUBS[kind](), Hook(), 0
    a_receiver(kind, siem.url, name="hostile")
    for what, behave in HOSTILE.items():
        siem.behave = but_tokens(stub, behave)
        with OtherEngine(behave=other).serving() as good:
            told = a_receiver("webhook", good.url, name=f"good {minutes}")
            verdict_id = record_verdict()
            take_in()
            minutes += 90
            with later(minutes):
                deliver()
            assert str(verdict_id) in other.ids, what
            assert the(told).taken == 1, what


def test_a_hostile_entra_ends_no_run(siem: OtherEngine) -> None:
    receiver = a_receiver("sentinel", siem.url)
    record_verdict()
    take_in()
    minutes = 0
    for content in (b"[" * 100_000, b'{"access_token": "x", "expires_in": 1' + b"0" * 400 + b"}", b'{"error": [[]]}'):
        siem.behave = saying(content)
        minutes += 60
        with later(minutes):
            deliver()
        assert "with no token" in the(receiver).error
        assert states() == [State.QUEUED]


def test_a_certificate_nobody_signed_gets_nothing_by_any_protocol(siem: OtherEngine, tmp_path: Path) -> None:
    siem.behave = Sentinel()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(self_signed(tmp_path))
    with OtherEngine(tls=served).serving() as stranger:
        receivers = [a_receiver(kind, stranger.url) for kind in STUBS]
        record_verdict()
        take_in()
        deliver()
        assert stranger.requests == []
    for receiver in receivers:
        assert "shows a certificate that is not trusted" in the(receiver).error, receiver.kind
    assert states() == [State.QUEUED] * len(STUBS)
