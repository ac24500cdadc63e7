"""Documents that have to be cleaned, and the words for the people who have to know of a case."""

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from investigations import notices, remediation, services
from investigations.models import Investigation, Remediation
from investigations.notices import Case
from investigations.remediation_forms import RemediationForm, SeenForm, ToldForm
from investigations.services import InvestigationError
from investigations.views.investigation import load_investigation, render_investigation
from investigations.visibility import may_see, visible_to
from policies.access import Permission, actor_of, may, require

_MOST_LISTED = 200


@require_GET
@never_cache
def remediation_list(request: HttpRequest) -> HttpResponse:
    """Every document that is to be cleaned, what is due first on top; and those that are settled, clean ones first."""
    rows = Remediation.objects.filter(visible_to(request.user, prefix="investigation__"))
    rows = rows.select_related("investigation", "document", "marked_by", "done_by")
    context = {
        "under_way": rows.filter(state__in=remediation.UNDER_WAY).order_by("due", "id")[:_MOST_LISTED],
        "over": rows.exclude(state__in=remediation.UNDER_WAY).order_by(F("verified_at").desc(nulls_last=True), "-id")[
            :50
        ],
        "today": timezone.now().date(),
    }
    return render(request, "investigations/remediations.html", context)


@require_POST
def remediation_mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the document of an investigation cleaned."""
    found = load_investigation(request, pk)
    form = RemediationForm(request.POST)
    if form.is_valid():
        try:
            remediation.mark(found, **form.cleaned_data, now=timezone.now(), actor=actor_of(request))
        except InvestigationError as error:
            form.add_error(None, str(error))
        else:
            return redirect(f"{resolve_url('investigation', pk)}#remediation")
    return render_investigation(request, found, status=422, remediation_form=form)


@require_POST
def remediation_change(request: HttpRequest, pk: int) -> HttpResponse:
    """`do`: done, verified by a person, or dropped."""
    row = get_object_or_404(Remediation.objects.select_related("investigation"), pk=pk)
    if not may_see(row.investigation, request.user):
        raise Http404
    now, actor, why = timezone.now(), actor_of(request), request.POST.get("why", "")
    form = SeenForm(request.POST)
    try:
        match request.POST.get("do"):
            case "done":
                remediation.report_done(row, now=now, actor=actor)
            case "verified" if form.is_valid():
                remediation.confirm_clean(row, how=why, now=now, actor=actor)
            case "dropped" if form.is_valid():
                remediation.drop(row, reason=why, actor=actor)
            case _:
                messages.warning(request, "Nothing was changed: say how it was seen, or why not.")
    except InvestigationError as error:
        messages.warning(request, f"{error}.")
    return redirect(f"{resolve_url('investigation', row.investigation_id)}#remediation")


@require_GET
@never_cache
def notice_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The words for each, to be copied or opened in a mail."""
    found = load_investigation(request, pk)
    require(actor_of(request), Permission.INVESTIGATE)
    return _notices(request, found, ToldForm())


@require_POST
def notice_sent(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down who was told."""
    found = load_investigation(request, pk)
    form = ToldForm(request.POST)
    if form.is_valid():
        try:
            services.write_notified(found, form.cleaned_data["whom"], actor=actor_of(request))
        except InvestigationError as error:
            form.add_error("whom", str(error))
        else:
            return redirect(f"{resolve_url('investigation', pk)}#activity")
    return _notices(request, found, form, status=422)


def _notices(request: HttpRequest, found: Investigation, form: ToldForm, *, status: int = 200) -> HttpResponse:
    facts = dict(reversed([(str(name), str(value)) for name, value in found.facts]))
    case = Case(
        number=found.pk,
        outcome=found.outcome,
        agent=found.agent_name or found.agent_id,
        destination=found.destination,
        document=found.document,
        author=found.author,
        data_class=facts.get("data_class", ""),
        user=found.user_id,
        calls=found.calls,
        first_seen=f"{found.first_seen:%Y-%m-%d %H:%M} UTC",
        last_seen=f"{found.last_seen:%Y-%m-%d %H:%M} UTC",
        url=request.build_absolute_uri(resolve_url("investigation", found.pk)),
    )
    context = {
        "investigation": found,
        "notices": notices.write_notices(case),
        "form": form,
        "may_work": may(request.user, Permission.INVESTIGATE),
    }
    return render(request, "investigations/notices.html", context, status=status)
