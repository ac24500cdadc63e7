"""What people do to an investigation: each view is one POST, one service, one redirect."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from investigations import indicators, queries, services
from investigations.forms import AllowOnceForm, CloseForm, CommentForm, ReopenForm, SeenUpToForm, TakeBackForm
from investigations.models import Investigation
from investigations.views.investigation import load_investigation, render_investigation
from policies.access import actor_of
from policies.services.indicators import IndicatorError


@require_POST
def claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Make it mine, from the queue or from its page; says who was faster."""
    found = load_investigation(request, pk)
    return _done(request, found, lambda: services.claim(found, actor=actor_of(request)))


@require_POST
def take_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Make mine what the person in `from` has; refused when somebody else has it by now."""
    found = load_investigation(request, pk)
    actor = actor_of(request)
    holder = request.POST.get("from", "")
    seen = int(holder) if holder.isascii() and holder.isdecimal() and len(holder) < 10 else None
    return _done(request, found, lambda: services.assign(found, assignee=actor, seen=seen, actor=actor))


@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Give mine back to nobody."""
    found = load_investigation(request, pk)
    actor = actor_of(request)
    return _done(request, found, lambda: services.assign(found, assignee=None, seen=actor.pk, actor=actor))


@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Append a comment."""
    found = load_investigation(request, pk)
    form = CommentForm(request.POST)
    if form.is_valid():
        try:
            services.comment(found, form.cleaned_data["text"], actor=actor_of(request))
        except services.InvestigationError as error:
            form.add_error("text", str(error))
        else:
            return redirect(f"{resolve_url('investigation', pk)}#activity")
    return render_investigation(request, found, status=422, comment_form=form)


@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close with a disposition and a reason."""
    found = load_investigation(request, pk)
    form = CloseForm(request.POST)
    if form.is_valid() and (news := _changed_meanwhile(request, found)):
        form.add_error(None, news)
    elif form.is_valid():
        try:
            services.close(found, **form.cleaned_data, now=timezone.now(), actor=actor_of(request))
        except services.NotRemembered as error:
            messages.warning(request, f"Investigation {pk} is {error}.")
            return redirect("investigation", pk)
        except services.InvestigationError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Investigation {pk} is closed: {found.get_disposition_display()}.")
            return redirect("investigation", pk)
    return render_investigation(request, found, status=422, close_form=form)


@require_POST
def list_destination(request: HttpRequest, pk: int) -> HttpResponse:
    """Hold every agent's calls to its destination for a month."""
    found = load_investigation(request, pk)
    try:
        added = indicators.list_destination(found, now=timezone.now(), actor=actor_of(request))
    except IndicatorError as error:
        messages.error(request, f"{error}. A policy admin can list it under Threat intelligence.")
    else:
        messages.success(request, f"Calls of every agent to {added.value} are held for 30 days.")
    return redirect(f"{resolve_url('investigation', pk)}#do")


@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a closed one up again."""
    found = load_investigation(request, pk)
    form = ReopenForm(request.POST)
    if form.is_valid():
        try:
            services.reopen(found, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except services.NotRemembered as error:
            messages.warning(request, f"Investigation {pk} is {error}.")
            return redirect("investigation", pk)
        except services.InvestigationError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Investigation {pk} is open again.")
            return redirect("investigation", pk)
    return render_investigation(request, found, status=422, reopen_form=form)


@require_POST
def allow_once(request: HttpRequest, pk: int) -> HttpResponse:
    """Let one held call pass once when it comes again."""
    found = load_investigation(request, pk)
    form = AllowOnceForm(request.POST)
    if form.is_valid():
        verdict_id, reason = form.cleaned_data["call"], form.cleaned_data["why"]
        try:
            services.allow_once(
                found, verdict_id=verdict_id, reason=reason, now=timezone.now(), actor=actor_of(request)
            )
        except services.InvestigationError as error:
            form.add_error(None, str(error))
        else:
            return redirect(f"{resolve_url('investigation', pk)}?call={verdict_id}#allow")
    return render_investigation(request, found, status=422, allow_form=form)


@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """End a permission before it was used."""
    found = load_investigation(request, pk)
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        return render_investigation(request, found, status=422)
    verdict_id, ticket = form.cleaned_data["call"], form.cleaned_data["ticket"]
    try:
        services.take_back(found, verdict_id=verdict_id, ticket=ticket, now=timezone.now(), actor=actor_of(request))
    except services.InvestigationError as error:
        messages.warning(request, str(error))
    return redirect(f"{resolve_url('investigation', pk)}?call={verdict_id}#allow")


def _changed_meanwhile(request: HttpRequest, investigation: Investigation) -> str:
    """What colleagues did since the person opened the page, in words; empty where nothing."""
    seen = SeenUpToForm(request.POST)
    after = seen.cleaned_data["as_of"] if seen.is_valid() else None
    if after is None:
        return ""
    changed = queries.load_changed_since(investigation, after=after, person=actor_of(request))
    if not changed:
        return ""
    said = ", ".join(
        f"{line.actor.get_username() if line.actor else ''} {line.kind.replace('_', ' ')}" for line in changed
    )
    return f"Since you opened this page: {said}. Look at the activity below, then press again."


def _done(request: HttpRequest, investigation: Investigation, change: Callable[[], None]) -> HttpResponse:
    """Make the change and go back to where the button was; a refusal is said there."""
    try:
        change()
    except services.InvestigationError as error:
        messages.warning(request, str(error))
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return redirect(back)
    return redirect("investigation", investigation.pk)
