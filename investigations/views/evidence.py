"""The page on which somebody takes a call or an investigation out as evidence, and the file."""

import tempfile
import uuid
from collections.abc import Callable
from typing import IO, Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from guardrail.evidence.archive import BundleError
from guardrail.evidence.sealing import public_of
from guardrail.kept import load_verdict
from investigations.evidence import EvidenceError, export_investigation, export_verdict
from investigations.evidence_form import EvidenceForm
from investigations.views.investigation import load_investigation
from policies.access import Permission, actor_of, require

# Beyond this the file is on the disk while it is made.
_IN_MEMORY_BYTES = 8_000_000


@require_http_methods(["GET", "POST"])
@never_cache
def verdict_evidence(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """One call as evidence: what the file holds, and the file."""
    require(request.user, Permission.EXPORT_EVIDENCE)
    verdict = load_verdict(pk, request.user)

    def make(file: IO[bytes], reason: str) -> None:
        export_verdict(verdict, file, reason=reason, now=timezone.now(), actor=actor_of(request))

    return _answer(request, make, name=f"call-{pk}", shown={"verdict": verdict})


@require_http_methods(["GET", "POST"])
@never_cache
def investigation_evidence(request: HttpRequest, pk: int) -> HttpResponseBase:
    """An investigation with its calls and its activity as evidence."""
    require(request.user, Permission.EXPORT_EVIDENCE)
    investigation = load_investigation(request, pk)

    def make(file: IO[bytes], reason: str) -> None:
        export_investigation(investigation, file, reason=reason, now=timezone.now(), actor=actor_of(request))

    return _answer(request, make, name=f"investigation-{pk}", shown={"investigation": investigation})


def _answer(
    request: HttpRequest, make: Callable[[IO[bytes], str], None], *, name: str, shown: dict[str, Any]
) -> HttpResponseBase:
    form = EvidenceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 the response closes it
        try:
            make(file, form.cleaned_data["reason"])
        except (EvidenceError, BundleError) as error:
            file.close()
            form.add_error("reason", str(error))
        else:
            file.seek(0)
            return FileResponse(
                file, as_attachment=True, filename=f"evidence-{name}.zip", content_type="application/zip"
            )
    return _page(request, form, shown, status=422 if form.is_bound else 200)


def _page(request: HttpRequest, form: EvidenceForm, shown: dict[str, Any], *, status: int) -> HttpResponse:
    public = public_of(settings.EVIDENCE_KEY) if settings.EVIDENCE_KEY else ""
    return render(request, "investigations/evidence.html", {**shown, "form": form, "public_key": public}, status=status)
