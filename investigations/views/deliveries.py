"""Deliveries: who is told what happens here, how each receiver fares, and what it would not take."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from investigations import receiver_queries as queries, receivers as services
from investigations.models import Receiver
from investigations.receiver_forms import ReceiverForm, RemoveReceiverForm
from investigations.receiver_kinds import KINDS
from investigations.siem.sinks import SINKS
from investigations.tickets.systems import SYSTEMS
from policies.access import Permission, actor_of, may, require

_ALL = "all"


@require_GET
@never_cache
def delivery_list(request: HttpRequest) -> HttpResponse:
    """Every receiver, with its backlog."""
    context = {
        "rows": queries.load_shown(list(Receiver.objects.all()), now=timezone.now()),
        "kinds": tuple(SINKS.values()),
        "systems": tuple(SYSTEMS.values()),
        "may_change": may(request.user, Permission.CHANGE_RECEIVERS),
    }
    return render(request, "investigations/deliveries.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
def receiver_new(request: HttpRequest, kind: str) -> HttpResponse:
    """Add a receiver of one kind."""
    require(request.user, Permission.CHANGE_RECEIVERS)
    if kind not in KINDS:
        raise Http404(f"no kind of receiver `{kind}`")
    sink = KINDS[kind]
    form = ReceiverForm(request.POST or None, sink=sink)
    if request.method == "POST" and form.is_valid():
        try:
            added = services.add_receiver(kind, form.settings(), actor=actor_of(request))
        except services.ReceiverError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, f"{added} is told from now on. Send it a test.")
            return redirect("delivery_receiver", added.pk)
    status = 422 if form.is_bound else 200
    return render(request, "investigations/receiver_new.html", {"form": form, "sink": sink}, status=status)


@require_GET
def receiver_template(request: HttpRequest, kind: str, name: str) -> HttpResponse:
    """A document to be installed at a receiver, as a file."""
    found = next((one for one in SINKS[kind].templates if one.name == name), None) if kind in SINKS else None
    if found is None:
        raise Http404(f"no template `{name}` of `{kind}`")
    disposition = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return HttpResponse(found.text, content_type="application/json", headers=disposition)


@require_GET
@never_cache
def receiver_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One receiver: health, backlog, settings, dead letters."""
    return _page(request, _load(pk))


@require_http_methods(["GET", "POST"])
@never_cache
def receiver_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what an admin decides for one receiver."""
    if request.method == "GET":
        return redirect("delivery_receiver", pk)
    found = _load(pk)
    require(request.user, Permission.CHANGE_RECEIVERS)
    form = ReceiverForm(request.POST, sink=KINDS[found.kind])
    if form.is_valid():
        try:
            services.change_receiver(found, form.settings(), actor=actor_of(request))
        except services.ReceiverError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, "Saved. It holds for what is sent next.")
            return redirect("delivery_receiver", pk)
    return _page(request, found, form=form, status=422)


@require_POST
def receiver_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send one made-up event now."""
    found = _load(pk)
    if wrong := services.try_receiver(found, actor=actor_of(request)):
        refused = f"{found} would take no ticket" if found.kind in SYSTEMS else "The test was not taken"
        messages.error(request, f"{refused}: {wrong}.")
    else:
        took = "would take a ticket" if found.kind in SYSTEMS else "took the test"
        messages.success(request, f"{found} {took}.")
    return redirect("delivery_receiver", pk)


@require_POST
def receiver_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Send it nothing for now."""
    found = _load(pk)
    services.pause_receiver(found, actor=actor_of(request))
    messages.success(request, f"{found} is sent nothing. What it is to be told waits, 72 hours at most.")
    return redirect("delivery_receiver", pk)


@require_POST
def receiver_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Send to it again."""
    found = _load(pk)
    services.resume_receiver(found, actor=actor_of(request))
    messages.success(request, f"{found} is sent what waits for it.")
    return redirect("delivery_receiver", pk)


@require_POST
def receiver_replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue dead letters again: those picked, or all."""
    found = _load(pk)
    picked = [int(one) for one in request.POST.getlist("letter") if one.isascii() and one.isdecimal() and len(one) < 19]
    ids = None if request.POST.get("which") == _ALL else tuple(picked)
    count = services.replay(found, ids, now=timezone.now(), actor=actor_of(request))
    if count:
        messages.success(request, f"{count} will be sent again.")
    else:
        messages.warning(request, "None was picked: tick those to send again, or send all.")
    return redirect("delivery_receiver", pk)


@require_http_methods(["GET", "POST"])
@never_cache
def receiver_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget it, its secret and what waits for it."""
    if request.method == "GET":
        return redirect("delivery_receiver", pk)
    found = _load(pk)
    require(request.user, Permission.CHANGE_RECEIVERS)
    form = RemoveReceiverForm(request.POST)
    if form.is_valid() and form.cleaned_data["typed"] != found.name:
        form.add_error("typed", f"`{form.cleaned_data['typed']}` was typed, expected `{found.name}`")
    if not form.is_valid():
        return _page(request, found, remove_form=form, status=422)
    services.remove_receiver(found, actor=actor_of(request))
    messages.success(request, f"{found} is removed, and its secret with it.")
    return redirect("deliveries")


def _load(pk: int) -> Receiver:
    return get_object_or_404(Receiver, pk=pk, kind__in=list(KINDS))


def _page(
    request: HttpRequest,
    found: Receiver,
    *,
    form: ReceiverForm | None = None,
    remove_form: RemoveReceiverForm | None = None,
    status: int = 200,
) -> HttpResponse:
    (shown,) = queries.load_shown([found], now=timezone.now())
    context: dict[str, Any] = {
        "shown": shown,
        "receiver": found,
        "form": form or ReceiverForm.of(found),
        "remove_form": remove_form or RemoveReceiverForm(),
        "letters": queries.load_dead(found),
        "tickets": queries.load_tickets(found, person=request.user) if found.kind in SYSTEMS else None,
        "history": queries.load_history(found),
        "may_change": may(request.user, Permission.CHANGE_RECEIVERS),
    }
    return render(request, "investigations/receiver.html", context, status=status)
