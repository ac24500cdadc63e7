"""Environments: which were heard from, which never, and whether each is only watched."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies import queries
from policies.access import Permission, actor_of, may, require
from policies.forms import MaskingForm, ModeForm, NewEnvironmentForm, RetentionForm
from policies.models import Environment
from policies.recognition.kinds import MASKED, MASKED_NAMES
from policies.scope import of_environments
from policies.services import inventory, privacy


@require_http_methods(["GET", "POST"])
def environments(request: HttpRequest) -> HttpResponse:
    """Every environment; POST notes one before its first call."""
    form = NewEnvironmentForm(request.POST or None)
    if request.method == "POST":
        require(request.user, Permission.CHANGE_POLICY)
        if form.is_valid():
            try:
                added = inventory.add_environment(**form.cleaned_data, actor=actor_of(request))
            except inventory.InventoryError as error:
                form.add_error("environment_id", str(error))
            else:
                messages.success(request, f"{added} is noted. It counts as never heard from until its first call.")
                return redirect("environments")
    return render(
        request,
        "policies/environments.html",
        {
            "form": form,
            "environments": queries.load_environments(request.user),
            "defaults": queries.load_defaults(),
            "may_change": may(request.user, Permission.CHANGE_POLICY),
        },
        status=422 if form.is_bound else 200,
    )


@require_GET
def environment(request: HttpRequest, pk: int) -> HttpResponse:
    """One environment: whether it is ready to be enforced, beside the button that does it."""
    found = get_object_or_404(Environment.objects.filter(of_environments(request.user, column="pk")), pk=pk)
    masked = MASKED_NAMES if found.masked is None else frozenset(found.masked)
    return render(
        request,
        "policies/environment.html",
        {
            "environment": found,
            "mode": found.mode or queries.load_defaults().mode,
            "mode_from": "environment" if found.mode else "policy",
            "may_change": may(request.user, Permission.CHANGE_POLICY),
            "retention_form": RetentionForm(
                initial={"transcript_days": found.keep_transcript_days, "call_days": found.keep_call_days}
            ),
            "masking_form": MaskingForm(initial={"masked": sorted(masked)}),
            "masked": [words for name, words in MASKED if name in masked],
        },
    )


@require_POST
def environment_masking(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what is masked in the calls of one environment."""
    require(request.user, Permission.CHANGE_POLICY)
    found = get_object_or_404(Environment.objects.filter(of_environments(request.user, column="pk")), pk=pk)
    form = MaskingForm(request.POST)
    if not form.is_valid():
        return HttpResponse("masked: expected kinds of data", status=422, content_type="text/plain")
    privacy.set_masked(found, form.cleaned_data["masked"], actor=actor_of(request))
    messages.success(request, f"{found}: {len(form.cleaned_data['masked'])} kinds of data are masked.")
    return redirect("environment", pk)


@require_POST
def environment_retention(request: HttpRequest, pk: int) -> HttpResponse:
    """Say for how long the calls of one environment are kept."""
    require(request.user, Permission.CHANGE_POLICY)
    found = get_object_or_404(Environment.objects.filter(of_environments(request.user, column="pk")), pk=pk)
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return HttpResponse("days: expected whole numbers from 1", status=422, content_type="text/plain")
    privacy.set_kept(found, **form.cleaned_data, actor=actor_of(request))
    messages.success(request, f"{found}: how long its calls are kept is set.")
    return redirect("environment", pk)


@require_POST
def environment_mode(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch one environment between monitor and enforce; its agents follow unless they have a mode of their own."""
    found = get_object_or_404(Environment.objects.filter(of_environments(request.user, column="pk")), pk=pk)
    form = ModeForm(request.POST)
    if not form.is_valid():
        return HttpResponse("mode: expected monitor, enforce or nothing", status=422, content_type="text/plain")
    inventory.set_environment_mode(found, form.cleaned_data["mode"], actor=actor_of(request))
    messages.success(request, f"{found}: {form.cleaned_data['mode'] or 'as the policy says'}.")
    return redirect("environments")
