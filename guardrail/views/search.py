"""The search over all calls: fields and words in one line, which is the address, too."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from guardrail import queries
from guardrail.models import PendingSearch
from guardrail.search.asked import note_asked
from guardrail.search.exporting import FORMATS, MOST, export
from guardrail.search.finding import Found, TooBroad, find
from guardrail.search.query import LONGEST_QUERY, OUTCOMES, Field, QueryError, read_query
from policies.access import Permission, actor_of, may

_MANY_PENDING = 1_000


@require_GET
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    """The newest calls that fit `?q=`. The id of a call goes straight to it."""
    asked = request.GET.get("q", "").strip()
    verdict_id = queries.as_verdict_id(asked)
    if verdict_id and queries.verdict_exists(verdict_id, person=actor_of(request)):
        return redirect("verdict", verdict_id)
    found, refused = _find(request, asked)
    if found and asked and "before" not in request.GET:
        note_asked(asked, calls=len(found.verdicts), actor=actor_of(request))
    shown = {
        "asked": asked[:LONGEST_QUERY],
        "found": found,
        "refused": refused,
        "paged": "before" in request.GET,
        "older_url": f"?{urlencode({'q': asked, 'before': found.older})}" if found and found.older else "",
        "fields": [field.value for field in Field],
        "outcomes": list(OUTCOMES),
        "most": MOST,
        "formats": FORMATS,
        "longest": LONGEST_QUERY,
        "may_export": may(request.user, Permission.EXPORT_EVIDENCE),
        "behind": PendingSearch.objects.order_by("pk")[_MANY_PENDING:].exists(),
    }
    return render(request, "guardrail/search.html", shown, status=422 if refused else 200)


@require_POST
def search_export(request: HttpRequest) -> HttpResponseBase:
    """What a question finds as a file; audited."""
    asked, kind = request.POST.get("q", "").strip(), request.POST.get("format", "csv")
    if kind not in FORMATS:
        kind = "csv"
    try:
        lines = export(asked, kind=kind, now=timezone.now(), actor=actor_of(request))
    except (QueryError, TooBroad):
        # the page says what is wrong with it
        return redirect(f"{request.path.removesuffix('export/')}?{urlencode({'q': asked})}")
    media = "text/csv; charset=utf-8" if kind == "csv" else "application/json"
    answer = StreamingHttpResponse(lines, content_type=media)
    answer["Content-Disposition"] = f'attachment; filename="calls-{timezone.now():%Y%m%d-%H%M}.{kind}"'
    return answer


def _find(request: HttpRequest, asked: str) -> tuple[Found | None, str]:
    try:
        query = read_query(asked, now=timezone.now())
        before = queries.as_verdict_id(request.GET.get("before", ""))
        return find(query, person=actor_of(request), before=before), ""
    except (QueryError, TooBroad) as error:
        return None, str(error)
