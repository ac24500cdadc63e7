"""Takes indicators that investigations confirmed out as a file; audited."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from investigations.confirmed import FORMATS, export
from policies.access import actor_of


@require_POST
def indicators_export(request: HttpRequest) -> HttpResponse:
    """As a STIX bundle or as CSV."""
    kind = request.POST.get("format", "stix")
    kind = kind if kind in FORMATS else "stix"
    now = timezone.now()
    text = export(kind=kind, now=now, actor=actor_of(request))
    media = "text/csv; charset=utf-8" if kind == "csv" else "application/stix+json;version=2.1"
    answer = HttpResponse(text, content_type=media)
    ending = "csv" if kind == "csv" else "json"
    answer["Content-Disposition"] = f'attachment; filename="indicators-{now:%Y%m%d-%H%M}.{ending}"'
    return answer
