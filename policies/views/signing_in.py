"""Signing in with a name and a password, and with a second factor after either way."""

import requests
import structlog
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from policies import audit
from policies.access import is_machine
from policies.people import attempts
from policies.people.hashing import Busy, turn
from policies.people.signing_in import (
    PASSWORD,
    PENDING,
    SINGLE_SIGN_ON,
    Step,
    enter,
    go_on,
    half_of,
    known_here,
    next_of,
)
from policies.people.single_sign_on import leaving
from policies.people.source import source_of
from policies.people_forms import CodeForm, SignInForm
from policies.sealing import unseal
from policies.services.second_factors import WrongCode, add_authenticator
from policies.sessions import WAY
from policies.views.second_factor import secret_shown, sentence, take_code_counted

log = structlog.get_logger(__name__)
# Seconds after which somebody is looked at for whom there was no time.
_A_MOMENT = 1


@login_not_required
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form; POST signs in. A name that is nobody's gets the same answer after the same work."""
    if request.user.is_authenticated:
        return redirect(next_of(request))
    if request.method == "GET":
        return _page(request, SignInForm())
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    name = form.cleaned_data["username"]
    try:
        attempt = attempts.begin(request, name, step="password", now=timezone.now())
    except attempts.TooManyAttempts as error:
        return _page(request, form, wait=error.wait, status=429)
    try:
        with turn():
            person = authenticate(request, username=name, password=form.cleaned_data["password"])
    except Busy:
        attempts.not_looked_at(attempt)
        return _page(request, form, wait=_A_MOMENT, status=429)
    if not isinstance(person, User) or not _may_by_password(person):
        attempts.failed(attempt, name, step="password")
        return _page(request, form, status=422)
    attempts.succeeded(attempt)
    return go_on(request, person, way=PASSWORD, following=next_of(request))


@login_not_required
@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The second factor of whoever has shown the first one."""
    half = half_of(request, Step.CODE)
    if half is None:
        return redirect("login")
    if request.method == "GET":
        return render(request, "policies/sign_in_code.html", {"form": CodeForm()})
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            used = take_code_counted(request, half.person, form.cleaned_data["code"])
        except (WrongCode, attempts.TooManyAttempts) as error:
            form.add_error("code", sentence(error))
        else:
            enter(request, half.person, way=f"{half.way}, {used}")
            return known_here(request, redirect(half.following), half.person)
    return render(request, "policies/sign_in_code.html", {"form": form}, status=422)


@login_not_required
@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "POST"])
def authenticator(request: HttpRequest) -> HttpResponse:
    """An authenticator for whoever must have one and has none; then its person is signed in."""
    half = half_of(request, Step.AUTHENTICATOR)
    if half is None:
        return redirect("login")
    secret = unseal(half.sealed_secret, purpose=PENDING)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            codes = add_authenticator(half.person, secret, form.cleaned_data["code"], now=timezone.now(), session=None)
        except WrongCode as error:
            form.add_error("code", sentence(error))
        else:
            enter(request, half.person, way=f"{half.way}, authenticator")
            page = render(request, "policies/sign_in_codes.html", {"codes": codes, "following": half.following})
            return known_here(request, page, half.person)
    shown = {"form": form, **secret_shown(secret, half.person)}
    return render(request, "policies/sign_in_authenticator.html", shown, status=422 if form.is_bound else 200)


@require_POST
@never_cache
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session; the form is next, or a page that leads on to the house that vouched for whoever it was."""
    way = request.session.get(WAY)
    with transaction.atomic():
        if isinstance(request.user, User):
            audit.record(actor=request.user, action="person.signed_out", source=source_of(request))
        logout(request)
    response = _left(request) if way == SINGLE_SIGN_ON else redirect(settings.LOGOUT_REDIRECT_URL)
    # not "cookies": by one of them this browser is known, nor "storage", which holds the chosen look alone
    response["Clear-Site-Data"] = '"cache"'
    return response


def _left(request: HttpRequest) -> HttpResponse:
    """By a page and a click: browsers forbid a form of ours to be led there, and whoever uses it elsewhere may stay."""
    try:
        address = leaving(request) if settings.OIDC_ISSUER else ""
    except (OAuth2Error, requests.RequestException, ValueError) as error:
        log.warning("sign_out.not_offered", error=type(error).__name__)
        address = ""
    if not address:
        return redirect(settings.LOGOUT_REDIRECT_URL)
    return render(request, "policies/signed_out.html", {"address": address, "name": settings.OIDC_NAME})


def _may_by_password(person: User) -> bool:
    return not is_machine(person) and (person.is_superuser or settings.LOCAL_SIGN_IN == "everybody")


def _page(request: HttpRequest, form: SignInForm, *, wait: int = 0, status: int = 200) -> HttpResponse:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    shown = {
        "form": form,
        "next": wanted,
        "wait_minutes": -(-wait // 60),
        "refused": status == 422,
        "busy": wait == _A_MOMENT,
    }
    shown |= {"single_sign_on": settings.OIDC_ISSUER and settings.OIDC_NAME, "local": settings.LOCAL_SIGN_IN}
    answer = render(request, "policies/sign_in.html", shown, status=status)
    if wait:
        answer["Retry-After"] = str(wait)
    return answer
