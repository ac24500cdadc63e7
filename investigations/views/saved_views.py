"""The views people keep of the queue: save the one they look at, share it, begin with it, remove it."""

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from investigations import saved_views
from investigations.bulk_forms import SaveViewForm
from investigations.forms import asked_of, filters_of, query_of
from investigations.models import SavedView
from investigations.saved_views import ViewError
from policies.access import Permission, actor_of, may


@require_GET
@never_cache
def queue_views(request: HttpRequest) -> HttpResponse:
    """Every view one may open, and the form that keeps the one this page was called from."""
    return _render(request, SaveViewForm(initial={"query": query_of(asked_of(request.GET))}))


@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    form = SaveViewForm(request.POST)
    if form.is_valid():
        query = query_of(asked_of(_parameters(form.cleaned_data["query"])))
        name, shared = form.cleaned_data["name"], form.cleaned_data["shared"]
        try:
            view = saved_views.save(name, query, shared=shared, now=timezone.now(), actor=actor_of(request))
        except ViewError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"The view {view.name} is kept.")
            return redirect(f"{resolve_url('queue')}{view.query}")
    return _render(request, form, status=422)


@require_POST
def view_remove(request: HttpRequest, pk: int) -> HttpResponse:
    person = actor_of(request)
    try:
        saved_views.remove(_load(pk, request), actor=person)
    except ViewError as error:
        messages.warning(request, f"{error}.")
    return redirect("queue_views")


@require_POST
def view_first(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin with this view; 0 = with mine and unassigned."""
    saved_views.open_with(_load(pk, request) if pk else None, actor=actor_of(request))
    return redirect("queue_views")


def _load(pk: int, request: HttpRequest) -> SavedView:
    return get_object_or_404(SavedView, Q(owner=actor_of(request)) | Q(shared=True), pk=pk)


def _render(request: HttpRequest, form: SaveViewForm, *, status: int = 200) -> HttpResponse:
    person = actor_of(request)
    views = saved_views.load_views(person)
    asked = asked_of(_parameters(str(form["query"].value() or "")))
    return render(
        request,
        "investigations/saved_views.html",
        {
            "form": form,
            "filters": [("view", asked.view), ("sort", asked.sort), *filters_of(asked).items()],
            "views": [(kept, saved_views.may_remove(kept.view, person)) for kept in views],
            "any_first": any(kept.is_first for kept in views),
            "may_share": may(person, Permission.INVESTIGATE),
        },
        status=status,
    )


def _parameters(query: str) -> QueryDict:
    return QueryDict(query.lstrip("?"))
