"""Shows one call unmasked to somebody who says why."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from guardrail.kept import load_verdict
from guardrail.revealing import RevealError, mask_again, of_verdict, reveal
from policies.access import Permission, require


@require_POST
def verdict_reveal(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """With a reason until some minutes have passed; with `end`, not any more."""
    require(request.user, Permission.REVEAL)
    verdict = load_verdict(pk, request.user, only=("id",))
    revealing(request, of_verdict(verdict.pk), about={"verdict": str(verdict.pk)})
    return redirect(f"{redirect('verdict', pk).url}#steps")


def revealing(request: HttpRequest, subject: str, *, about: dict[str, str | int]) -> None:
    """What the form asks for, or a message that says what is missing."""
    if "end" in request.POST:
        mask_again(request, subject)
        return
    try:
        reveal(request, subject, reason=request.POST.get("reason", ""), about=about)
    except RevealError as error:
        messages.error(request, str(error))
