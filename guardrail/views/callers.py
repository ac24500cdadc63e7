"""Callers: who may ask, and one caller's setup page with everything its platform's forms want."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guardrail import callers, fic
from guardrail.api_tokens import load_machines
from guardrail.models import Orchestrator, OrchestratorToken
from policies.access import Permission, actor_of, may, require
from policies.queries import load_unsettled_environments

ENDED_SHOWN = 5


class CallerForm(forms.Form):
    """A new caller."""

    name = forms.CharField(max_length=200, help_text="What people call it, e.g. Copilot Studio, production.")
    slug = forms.CharField(
        label="Path",
        max_length=60,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="The first part of its address, e.g. copilot-studio. It cannot be changed later.",
    )


class EntraForm(forms.Form):
    """Which Entra tokens are accepted. The services check the ids."""

    tenant_id = forms.CharField(
        label="Directory (tenant) id",
        max_length=60,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    app_ids = forms.CharField(
        label="Application (client) ids that may ask",
        widget=forms.Textarea({"rows": 2, "spellcheck": "false"}),
        help_text="One a line. Tokens of every other app of the tenant are refused.",
    )
    audiences = forms.CharField(
        label="Audiences",
        required=False,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
        help_text="One a line. Empty: the endpoint address, the client id, and api:// with the client id.",
    )


class TokenForm(forms.Form):
    """A new static token."""

    purpose = forms.ChoiceField(
        label="May",
        choices=OrchestratorToken.Purpose.choices,
        initial=OrchestratorToken.Purpose.CALLS,
        required=False,
        help_text="A feed of edits gets a token of its own: it can ask nothing.",
    )
    account = forms.ModelChoiceField(
        queryset=User.objects.none(),
        required=False,
        empty_label="none",
        help_text="Of a program, with the role integration. Turned off, all its tokens end.",
    )
    days = forms.TypedChoiceField(
        label="Ends",
        coerce=int,
        choices=[("90", "in 90 days"), ("365", "in a year"), ("0", "never")],
        help_text="Rotate it before: two may be valid at a time.",
    )

    def __init__(self, *data: Any) -> None:
        super().__init__(*data)
        account = self.fields["account"]
        assert isinstance(account, forms.ModelChoiceField)  # noqa: S101 declared so above
        account.queryset = load_machines()


class CertificatesForm(forms.Form):
    """Certificates that are pinned."""

    pins = forms.CharField(
        label="SHA-256 of certificates",
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 2, "spellcheck": "false"}),
        help_text="One a line. Then a token without one of them gets 401. Empty: a token is enough.",
    )


class LimitForm(forms.Form):
    """How often it may ask."""

    per_minute = forms.IntegerField(
        label="Calls judged in a minute",
        min_value=0,
        max_value=callers.MOST_PER_MINUTE,
        help_text="0: all. More are answered by the fail posture of their agent, by default stopped, and say so.",
    )


@require_http_methods(["GET", "POST"])
def caller_list(request: HttpRequest) -> HttpResponse:
    """Every caller; POST adds one."""
    form = CallerForm(request.POST or None)
    if request.method == "POST":
        require(request.user, Permission.CHANGE_CALLERS)
        if form.is_valid():
            try:
                added = callers.create_orchestrator(
                    form.cleaned_data["name"], form.cleaned_data["slug"], actor_of(request)
                )
            except callers.CallerError as error:
                form.add_error("slug", str(error))
            else:
                messages.success(request, f"{added} is added. It can ask once it has a token or Entra settings.")
                return redirect("caller", added.pk)
    now = timezone.now()
    return render(
        request,
        "guardrail/callers.html",
        {
            "form": form,
            "rows": [
                {
                    "caller": caller,
                    "tokens": sum(1 for token in caller.tokens.all() if is_valid(token, now=now)),
                    "base_url": callers.base_url_of(caller.slug),
                }
                for caller in callers.load_callers().prefetch_related("tokens")
            ],
            "may_change": may(request.user, Permission.CHANGE_CALLERS),
        },
        status=422 if form.is_bound else 200,
    )


@require_GET
def caller(request: HttpRequest, pk: int) -> HttpResponse:
    """One caller's setup page."""
    return _page(request, get_object_or_404(Orchestrator, pk=pk))


@never_cache
@require_http_methods(["GET", "POST"])
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    """A new token, shown in this answer and nowhere else: not in an address, not in a log, not in the session."""
    if request.method == "GET":
        return redirect("caller", pk)
    require(request.user, Permission.CHANGE_CALLERS)
    found = get_object_or_404(Orchestrator, pk=pk)
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, found, token_form=form)
    days = form.cleaned_data["days"]
    ends = timezone.now() + timedelta(days=days) if days else None
    purpose = form.cleaned_data["purpose"] or OrchestratorToken.Purpose.CALLS
    account = form.cleaned_data["account"]
    return _with_token(
        request,
        found,
        lambda: callers.issue_token(found, actor_of(request), ends, purpose=purpose, account=account),
    )


@never_cache
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, pk: int, token: int) -> HttpResponse:
    """A new token beside an old one, which then ends a day later."""
    if request.method == "GET":
        return redirect("caller", pk)
    require(request.user, Permission.CHANGE_CALLERS)
    old = get_object_or_404(OrchestratorToken.objects.select_related("orchestrator"), pk=token, orchestrator=pk)
    return _with_token(request, old.orchestrator, lambda: callers.rotate_token(old, actor_of(request)))


@require_POST
def revoke(request: HttpRequest, pk: int, token: int) -> HttpResponse:
    """End a token now."""
    found = get_object_or_404(OrchestratorToken.objects.select_related("orchestrator"), pk=token, orchestrator=pk)
    return _done(request, pk, f"{found.hint}… is revoked.", lambda: callers.revoke_token(found, actor_of(request)))


@require_http_methods(["GET", "POST"])
def entra(request: HttpRequest, pk: int) -> HttpResponse:
    """Set which Entra tokens are accepted."""
    if request.method == "GET":
        return redirect("caller", pk)
    require(request.user, Permission.CHANGE_CALLERS)
    found = get_object_or_404(Orchestrator, pk=pk)
    form = EntraForm(request.POST)
    if form.is_valid():
        try:
            callers.set_entra(
                found,
                tenant_id=form.cleaned_data["tenant_id"],
                app_ids=form.cleaned_data["app_ids"].split(),
                audiences=form.cleaned_data["audiences"].split(),
                actor=actor_of(request),
            )
        except callers.CallerError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved. The federated credential's values are below.")
            return redirect("caller", pk)
    return _page(request, found, entra_form=form)


@require_POST
def clear_entra(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept no Entra token any more."""
    found = get_object_or_404(Orchestrator, pk=pk)
    return _done(
        request, pk, "Entra tokens are refused now.", lambda: callers.clear_entra(found, actor=actor_of(request))
    )


@require_http_methods(["GET", "POST"])
def limit(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how many of its calls are judged in a minute."""
    if request.method == "GET":
        return redirect("caller", pk)
    require(request.user, Permission.CHANGE_CALLERS)
    found = get_object_or_404(Orchestrator, pk=pk)
    form = LimitForm(request.POST)
    if not form.is_valid():
        return _page(request, found, limit_form=form)
    per_minute = form.cleaned_data["per_minute"]
    said = f"{per_minute} calls a minute are judged." if per_minute else "Every call is judged."
    return _done(request, pk, said, lambda: callers.set_limit(found, per_minute, actor=actor_of(request)))


@require_http_methods(["GET", "POST"])
def certificates(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which certificates it has to show beside its token."""
    if request.method == "GET":
        return redirect("caller", pk)
    require(request.user, Permission.CHANGE_CALLERS)
    found = get_object_or_404(Orchestrator, pk=pk)
    form = CertificatesForm(request.POST)
    if form.is_valid():
        try:
            callers.set_certificates(found, form.cleaned_data["pins"].split(), actor=actor_of(request))
        except callers.CallerError as error:
            form.add_error("pins", str(error))
        else:
            messages.success(request, "Saved. It holds for the next call.")
            return redirect("caller", pk)
    return _page(request, found, certificates_form=form)


@require_POST
def enable(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a caller ask again."""
    found = get_object_or_404(Orchestrator, pk=pk)
    return _done(request, pk, f"{found} may ask again.", lambda: callers.enable(found, actor=actor_of(request)))


@require_POST
def disable(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse everything a caller asks."""
    found = get_object_or_404(Orchestrator, pk=pk)
    return _done(request, pk, f"{found} gets 401 now.", lambda: callers.disable(found, actor=actor_of(request)))


def is_valid(token: OrchestratorToken, *, now: datetime) -> bool:
    """Whether a token is accepted at `now`."""
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now)


def _done(request: HttpRequest, pk: int, said: str, change: Callable[[], None]) -> HttpResponse:
    try:
        change()
    except callers.CallerError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("caller", pk)


def _with_token(request: HttpRequest, found: Orchestrator, make: Callable[[], str]) -> HttpResponse:
    try:
        return _page(request, found, fresh_token=make())
    except callers.CallerError as error:
        return _page(request, found, token_error=str(error))


def _page(request: HttpRequest, found: Orchestrator, *, fresh_token: str = "", **shown: Any) -> HttpResponse:
    now = timezone.now()
    base_url = callers.base_url_of(found.slug)
    tenant = found.entra_tenant_id
    return render(
        request,
        "guardrail/caller.html",
        {
            "caller": found,
            "base_url": base_url,
            "public_url": settings.PUBLIC_URL,
            "is_https": settings.PUBLIC_URL.startswith("https://"),
            "tokens": _tokens_of(found, now=now),
            "fresh_token": fresh_token,
            "issuer": fic.issuer_of(tenant) if tenant else "",
            "audience": fic.AUDIENCE,
            "candidates": list(enumerate(fic.candidates_for(tenant, base_url), 1)) if tenant else [],
            "entra_form": EntraForm(initial=_entra_of(found)),
            "token_form": TokenForm(),
            "certificates_form": CertificatesForm(initial={"pins": "\n".join(found.certificates)}),
            "limit_form": LimitForm(initial={"per_minute": found.per_minute}),
            "last_call": callers.load_last_call(found),
            "unsettled": load_unsettled_environments(),
            "may_change": may(request.user, Permission.CHANGE_CALLERS),
            **shown,
        },
        status=422 if shown else 200,
    )


def _tokens_of(found: Orchestrator, *, now: datetime) -> dict[str, Any]:
    """Valid tokens, all of them, and the newest that have ended."""
    newest_first = list(found.tokens.select_related("account"))
    valid = [token for token in newest_first if is_valid(token, now=now)]
    ended = [token for token in newest_first if token not in valid]
    of_purpose = Counter(token.purpose for token in valid)
    room = [purpose for purpose in OrchestratorToken.Purpose if of_purpose[purpose] < callers.VALID_AT_ONCE]
    return {"valid": valid, "ended": ended[:ENDED_SHOWN], "room": room}


def _entra_of(found: Orchestrator) -> dict[str, str]:
    return {
        "tenant_id": found.entra_tenant_id,
        "app_ids": "\n".join(found.entra_app_ids),
        "audiences": "\n".join(found.entra_audiences),
    }
