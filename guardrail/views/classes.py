"""Data classes: in order, what recognises each, what may go where, and trying a text."""

import time
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guardrail import shown_text
from guardrail.class_trial import Found, try_text
from guardrail.text.budget import Budget
from policies import class_queries
from policies.access import Permission, actor_of, may, require
from policies.class_forms import ClassForm, DictionaryForm, NewClassForm, PatternForm, TrialForm, decided_of
from policies.load import load_recognition
from policies.models import DataClass
from policies.services import classes as services
from policies.services.classes import ClassError

# What a trial may take; a call has less.
_TRIAL_S = 2.0


@require_GET
def classes(request: HttpRequest) -> HttpResponse:
    """Every class, and the table of the policy in force."""
    return _list(request)


@require_http_methods(["GET", "POST"])
def class_new(request: HttpRequest) -> HttpResponse:
    """Add a class."""
    if request.method == "GET":
        return redirect("policy_classes")
    require(request.user, Permission.CHANGE_POLICY)
    form = NewClassForm(request.POST)
    if form.is_valid():
        try:
            added = services.add_class(form.settings(), actor=actor_of(request))
        except ClassError as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, f"{added} is added above the others. Say here what it is recognised by.")
            return redirect("policy_class", added.pk)
    return _list(request, form=form, status=422)


@require_POST
def classes_usual(request: HttpRequest) -> HttpResponse:
    """Begin with the four classes most organisations have."""
    try:
        services.add_usual_classes(actor=actor_of(request))
    except ClassError as error:
        messages.error(request, f"{error}.")
    else:
        messages.success(request, "Four classes to begin with. Say by what each is recognised.")
    return redirect("policy_classes")


@require_http_methods(["GET", "POST"])
def classes_try(request: HttpRequest) -> HttpResponse:
    """Which classes a text is found to be of. Nothing of it is kept."""
    if request.method == "GET":
        return redirect("policy_classes")
    form = TrialForm(request.POST)
    if not form.is_valid():
        return _list(request, trial=form, status=422)
    text, place = form.cleaned_data["text"], form.cleaned_data["place"].strip()
    budget = Budget(deadline=time.monotonic() + _TRIAL_S, clock=time.monotonic)
    found = try_text(text, place, load_recognition(), budget=budget)
    return _list(request, trial=form, found=found, pieces=_marked(text, found), short=budget.short)


@require_POST
def class_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a class one place up (more protected) or down."""
    try:
        services.move_class(pk, by=1 if request.POST.get("to") == "up" else -1, actor=actor_of(request))
    except ClassError as error:
        messages.error(request, f"{error}.")
    return redirect("policy_classes")


@require_http_methods(["GET", "POST"])
def class_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One class; POST sets what an admin decides for it."""
    found = get_object_or_404(DataClass, pk=pk)
    if request.method == "GET":
        return show_class(request, found)
    require(request.user, Permission.CHANGE_POLICY)
    form = ClassForm(request.POST)
    if form.is_valid():
        try:
            services.change_class(pk, form.settings(), revision=form.cleaned_data["revision"], actor=actor_of(request))
        except ClassError as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, "Saved. It holds for the next call.")
            return redirect("policy_class", pk)
    return show_class(request, found, form=form, status=422)


@require_http_methods(["GET", "POST"])
def class_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a class that nothing is of; its name is typed."""
    if request.method == "GET":
        return redirect("policy_class", pk)
    found = get_object_or_404(DataClass, pk=pk)
    require(request.user, Permission.CHANGE_POLICY)
    typed = request.POST.get("name", "").strip()
    try:
        if typed != found.name:
            raise ClassError("name", f"`{typed[:100]}` was typed, expected `{found.name}`")
        services.remove_class(pk, revision=found.revision, actor=actor_of(request))
    except ClassError as error:
        return show_class(request, found, remove_error=str(error), status=422)
    messages.success(request, f"{found} is removed.")
    return redirect("policy_classes")


def show_class(request: HttpRequest, found: DataClass, *, status: int = 200, **shown: Any) -> HttpResponse:
    """The page of one class; `shown` are forms that were refused."""
    revision = {"revision": found.revision}
    row = next((row for row in class_queries.load_classes() if row.found.pk == found.pk), None)
    return render(
        request,
        "policies/class.html",
        {
            "found": found,
            "row": row,
            "form": ClassForm(initial=decided_of(found)),
            "dictionary_form": DictionaryForm(initial=revision, prefix="dictionary"),
            "pattern_form": PatternForm(initial=revision, prefix="pattern"),
            "history": class_queries.load_class_history(found),
            "may_change": may(request.user, Permission.CHANGE_POLICY),
            **shown,
        },
        status=status,
    )


def _list(
    request: HttpRequest,
    *,
    form: NewClassForm | None = None,
    trial: TrialForm | None = None,
    status: int = 200,
    **shown: Any,
) -> HttpResponse:
    rows = class_queries.load_classes()
    names = tuple(row.found.name for row in rows)
    return render(
        request,
        "policies/classes.html",
        {
            "rows": rows,
            "flows": class_queries.load_flow_rows(names, [_entry(row.found) for row in rows]),
            "columns": [class_queries.column_words(column) for column in class_queries.COLUMNS],
            "form": form or NewClassForm(),
            "trial": trial or TrialForm(),
            "may_change": may(request.user, Permission.CHANGE_POLICY),
            **shown,
        },
        status=status,
    )


def _entry(found: DataClass) -> dict[str, Any]:
    return {"name": found.name, "may_leave": found.may_leave, "former_names": found.former_names}


def _marked(text: str, found: list[Found]) -> Any:
    spans = [
        shown_text.Span(start=start, end=end, mark="data", note=f"{one.data_class}: {one.why}")
        for one in found
        for start, end in one.spans
    ]
    return shown_text.show(text, spans)
