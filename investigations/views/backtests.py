"""Backtests: a draft or a version tried on stored calls, with what it would have changed call by call."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from investigations import backtest_queries as queries, backtests
from investigations.backtest_form import BacktestForm
from investigations.backtests import BacktestError
from investigations.models import Backtest
from investigations.tally import Tally
from investigations.views.impact import shown
from investigations.visibility import without_hidden
from policies.access import Permission, actor_of, may

_LINES = 20


@require_http_methods(["GET", "POST"])
@never_cache
def backtest_list(request: HttpRequest) -> HttpResponse:
    """What was tried, newest first; a POST asks for another one. `?draft=` or `?version=` chooses it in the form."""
    form = BacktestForm(request.POST) if request.method == "POST" else BacktestForm(initial=_initial(request))
    now = timezone.now()
    if request.method == "POST" and form.is_valid():
        subject = form.subject_chosen()
        since, until = form.span(now)
        try:
            if subject is None:
                raise BacktestError("what was to be tried is gone, choose another")
            agent_id = form.cleaned_data["agent_id"]
            asked = backtests.ask_for(
                subject, since=since, until=until, agent_id=agent_id, now=now, actor=actor_of(request)
            )
        except BacktestError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "It begins within seconds, and goes on without this page.")
            return redirect("policy_backtest", asked.pk)
    before = request.GET.get("before", "")
    rows, older = queries.load_list(before=int(before) if before.isdecimal() and len(before) < 18 else None, now=now)
    context = {
        "form": form,
        "rows": rows,
        "older": older,
        "may_try": may(request.user, Permission.INVESTIGATE),
        "running": any(row.progress.state in ("waiting", "running") for row in rows),
    }
    return render(request, "investigations/backtests.html", context, status=422 if form.errors else 200)


@require_GET
@never_cache
def backtest_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One backtest: how far it is, what it found, and each changed call. `?effect=` shows those of one effect."""
    found = get_object_or_404(
        Backtest.objects.defer("document", "base__document").select_related("asked_by", "base"), pk=pk
    )
    tally = Tally.of(found.result)
    effect = request.GET.get("effect", "")
    effect = effect if effect in queries.EFFECTS else ""
    page = queries.load_changes(found, effect=effect, before=request.GET.get("before", ""))
    context = {
        "backtest": found,
        "shown": shown(tally, most=_LINES),
        "progress": queries.progress_of(found, timezone.now(), looked_at=tally.looked_at),
        "moved_on": queries.moved_on(found),
        "page": page,
        "changed": without_hidden(page.rows, request.user),
        "effects": queries.EFFECTS,
        "effect": effect,
        "before": request.GET.get("before", ""),
        "most_kept": queries.MOST_KEPT,
        "may_try": may(request.user, Permission.INVESTIGATE),
    }
    return render(request, "investigations/backtest.html", context)


@require_POST
def backtest_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(Backtest.objects.only("pk"), pk=pk)
    try:
        backtests.cancel(pk, now=timezone.now(), actor=actor_of(request))
    except BacktestError as error:
        messages.warning(request, f"{str(error).capitalize()}.")
    else:
        messages.success(request, "Cancelled. What was found so far stays, and it can go on later.")
    return redirect("policy_backtest", pk)


@require_POST
def backtest_resume(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(Backtest.objects.only("pk"), pk=pk)
    try:
        backtests.resume(pk, now=timezone.now(), actor=actor_of(request))
    except BacktestError as error:
        messages.warning(request, f"{str(error).capitalize()}.")
    else:
        messages.success(request, "It goes on within seconds.")
    return redirect("policy_backtest", pk)


def _initial(request: HttpRequest) -> dict[str, object]:
    for kind in ("draft", "version"):
        key = request.GET.get(kind, "")
        if key.isdecimal():
            return {"subject": f"{kind}.{key}", "days": 30}
    return {"days": 30}
