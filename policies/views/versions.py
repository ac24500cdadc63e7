"""Policy versions: what is in force, and what was."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from policies import version_queries


@require_GET
def policies(request: HttpRequest) -> HttpResponse:
    """Every version, newest first; `?before=` goes on below a number."""
    before = request.GET.get("before", "")
    page = version_queries.load_versions(before=int(before) if before.isdecimal() and len(before) < 10 else 0)
    return render(request, "policies/policies.html", {"page": page})
