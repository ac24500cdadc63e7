"""One page for each agent, user, conversation, destination and tool that calls speak of."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from guardrail import queries
from investigations.entities import SPANS, Kind, load_calls, load_document_page, load_entity
from policies.access import actor_of, is_narrowed
from policies.scope import agents_of

_LONGEST_KEY = 500
# What a search for its calls asks with.
_FIELDS = {
    Kind.AGENT: "agent",
    Kind.USER: "user",
    Kind.SESSION: "conversation",
    Kind.DESTINATION: "destination",
    Kind.TOOL: "tool",
}


@require_GET
@never_cache
def entity(request: HttpRequest, kind: str, key: str = "") -> HttpResponse:
    """What is known of one thing; `?days=` is the window of the chart, `?before=` pages its calls.

    `?key=` takes the place of a key no path can hold. One nobody has seen is an empty page: a link to it is no error.
    """
    what = _kind(kind)
    key = key or request.GET.get("key", "")
    if not key or len(key) > _LONGEST_KEY or "\x00" in key:
        raise Http404("no such key")
    if what is Kind.DOCUMENT:
        if is_narrowed(request.user):
            raise Http404("no such document")
        page = load_document_page(key)
        if page is None:
            raise Http404("no such document")
        return redirect("document", page)
    agents = agents_of(request.user)
    if what is Kind.AGENT and agents is not None and key not in agents:
        raise Http404("no such agent")
    days = _days(request)
    before = queries.as_verdict_id(request.GET.get("before", ""))
    person = actor_of(request)
    calls = load_calls(what, key, before=before, person=person)
    shown = {
        "entity": load_entity(what, key, days=days, today=timezone.now().date(), person=person),
        "calls": calls,
        "days": days,
        "spans": [(span, _query(request, days=span)) for span in SPANS],
        "older_url": _query(request, days=days, before=str(calls.older)) if calls.older else "",
        "newest_url": _query(request, days=days) if before else "",
        "question": f'{_FIELDS[what]}:"{key}"' if '"' not in key else "",
    }
    return render(request, "investigations/entity.html", shown)


def _kind(word: str) -> Kind:
    try:
        return Kind(word)
    except ValueError:
        raise Http404("no such kind") from None


def _days(request: HttpRequest) -> int:
    asked = request.GET.get("days", "")
    return int(asked) if asked in map(str, SPANS) else 30


def _query(request: HttpRequest, **changed: object) -> str:
    kept = {"key": request.GET["key"]} if "key" in request.GET else {}
    return f"?{urlencode({**kept, **changed})}"
