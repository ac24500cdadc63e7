"""The dictionaries and patterns of a data class: add, change, remove."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from guardrail.views.classes import show_class
from policies.access import Permission, actor_of, may, require
from policies.class_forms import DictionaryForm, PatternForm, RevisionForm, decided_of_dictionary, decided_of_pattern
from policies.models import ClassDictionary, ClassPattern, DataClass
from policies.services import class_recognisers as services
from policies.services.classes import ClassError

_SAVED = "Saved. It holds for the next call."


@require_http_methods(["GET", "POST"])
def dictionary_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a dictionary."""
    if request.method == "GET":
        return redirect("policy_class", pk)
    found = get_object_or_404(DataClass, pk=pk)
    require(request.user, Permission.CHANGE_POLICY)
    form = DictionaryForm(request.POST, request.FILES, prefix="dictionary")
    if _saves_dictionary(request, found, form):
        return redirect("policy_class", pk)
    return show_class(request, found, dictionary_form=form, status=422)


@require_http_methods(["GET", "POST"])
def dictionary(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """One dictionary; POST puts another in its place."""
    kept = get_object_or_404(ClassDictionary.objects.select_related("data_class"), pk=row, data_class=pk)
    # the very words that must not get out: whoever may only read verdicts sees how many there are
    require(request.user, Permission.CHANGE_POLICY)
    form = DictionaryForm(initial=decided_of_dictionary(kept, kept.data_class.revision))
    if request.method == "POST":
        form = DictionaryForm(request.POST, request.FILES)
        if _saves_dictionary(request, kept.data_class, form, row):
            return redirect("policy_class", pk)
    return _page(request, kept, form)


@require_http_methods(["GET", "POST"])
def pattern_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a pattern."""
    if request.method == "GET":
        return redirect("policy_class", pk)
    found = get_object_or_404(DataClass, pk=pk)
    require(request.user, Permission.CHANGE_POLICY)
    form = PatternForm(request.POST, prefix="pattern")
    if _saves_pattern(request, found, form):
        return redirect("policy_class", pk)
    return show_class(request, found, pattern_form=form, status=422)


@require_http_methods(["GET", "POST"])
def pattern(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """One pattern; POST puts another in its place."""
    kept = get_object_or_404(ClassPattern.objects.select_related("data_class"), pk=row, data_class=pk)
    form = PatternForm(initial=decided_of_pattern(kept, kept.data_class.revision))
    if request.method == "POST":
        require(request.user, Permission.CHANGE_POLICY)
        form = PatternForm(request.POST)
        if _saves_pattern(request, kept.data_class, form, row):
            return redirect("policy_class", pk)
    return _page(request, kept, form)


@require_POST
def dictionary_remove(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """Forget a dictionary."""
    return _remove(request, get_object_or_404(ClassDictionary, pk=row, data_class=pk))


@require_POST
def pattern_remove(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """Forget a pattern."""
    return _remove(request, get_object_or_404(ClassPattern, pk=row, data_class=pk))


def _saves_dictionary(request: HttpRequest, found: DataClass, form: DictionaryForm, row: int = 0) -> bool:
    if not form.is_valid():
        return False
    try:
        services.save_dictionary(
            found.pk, form.settings(), revision=form.cleaned_data["revision"], actor=actor_of(request), pk=row
        )
    except ClassError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    messages.success(request, _SAVED)
    return True


def _saves_pattern(request: HttpRequest, found: DataClass, form: PatternForm, row: int = 0) -> bool:
    if not form.is_valid():
        return False
    try:
        services.save_pattern(
            found.pk, form.settings(), revision=form.cleaned_data["revision"], actor=actor_of(request), pk=row
        )
    except ClassError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    messages.success(request, _SAVED)
    return True


def _remove(request: HttpRequest, kept: ClassDictionary | ClassPattern) -> HttpResponse:
    form = RevisionForm(request.POST)
    revision = form.cleaned_data["revision"] if form.is_valid() else 0
    remove = services.remove_dictionary if isinstance(kept, ClassDictionary) else services.remove_pattern
    try:
        remove(kept.data_class_id, kept.pk, revision=revision, actor=actor_of(request))
    except ClassError as error:
        messages.error(request, f"{error}.")
    else:
        messages.success(request, f"{kept.name} is removed.")
    return redirect("policy_class", kept.data_class_id)


def _page(
    request: HttpRequest, kept: ClassDictionary | ClassPattern, form: DictionaryForm | PatternForm
) -> HttpResponse:
    shown = {
        "kept": kept,
        "found": kept.data_class,
        "form": form,
        "is_dictionary": isinstance(kept, ClassDictionary),
        "may_change": may(request.user, Permission.CHANGE_POLICY),
    }
    return render(request, "policies/class_recogniser.html", shown, status=422 if form.is_bound else 200)
