"""Tools: what each does, as inferred or as an admin says, and which may be judged after they are answered."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies import tool_queries
from policies.access import Permission, actor_of, may, require
from policies.forms import ToolForm
from policies.models import SeenTool
from policies.scope import of_agents
from policies.services import tools as services


@require_GET
def tools(request: HttpRequest) -> HttpResponse:
    """Every tool agents have planned to use; `?q=` narrows them."""
    words = request.GET.get("q", "").strip()[:200].replace("\x00", "")
    return render(
        request,
        "policies/tools.html",
        {
            "page": tool_queries.load_tools(words, person=request.user),
            "words": words,
            "may_change": may(request.user, Permission.CHANGE_POLICY),
        },
    )


@require_http_methods(["GET", "POST"])
def tool(request: HttpRequest, pk: int) -> HttpResponse:
    """One tool of one agent: what is in force, and the form that decides it for the agent or for all."""
    seen = get_object_or_404(SeenTool.objects.filter(of_agents(request.user)), pk=pk)
    row = tool_queries.load_tool(seen)
    if request.method == "GET":
        return _page(request, row, ToolForm(initial=_initial(row), row=row))
    require(request.user, Permission.CHANGE_POLICY)
    form = ToolForm(request.POST, row=row)
    if not form.is_valid():
        return _page(request, row, form)
    services.change_tool(seen, form.settings(), actor=actor_of(request))
    messages.success(request, "Saved. It holds for the next call.")
    return redirect("tool", pk)


@require_POST
def tool_follow_all(request: HttpRequest, pk: int) -> HttpResponse:
    """Let this agent's tool follow what holds for all agents again."""
    services.follow_all(
        get_object_or_404(SeenTool.objects.filter(of_agents(request.user)), pk=pk), actor=actor_of(request)
    )
    return redirect("tool", pk)


def _page(request: HttpRequest, row: tool_queries.ToolRow, form: ToolForm) -> HttpResponse:
    return render(
        request,
        "policies/tool.html",
        {
            "row": row,
            "form": form,
            "history": tool_queries.load_history(row.seen),
            "may_change": may(request.user, Permission.CHANGE_POLICY),
        },
        status=422 if form.is_bound else 200,
    )


def _initial(row: tool_queries.ToolRow) -> dict[str, str]:
    """What was decided where the form will decide: for all agents, unless this one has a decision of its own."""
    scope = "agent" if row.decided_for == "agent" else "all"
    decided = tool_queries.load_decided(row.seen, agent_id=row.seen.agent_id if scope == "agent" else "")
    return {
        "scope": scope,
        "kind": decided.kind if decided else "",
        "judged": "after" if decided and not decided.critical else "before",
    }
