"""Who may call: static tokens and real RS256 tokens from an issuer of our own; everybody else gets 401."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.test import Client
from django.utils import timezone
from jsonschema import validate as check_schema

from guardrail import auth, callers, housekeeper
from guardrail.jwks import COOLDOWN_SECONDS, KeyStore
from guardrail.models import OrchestratorToken, Verdict
from tests.callers import Answer, Asking
from tests.guardrail.bodies import call
from tests.issuer import APP, TENANT, Issuer

ERROR_SCHEMA = {
    "type": "object",
    "required": ["errorCode", "message", "httpStatus"],
    "additionalProperties": False,
    "properties": {
        "errorCode": {"type": "integer", "minimum": 0},
        "message": {"type": "string", "minLength": 1},
        "httpStatus": {"const": 401},
        "diagnostics": {"type": "string"},
    },
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer().serving() as serving:
        yield serving


@pytest.fixture
def trusting(asking: Asking, issuer: Issuer, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Asking:
    """The caller, trusting the issuer's tenant and one app."""
    settings.ENTRA_AUTHORITY = issuer.url
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(auth, "keys", KeyStore())
    callers.set_entra(asking.orchestrator, tenant_id=TENANT, app_ids=[APP], audiences=[APP], actor=None)
    housekeeper.refresh()
    auth.keys.refresh(auth.entra_tenants(), snapshot=tmp_path)
    return asking


def ask(asking: Asking, token: str) -> Answer:
    return Asking(client=asking.client, orchestrator=asking.orchestrator, token=token).analyze(call())


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def refused(answer: Answer) -> bool:
    check_schema(answer.body, ERROR_SCHEMA)
    return answer.status == 401 and not Verdict.objects.exists()


def test_it_lets_a_good_version_2_token_in(trusting: Asking, issuer: Issuer) -> None:
    assert ask(trusting, issuer.token()).status == 200


def test_it_lets_a_good_version_1_token_in(trusting: Asking, issuer: Issuer) -> None:
    token = issuer.token(iss=f"{settings.ENTRA_AUTHORITY_V1}/{TENANT}/", azp=None, appid=APP, ver="1.0")
    assert ask(trusting, token).status == 200


def test_it_lets_a_token_in_again_from_its_cache(trusting: Asking, issuer: Issuer) -> None:
    token = issuer.token()
    assert [ask(trusting, token).status for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"exp": int(time.time()) - 120}, id="ended two minutes ago"),
        pytest.param({"nbf": int(time.time()) + 86_400}, id="not yet valid"),
        pytest.param({"aud": "api://somebody-else"}, id="another audience"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"tid": "00000000-0000-0000-0000-000000000001"}, id="another tenant"),
        pytest.param({"iss": "https://login.example/x/v2.0"}, id="another issuer"),
        pytest.param({"azp": "00000000-0000-0000-0000-000000000002"}, id="an app that is not on the list"),
        pytest.param({"azp": None}, id="no app at all"),
    ],
)
def test_it_refuses_a_signed_token_with_one_wrong_claim(
    trusting: Asking, issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert refused(ask(trusting, issuer.token(**claims)))


def test_it_refuses_a_token_without_a_signature(trusting: Asking, issuer: Issuer) -> None:
    _, payload, _ = issuer.token().split(".")
    header = _b64(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    assert refused(ask(trusting, f"{header}.{payload}."))


def test_it_refuses_a_token_signed_with_the_public_key_as_a_shared_secret(trusting: Asking, issuer: Issuer) -> None:
    header = {"alg": "HS256", "typ": "JWT", "kid": issuer.current}
    payload = issuer.token().split(".")[1]
    signed = f"{_b64(json.dumps(header).encode())}.{payload}"
    public = issuer.keys[issuer.current].public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    assert refused(ask(trusting, f"{signed}.{_b64(signature)}"))


def test_it_refuses_a_token_signed_with_a_key_nobody_published(trusting: Asking, issuer: Issuer) -> None:
    stranger = issuer.new_key(published=False)
    assert refused(ask(trusting, issuer.token(key=stranger)))
    assert refused(ask(trusting, issuer.token(key=stranger, headers={"kid": issuer.current})))


def test_it_refuses_a_token_whose_payload_was_changed(trusting: Asking, issuer: Issuer) -> None:
    header, payload, signature = issuer.token().split(".")
    changed = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed["azp"] = APP.upper()
    assert refused(ask(trusting, f"{header}.{_b64(json.dumps(changed).encode())}.{signature}"))


def test_it_refuses_every_entra_token_while_no_app_is_on_the_list(
    asking: Asking, issuer: Issuer, settings: Any
) -> None:
    settings.ENTRA_AUTHORITY = issuer.url
    assert refused(ask(asking, issuer.token()))


def test_it_finds_a_new_signing_key_once_the_housekeeper_has_fetched_it(
    trusting: Asking, issuer: Issuer, tmp_path: Path
) -> None:
    rotated = issuer.new_key()
    assert refused(ask(trusting, issuer.token(key=rotated)))
    assert auth.keys.wanted.is_set()
    auth.keys.refresh(auth.entra_tenants(), snapshot=tmp_path)
    assert ask(trusting, issuer.token(key=rotated)).status == 200


def test_it_asks_for_keys_once_however_many_forged_tokens_come(trusting: Asking, issuer: Issuer) -> None:
    before = issuer.fetches
    for _ in range(5):
        ask(trusting, issuer.token(key=issuer.new_key(published=False)))
        if auth.keys.wanted.is_set():
            auth.keys.refresh(auth.entra_tenants(), snapshot=Path(settings.DATA_DIR))
    assert issuer.fetches - before == 1
    assert COOLDOWN_SECONDS >= 10


def test_it_keeps_the_last_keys_for_a_start_without_a_network(
    trusting: Asking, issuer: Issuer, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = issuer.token()
    monkeypatch.setattr(auth, "keys", KeyStore())
    settings.ENTRA_AUTHORITY, authority = "http://127.0.0.1:9", settings.ENTRA_AUTHORITY
    auth.keys.refresh(auth.entra_tenants(), snapshot=tmp_path)
    settings.ENTRA_AUTHORITY = authority
    assert ask(trusting, token).status == 200


def test_it_lets_a_static_token_in_and_refuses_a_changed_one(asking: Asking) -> None:
    assert refused(ask(asking, asking.token[:-1] + ("a" if asking.token[-1] != "a" else "b")))
    assert ask(asking, asking.token).status == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dTpw", "Bearer " + "x" * 20_000, "Bearer a.b.c"])
def test_it_refuses_a_request_without_a_token_it_knows(asking: Asking, header: str) -> None:
    answer = asking.analyze(call(), authorization=header)
    assert refused(answer)


def test_it_refuses_a_token_at_the_base_path_of_another_caller(asking: Asking) -> None:
    callers.create_orchestrator("Another", "another", None)
    housekeeper.refresh()
    response = asking.client.post(
        "/another/analyze-tool-execution",
        b"{}",
        "application/json",
        headers={"authorization": f"Bearer {asking.token}"},
    )
    assert response.status_code == 401


def test_it_accepts_two_tokens_while_one_is_rotated_and_none_after_it_is_revoked(asking: Asking) -> None:
    second = callers.issue_token(asking.orchestrator, None)
    housekeeper.refresh()
    assert [ask(asking, token).status for token in (asking.token, second)] == [200, 200]
    first = OrchestratorToken.objects.get(hint__startswith=asking.token[:9])
    callers.revoke_token(first, None)
    housekeeper.refresh()
    assert [ask(asking, token).status for token in (asking.token, second)] == [401, 200]


def test_it_refuses_a_token_after_its_end(db: None, client: Client) -> None:
    asking = Asking.on_a_fresh_install(client)
    ends = timezone.now() + timedelta(hours=1)
    token = callers.issue_token(asking.orchestrator, None, expires_at=ends)
    housekeeper.refresh()
    assert ask(asking, token).status == 200
    with time_machine.travel(ends + timedelta(seconds=1)):
        assert ask(asking, token).status == 401


def test_it_refuses_a_disabled_caller(asking: Asking) -> None:
    callers.disable(asking.orchestrator, actor=None)
    housekeeper.refresh()
    assert refused(ask(asking, asking.token))


def test_it_never_writes_a_token_to_disk(asking: Asking) -> None:
    snapshot = Path(settings.DATA_DIR) / "snapshot.json"
    assert snapshot.stat().st_mode & 0o077 == 0
    assert asking.token not in snapshot.read_text()
