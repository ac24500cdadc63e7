"""Tokens that are nearly right, and how they are compared."""

import ast
import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jwt.algorithms import RSAAlgorithm

from guardrail import auth, callers, housekeeper
from guardrail.jwks import KeyStore
from tests.callers import Asking
from tests.guardrail.bodies import call
from tests.issuer import APP, TENANT, Issuer

ROOT = Path(__file__).resolve().parent.parent.parent
OTHER_TENANT = "11111111-2222-4333-8444-555555555555"
# Names of what must not be told apart by time; what is compared by their kind, length or order is none.
_SECRET = re.compile(r"token|secret|password|nonce|api_key|hmac|\bmac\b|bearer|otp|recovery", re.IGNORECASE)
_HARMLESS = {
    ("guardrail/tool_kind.py", "bare[0] == tokens[0]"): "words of a tool's name",
    ("guardrail/memory/leaving.py", "of == secret"): "whether a leaf is a secret that was found in the same call",
    ("policies/people_forms.py", "cleaned['again'] != password"): "both were typed by the same person",
    ("policies/expressions/syntax.py", "token.kind == _END"): "tokens of an expression",
    (
        "policies/management/commands/changepassword.py",
        "before.get(person.pk) != person.password",
    ): "hashes, both stored",
    ("policies/intelligence/stix.py", "at == len(tokens)"): "tokens of a pattern",
    ("policies/services/opinions.py", "sealed != opinion.sealed_token"): "whether an admin typed another, sealed",
    ("policies/services/second_factors.py", "sealed != found.sealed_secret"): "whether it changed meanwhile, sealed",
    ("investigations/receivers.py", "sealed != receiver.sealed_secret"): "whether an admin typed another, sealed",
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer().serving() as serving:
        yield serving


@pytest.fixture
def trusting(asking: Asking, issuer: Issuer, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Asking:
    settings.ENTRA_AUTHORITY, settings.DATA_DIR = issuer.url, tmp_path
    monkeypatch.setattr(auth, "keys", KeyStore())
    callers.set_entra(asking.orchestrator, tenant_id=TENANT, app_ids=[APP], audiences=[APP], actor=None)
    other = callers.create_orchestrator("Another", "another", None)
    callers.set_entra(other, tenant_id=OTHER_TENANT, app_ids=[APP], audiences=[APP], actor=None)
    housekeeper.refresh()
    auth.keys.refresh(auth.entra_tenants(), snapshot=tmp_path)
    (tmp_path / "planted.json").write_text(json.dumps({"keys": []}))
    return asking


def _asked(asking: Asking, token: str) -> int:
    return asking.analyze(call(), authorization=f"Bearer {token}").status


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize(
    "kid",
    [
        "../../etc/passwd",
        "../planted.json",
        "/dev/null",
        "'; select 1; --",
        "",
        "x" * 5_000,
        "\u0000",
        "https://e.example/k",
    ],
)
def test_a_key_id_is_looked_up_and_nothing_else(trusting: Asking, issuer: Issuer, kid: str) -> None:
    before = issuer.fetches
    assert _asked(trusting, issuer.token(headers={"kid": kid})) == 401
    assert issuer.fetches == before
    assert _asked(trusting, issuer.token()) == 200


def test_a_token_does_not_bring_its_own_key(trusting: Asking, issuer: Issuer) -> None:
    stranger = issuer.new_key(published=False)
    own = json.loads(RSAAlgorithm.to_jwk(issuer.keys[stranger].public_key()))
    for headers in (
        {"jwk": own},
        {"jku": f"{issuer.url}/keys"},
        {"x5u": f"{issuer.url}/keys"},
        {"kid": "", "jwk": own},
    ):
        assert _asked(trusting, issuer.token(key=stranger, headers=headers)) == 401


def test_a_key_of_one_issuer_signs_for_no_other(trusting: Asking, issuer: Issuer) -> None:
    other: dict[str, Any] = {"tid": OTHER_TENANT, "iss": f"{issuer.url}/{OTHER_TENANT}/v2.0"}
    assert _asked(trusting, issuer.token(**other)) == 401
    assert _asked(trusting, issuer.token(tid=OTHER_TENANT)) == 401
    assert _asked(trusting, issuer.token(iss=other["iss"])) == 401


@pytest.mark.parametrize("part", ["[]", "1", "null", '"a"', "{}", '{"alg": ["RS256"]}', '{"alg": "RS256", "kid": {}}'])
def test_a_token_with_parts_of_any_type_is_refused(trusting: Asking, issuer: Issuer, part: str) -> None:
    header, payload, signature = issuer.token().split(".")
    assert _asked(trusting, f"{_b64(part.encode())}.{payload}.{signature}") == 401
    assert _asked(trusting, f"{header}.{_b64(part.encode())}.{signature}") == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS256", "RS512", "PS256", "ES256", ""])
def test_no_algorithm_but_the_one_of_the_issuer_counts(trusting: Asking, issuer: Issuer, algorithm: str) -> None:
    _, payload, signature = issuer.token().split(".")
    header = _b64(json.dumps({"alg": algorithm, "typ": "JWT", "kid": issuer.current}).encode())
    for signed in (signature, "", _b64(b"\x00" * 256)):
        assert _asked(trusting, f"{header}.{payload}.{signed}") == 401


def _compared(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Compare) or not any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            continue
        sides = [node.left, *node.comparators]
        written = [ast.unparse(side) for side in sides]
        if not any(isinstance(side, ast.Constant) for side in sides) and any(map(_SECRET.search, written)):
            yield ast.unparse(node)


def test_what_is_secret_is_compared_in_constant_time_or_looked_up_by_its_hash() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), written)
        for app in ("guardrail", "policies", "investigations")
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts
        for written in _compared(path)
    }
    assert found - set(_HARMLESS) == set()
    assert set(_HARMLESS) - found == set(), "what is no longer compared needs no reason"


def test_a_token_of_a_caller_is_kept_and_found_by_its_hash_alone(asking: Asking) -> None:
    document = json.dumps(auth.load_callers_document())
    assert asking.token not in document
    assert auth._digest(asking.token).hex() in document
    for wrong in (asking.token[:-1], asking.token + "a", asking.token.upper(), f" {asking.token[1:]}"):
        assert _asked(asking, wrong) == 401
    assert _asked(asking, asking.token) == 200
