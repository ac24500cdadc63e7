"""Shows the calls of one investigation unmasked, on its page, to somebody who says why."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from guardrail.views.revealing import revealing
from investigations.views.investigation import load_investigation, of_investigation
from policies.access import Permission, require


@require_POST
def investigation_reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """With a reason until some minutes have passed; with `end`, not any more."""
    require(request.user, Permission.REVEAL)
    investigation = load_investigation(request, pk)
    revealing(request, of_investigation(investigation.pk), about={"investigation": investigation.pk})
    return redirect(f"{reverse('investigation', args=(pk,))}{_call(request)}#steps")


def _call(request: HttpRequest) -> str:
    try:
        return f"?call={uuid.UUID(request.POST.get('call', ''))}"
    except ValueError:
        return ""
