"""Threat intelligence: sources and their state, the search for indicators, one by hand, and the look-alike checker."""

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guardrail import queries
from guardrail.kept import kept_from
from policies import indicator_queries
from policies.access import Permission, actor_of, may, require
from policies.indicator_forms import IndicatorForm
from policies.indicator_queries import IndicatorSearch
from policies.intelligence.lookalike import unicode_of
from policies.load import load_destinations
from policies.models import Indicator
from policies.ruleset import Standing, host_of
from policies.services import indicators as services


@require_GET
def intelligence(request: HttpRequest) -> HttpResponse:
    """Everything at a glance; `?q=`, `?kind=`, `?source=`, `?met=1` narrow the list, `?near=` asks the checker."""
    return _page(request, IndicatorForm())


@require_http_methods(["GET", "POST"])
def indicator_new(request: HttpRequest) -> HttpResponse:
    """List one by hand."""
    if request.method == "GET":
        return redirect("intelligence")
    require(request.user, Permission.CHANGE_POLICY)
    form = IndicatorForm(request.POST)
    if form.is_valid():
        try:
            added = services.add_indicator(form.written(), now=timezone.now(), actor=actor_of(request))
        except services.Protected as error:
            form.add_error("confirmed", f"{error}. Tick this if it should be listed all the same")
        except services.IndicatorError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, f"{added.value} is listed. It holds for the next call.")
            return redirect("indicator", added.pk)
    return _page(request, form)


@require_GET
def indicator(request: HttpRequest, pk: int) -> HttpResponse:
    """One indicator and the calls it was met in; `?before=` goes on behind one of them."""
    found = get_object_or_404(Indicator.objects.select_related("source"), pk=pk)
    sightings, more = indicator_queries.load_sightings(found, before=_uuid(request.GET.get("before", "")))
    ids = [sighting.verdict_id for sighting in sightings]
    briefs, kept = queries.load_briefs(ids), kept_from(ids, request.user)
    return render(
        request,
        "guardrail/indicator.html",
        {
            "row": indicator_queries.row_of(found, now=timezone.now()),
            "sightings": [(one, briefs.get(one.verdict_id)) for one in sightings if one.verdict_id not in kept],
            "older": sightings[-1].verdict_id if more else None,
            "same": indicator_queries.load_same(found),
            "shown": unicode_of(found.value),
            "may_change": may(request.user, Permission.CHANGE_POLICY),
        },
    )


@require_POST
def indicator_dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Look for it no more."""
    found = get_object_or_404(Indicator, pk=pk)
    services.dismiss(found, now=timezone.now(), actor=actor_of(request))
    messages.success(request, f"{found.value} is not looked for any more, whatever its source says.")
    return redirect("indicator", pk)


@require_POST
def indicator_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Look for it again."""
    found = get_object_or_404(Indicator, pk=pk)
    services.restore(found, now=timezone.now(), actor=actor_of(request))
    messages.success(request, f"{found.value} is looked for again.")
    return redirect("indicator", pk)


def _page(request: HttpRequest, form: IndicatorForm) -> HttpResponse:
    search = _search(request)
    page = indicator_queries.load_indicators(search, now=timezone.now())
    near = request.GET.get("near", "").strip()[:300].replace("\x00", "")
    kept = {"q": search.words, "kind": search.kind, "source": search.source or "", "met": "1" if search.met else ""}
    return render(
        request,
        "guardrail/intelligence.html",
        {
            "sources": indicator_queries.load_sources(),
            "page": page,
            "search": search,
            "older": urlencode({**{name: value for name, value in kept.items() if value}, "before": page.older}),
            "kinds": Indicator.KindChoice.choices,
            "near": near,
            "near_said": _near(near) if near else None,
            "form": form,
            "may_change": may(request.user, Permission.CHANGE_POLICY),
            "may_export": may(request.user, Permission.EXPORT_EVIDENCE),
        },
        status=422 if form.is_bound else 200,
    )


def _near(text: str) -> dict[str, str]:
    """What the checker says of an address: `look` is good, bad or unknown."""
    host = host_of(text)
    ours = load_destinations()
    standing = ours.standing_of(text)
    if standing.is_trusted:
        whose = "of this organisation" if standing is Standing.INTERNAL else "known to this organisation"
        return {"look": "good", "host": host, "said": f"is {whose}."}
    like = ours.lookalikes.find(host)
    if like is None:
        return {"look": "unknown", "host": host, "said": "looks like none of ours and of those we know."}
    weak = " Others may have such a name honestly, so it is only noted." if like.weak else ""
    return {"look": "bad", "host": unicode_of(host), "said": f"could be taken for {like.own}: {like.how}.{weak}"}


def _search(request: HttpRequest) -> IndicatorSearch:
    asked = request.GET
    return IndicatorSearch(
        words=asked.get("q", "").strip()[:500].replace("\x00", ""),
        kind=asked.get("kind", "")[:20],
        source=_number(asked.get("source", "")),
        met=asked.get("met") == "1",
        before=_number(asked.get("before", "")),
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
