"""Tickets of an investigation in other systems: asking for one, and trying one again."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, resolve_url
from django.utils import timezone
from django.views.decorators.http import require_POST

from investigations.models import Receiver
from investigations.services import InvestigationError
from investigations.tickets import wanting
from investigations.tickets.systems import SYSTEMS
from investigations.views.investigation import load_investigation
from policies.access import actor_of


@require_POST
def ticket_want(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a ticket opened in the system that was picked."""
    found = load_investigation(request, pk)
    picked = request.POST.get("receiver", "")
    number = int(picked) if picked.isascii() and picked.isdecimal() and len(picked) < 19 else 0
    receiver = get_object_or_404(Receiver, pk=number, kind__in=list(SYSTEMS))
    try:
        wanting.want(found, receiver, now=timezone.now(), actor=actor_of(request))
    except InvestigationError as error:
        messages.warning(request, f"{str(error)[:1].upper()}{str(error)[1:]}.")
    else:
        messages.success(request, f"A ticket is opened in {receiver} within a few seconds.")
    return redirect(f"{resolve_url('investigation', pk)}#tickets")


@require_POST
def ticket_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Try once more what was refused, or open another where theirs is gone."""
    actor = actor_of(request)
    ticket = wanting.load_again(pk, person=actor)
    if ticket is None:
        raise Http404
    try:
        wanting.want_again(ticket, now=timezone.now(), actor=actor)
    except InvestigationError as error:
        messages.warning(request, f"{str(error)[:1].upper()}{str(error)[1:]}.")
    return redirect(f"{resolve_url('investigation', ticket.investigation_id)}#tickets")
