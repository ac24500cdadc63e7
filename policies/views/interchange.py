"""Policies as files: taking one in as a draft, and handing one out."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from policies.access import Permission, actor_of, require
from policies.draft_forms import ImportForm
from policies.interchange.checking import CheckedDocument, check
from policies.interchange.reading import MOST_BYTES
from policies.interchange.writing import write_json, write_yaml
from policies.models import PolicyDraft, PolicyVersion
from policies.services.drafts import DraftError
from policies.services.interchange import TooManyDifferences, import_policy, load_policy_document

_TYPES = {"yaml": "application/yaml", "json": "application/json"}


@require_http_methods(["GET", "POST"])
def policy_import(request: HttpRequest) -> HttpResponse:
    """A file becomes a draft; what is wrong with it is told line by line, and nothing is stored then."""
    require(request.user, Permission.CHANGE_POLICY)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, None)
    file = form.cleaned_data["file"]
    if file.size > MOST_BYTES:
        form.add_error("file", f"it has {file.size:,} bytes, expected at most {MOST_BYTES:,}")
        return _page(request, form, None)
    checked = check(file.read(), now=timezone.now())
    if not checked.sound:
        return _page(request, form, checked)
    try:
        draft = import_policy(checked.document, title=form.cleaned_data["title"], actor=actor_of(request))
    except (DraftError, TooManyDifferences) as error:
        form.add_error("file", str(error))
        return _page(request, form, checked)
    for problem in checked.problems:
        messages.warning(request, f"Line {problem.line}: {problem.text}")
    messages.success(request, "Taken in as a draft. Nothing of it is in force.")
    return redirect("policy_draft", draft.pk)


@require_http_methods(["GET", "POST"])
def policy_export(request: HttpRequest) -> HttpResponseBase:
    """A version as a file: `?version=` (else the one in force), `?format=json`, `?lists=no` without the lists.

    POST is with the phrases by which classes of data are recognised: for policy admins, and in the audit trail.
    """
    number = request.GET.get("version", "")
    if number and not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise Http404
    found = PolicyVersion.objects.filter(number=int(number)) if number else PolicyVersion.objects.all()
    version = found.first()
    if version is None:
        raise Http404
    document = load_policy_document(
        version,
        with_lists=request.GET.get("lists") != "no",
        phrases=request.method == "POST",
        actor=actor_of(request),
    )
    return _file(request, f"policy-{version}", document)


@require_GET
def draft_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A draft as a file, without lists."""
    draft = get_object_or_404(PolicyDraft, pk=pk)
    return _file(request, f"policy-draft-{draft.pk}", {"title": draft.title, "reason": draft.reason, **draft.document})


def _file(request: HttpRequest, name: str, document: dict[str, object]) -> StreamingHttpResponse:
    kind = "json" if request.GET.get("format") == "json" else "yaml"
    pieces = write_json(document) if kind == "json" else write_yaml(document)
    answer = StreamingHttpResponse(pieces, content_type=f"{_TYPES[kind]}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


def _page(request: HttpRequest, form: ImportForm, checked: CheckedDocument | None) -> HttpResponse:
    problems = checked.problems if checked and not checked.sound else ()
    shown = {"form": form, "problems": problems, "wrong": sum(not one.remark for one in problems)}
    return render(request, "policies/import.html", shown, status=422 if request.method == "POST" else 200)
