"""Making several investigations one, taking that back, and parting calls from one."""

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from investigations import merging, queries
from investigations.merge_forms import MergeForm, SplitForm
from investigations.models import Merge
from investigations.services import InvestigationError
from investigations.views.investigation import load_investigation
from policies.access import Permission, actor_of, require


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def merge(request: HttpRequest) -> HttpResponse:
    """The picked ones (`n`, or numbers in `others`) side by side, and which of them stays."""
    person = actor_of(request)
    require(person, Permission.INVESTIGATE)
    data = request.POST if request.method == "POST" else request.GET
    words = [*data.getlist("n"), *data.get("others", "").replace(",", " ").split()]
    numbers = list(dict.fromkeys(word for word in words if word.isascii() and word.isdecimal() and len(word) < 19))
    rows = list(queries.picked(numbers, person=person).order_by("pk")[: merging.MOST + 1])
    status = 200
    if request.method == "POST":
        form = MergeForm(request.POST, rows=rows)
        if form.is_valid():
            into = form.cleaned_data["into"]
            try:
                made = merging.merge(
                    into,
                    [int(number) for number in numbers],
                    reason=form.cleaned_data["reason"],
                    now=timezone.now(),
                    actor=person,
                )
            except InvestigationError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"{made.parts.count()} became part of investigation {into}.")
                return redirect("investigation", into)
        status = 422
    else:
        form = MergeForm(rows=rows, initial={"into": rows[0].pk if rows else None})
    missing = [number for number in numbers if int(number) not in {row.pk for row in rows}]
    context = {"form": form, "rows": rows, "missing": missing}
    return render(request, "investigations/merge.html", context, status=status)


@require_POST
def unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a merge back."""
    made = get_object_or_404(Merge, pk=pk)
    load_investigation(request, made.target_id)
    try:
        merging.unmerge(made, now=timezone.now(), actor=actor_of(request))
    except InvestigationError as error:
        messages.warning(request, f"{error}.")
    else:
        messages.success(request, "Each is an investigation of its own again, with its calls.")
    return redirect("investigation", made.target_id)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def split(request: HttpRequest, pk: int) -> HttpResponse:
    """Its calls with a box each, and what the new one is called."""
    found = load_investigation(request, pk)
    person = actor_of(request)
    require(person, Permission.INVESTIGATE)
    if found.merged_into_id:
        raise Http404
    status = 200
    picked: Sequence[uuid.UUID] = ()
    form = SplitForm(initial={"title": found.title})
    if request.method == "POST":
        form, picked = SplitForm(request.POST), _ids(request.POST.getlist("call"))
        if form.is_valid():
            try:
                made = merging.split(found.pk, picked, **form.cleaned_data, now=timezone.now(), actor=person)
            except InvestigationError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"Investigation {made.pk} has {made.calls} of its calls.")
                return redirect("investigation", made.pk)
        status = 422
    calls = queries.load_calls(found, wanted=None)
    context = {"investigation": found, "form": form, "calls": calls, "picked": picked}
    return render(request, "investigations/split.html", context, status=status)


def _ids(words: Sequence[str]) -> list[uuid.UUID]:
    found = []
    for word in words[:1000]:
        try:
            found.append(uuid.UUID(word))
        except ValueError:
            continue
    return found
