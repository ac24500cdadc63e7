"""Documents whose text is known by fingerprints: upload or paste, list, take again, remove. The text is not kept."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from guardrail.fingerprinting import take
from guardrail.text.documents import UnreadableDocument
from policies import class_queries
from policies.access import Permission, actor_of, may, require
from policies.class_forms import DocumentForm
from policies.models import DataClass, DocumentFingerprints
from policies.services.fingerprints import (
    FingerprintError,
    reclass_fingerprints,
    remove_fingerprints,
    save_fingerprints,
)

# Characters of XML read of one Office file: a page waits for it, a command does not.
_MOST_XML = 20_000_000


@require_http_methods(["GET", "POST"])
def documents(request: HttpRequest) -> HttpResponse:
    """The documents by name; POST takes one in. `?again=` fills the form for one that is there."""
    if request.method == "GET":
        return _page(request)
    require(request.user, Permission.CHANGE_POLICY)
    form = DocumentForm(request.POST, request.FILES, classes=_class_names())
    if form.is_valid():
        said = form.cleaned_data
        name = " ".join((said["name"].strip() or said["file"].name).split())
        again = request.POST.get("again", "")
        try:
            if name != again and DocumentFingerprints.objects.filter(name=name).exists():
                raise FingerprintError(f"`{name[:60]}` is known already, expected a name of its own, or Take again")
            content = said["file"].read() if said["file"] else said["text"].encode("utf-8", "replace")
            document = take(content, name=name, most_xml=_MOST_XML)
            save_fingerprints([document], data_class=said["data_class"], actor=actor_of(request))
        except UnreadableDocument as error:
            form.add_error("file" if said["file"] else "text", f"it {error}")
        except FingerprintError as error:
            told = str(error)
            about_name = told.startswith(("`", "the name"))
            form.add_error("name" if about_name else "file" if said["file"] else "text", told)
        else:
            messages.success(
                request,
                f"{name} is known by {len(document.hashes) // 8} fingerprints from the next call on."
                " Its text was not kept."[:400],
            )
            return redirect("policy_class_documents")
    return _page(request, form=form)


@require_POST
def documents_remove(request: HttpRequest) -> HttpResponse:
    """Forget one document, or all that are ticked."""
    names = [name[:1000] for name in request.POST.getlist("name")[:1000]]
    try:
        if not names:
            raise FingerprintError("none was ticked, expected one")
        remove_fingerprints(names, actor=actor_of(request))
    except FingerprintError as error:
        messages.error(request, f"{error}.")
    else:
        messages.success(request, f"{len(set(names))} forgotten.")
    return redirect("policy_class_documents")


@require_POST
def documents_class(request: HttpRequest) -> HttpResponse:
    """Give all that are ticked another class."""
    names = [name[:1000] for name in request.POST.getlist("name")[:1000]]
    data_class = request.POST.get("data_class", "")[:100]
    try:
        if not names:
            raise FingerprintError("none was ticked, expected one")
        count = reclass_fingerprints(names, data_class=data_class, actor=actor_of(request))
    except FingerprintError as error:
        messages.error(request, f"{error}.")
    else:
        messages.success(request, f"{count} given the class {data_class}. It holds for the next call.")
    return redirect("policy_class_documents")


def _page(request: HttpRequest, form: DocumentForm | None = None) -> HttpResponse:
    data_class = request.GET.get("class", "")[:100]
    rows, older = class_queries.load_documents(after=request.GET.get("after", "")[:1000], data_class=data_class)
    again = (request.POST if form else request.GET).get("again", "")[:1000]
    classes = _class_names()
    known = DocumentFingerprints.objects.select_related("data_class").filter(name=again).first() if again else None
    initial = {"name": known.name, "data_class": known.data_class.name} if known else {"data_class": data_class}
    shown = {
        "rows": rows,
        "older": older,
        "data_class": data_class,
        "again": known.name if known else "",
        "form": form or DocumentForm(None, initial=initial, classes=classes),
        "classes": classes,
        "may_change": may(request.user, Permission.CHANGE_POLICY),
    }
    return render(request, "policies/class_documents.html", shown, status=422 if form else 200)


def _class_names() -> list[str]:
    return list(DataClass.objects.order_by("-position", "name").values_list("name", flat=True))
