"""Legal holds, and the erasure of what calls of a person said."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from investigations import erasing, holds
from investigations.models import LegalHold
from policies.access import Permission, actor_of, may, require

MOST_SHOWN = 200
_ANY_OF = (Permission.HOLD, Permission.LIFT_HOLD, Permission.ERASE, Permission.READ_AUDIT)


@require_GET
@never_cache
def privacy(request: HttpRequest) -> HttpResponse:
    """What is held, what was, and the form that erases."""
    if not any(may(request.user, permission) for permission in _ANY_OF):
        raise PermissionDenied("holds and erasures are for few")
    return _page(request)


@require_POST
def privacy_hold(request: HttpRequest) -> HttpResponse:
    """Place one."""
    require(request.user, Permission.HOLD)
    asked = {name: request.POST.get(name, "") for name in ("kind", "key", "reason")}
    try:
        hold = holds.place(**asked, actor=actor_of(request))
    except holds.HoldError as error:
        return _page(request, status=422, refused=str(error), asked=asked)
    messages.success(request, f"{hold.get_kind_display()} {hold.key} is under a legal hold.")
    return redirect("privacy")


@require_POST
def privacy_hold_lift(request: HttpRequest, pk: int) -> HttpResponse:
    """End one."""
    require(request.user, Permission.LIFT_HOLD)
    hold = get_object_or_404(LegalHold, pk=pk)
    try:
        holds.lift(hold, reason=request.POST.get("reason", ""), actor=actor_of(request))
    except holds.HoldError as error:
        return _page(request, status=422, refused=str(error))
    messages.success(request, f"{hold.get_kind_display()} {hold.key} is not held any more.")
    return redirect("privacy")


@require_POST
@never_cache
def privacy_erase(request: HttpRequest) -> HttpResponse:
    """First how many calls it would be; the second time, with `sure`, erase them."""
    require(request.user, Permission.ERASE)
    asked = {name: request.POST.get(name, "") for name in ("subject", "reason")}
    try:
        subject = erasing.subject_of(asked["subject"])
        found = erasing.preview(subject, actor=actor_of(request))
        if "sure" not in request.POST:
            return _page(request, preview=found, erase=asked)
        done = erasing.erase(subject, reason=asked["reason"], actor=actor_of(request))
    except erasing.ErasureError as error:
        return _page(request, status=422, refused=str(error), erase=asked)
    left = " There are more: once more." if done.more else ""
    messages.success(
        request,
        f"{done.calls} calls were erased, {done.transcripts} transcripts with them, as {subject.alias};"
        f" {done.held} are under a legal hold, {done.early} are not taken in yet.{left}",
    )
    return redirect("privacy")


def _page(request: HttpRequest, *, status: int = 200, **shown: Any) -> HttpResponse:
    rows = LegalHold.objects.select_related("placed_by", "lifted_by")
    context = {
        "standing": rows.filter(lifted_at=None)[:MOST_SHOWN],
        "lifted": rows.exclude(lifted_at=None)[:MOST_SHOWN],
        "kinds": LegalHold.Kind.choices,
        "may_hold": may(request.user, Permission.HOLD),
        "may_lift": may(request.user, Permission.LIFT_HOLD),
        "may_erase": may(request.user, Permission.ERASE),
        **shown,
    }
    return render(request, "investigations/privacy.html", context, status=status)
