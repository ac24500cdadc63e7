"""Campaigns: the list, one of them, and what people decide on it."""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from investigations import campaign_queries, campaigns
from investigations.forms import CampaignForm
from investigations.models import Campaign
from investigations.services import InvestigationError, NotRemembered
from policies.access import Permission, actor_of, is_narrowed, may


@require_GET
@never_cache
def campaign_list(request: HttpRequest) -> HttpResponse:
    """Campaigns, those seen last first."""
    rows, more = campaign_queries.load_page(person=actor_of(request), before=_before(request.GET.get("before", "")))
    last = f"{rows[-1].last_seen.isoformat()}~{rows[-1].pk}" if more else ""
    return render(request, "investigations/campaigns.html", {"rows": rows, "next_key": last})


@require_GET
@never_cache
def campaign_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One campaign; the page of one that went into another leads there."""
    campaign = get_object_or_404(Campaign, pk=pk)
    if is_narrowed(request.user) and not campaign_queries.has_part_of(campaign, person=actor_of(request)):
        raise Http404
    if campaign.merged_into_id:
        return redirect("campaign", campaign.merged_into_id)
    return _rendered(request, campaign, CampaignForm())


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """It was an attack: protect every agent."""
    return _decided(request, pk, campaigns.confirm, "confirmed: every agent is protected from it")


@require_POST
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """It was no attack."""
    return _decided(request, pk, campaigns.dismiss, "closed as no attack: its texts and destinations count no more")


def _decided(request: HttpRequest, pk: int, decide: Callable[..., int], done: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=pk)
    form = CampaignForm(request.POST)
    if form.is_valid():
        try:
            decide(campaign, reason=form.cleaned_data["reason"], now=timezone.now(), actor=actor_of(request))
        except NotRemembered as error:
            messages.warning(request, f"Campaign {pk} is {error}.")
            return redirect("campaign", pk)
        except InvestigationError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Campaign {pk} is {done}.")
            return redirect("campaign", pk)
    return _rendered(request, campaign, form, status=422)


def _rendered(request: HttpRequest, campaign: Campaign, form: CampaignForm, *, status: int = 200) -> HttpResponse:
    context = {
        "campaign": campaign,
        "told": campaign_queries.load_told(campaign, person=actor_of(request)),
        "form": form,
        "may_work": may(request.user, Permission.INVESTIGATE),
    }
    return render(request, "investigations/campaign.html", context, status=status)


def _before(key: str) -> tuple[datetime, int] | None:
    at, _, pk = key.partition("~")
    try:
        moment = parse_datetime(at)
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or not (pk.isascii() and pk.isdecimal() and len(pk) < 19):
        return None
    return moment, int(pk)
