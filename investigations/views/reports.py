"""Reports: the figures of a period, and the compliance report as a page to print and as files."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from investigations.compliance import FORMATS, SHOWN, export, load_compliance
from investigations.models import Receiver
from investigations.receiver_queries import Shown, load_shown
from investigations.reports import Period, PeriodError, load_activity, load_report, read_period
from investigations.siem.waits import Waits, load_waits
from policies.access import Permission, actor_of, is_narrowed, may, require

SPANS = (7, 30, 90)


@require_GET
@never_cache
def reports(request: HttpRequest) -> HttpResponse:
    """The figures of `?from=` to `?to=`, or of the last `?days=`."""
    period, refused = _period(request)
    shown = {
        "report": load_report(period, person=request.user),
        # who is told of everything is of the whole house
        "receivers": [] if is_narrowed(request.user) else _receivers(period),
        "period": period,
        "refused": refused,
        "spans": SPANS,
        "may_export": may(request.user, Permission.EXPORT_EVIDENCE),
    }
    return render(request, "investigations/reports.html", shown, status=422 if refused else 200)


@require_GET
@never_cache
def report_compliance(request: HttpRequest) -> HttpResponse:
    """The compliance report, to be read and printed; opening it is audited."""
    require(request.user, Permission.EXPORT_EVIDENCE)
    period, refused = _period(request)
    shown = {
        "compliance": load_compliance(period, actor=actor_of(request)),
        "activity": load_activity(period, person=request.user),
        "period": period,
        "refused": refused,
        "formats": FORMATS,
        "most": SHOWN,
        "spans": SPANS,
        "now": timezone.now(),
    }
    return render(request, "investigations/compliance.html", shown, status=422 if refused else 200)


@require_POST
def report_compliance_export(request: HttpRequest) -> HttpResponseBase:
    """All of it as CSV or JSON; audited."""
    kind = request.POST.get("format", "csv")
    kind = kind if kind in FORMATS else "csv"
    try:
        first, last = request.POST.get("from", ""), request.POST.get("to", "")
        period = read_period(first, last, days=30, today=timezone.now().date())
    except PeriodError:
        # the page says what is wrong with it
        return redirect(f"{request.path.removesuffix('export/')}?{urlencode({'from': first, 'to': last})}")
    answer = StreamingHttpResponse(
        export(period, kind=kind, actor=actor_of(request)),
        content_type="text/csv; charset=utf-8" if kind == "csv" else "application/json",
    )
    answer["Content-Disposition"] = f'attachment; filename="compliance-{period.first}-{period.last}.{kind}"'
    return answer


def _receivers(period: Period) -> list[tuple[Shown, Waits | None]]:
    """Each as it fares now, and how long what it took in the period had waited. Three queries."""
    waits = load_waits(period.first, period.last)
    return [(one, waits.get(one.receiver.pk)) for one in load_shown(list(Receiver.objects.all()), now=timezone.now())]


def _period(request: HttpRequest) -> tuple[Period, str]:
    """What was asked for, or the last 30 days and what is wrong with the question."""
    asked, today = request.GET, timezone.now().date()
    days = int(asked["days"]) if asked.get("days", "") in map(str, SPANS) else 30
    try:
        return read_period(asked.get("from", ""), asked.get("to", ""), days=days, today=today), ""
    except PeriodError as error:
        return read_period("", "", days=30, today=today), str(error)
