"""One source of indicators: its state, what it brought and what was refused, its settings, files and fetches."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies import indicator_queries
from policies.access import Permission, actor_of, may, require
from policies.indicator_forms import SourceForm, UploadForm, source_decided
from policies.intelligence.feed import MOST_BYTES, FeedError
from policies.models import IndicatorSource, IndicatorUpload
from policies.services import indicator_sources as services
from policies.services.indicators import HandWritten, IndicatorError, add_indicator


@require_http_methods(["GET", "POST"])
def source_new(request: HttpRequest) -> HttpResponse:
    """Set a source up."""
    require(request.user, Permission.CHANGE_POLICY)
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = services.add_source(form.settings(), now=timezone.now(), actor=actor_of(request))
        except IndicatorError as error:
            form.add_error(error.field, str(error))
        else:
            what = "It is fetched within half a minute." if added.url else "Upload a file to fill it."
            messages.success(request, f"{added} is set up. {what}")
            return redirect("indicator_source", added.pk)
    return render(request, "guardrail/indicator_source_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_GET
def source(request: HttpRequest, pk: int) -> HttpResponse:
    """One source."""
    return _page(request, get_object_or_404(IndicatorSource, pk=pk))


@require_http_methods(["GET", "POST"])
def source_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what an admin decides for one source."""
    if request.method == "GET":
        return redirect("indicator_source", pk)
    found = get_object_or_404(IndicatorSource, pk=pk)
    require(request.user, Permission.CHANGE_POLICY)
    form = SourceForm(request.POST, initial=source_decided(found))
    if form.is_valid():
        try:
            services.change_source(found, form.settings(), now=timezone.now(), actor=actor_of(request))
        except IndicatorError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, "Saved. It holds for the next call.")
            return redirect("indicator_source", pk)
    return _page(request, found, form=form, status=422)


@require_http_methods(["GET", "POST"])
def source_upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file in; a large one is left to the worker."""
    if request.method == "GET":
        return redirect("indicator_source", pk)
    found = get_object_or_404(IndicatorSource, pk=pk)
    require(request.user, Permission.CHANGE_POLICY)
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > MOST_BYTES:
                raise FeedError(f"the file has {file.size} bytes, expected at most {MOST_BYTES}")
            imported = services.take_file(found, file.read(), now=timezone.now(), actor=actor_of(request))
        except FeedError as error:
            form.add_error("file", str(error))
        else:
            said = (
                f"{imported.taken} taken, {imported.refused} refused." if imported else "It is read in half a minute."
            )
            messages.success(request, f"{file.name}: {said}"[:300])
            return redirect("indicator_source", pk)
    return _page(request, found, upload_form=form, status=422)


@require_POST
def source_fetch(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the worker fetch it."""
    found = get_object_or_404(IndicatorSource, pk=pk)
    try:
        services.ask_for_fetch(found, now=timezone.now(), actor=actor_of(request))
    except IndicatorError as error:
        messages.error(request, f"{found}: {error}.")
    else:
        messages.success(request, f"{found} is fetched within half a minute.")
    return redirect("indicator_source", pk)


@require_POST
def source_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Neither fetch it nor go by it."""
    found = get_object_or_404(IndicatorSource, pk=pk)
    services.pause_source(found, now=timezone.now(), actor=actor_of(request))
    messages.success(request, f"{found} is paused: nothing it brought counts, and it is not fetched.")
    return redirect("indicator_source", pk)


@require_POST
def source_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go by it again."""
    found = get_object_or_404(IndicatorSource, pk=pk)
    services.resume_source(found, now=timezone.now(), actor=actor_of(request))
    messages.success(request, f"{found} counts again.")
    return redirect("indicator_source", pk)


@require_POST
def source_overrule(request: HttpRequest, pk: int) -> HttpResponse:
    """List by hand what was refused from this feed."""
    found = get_object_or_404(IndicatorSource, pk=pk)
    value = request.POST.get("value", "")[:600]
    if value not in (refused for refused, _ in found.refused):
        return HttpResponse("value: expected one that was refused here", status=422, content_type="text/plain")
    written = HandWritten(value=value, confirmed=True, description=f"Refused from {found.name}, listed by hand")
    try:
        added = add_indicator(written, now=timezone.now(), actor=actor_of(request))
    except IndicatorError as error:
        messages.error(request, f"{error}.")
        return redirect("indicator_source", pk)
    messages.success(request, f"{added.value} is listed by hand, and blocks from the next call on.")
    return redirect("indicator", added.pk)


@require_http_methods(["GET", "POST"])
def source_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget it and all it brought; `name` is typed."""
    if request.method == "GET":
        return redirect("indicator_source", pk)
    found = get_object_or_404(IndicatorSource, pk=pk)
    require(request.user, Permission.CHANGE_POLICY)
    typed = request.POST.get("name", "").strip()
    if typed != found.name:
        return _page(request, found, remove_error=f"`{typed[:100]}` was typed, expected `{found.name}`", status=422)
    services.remove_source(found, now=timezone.now(), actor=actor_of(request))
    messages.success(request, f"{found} is removed with everything it brought.")
    return redirect("intelligence")


def _page(
    request: HttpRequest,
    found: IndicatorSource,
    *,
    form: SourceForm | None = None,
    upload_form: UploadForm | None = None,
    status: int = 200,
    **shown: Any,
) -> HttpResponse:
    return render(
        request,
        "guardrail/indicator_source.html",
        {
            "source": found,
            "indicators": found.indicators.count(),
            "waits": IndicatorUpload.objects.filter(source=found).exists(),
            "is_manual": found.kind == IndicatorSource.KindChoice.MANUAL,
            "form": form or SourceForm(initial=source_decided(found)),
            "upload_form": upload_form or UploadForm(),
            "history": indicator_queries.load_source_history(found),
            "may_change": may(request.user, Permission.CHANGE_POLICY),
            **shown,
        },
        status=status,
    )
