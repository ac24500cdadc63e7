"""Playbooks: the list, one with its versions and the form that writes the next, and the steps of a case."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import BaseFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guardrail.words import signal_words
from investigations import playbook_cases as cases, playbook_versions as versions
from investigations.models import PlaybookVersion
from investigations.playbook_forms import (
    CARRIER_WORDS,
    EVIDENCE_WORDS,
    MarkStepForm,
    NewPlaybookForm,
    PlaybookForm,
    StepForm,
    StepForms,
    playbook_from,
    steps_initial,
)
from investigations.playbooks import PlaybookError, shipped
from investigations.services import InvestigationError
from investigations.views.investigation import load_investigation
from policies.access import Permission, actor_of, may, require

_MOST_VERSIONS = 50


@require_GET
@never_cache
def playbook_list(request: HttpRequest) -> HttpResponse:
    """Every playbook in the version in use."""
    rows = [(one, [_kind_words(kind) for kind in one.playbook.kinds]) for one in versions.load_in_use().values()]
    context = {"rows": rows, "carriers": dict(CARRIER_WORDS), "may_change": may(request.user, Permission.CHANGE_POLICY)}
    return render(request, "investigations/playbooks.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
def playbook_new(request: HttpRequest) -> HttpResponse:
    """Write a playbook of our own."""
    require(request.user, Permission.CHANGE_POLICY)
    if request.method == "GET":
        return _editor(request, None, NewPlaybookForm(), StepForms(prefix="step"))
    form, steps = NewPlaybookForm(request.POST), StepForms(request.POST, prefix="step")
    return _write(request, None, form, steps)


@require_http_methods(["GET", "POST"])
@never_cache
def playbook_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One playbook in the version in use, and the form that writes the next one."""
    version = versions.load_in_use().get(slug)
    if version is None:
        raise Http404
    if request.method == "POST":
        require(request.user, Permission.CHANGE_POLICY)
        return _write(request, version, PlaybookForm(request.POST), StepForms(request.POST, prefix="step"))
    return _editor(request, version, *_filled(version))


@require_GET
@never_cache
def playbook_version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One version as it was written; no form."""
    row = PlaybookVersion.objects.filter(slug=slug, number=number).select_related("written_by").first()
    if row is None and (number or slug not in shipped()):
        raise Http404
    playbook = versions.read_version(row).playbook if row else shipped()[slug]
    context = {
        "row": row,
        "playbook": playbook,
        "kinds": [_kind_words(kind) for kind in playbook.kinds],
        "carrier": dict(CARRIER_WORDS)[playbook.carrier],
        "steps": [(step, EVIDENCE_WORDS.get(step.evidence, "")) for step in playbook.steps],
    }
    return render(request, "investigations/playbook_version.html", context)


@require_POST
def step_mark(request: HttpRequest, pk: int, slug: str, name: str) -> HttpResponse:
    """Say how a step of a case stands."""
    found = load_investigation(request, pk)
    form = MarkStepForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    else:
        try:
            cases.mark_step(
                found, slug=slug, name=name, **form.cleaned_data, now=timezone.now(), actor=actor_of(request)
            )
        except InvestigationError as error:
            messages.warning(request, f"{str(error)[:1].upper()}{str(error)[1:]}.")
    return redirect(f"{resolve_url('investigation', pk)}#playbook-{slug}")


@require_POST
def case_playbook_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Go by another playbook as well."""
    found = load_investigation(request, pk)
    slug = request.POST.get("playbook", "")
    try:
        cases.add_playbook(found, slug=slug, now=timezone.now(), actor=actor_of(request))
    except InvestigationError as error:
        messages.warning(request, f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return redirect(f"{resolve_url('investigation', pk)}#playbook")
    return redirect(f"{resolve_url('investigation', pk)}#playbook-{slug}")


def _write(
    request: HttpRequest, version: versions.Version | None, form: PlaybookForm, steps: "BaseFormSet[StepForm]"
) -> HttpResponse:
    if "more" in request.POST:
        return _editor(request, version, form, _one_more(request))
    slug = version.playbook.slug if version else form.data.get("slug", "")
    playbook = playbook_from(slug, form, steps) if form.is_valid() and steps.is_valid() else None
    if playbook is not None:
        said = form.cleaned_data
        seen = said["seen"] if version else None
        written = versions.Written(playbook=playbook, reason=said["reason"], seen=seen, retired=said["retired"])
        try:
            made = versions.write_version(written, now=timezone.now(), actor=actor_of(request))
        except versions.Overtaken as error:
            taken = f"there is a playbook `{slug}` already"
            form.add_error(*(("slug", taken) if version is None else (None, str(error))))
        except PlaybookError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, f"Version {made.number} is in use for new cases. Cases under way keep theirs.")
            return redirect("playbook", made.slug)
    return _editor(request, version, form, steps, status=422)


def _one_more(request: HttpRequest) -> "BaseFormSet[StepForm]":
    """The forms as they were sent with another empty one at the end."""
    data = request.POST.copy()
    total = data.get("step-TOTAL_FORMS", "0")
    if total.isascii() and total.isdecimal() and len(total) < 4:
        data["step-TOTAL_FORMS"] = str(int(total) + 1)
    return StepForms(data, prefix="step")


def _filled(version: versions.Version) -> "tuple[PlaybookForm, BaseFormSet[StepForm]]":
    playbook = version.playbook
    said = {
        "title": playbook.title,
        "purpose": playbook.purpose,
        "kinds": " ".join(playbook.kinds),
        "carrier": playbook.carrier,
        "retired": version.retired,
        "seen": version.number,
    }
    return PlaybookForm(initial=said), StepForms(initial=steps_initial(playbook), prefix="step")


def _editor(
    request: HttpRequest,
    version: versions.Version | None,
    form: PlaybookForm,
    steps: "BaseFormSet[StepForm]",
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "version": version,
        "form": form,
        "steps": steps,
        "may_change": may(request.user, Permission.CHANGE_POLICY),
        "is_shipped": version is not None and version.playbook.slug in shipped(),
        "written": _load_written(version.playbook.slug) if version else (),
    }
    return render(request, "investigations/playbook.html", context, status=status)


def _load_written(slug: str) -> QuerySet[PlaybookVersion]:
    return PlaybookVersion.objects.filter(slug=slug).select_related("written_by")[:_MOST_VERSIONS]


def _kind_words(kind: str) -> str:
    return kind if kind.endswith("*") else signal_words(kind)
