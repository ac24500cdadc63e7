"""The list of destinations: search, one entry, many at once, and all of it as a file."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guardrail import words
from guardrail.models import Verdict
from policies.access import Permission, actor_of, may, require
from policies.choices import Standing
from policies.destination_forms import DestinationForm, ListForm
from policies.destination_list import Line, write_list
from policies.destinations import Destinations, Entry, conflicts, contradicted_by
from policies.load import load_destinations
from policies.models import Destination
from policies.services import destinations as services

PAGE = 50
# Calls looked through to tell how often an entry was met, at most this often a minute.
CALLS = 5_000
_KEPT_SECONDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An entry; `around` is a wider one that says the opposite, `met` counts the newest calls it decided for."""

    destination: Destination
    around: Entry | None
    met: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What is looked for: a piece of the value, a standing, only conflicts; `after` is where the page goes on."""

    words: str = ""
    standing: str = ""
    conflicts: bool = False
    after: str = ""


@require_GET
@never_cache
def destinations(request: HttpRequest) -> HttpResponse:
    """The list; `?change=` fills an entry into the form."""
    change = request.GET.get("change", "")[:500].replace("\x00", "")
    found = Destination.objects.filter(value=change).first() if change else None
    initial = (
        {"value": found.value, "standing": found.standing, "note": found.note, "seen": found.standing}
        if found
        else None
    )
    return _page(request, form=DestinationForm(initial=initial))


@require_http_methods(["GET", "POST"])
def destination_set(request: HttpRequest) -> HttpResponse:
    """Add an entry, or change what is said of it."""
    if request.method == "GET":
        return redirect("policy_destinations")
    require(request.user, Permission.CHANGE_POLICY)
    form = DestinationForm(request.POST)
    if form.is_valid():
        try:
            found, was = services.set_destination(**form.cleaned_data, now=timezone.now(), actor=actor_of(request))
        except services.DestinationRefused as error:
            form.add_error(error.member, str(error))
            if isinstance(error, services.SaidOtherwise):
                form = form.with_seen(error.standing)
        else:
            before = f", {was} before" if was and was != found.standing else ""
            messages.success(request, f"{found.value} is {found.standing}{before}. It holds for the next call.")
            return redirect(f"{resolve_url('policy_destinations')}?{urlencode({'q': found.value})}")
    return _page(request, form=form, status=422)


@require_POST
def destination_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one off the list."""
    require(request.user, Permission.CHANGE_POLICY)
    found = get_object_or_404(Destination, pk=pk)
    services.remove_destination(found, actor=actor_of(request))
    messages.success(request, f"{found.value} is off the list. It holds for the next call.")
    return redirect("policy_destinations")


@csrf_exempt
@require_http_methods(["GET", "POST"])
def destinations_import(request: HttpRequest) -> HttpResponseBase:
    """Take a list in; one too large to be read is answered at its field.

    Exempt only here: reading the token reads the body, and what is inside asks for it.
    """
    if request.method == "GET":
        return redirect("policy_destinations")
    try:
        return _import(request)
    except RequestDataTooBig:
        form = ListForm({"standing": Standing.KNOWN.value})
        form.full_clean()
        form.errors.pop("text", None)
        form.add_error("text", "it is longer than what can be pasted, expected at most 2.5 MB: upload it as a file")
        return _page(request, list_form=form, status=422)


@require_GET
def destinations_export(request: HttpRequest) -> HttpResponseBase:
    """All of it as CSV."""
    rows = Destination.objects.order_by("value").values_list("value", "standing", "note")
    lines = (
        Line(value=value, standing=Standing(standing), note=note) for value, standing, note in rows.iterator(2_000)
    )
    response = StreamingHttpResponse(write_list(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="destinations.csv"'
    return response


@csrf_protect
def _import(request: HttpRequest) -> HttpResponse:
    require(request.user, Permission.CHANGE_POLICY)
    form = ListForm(request.POST, request.FILES)
    if not form.is_valid() or form.found is None:
        return _page(request, list_form=form, status=422)
    otherwise = services.Otherwise.CHANGE if form.cleaned_data["change"] else services.Otherwise.REFUSE
    try:
        taken = services.take_list(form.found.lines, otherwise=otherwise, now=timezone.now(), actor=actor_of(request))
    except services.DestinationRefused as error:
        form.add_error(error.member, str(error))
        return _page(request, list_form=form, status=422)
    said = f"{taken.added:,} added, {taken.changed:,} changed, {taken.same:,} were so already."
    messages.success(request, f"{said} It holds for the next call.")
    return redirect("policy_destinations")


def _page(
    request: HttpRequest,
    *,
    form: DestinationForm | None = None,
    list_form: ListForm | None = None,
    status: int = 200,
) -> HttpResponse:
    search = _search(request)
    ours = load_destinations()
    rows, after = _load_rows(search, ours)
    kept = {"q": search.words, "standing": search.standing, "conflicts": "1" if search.conflicts else ""}
    asked = {name: value for name, value in kept.items() if value}
    context: dict[str, Any] = {
        "rows": rows,
        "search": search,
        "total": len(ours.listed),
        # going through all of a long list takes half a second after each change: only whoever asks for it waits
        "conflicting": len(conflicts(ours)) if search.conflicts else None,
        "older": urlencode({**asked, "after": after}) if after else "",
        "calls": CALLS,
        "standings": [(value, words.STANDINGS[value]) for value in Destination.StandingChoice.values],
        "decides": next(ours.entries_for(search.words), None) if len(search.words) > 3 and not rows else None,
        "form": form or DestinationForm(),
        "list_form": list_form or ListForm(),
        "may_change": may(request.user, Permission.CHANGE_POLICY),
    }
    return render(request, "guardrail/destinations.html", context, status=status)


def _load_rows(search: Search, ours: Destinations) -> tuple[list[Row], str]:
    """A page of entries and the value the next page begins behind, empty on the last. One query, or two."""
    found = Destination.objects.select_related("changed_by").order_by("value")
    if search.words:
        found = found.filter(value__contains=search.words)
    if search.standing in Destination.StandingChoice.values:
        found = found.filter(standing=search.standing)
    if search.conflicts:
        found = found.filter(value__in=list(conflicts(ours))[:10_000])
    if search.after:
        found = found.filter(value__gt=search.after)
    page = list(found[: PAGE + 1])
    met = _met(ours)
    rows = [
        Row(destination=one, around=contradicted_by(one.value, Standing(one.standing), ours), met=met[one.value])
        for one in page[:PAGE]
    ]
    return rows, page[PAGE - 1].value if len(page) > PAGE else ""


def _met(ours: Destinations) -> Counter[str]:
    """For how many of the newest calls each entry decided, by the place a verdict is listed under. A minute old."""
    kept = cache.get("destinations.met")
    if isinstance(kept, Counter):
        return kept
    newest = Verdict.objects.order_by("-id").values_list("destination", flat=True)[:CALLS]
    met = Counter(entry.value for entry in _deciding(newest.iterator(), ours))
    cache.set("destinations.met", met, _KEPT_SECONDS)
    return met


def _deciding(values: Iterator[str], ours: Destinations) -> Iterator[Entry]:
    for value in values:
        entry = next(ours.entries_for(value), None) if value else None
        if entry is not None:
            yield entry


def _search(request: HttpRequest) -> Search:
    asked = {name: request.GET.get(name, "").strip()[:500].replace("\x00", "") for name in ("q", "standing", "after")}
    return Search(
        words=asked["q"].lower(),
        standing=asked["standing"],
        conflicts=request.GET.get("conflicts") == "1",
        after=asked["after"],
    )
