"""The steps of signing in after somebody has shown who they are, the same for every way.

Between the first factor and the second one the session is nobody's: it holds who it may become, for ten minutes.
"""

import enum
import time
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from policies import audit, sealing
from policies.people import totp
from policies.people.attempts import remember_browser
from policies.people.source import source_of
from policies.services import second_factors
from policies.sessions import BROWSER, HALF_MINUTES, SOURCE, WAY

PASSWORD, SINGLE_SIGN_ON = "password", "single sign-on"
# What the secret of an authenticator that is about to be added is sealed for.
PENDING = "authenticator about to be added"
_HALF = "half"
_BACKEND = "django.contrib.auth.backends.ModelBackend"
_LONGEST_BROWSER = 200


class Step(enum.Enum):
    """What comes after the first factor; the value is the name of its page."""

    CODE = "sign_in_code"
    AUTHENTICATOR = "sign_in_authenticator"


@dataclass(frozen=True, kw_only=True, slots=True)
class Half:
    """Somebody who has shown the first factor. `sealed_secret` is that of an authenticator about to be added."""

    person: User
    step: Step
    way: str
    following: str
    sealed_secret: str = ""


def go_on(request: HttpRequest, person: User, *, way: str, following: str) -> HttpResponse:
    """After the first factor: sign `person` in, or lead to the second one."""
    step = _step_for(person, way=way)
    if step is None:
        enter(request, person, way=way)
        return known_here(request, redirect(following), person)
    request.session.flush()
    request.session[_HALF] = {
        "person": person.pk,
        # another password, made meanwhile, ends it
        "hash": person.get_session_auth_hash(),
        "step": step.value,
        "way": way,
        "following": following,
        "secret": sealing.seal(totp.new_secret(), purpose=PENDING) if step is Step.AUTHENTICATOR else "",
        "until": time.time() + HALF_MINUTES * 60,
    }
    return redirect(step.value)


def half_of(request: HttpRequest, step: Step) -> Half | None:
    """Who has shown the first factor in this session and is at `step`; None when nobody, or too long ago."""
    kept = request.session.get(_HALF)
    if not isinstance(kept, dict) or kept["step"] != step.value or kept["until"] < time.time():
        return None
    person = User.objects.filter(pk=kept["person"], is_active=True).first()
    if person is None or not constant_time_compare(person.get_session_auth_hash(), kept["hash"]):
        return None
    return Half(person=person, step=step, way=kept["way"], following=kept["following"], sealed_secret=kept["secret"])


@transaction.atomic
def enter(request: HttpRequest, person: User, *, way: str) -> None:
    """Sign `person` in. The session is a new one: whatever key somebody gave this browser before is worth nothing."""
    source = source_of(request)
    request.session.flush()
    request.session[SOURCE] = source
    request.session[BROWSER] = request.headers.get("User-Agent", "")[:_LONGEST_BROWSER].replace("\0", "")
    request.session[WAY] = way
    login(request, person, backend=_BACKEND)
    audit.record(actor=person, action="person.signed_in", way=way, source=source)


def known_here(request: HttpRequest, response: HttpResponse, person: User) -> HttpResponse:
    """`response`, which lets this browser be known as one of `person`."""
    remember_browser(response, person.get_username())
    return response


def _step_for(person: User, *, way: str) -> Step | None:
    if way == SINGLE_SIGN_ON:
        # whoever vouches for the person asked for what it wanted
        return None
    if second_factors.has_second_factor(person):
        return Step.CODE
    return Step.AUTHENTICATOR if second_factors.is_required_of(person) else None


def next_of(request: HttpRequest) -> str:
    """Where whoever signs in wanted to go: an address of ours, else the first page."""
    return safe_next(request, request.POST.get("next") or request.GET.get("next") or "")


def safe_next(request: HttpRequest, wanted: str) -> str:
    """`wanted` where it is an address of ours, else the first page."""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)
