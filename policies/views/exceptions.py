"""Exceptions: those that end soon first, then the others; made by hand, kept, shortened and ended."""

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies.access import Permission, actor_of, may, require
from policies.exception_forms import EndExceptionForm, ExceptionForm, RenewForm
from policies.exception_queries import SOON_DAYS, load_exceptions
from policies.services.exceptions import ExceptionRefused, end_exception, make_exception, renew


@require_GET
@never_cache
def exceptions(request: HttpRequest) -> HttpResponse:
    """The page; `?ended=1` shows those that are over, `?before=` goes on behind one."""
    return _page(request)


@require_http_methods(["GET", "POST"])
def exception_new(request: HttpRequest) -> HttpResponse:
    """Make one by hand."""
    if request.method == "GET":
        return redirect("policy_exceptions")
    require(request.user, Permission.CHANGE_POLICY)
    form = ExceptionForm(request.POST)
    if form.is_valid():
        now = timezone.now()
        try:
            made = make_exception(form.wanted(now=now), now=now, actor=actor_of(request))
        except ExceptionRefused as error:
            form.add_error(error.member if error.member in form.fields else None, str(error))
        else:
            messages.success(request, f"Exception {made.pk} holds for the next call.")
            return redirect(f"{resolve_url('policy_exceptions')}#e{made.pk}")
    return _page(request, status=422, form=form)


@require_POST
def exception_renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Let it go on, or end sooner."""
    require(request.user, Permission.CHANGE_POLICY)
    form = RenewForm(request.POST)
    if form.is_valid():
        now = timezone.now()
        try:
            found = renew(
                pk, until=form.until(now=now), reason=form.cleaned_data["reason"], now=now, actor=actor_of(request)
            )
        except ExceptionRefused as error:
            form.add_error(error.member if error.member in form.fields else None, str(error))
        else:
            messages.success(request, f"Exception {pk} ends {found.expires_at:%Y-%m-%d %H:%M} UTC.")
            return redirect(f"{resolve_url('policy_exceptions')}#e{pk}")
    return _page(request, status=422, refused=(pk, form))


@require_POST
def exception_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End it now."""
    require(request.user, Permission.CHANGE_POLICY)
    form = EndExceptionForm(request.POST)
    if form.is_valid():
        try:
            end_exception(pk, reason=form.cleaned_data["reason"], now=timezone.now(), actor=actor_of(request))
        except ExceptionRefused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Exception {pk} is over. It holds for the next call.")
            return redirect("policy_exceptions")
    return _page(request, status=422, refused=(pk, form))


def _page(
    request: HttpRequest,
    *,
    status: int = 200,
    form: ExceptionForm | None = None,
    refused: tuple[int, Form] | None = None,
) -> HttpResponse:
    ended = request.GET.get("ended") == "1"
    before = request.GET.get("before", "")
    page = load_exceptions(
        ended=ended, before=int(before) if before.isdecimal() and len(before) < 18 else 0, now=timezone.now()
    )
    number, refused_form = refused or (0, None)
    context = {
        "page": page,
        "ended": ended,
        "soon_days": SOON_DAYS,
        "form": form or ExceptionForm(initial={"owner": request.user.get_username()}),
        "renew_form": RenewForm(auto_id=False),
        "refused_number": number,
        "refused_form": refused_form,
        "may_change": may(request.user, Permission.CHANGE_POLICY),
    }
    return render(request, "policies/exceptions.html", context, status=status)
