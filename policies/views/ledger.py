"""The fail-open ledger: answers that came late, and stopped calls that were made all the same."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from policies.ledger import AGENTS_SHOWN, load_ledger

_SPANS = (1, 7, 30, 90)


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """Every agent with something to show; `?days=` is one of 1, 7, 30 and 90, else 30."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, _SPANS) else 30
    context = {
        "ledger": load_ledger(days=days, today=timezone.now().date(), person=request.user),
        "spans": _SPANS,
        "late_ms": settings.LATE_MS,
        "shown": AGENTS_SHOWN,
    }
    return render(request, "policies/ledger.html", context)
