"""Bulk actions on the queue: what is picked or fits the filter becomes a run that is shown, begun and undone."""

from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from investigations import bulk, bulk_work, queries
from investigations.bulk_forms import BulkForm
from investigations.forms import asked_of, query_of
from investigations.models import BulkItem, BulkRun
from investigations.services import InvestigationError
from policies.access import Permission, actor_of, is_narrowed, may, require

# Rows of each kind one page lists.
_MOST_SHOWN = 100
# Worked on before the answer is sent: some 100 investigations, a second. The rest is the worker's.
_CHUNKS_AT_ONCE = 4


@require_POST
def bulk_ask(request: HttpRequest) -> HttpResponse:
    """Fix what an action is for. Claiming needs nothing more and begins; the others go to their page."""
    person = actor_of(request)
    asked = asked_of(QueryDict(request.POST.get("query", "").lstrip("?")))
    everything = request.POST.get("all") == "1"
    picked = [pk for pk in request.POST.getlist("n") if pk.isascii() and pk.isdecimal() and len(pk) < 19]
    back = _back(request)
    rows = queries.matching(asked, person=person) if everything else queries.picked(picked, person=person)
    query = query_of(asked) if everything else ""
    action = request.POST.get("do", "")
    if action == "merge":
        return redirect(f"{resolve_url('investigations_merge')}?{urlencode([('n', pk) for pk in picked])}")
    try:
        run = bulk.ask(action, rows, query=query, now=timezone.now(), actor=person)
        if action == BulkRun.Action.CLAIM and not everything:
            bulk.begin(run, now=timezone.now(), actor=person)
    except InvestigationError as error:
        messages.warning(request, f"Nothing was done: {error}.")
        return redirect(back)
    if run.begun_at is None:
        return redirect(f"{resolve_url('bulk', run.pk)}{query_of(asked)}")
    bulk_work.work(run, now=timezone.now(), chunks=_CHUNKS_AT_ONCE)
    return redirect(back)


@require_GET
@never_cache
def bulk_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One bulk action: what it is for and what it needs, or what became of it."""
    return _render(request, _load(request, pk))


@require_POST
def bulk_begin(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin, and do the first part of the work at once."""
    run = _load(request, pk)
    form = BulkForm(request.POST, action=run.action, people=queries.analysts())
    if form.is_valid():
        try:
            bulk.begin(run, **form.cleaned_data, now=timezone.now(), actor=actor_of(request))
        except InvestigationError as error:
            form.add_error(None, str(error))
        else:
            bulk_work.work(run, now=timezone.now(), chunks=_CHUNKS_AT_ONCE)
            return redirect("bulk", pk)
    return _render(request, run, form=form, status=422)


@require_POST
def bulk_go_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Work on it in this request, too: it goes on even where no worker runs."""
    run = _load(request, pk)
    require(actor_of(request), Permission.INVESTIGATE)
    bulk_work.work(run, now=timezone.now(), chunks=_CHUNKS_AT_ONCE)
    return redirect("bulk", pk)


@require_POST
def bulk_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Give back what each had before, where nobody changed it since."""
    run = _load(request, pk)
    try:
        bulk.undo(run, now=timezone.now(), actor=actor_of(request))
    except InvestigationError as error:
        messages.warning(request, f"{error}.")
    else:
        bulk_work.work(run, now=timezone.now(), chunks=_CHUNKS_AT_ONCE)
    return redirect("bulk", pk)


def _load(request: HttpRequest, pk: int) -> BulkRun:
    run = get_object_or_404(BulkRun.objects.select_related("asked_by", "assignee", "undo_by"), pk=pk)
    # what others picked and have not begun is nobody's business; what they did may be of other environments
    person = actor_of(request)
    if run.asked_by_id != person.pk and (run.begun_at is None or is_narrowed(person)):
        raise Http404
    return run


def _render(request: HttpRequest, run: BulkRun, *, form: BulkForm | None = None, status: int = 200) -> HttpResponse:
    person = actor_of(request)
    tally = bulk.load_tally(run)
    state = BulkItem.State
    working = (run.begun_at and not run.ended_at) or (run.undo_at and not run.undone_at)
    if run.begun_at is None and form is None:
        form = BulkForm(action=run.action, people=queries.analysts())
    shown = queries.visible_items(bulk.load_items(run, *_LISTED, most=_MOST_SHOWN), person=person)
    return render(
        request,
        "investigations/bulk.html",
        {
            "run": run,
            "tally": tally,
            "form": form,
            "working": bool(working),
            "not_done": [item for item in shown if item.state in (state.REFUSED, state.LEFT)],
            "listed": [item for item in shown if item.state not in (state.REFUSED, state.LEFT)],
            "most_shown": _MOST_SHOWN,
            "filters": parse_qsl(run.query.lstrip("?")),
            "back": f"{resolve_url('queue')}{query_of(asked_of(request.GET))}",
            "may_work": may(person, Permission.INVESTIGATE),
        },
        status=status,
    )


# What needs a look first comes first.
_LISTED = tuple(BulkItem.State.values)


def _back(request: HttpRequest) -> str:
    back = request.POST.get("next", "")
    fits = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return back if fits else resolve_url("queue")
