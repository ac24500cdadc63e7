"""How long people may take: the settings of the clocks, and letting one investigation's clocks stand."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from investigations import clock_settings, services
from investigations.clock_forms import ClockForm
from investigations.clock_settings import ClockError
from investigations.forms import PauseForm
from investigations.models import ClockSettings
from investigations.views.investigation import load_investigation, render_investigation
from policies.access import Permission, actor_of, may, require


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def clock_page(request: HttpRequest) -> HttpResponse:
    """The clocks; a lead changes them."""
    if request.method == "POST":
        require(actor_of(request), Permission.LEAD)
        form = ClockForm(request.POST)
        if form.is_valid():
            try:
                clock_settings.change(form.clocks(), now=timezone.now(), actor=actor_of(request))
            except ClockError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, "The clocks are changed. Those that run are set anew within seconds.")
                return redirect("queue_clocks")
        return _render(request, form, status=422)
    return _render(request, ClockForm.of(clock_settings.load_clocks()))


@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an investigation's clocks stand."""
    found = load_investigation(request, pk)
    form = PauseForm(request.POST)
    if form.is_valid():
        try:
            services.pause(found, reason=form.cleaned_data["reason"], now=timezone.now(), actor=actor_of(request))
        except services.InvestigationError as error:
            form.add_error(None, str(error))
        else:
            return redirect("investigation", pk)
    return render_investigation(request, found, status=422, pause_form=form)


@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Let them go on."""
    try:
        services.resume(load_investigation(request, pk), now=timezone.now(), actor=actor_of(request))
    except services.InvestigationError as error:
        messages.warning(request, f"{error}.")
    return redirect("investigation", pk)


def _render(request: HttpRequest, form: ClockForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "changed": ClockSettings.objects.select_related("changed_by").order_by("pk").first(),
        "may_lead": may(request.user, Permission.LEAD),
    }
    return render(request, "investigations/clocks.html", context, status=status)
