"""OpenID Connect by django-allauth, with what it leaves open closed: one issuer, one client, from the settings.

Allauth keeps the state, makes the addresses and fetches the tokens. Here are PKCE always, a nonce, the signature of the
ID token, its issuer and audience, and that nothing follows a redirect. None of allauth's own pages has an address, and
what it would do with accounts is never reached: `docs/decisions/0089-people.md`.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import requests
import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from policies.people.signing_in import SINGLE_SIGN_ON, go_on, safe_next
from policies.services.identities import Claims, Refused, take_in

log = structlog.get_logger(__name__)
_PUBLISHED, _KEPT_SECONDS = "single_sign_on.published", 300
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LEEWAY_SECONDS = 60
_SECONDS = 10
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_NEEDED = ("iss", "aud", "sub", "exp", "iat")


class Provider(OpenIDConnectProvider):
    """The one provider; its `sub_id` is the issuer."""

    def get_pkce_params(self) -> dict[str, Any]:
        """Always, and with a nonce that follows from the verifier, which only we and the token request know."""
        made: dict[str, Any] = super().get_pkce_params()
        return {**made, "nonce": _nonce_of(made["code_verifier"])}

    def get_oauth2_adapter(self, request: HttpRequest) -> "Connection":
        """Ours."""
        return Connection(request)


class Connection(OpenIDConnectOAuth2Adapter):
    """One sign-in. `state` is what was kept when it began."""

    state: Mapping[str, Any]

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, settings.OIDC_ISSUER)
        self.state = {}

    def get_provider(self) -> Provider:
        """Ours, whatever else a table of allauth's may hold."""
        return Provider(self.request, app=_app())

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the issuer publishes about itself. Raises OAuth2Error where it is somebody else's, or leads off TLS."""
        kept = cache.get(_PUBLISHED)
        if isinstance(kept, dict) and kept.get("issuer") == settings.OIDC_ISSUER:
            return kept
        with get_adapter().get_requests_session() as session:
            answer = session.get(f"{settings.OIDC_ISSUER.rstrip('/')}/.well-known/openid-configuration")
            answer.raise_for_status()
            found = answer.json()
        if not isinstance(found, dict):
            raise OAuth2Error("the issuer publishes nothing about itself")
        if found.get("issuer") != settings.OIDC_ISSUER:
            raise OAuth2Error(f"the issuer calls itself `{found.get('issuer')}`, expected `{settings.OIDC_ISSUER}`")
        plain_is_fine = settings.OIDC_ISSUER.startswith("http://")
        for name in _ENDPOINTS:
            if urlsplit(str(found.get(name))).scheme != "https" and not plain_is_fine:
                raise OAuth2Error(f"`{name}` is `{found.get(name)}`, expected an https address")
        cache.set(_PUBLISHED, found, _KEPT_SECONDS)
        return found

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """One address, which does not depend on what a browser says our name is."""
        return f"{settings.PUBLIC_URL}{reverse('single_sign_on_callback')}"

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> None:
        """Sign in whom the ID token names. Raises ImmediateHttpResponse with the answer, and OAuth2Error."""
        claims = self._read(kwargs["response"].get("id_token"))
        raise ImmediateHttpResponse(_answer(request, claims, following=self.state.get("next", "")))

    def _read(self, id_token: object) -> Mapping[str, Any]:
        if not isinstance(id_token, str):
            raise OAuth2Error("there is no ID token in the answer")
        try:
            claims: dict[str, Any] = jwt.decode(
                id_token,
                self._key_of(id_token),
                algorithms=_ALGORITHMS,
                audience=settings.OIDC_CLIENT_ID,
                issuer=settings.OIDC_ISSUER,
                leeway=_LEEWAY_SECONDS,
                options={"require": list(_NEEDED)},
            )
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise OAuth2Error(f"the ID token does not hold: {error}") from error
        if not constant_time_compare(str(claims.get("nonce", "")), _nonce_of(self.state["pkce_code_verifier"])):
            raise OAuth2Error("the ID token is of another sign-in")
        if isinstance(claims["aud"], list) and claims.get("azp", settings.OIDC_CLIENT_ID) != settings.OIDC_CLIENT_ID:
            raise OAuth2Error(f"the ID token was given to `{claims.get('azp')}`")
        return claims

    def _key_of(self, id_token: str) -> jwt.PyJWK:
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
            keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        named = jwt.get_unverified_header(id_token).get("kid")
        fitting = [key for key in keys if key.public_key_use in (None, "sig") and named in (None, key.key_id)]
        if len(fitting) != 1:
            raise OAuth2Error(f"{len(fitting)} keys of the issuer fit `{named}`, expected one")
        return fitting[0]


class Callback(OAuth2CallbackView):
    """The way back from the issuer."""

    adapter: Connection

    def _get_state(self, request: HttpRequest, provider: Provider) -> tuple[dict[str, Any] | None, HttpResponse | None]:
        # allauth takes the state out of the session here: it works once
        state, answer = super()._get_state(request, provider)
        self.adapter.state = state or {}
        if state is not None and request.GET.get("iss", settings.OIDC_ISSUER) != settings.OIDC_ISSUER:
            # RFC 9207: a code another issuer gave must not be shown to ours
            raise ImmediateHttpResponse(_refused(request, OAuth2Error(f"`{request.GET['iss']}` answered")))
        return state, answer


class _Direct(requests.Session):
    """Follows no redirect - a secret is sent to the address that was checked - and waits for no answer without end."""

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(method, url, *args, **{**kwargs, "timeout": _SECONDS, "allow_redirects": False})


class Hooks(DefaultSocialAccountAdapter):
    """What allauth asks of a product: ours has one app, no pages of allauth's, and connections that end."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """From the settings alone: nobody adds an issuer in a table."""
        return [_app()] if settings.OIDC_ISSUER else []

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: object,
        error: object = None,
        exception: Exception | None = None,
        extra_context: object = None,
    ) -> None:
        """Lead back to the form, whatever went wrong; the log says what. Raises ImmediateHttpResponse."""
        raise ImmediateHttpResponse(_refused(request, exception))

    def get_requests_session(self) -> requests.Session:
        """What allauth asks the issuer with."""
        return _Direct()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: object) -> bool:
        """Never: accounts are made by `take_in`."""
        return False


def start(request: HttpRequest, *, following: str) -> str:
    """The address at the issuer to go to, after which it leads back here. Raises OAuth2Error and RequestException."""
    connection = Connection(request)
    answer = connection.get_provider().redirect(request, process="login", next_url=following)
    return str(answer.url)


def leaving(request: HttpRequest) -> str:
    """The address at the issuer to sign out there and come back here; empty where it offers none.

    Without an ID token, which we do not keep: the issuer then asks whether that is wanted. Raises OAuth2Error and
    RequestException. Source: OpenID Connect RP-Initiated Logout 1.0.
    """
    endpoint = str(Connection(request).openid_config.get("end_session_endpoint") or "")
    schemes = {"https", urlsplit(settings.OIDC_ISSUER).scheme}
    if urlsplit(endpoint).scheme not in schemes:
        return ""
    query = {
        "client_id": settings.OIDC_CLIENT_ID,
        "post_logout_redirect_uri": f"{settings.PUBLIC_URL}{reverse('login')}",
        # some come back only with one; nothing of ours hangs on it
        "state": secrets.token_urlsafe(16),
    }
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"


def _answer(request: HttpRequest, claims: Mapping[str, Any], *, following: str) -> HttpResponse:
    try:
        person = take_in(Claims.read(claims))
    except Refused as error:
        return _refused(request, error)
    return go_on(request, person, way=SINGLE_SIGN_ON, following=safe_next(request, following))


def _refused(request: HttpRequest, error: Exception | None) -> HttpResponse:
    log.warning("sign_in.refused", error=type(error).__name__, reason=str(error)[:500])
    told = str(error) if isinstance(error, Refused) else "your organisation did not confirm who you are"
    messages.error(request, f"You are not signed in: {told}.")
    return redirect("login")


def _app() -> SocialApp:
    return SocialApp(
        provider=OpenIDConnectProvider.id,
        provider_id=settings.OIDC_ISSUER,
        name=settings.OIDC_NAME,
        client_id=settings.OIDC_CLIENT_ID,
        secret=settings.OIDC_CLIENT_SECRET,
        settings={"server_url": settings.OIDC_ISSUER.rstrip("/"), "oauth_pkce_enabled": True},
    )


def _nonce_of(verifier: str) -> str:
    return hashlib.sha256(f"nonce\0{verifier}".encode()).hexdigest()
