"""Policy versions: what is in force, what was, and going back to it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from policies import draft_queries, version_queries
from policies.access import Permission, actor_of, may, require
from policies.draft_forms import NewDraftForm, RestoreForm
from policies.models import PolicyVersion
from policies.services import publication
from policies.services.drafts import DraftError, open_draft


@require_GET
def policies(request: HttpRequest) -> HttpResponse:
    """Drafts that are worked on and every version, newest first; `?before=` goes on below a number."""
    return render(
        request,
        "policies/policies.html",
        {
            "page": version_queries.load_versions(before=_number(request.GET.get("before", ""))),
            "drafts": draft_queries.load_drafts(),
            "form": NewDraftForm(),
            "may_change": may(request.user, Permission.CHANGE_POLICY),
        },
    )


@require_GET
def version(request: HttpRequest, number: int) -> HttpResponse:
    """One version, beside the one before it or beside `?against=`."""
    return _page(request, number, RestoreForm())


@require_POST
def version_restore(request: HttpRequest, number: int) -> HttpResponse:
    """Publish this version's document anew."""
    require(request.user, Permission.CHANGE_POLICY)
    get_object_or_404(PolicyVersion.objects.only("number"), number=number)
    form = RestoreForm(request.POST)
    if form.is_valid():
        try:
            made = publication.roll_back(number, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except DraftError as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, f"{made} says what v{number} says, and holds for the next call.")
            return redirect("policy_version", made.number)
    return _page(request, number, form)


@require_POST
def version_draft(request: HttpRequest, number: int) -> HttpResponse:
    """Open a draft that says what this version says, for going back to it with a second person."""
    require(request.user, Permission.CHANGE_POLICY)
    found = get_object_or_404(PolicyVersion, number=number)
    form = RestoreForm(request.POST)
    if form.is_valid():
        try:
            draft = open_draft(
                title=f"Back to {found}",
                document=found.document,
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
            )
        except DraftError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"A draft that says what {found} says. It holds once it is published.")
            return redirect("policy_draft", draft.pk)
    return _page(request, number, form)


def _page(request: HttpRequest, number: int, form: RestoreForm) -> HttpResponse:
    found = get_object_or_404(
        PolicyVersion.objects.select_related("published_by", "reviewer", "restores").defer("restores__document"),
        number=number,
    )
    view = version_queries.load_version_view(
        found, against=_number(request.GET.get("against", "")), everything=request.GET.get("all", "")
    )
    may_change = may(request.user, Permission.CHANGE_POLICY)
    shown = {
        "view": view,
        "form": form,
        "may_change": may_change,
        "alone_days": publication.ALONE_DAYS,
        "needs_second": may_change and publication.needs_second_person(found, now=timezone.now()),
    }
    return render(request, "policies/version.html", shown, status=422 if form.is_bound else 200)


def _number(text: str) -> int:
    """A version's number out of an address; 0 when it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
