"""Who is calling: static bearer tokens and Microsoft Entra tokens, checked against what this process holds in memory.

Callers are loaded with the ruleset and kept in the same local snapshot, so a web process knows them without Postgres.
A static token costs one sha256; an Entra token one RS256 verification (about 0.07 ms), then a cache hit.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import jwt
from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from guardrail import token_uses
from guardrail.certificates import fingerprint_of
from guardrail.jwks import KeyStore
from guardrail.models import Orchestrator, OrchestratorToken
from policies.access import Role
from policies.one_statement import Statement, in_python, read_at_once, together

_LEEWAY_SECONDS = 60
_MAX_TOKEN_CHARS = 16_384
_CACHE_SIZE = 4096
CALLS, KNOWLEDGE = OrchestratorToken.Purpose.CALLS.value, OrchestratorToken.Purpose.KNOWLEDGE.value


class Unauthorised(Exception):
    """The request is not from a caller we know; the message is for our log and the error body, without the token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """An orchestrator that has proved who it is. `per_minute` of its calls are judged, 0 = all.

    `certificates` are hex SHA-256; where there are any it showed one of them beside its token.
    """

    orchestrator_id: int
    slug: str
    name: str
    per_minute: int = 0
    certificates: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class _EntraTrust:
    caller: Caller
    tenant_id: str
    audiences: tuple[str, ...]
    app_ids: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Callers:
    """Everybody who may call, compiled. `tokens` maps a token's sha256 to its caller, its end (epoch seconds) and its
    purpose."""

    tokens: Mapping[str, tuple[Caller, float | None, str]] = field(default_factory=dict)
    entra: tuple[_EntraTrust, ...] = ()


keys = KeyStore()
_callers = Callers()
_verified: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
_lock = threading.Lock()


def caller_of(request: HttpRequest, *, slug: str | None) -> Caller:
    """The caller whose token the request carries, at the base path `slug` when there is one. Raises Unauthorised."""
    token = _bearer_token(request)
    digest = _digest(token)
    caller = _static(digest, CALLS) or _cached(digest) or _entra(token, digest)
    if slug is not None and caller.slug != slug:
        raise Unauthorised("the token belongs to another caller")
    _require_certificate(request, caller)
    _note_use(digest)
    return caller


def teller_of(request: HttpRequest) -> Caller:
    """The caller whose token may tell of edits. Raises Unauthorised, also for a token that may ask about calls: whoever
    runs an agent must not be able to put an edit into somebody's name."""
    digest = _digest(_bearer_token(request))
    caller = _static(digest, KNOWLEDGE)
    if caller is None:
        raise Unauthorised("the token is not known")
    _require_certificate(request, caller)
    _note_use(digest)
    return caller


def _note_use(digest: bytes) -> None:
    """Of static tokens only: those of Entra are many, and their house writes down who had one."""
    if (sha256 := digest.hex()) in _callers.tokens:
        token_uses.note(sha256)


def _require_certificate(request: HttpRequest, caller: Caller) -> None:
    if not caller.certificates:
        return
    shown = fingerprint_of(request)
    if shown not in caller.certificates:
        raise Unauthorised("the certificate is another" if shown else "a certificate is missing")


def _bearer_token(request: HttpRequest) -> str:
    # `request.headers` would build all of them anew for this one
    said: str = request.META.get("HTTP_AUTHORIZATION", "")
    scheme, _, token = said.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthorised("a bearer token is missing")
    if len(token) > _MAX_TOKEN_CHARS:
        raise Unauthorised("the token is too long")
    return token


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def load_callers_document() -> dict[str, Any]:
    """All enabled callers as JSON for compiling and for the snapshot. One query."""
    rows = read_at_once(_callers_statement())
    return {
        "orchestrators": rows["orchestrators"],
        "tokens": [
            {
                "sha256": row["token_sha256"],
                "orchestrator": row["orchestrator_id"],
                "expires_at": in_python(row["expires_at"]) if row["expires_at"] else None,
                "purpose": row["purpose"],
            }
            for row in rows["tokens"]
        ],
    }


@cache
def _callers_statement() -> Statement:
    of_nobody = Q(account=None)
    of_machines = Q(account__is_active=True, account__groups__name=Role.INTEGRATION.value)
    tokens = OrchestratorToken.objects.filter(of_nobody | of_machines, revoked_at=None, orchestrator__enabled=True)
    entra = ("entra_tenant_id", "entra_app_ids", "entra_audiences")
    orchestrators = Orchestrator.objects.filter(enabled=True)
    return together(
        {
            "orchestrators": orchestrators.values("id", "slug", "name", *entra, "per_minute", "certificates"),
            "tokens": tokens.values("token_sha256", "orchestrator_id", "expires_at", "purpose").distinct(),
        }
    )


def activate_callers(document: Mapping[str, Any]) -> None:
    """Put these callers in force in this process and forget every verified token: a revoked app must not linger."""
    global _callers  # noqa: PLW0603 swapped whole
    by_id = {
        entry["id"]: Caller(
            orchestrator_id=entry["id"],
            slug=entry["slug"],
            name=entry["name"],
            # a snapshot from before an upgrade knows no limits
            per_minute=entry.get("per_minute", 0),
            certificates=frozenset(entry.get("certificates", ())),
        )
        for entry in document.get("orchestrators", ())
    }
    tokens = {
        # a snapshot from before an upgrade knows one purpose only
        entry["sha256"]: (by_id[entry["orchestrator"]], _epoch(entry["expires_at"]), entry.get("purpose", CALLS))
        for entry in document.get("tokens", ())
        if entry["orchestrator"] in by_id
    }
    trusts = tuple(
        _EntraTrust(
            caller=by_id[entry["id"]],
            tenant_id=entry["entra_tenant_id"].lower(),
            audiences=tuple(entry["entra_audiences"]),
            app_ids=frozenset(app_id.lower() for app_id in entry["entra_app_ids"]),
        )
        for entry in document.get("orchestrators", ())
        if entry["entra_tenant_id"] and entry["entra_app_ids"] and entry["entra_audiences"]
    )
    with _lock:
        _callers = Callers(tokens=tokens, entra=trusts)
        _verified.clear()


def entra_tenants() -> set[str]:
    """The tenants whose signing keys must be at hand."""
    return {trust.tenant_id for trust in _callers.entra}


def _static(digest: bytes, purpose: str) -> Caller | None:
    found = _callers.tokens.get(digest.hex())
    if found is None:
        return None
    caller, ends, may = found
    if may != purpose:
        raise Unauthorised(f"the token is for something else: it may {OrchestratorToken.Purpose(may).label.lower()}")
    if ends is not None and timezone.now().timestamp() >= ends:
        raise Unauthorised("the token has ended")
    return caller


def _cached(digest: bytes) -> Caller | None:
    found = _verified.get(digest)
    return found[0] if found is not None and time.time() < found[1] else None


def _entra(token: str, digest: bytes) -> Caller:
    """The caller of an Entra access token. Source of the checks: the platform's page on webhook authentication."""
    trusts = _callers.entra
    if not trusts or token.count(".") != 2:
        raise Unauthorised("the token is not known")
    try:
        header = jwt.get_unverified_header(token)
        claimed = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise Unauthorised("the token cannot be read") from None
    if header.get("alg") != "RS256":
        raise Unauthorised("the token is not signed with RS256")
    tenant_id = str(claimed.get("tid", "")).lower()
    of_tenant = [trust for trust in trusts if trust.tenant_id == tenant_id]
    if not of_tenant:
        raise Unauthorised("the token is from another tenant")
    key = keys.find(tenant_id, str(header.get("kid", "")))
    if key is None:
        raise Unauthorised("the token is signed with an unknown key")
    claims = _claims(token, key=key, tenant_id=tenant_id, trusts=of_tenant)
    app_id = str(claims.get("appid") or claims.get("azp") or "").lower()
    audiences = {claims["aud"]} if isinstance(claims["aud"], str) else set(claims["aud"])
    for trust in of_tenant:
        if app_id in trust.app_ids and not audiences.isdisjoint(trust.audiences):
            _remember(digest, trust.caller, ends=float(claims["exp"]))
            return trust.caller
    raise Unauthorised("the token is from an app that is not on the allow-list")


def _claims(token: str, *, key: jwt.PyJWK, tenant_id: str, trusts: list[_EntraTrust]) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key=key,
            algorithms=["RS256"],
            audience=[audience for trust in trusts for audience in trust.audiences],
            issuer=[f"{settings.ENTRA_AUTHORITY}/{tenant_id}/v2.0", f"{settings.ENTRA_AUTHORITY_V1}/{tenant_id}/"],
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "iss", "aud"], "verify_iat": False},
        )
    except jwt.ExpiredSignatureError:
        raise Unauthorised("the token has ended") from None
    except jwt.InvalidAudienceError:
        raise Unauthorised("the token is for another audience") from None
    except jwt.InvalidIssuerError:
        raise Unauthorised("the token is from another issuer") from None
    except jwt.PyJWTError:
        raise Unauthorised("the token does not verify") from None


def _remember(digest: bytes, caller: Caller, *, ends: float) -> None:
    with _lock:
        _verified[digest] = (caller, ends)
        while len(_verified) > _CACHE_SIZE:
            _verified.popitem(last=False)


def _epoch(moment: str | None) -> float | None:
    return None if moment is None else datetime.fromisoformat(moment).timestamp()
