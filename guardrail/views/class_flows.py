"""What data of a class may go where, edited as a table in a draft of the policy."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from guardrail.views.drafts import conflict_page
from policies import class_queries
from policies.access import Permission, actor_of, may, require
from policies.class_forms import RevisionForm
from policies.load import load_class_entries
from policies.models import PolicyDraft
from policies.services import drafts as services
from policies.services.drafts import DraftConflict, DraftError

_LARGEST = 1000


@require_POST
def flows_begin(request: HttpRequest) -> HttpResponse:
    """Begin a draft of the policy for the table."""
    require(request.user, Permission.CHANGE_POLICY)
    try:
        draft = services.open_draft(title="What may go where", actor=actor_of(request))
    except DraftError as error:
        messages.error(request, f"{error}.")
        return redirect("policy_classes")
    return redirect("policy_draft_flows", draft.pk)


@require_http_methods(["GET", "POST"])
def flows(request: HttpRequest, pk: int) -> HttpResponse:
    """The table in one draft; POST saves it."""
    draft = get_object_or_404(PolicyDraft.objects.select_related("base"), pk=pk)
    if request.method == "GET":
        return _page(request, draft, draft.document.get("flows") or {})
    require(request.user, Permission.CHANGE_POLICY)
    wanted, wrong = _posted(request, draft)
    form = RevisionForm(request.POST)
    if wrong or not form.is_valid():
        return _page(request, draft, wanted, wrong=wrong or "the form names no revision, nothing was saved")
    try:
        services.save_draft(
            pk, changes={"flows": wanted}, revision=form.cleaned_data["revision"], actor=actor_of(request)
        )
    except DraftConflict as conflict:
        return conflict_page(request, conflict)
    except DraftError as error:
        return _page(request, draft, wanted, wrong=str(error))
    messages.success(request, "Saved. Nothing of it is in force before the draft is published.")
    return redirect("policy_draft", pk)


def _posted(request: HttpRequest, draft: PolicyDraft) -> tuple[dict[str, dict[str, str]], str]:
    """The member as the form has it, and what is wrong with it. Rows the form does not show stay as they are."""
    kept: dict[str, dict[str, str]] = dict(draft.document.get("flows") or {})
    wrong = ""
    for name in request.POST.getlist("class")[:_LARGEST]:
        row = {}
        for column in class_queries.COLUMNS:
            action = request.POST.get(f"flow.{name}.{column}", "")
            if action in class_queries.FLOW_CHOICES:
                row[column] = action
            elif action:
                wrong = f"`{action[:40]}` is no action, expected one of {', '.join(class_queries.FLOW_CHOICES)}"
        kept = {known: cells for known, cells in kept.items() if known.lower() != name.lower()}
        if row:
            kept[name] = row
    return kept, wrong


def _page(request: HttpRequest, draft: PolicyDraft, wanted: dict[str, Any], *, wrong: str = "") -> HttpResponse:
    entries = load_class_entries()[::-1]
    names = tuple(entry["name"] for entry in entries)
    shown = {
        "draft": draft,
        "rows": class_queries.flow_rows({**draft.document, "flows": wanted}, names, entries),
        "columns": [class_queries.column_words(column) for column in class_queries.COLUMNS],
        "choices": class_queries.FLOW_CHOICES,
        "wrong": wrong,
        "may_change": may(request.user, Permission.CHANGE_POLICY) and draft.worked_on,
    }
    return render(request, "policies/class_flows.html", shown, status=422 if wrong else 200)
