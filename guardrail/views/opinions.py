"""Second opinions: which engines are asked, how they fare, and one engine's settings and trial."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guardrail import queries, words
from guardrail.opinions import Tried, try_out
from guardrail.wire.second_opinion import MISSING_IN_WORDS, Missing
from policies.access import Permission, actor_of, may, require
from policies.engine_address import is_plain
from policies.forms import NewOpinionForm, OpinionForm, RemoveOpinionForm, decided_of
from policies.load import opinion_entry
from policies.models import SecondOpinion
from policies.queries import load_actions_on, load_opinion_history
from policies.ruleset import compile_opinion
from policies.sealing import NotOpened
from policies.services import opinions as services


@require_GET
def opinions(request: HttpRequest) -> HttpResponse:
    """Every engine, with how it fared lately."""
    found = list(SecondOpinion.objects.all())
    faring = queries.load_faring([row.signal for row in found])
    actions = load_actions_on(found)
    return render(
        request,
        "guardrail/opinions.html",
        {
            "rows": [
                {
                    "opinion": row,
                    "faring": faring[row.signal],
                    "missing": _missing_in_words(faring[row.signal]),
                    "actions": actions[row.slug],
                    "is_plain": is_plain(row.base_url),
                }
                for row in found
            ],
            "may_change": may(request.user, Permission.CHANGE_POLICY),
        },
    )


@require_http_methods(["GET", "POST"])
def opinion_new(request: HttpRequest) -> HttpResponse:
    """Set an engine up."""
    require(request.user, Permission.CHANGE_POLICY)
    form = NewOpinionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = services.add_opinion(form.cleaned_data["slug"], form.settings(), actor=actor_of(request))
        except services.OpinionError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, f"{added} is asked from the next call on. Try it now.")
            return redirect("opinion", added.pk)
    shown = {"form": form, "most_ms": _most_ms()}
    return render(request, "guardrail/opinion_new.html", shown, status=422 if form.is_bound else 200)


@require_GET
def opinion(request: HttpRequest, pk: int) -> HttpResponse:
    """One engine."""
    return _page(request, get_object_or_404(SecondOpinion, pk=pk))


@require_http_methods(["GET", "POST"])
def opinion_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what an admin decides for one engine."""
    if request.method == "GET":
        return redirect("opinion", pk)
    found = get_object_or_404(SecondOpinion, pk=pk)
    require(request.user, Permission.CHANGE_POLICY)
    form = OpinionForm(request.POST)
    if form.is_valid():
        try:
            services.change_opinion(found, form.settings(), actor=actor_of(request))
        except services.OpinionError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, "Saved. It holds for the next call.")
            return redirect("opinion", pk)
    return _page(request, found, form=form, status=422)


@require_POST
def opinion_try(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask it whether it is ready and about one harmless call; nothing is stored here. Takes 6 s at most."""
    found = get_object_or_404(SecondOpinion, pk=pk)
    require(request.user, Permission.CHANGE_POLICY)
    try:
        tried = try_out(compile_opinion(opinion_entry(found)))
    except NotOpened:
        messages.error(request, "Its token cannot be read: the secret key changed. Enter the token again.")
        return redirect("opinion", pk)
    answer = _page(request, found, tried=tried, tried_said=_said_in_words(tried, found))
    add_never_cache_headers(answer)
    return answer


@require_POST
def opinion_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask it no more."""
    found = get_object_or_404(SecondOpinion, pk=pk)
    services.pause_opinion(found, actor=actor_of(request))
    messages.success(request, f"{found} is not asked any more, and not missed.")
    return redirect("opinion", pk)


@require_POST
def opinion_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask it again."""
    found = get_object_or_404(SecondOpinion, pk=pk)
    services.resume_opinion(found, actor=actor_of(request))
    messages.success(request, f"{found} is asked from the next call on.")
    return redirect("opinion", pk)


@require_http_methods(["GET", "POST"])
def opinion_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget it and its token."""
    if request.method == "GET":
        return redirect("opinion", pk)
    found = get_object_or_404(SecondOpinion, pk=pk)
    require(request.user, Permission.CHANGE_POLICY)
    form = RemoveOpinionForm(request.POST)
    if form.is_valid() and form.cleaned_data["slug"] != found.slug:
        form.add_error("slug", f"`{form.cleaned_data['slug']}` was typed, expected `{found.slug}`")
    if not form.is_valid():
        return _page(request, found, remove_form=form, status=422)
    services.remove_opinion(found, actor=actor_of(request))
    messages.success(request, f"{found} is removed, and its token with it.")
    return redirect("opinions")


def _page(
    request: HttpRequest,
    found: SecondOpinion,
    *,
    form: OpinionForm | None = None,
    remove_form: RemoveOpinionForm | None = None,
    status: int = 200,
    **shown: Any,
) -> HttpResponse:
    faring = queries.load_faring([found.signal])[found.signal]
    return render(
        request,
        "guardrail/opinion.html",
        {
            "opinion": found,
            "is_plain": is_plain(found.base_url),
            "actions": load_actions_on([found])[found.slug],
            "faring": faring,
            "missing": _missing_in_words(faring),
            "form": form or OpinionForm(initial=decided_of(found)),
            "remove_form": remove_form or RemoveOpinionForm(),
            "most_ms": _most_ms(),
            "history": load_opinion_history(found),
            "may_change": may(request.user, Permission.CHANGE_POLICY),
            **shown,
        },
        status=status,
    )


def _missing_in_words(faring: queries.Faring) -> tuple[tuple[str, int], ...]:
    return tuple((words.missing_words(why), count) for why, count in faring.missing)


def _said_in_words(tried: Tried, found: SecondOpinion) -> str:
    """What came of the sample call, in one sentence."""
    came, ms = tried.heard.came, tried.heard.ms
    if isinstance(came, Missing):
        return f"It {MISSING_IN_WORDS[came]}."
    said = "It would stop it, which nobody should" if came.block else "It has nothing against it"
    reason = f", in its words: “{came.reason}”" if came.reason else ""
    patience = min(found.budget_ms, _most_ms())
    late = f" In use that would be too late: {patience} ms are waited." if ms > patience else ""
    return f"{said}{reason}. It took {ms:.0f} ms.{late}"


def _most_ms() -> int:
    """What is waited for an engine at most, whatever its budget."""
    return settings.DEADLINE_MS - settings.STORE_BUDGET_MS
