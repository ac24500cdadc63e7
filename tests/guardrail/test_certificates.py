"""Callers that have to show a certificate: believed from the proxy that is listed, and from nobody else."""

import base64
import hashlib
from ipaddress import ip_network
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from guardrail import callers, housekeeper
from guardrail.models import Orchestrator
from policies.access import Role, give_role
from policies.models import AuditEntry
from tests.callers import Asking
from tests.feeds import Feed, edit
from tests.restricting import planned

pytestmark = pytest.mark.django_db
DER, OTHER = b"a certificate of the caller", b"a certificate of somebody else"
PIN = hashlib.sha256(DER).hexdigest()


def rfc9440(der: bytes) -> str:
    return f":{base64.b64encode(der).decode()}:"


def of_nginx(der: bytes) -> str:
    return quote(f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n")


@pytest.fixture
def pinned(asking: Asking, settings: Settings) -> Asking:
    settings.PROXIES = [ip_network("127.0.0.1/32")]
    callers.set_certificates(asking.orchestrator, [PIN.upper()], actor=None)
    housekeeper.refresh()
    return asking


def test_a_token_alone_is_not_enough_and_with_its_certificate_it_is(pinned: Asking) -> None:
    assert pinned.evaluate(planned()).status == 401
    for shown in (rfc9440, of_nginx):
        assert pinned.evaluate(planned(), **{"Client-Cert": shown(DER)}).status == 200
        assert pinned.evaluate(planned(), **{"Client-Cert": shown(OTHER)}).status == 401


@pytest.mark.parametrize("said", [PIN, "::", ":%%%:", "-----BEGIN CERTIFICATE-----", ":" + "A" * 20_000 + ":", "null"])
def test_what_is_no_certificate_is_none(pinned: Asking, said: str) -> None:
    assert pinned.evaluate(planned(), **{"Client-Cert": said}).status == 401


def test_somebody_elses_word_for_a_certificate_is_ignored_and_logged(pinned: Asking, settings: Settings) -> None:
    settings.PROXIES = [ip_network("192.0.2.1/32")]
    with capture_logs() as logs:
        assert pinned.evaluate(planned(), **{"Client-Cert": rfc9440(DER)}).status == 401
    assert [one["peer"] for one in logs if one["event"] == "certificate.not_from_a_proxy"] == ["127.0.0.1"]


def test_a_certificate_is_no_token_and_a_caller_without_pins_needs_none(pinned: Asking) -> None:
    assert pinned.evaluate(planned(), **{"Client-Cert": rfc9440(DER), "authorization": "Bearer gr_wrong"}).status == 401
    other = callers.create_orchestrator("Shim", "shim", None)
    theirs = Asking(client=pinned.client, orchestrator=other, token=callers.issue_token(other, None))
    housekeeper.refresh()
    assert theirs.evaluate(planned()).status == 200


def test_telling_of_edits_wants_it_too(pinned: Asking) -> None:
    assert Feed.of(pinned).tell(edit()).status == 401


def test_whoever_may_change_callers_pins_certificates_where_a_proxy_shows_them(
    asking: Asking, settings: Settings
) -> None:
    ada, page = User.objects.create_user("ada"), Client()
    give_role(ada, Role.POLICY_ADMIN, actor=None)
    page.force_login(ada)
    address = f"/callers/{asking.orchestrator.pk}/certificates/"
    assert "no proxy is listed" in page.post(address, {"pins": PIN}).content.decode()
    settings.PROXIES = [ip_network("127.0.0.1/32")]
    assert "64 hex digits" in page.post(address, {"pins": "abc"}).content.decode()
    with_colons = ":".join(PIN[at : at + 2] for at in range(0, 64, 2))
    assert page.post(address, {"pins": f"{with_colons}\n{PIN}"}).status_code == 302
    assert Orchestrator.objects.get(pk=asking.orchestrator.pk).certificates == [PIN]
    assert page.post(address, {"pins": ""}).status_code == 302
    lines = AuditEntry.objects.filter(action="caller.certificates_set").order_by("pk")
    assert [line.detail["changes"]["certificates"] for line in lines] == [[[], [PIN]], [[PIN], []]]
