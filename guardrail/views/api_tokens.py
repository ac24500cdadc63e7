"""Tokens programs read with: which there are, making one, which is shown this once, and ending one."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from guardrail.api_tokens import (
    LONGEST_NAME,
    SCOPE_WORDS,
    Scope,
    TokenError,
    create_token,
    load_machines,
    load_tokens,
    revoke_token,
    rotate_token,
)
from guardrail.models import ApiToken
from policies.access import Permission, actor_of, may, require

_ENDED_SHOWN = 20
_SPANS = ((7, "in a week"), (30, "in 30 days"), (90, "in 90 days"), (365, "in a year"))


def _spans() -> list[tuple[str, str]]:
    longest = settings.API_TOKEN_MAX_DAYS
    spans = [(days, word) for days, word in _SPANS if days <= longest] or [(longest, f"in {longest} days")]
    return [(str(days), word) for days, word in spans]


class TokenForm(forms.Form):
    """A new token. The service checks everything once more."""

    name = forms.CharField(
        max_length=LONGEST_NAME,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="Which program reads with it, e.g. SIEM poller. Transcripts it reads are noted under this name.",
    )
    scopes = forms.MultipleChoiceField(
        label="May read",
        choices=[(scope.value, words) for scope, words in SCOPE_WORDS.items()],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        help_text="As little as it needs: a token that leaks reads all of this until somebody notices.",
    )
    account = forms.ModelChoiceField(
        queryset=User.objects.none(),
        required=False,
        empty_label="none",
        help_text="Of a program, made under People with the role integration. Turned off, all its tokens end.",
    )
    days = forms.TypedChoiceField(
        label="Ends", coerce=int, choices=_spans, initial="90", help_text="Making it anew begins that time again."
    )

    def __init__(self, *data: Any) -> None:
        super().__init__(*data)
        account = self.fields["account"]
        assert isinstance(account, forms.ModelChoiceField)  # noqa: S101 declared so above
        account.queryset = load_machines()


@never_cache
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """Every token; POST makes one, which stands in this answer and nowhere else."""
    if request.method == "GET":
        return _page(request, TokenForm())
    require(request.user, Permission.CHANGE_API_TOKENS)
    form, now = TokenForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, form)
    try:
        token = create_token(
            form.cleaned_data["name"],
            [Scope(word) for word in form.cleaned_data["scopes"]],
            expires_at=now + timedelta(days=form.cleaned_data["days"]),
            now=now,
            actor=actor_of(request),
            account=form.cleaned_data["account"],
        )
    except TokenError as error:
        form.add_error(error.field or None, str(error))
        return _page(request, form)
    return _page(request, TokenForm(), fresh_token=token)


@never_cache
@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret for one, shown in this answer and nowhere else."""
    found = get_object_or_404(ApiToken, pk=pk)
    try:
        token = rotate_token(found, now=timezone.now(), actor=actor_of(request))
    except TokenError as error:
        messages.error(request, str(error))
        return redirect("api_tokens")
    return _page(request, TokenForm(), fresh_token=token, anew=found.name)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End one now."""
    found = get_object_or_404(ApiToken, pk=pk)
    try:
        revoke_token(found, now=timezone.now(), actor=actor_of(request))
    except TokenError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{found.name} reads nothing any more.")
    return redirect("api_tokens")


def _page(request: HttpRequest, form: TokenForm, *, fresh_token: str = "", anew: str = "") -> HttpResponse:
    now = timezone.now()
    every = list(load_tokens())
    words = {scope.value: SCOPE_WORDS[scope] for scope in Scope}
    shown = {
        "valid": [token for token in every if token.revoked_at is None and token.expires_at > now],
        "ended": [token for token in every if token.revoked_at is not None or token.expires_at <= now][:_ENDED_SHOWN],
        "words": words,
        "form": form,
        "fresh_token": fresh_token,
        "anew": anew,
        "now": now,
        "public_url": settings.PUBLIC_URL,
        "may_change": may(request.user, Permission.CHANGE_API_TOKENS),
    }
    return render(request, "guardrail/api_tokens.html", shown, status=422 if form.is_bound else 200)
