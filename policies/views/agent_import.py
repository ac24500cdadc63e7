"""A file of agents: taken in, shown as what it would change, and taken over or dropped."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies.access import Permission, actor_of, may, require
from policies.agent_diff import compare
from policies.agent_export import export_agents
from policies.agent_file import MOST_BYTES, FileError
from policies.agent_forms import AgentFileForm, TakeOverForm
from policies.models import AgentImport
from policies.services import agent_import as services

# Of each kind; a file is looked through, not read.
SHOWN = 100
IMPORTS_SHOWN = 10


@require_http_methods(["GET", "POST"])
def agent_import_new(request: HttpRequest) -> HttpResponse:
    """Take a file in for its preview."""
    require(request.user, Permission.CHANGE_POLICY)
    form = AgentFileForm(request.POST, request.FILES) if request.method == "POST" else AgentFileForm()
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > MOST_BYTES:
                raise FileError(f"the file has {file.size:,} bytes, expected at most {MOST_BYTES:,}")
            kept = services.keep_import(file.read(), name=file.name, now=timezone.now(), actor=actor_of(request))
        except FileError as error:
            form.add_error("file", str(error))
        else:
            return redirect("agent_import", kept.pk)
    earlier = AgentImport.objects.defer("rows", "problems").select_related("uploaded_by")[:IMPORTS_SHOWN]
    context = {"form": form, "earlier": earlier}
    return render(request, "policies/agent_import_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def agent_import(request: HttpRequest, pk: int) -> HttpResponse:
    """What one file would change, or, once decided, what became of it; POST takes it over."""
    kept = get_object_or_404(AgentImport.objects.select_related("uploaded_by", "decided_by"), pk=pk)
    if request.method == "GET":
        return _page(request, kept)
    require(request.user, Permission.CHANGE_POLICY)
    form = TakeOverForm(request.POST)
    if not form.is_valid():
        return _page(request, kept, form=form, status=422)
    try:
        found = services.take_over(
            kept,
            seen=form.cleaned_data["seen"],
            choices=form.choices(),
            now=timezone.now(),
            actor=actor_of(request),
        )
    except services.ImportRefused as error:
        form.add_error(None, str(error))
        kept.refresh_from_db()
        return _page(request, kept, form=form, status=422)
    said = f"{len(found.added):,} agents added, {len(found.changed):,} changed, {found.same:,} were as the file says."
    messages.success(request, said)
    return redirect("agent_import", pk)


@require_GET
def agent_export(request: HttpRequest) -> StreamingHttpResponse:
    """Every registered agent as CSV, in the columns an import reads."""
    answer = StreamingHttpResponse(export_agents(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="agents-{timezone.now():%Y-%m-%d}.csv"'
    return answer


@require_POST
def agent_import_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Take nothing over."""
    services.drop_import(get_object_or_404(AgentImport, pk=pk), now=timezone.now(), actor=actor_of(request))
    return redirect("agent_import_new")


def _page(
    request: HttpRequest, kept: AgentImport, *, form: TakeOverForm | None = None, status: int = 200
) -> HttpResponse:
    found = compare(kept.rows) if kept.decided_at is None else None
    return render(
        request,
        "policies/agent_import.html",
        {
            "kept": kept,
            "found": found,
            "added": found.added[:SHOWN] if found else (),
            "changed": found.changed[:SHOWN] if found else (),
            "gone": found.gone[:SHOWN] if found else (),
            "problems": kept.problems[:SHOWN],
            "form": form,
            "may_change": may(request.user, Permission.CHANGE_POLICY),
        },
        status=status,
    )
