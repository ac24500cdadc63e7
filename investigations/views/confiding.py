"""Who may see an investigation, and opening one by hand."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from investigations import confiding, opening, queries
from investigations.confiding_forms import ConfideForm, OpenForm
from investigations.forms import ReopenForm
from investigations.services import InvestigationError
from investigations.views.investigation import load_investigation, render_investigation
from policies.access import Permission, actor_of, require


@require_POST
def confide(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep it to the people named, and to leads."""
    found = load_investigation(request, pk)
    form = ConfideForm(request.POST, people=queries.analysts())
    if form.is_valid():
        people, why = form.cleaned_data["people"], form.cleaned_data["why"]
        try:
            confiding.confide(found, people, reason=why, actor=actor_of(request))
        except InvestigationError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Only the people named, and leads, see it from now on.")
            return redirect("investigation", pk)
    return render_investigation(request, found, status=422, confide_form=form)


@require_POST
def open_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Let everybody see it again."""
    found = load_investigation(request, pk)
    form = ReopenForm(request.POST)
    if form.is_valid():
        try:
            confiding.open_up(found, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except InvestigationError as error:
            messages.warning(request, f"{error}.")
    else:
        messages.warning(request, "It stays as it is: say why everybody may see it.")
    return redirect("investigation", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def open_by_hand(request: HttpRequest) -> HttpResponse:
    """The form, with the call of `?call=` in it; and the new investigation."""
    person = actor_of(request)
    require(person, Permission.INVESTIGATE)
    form = OpenForm(initial={"calls": request.GET.get("call", "")[:200].replace("\x00", "")})
    status = 200
    if request.method == "POST":
        form, status = OpenForm(request.POST), 422
        if form.is_valid():
            try:
                made = opening.open_by_hand(**form.cleaned_data, now=timezone.now(), actor=person)
            except InvestigationError as error:
                form.add_error(None, str(error))
            else:
                return redirect("investigation", made.pk)
    return render(request, "investigations/open.html", {"form": form}, status=status)
