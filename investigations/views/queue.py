"""The queue: what to work on next, with its views and filters in the URL, and the count of what came in meanwhile."""

from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from guardrail.badges import SEVERITIES as SEVERITY_WORDS
from investigations import queries
from investigations.bulk import load_last, load_tally
from investigations.forms import (
    SEVERITIES,
    SORT_WORDS,
    STATUSES,
    VIEWS,
    asked_of,
    filters_of,
    query_of,
    usual_sort,
)
from investigations.queries import Asked, Mark
from investigations.saved_views import MOST_SHOWN, load_views
from policies.access import Permission, actor_of, may

# How long the line over the queue offers to undo the last bulk action; its own page does for good.
_UNDO_SHOWN = timedelta(minutes=15)
# (action, word, icon, key) of the buttons
_ACTIONS = {
    "open": (
        ("claim", "Claim", "person", "a"),
        ("assign", "Assign", "people", ""),
        ("close", "Close", "check-circle", "e"),
        ("comment", "Comment", "chat-left-text", "c"),
        ("merge", "Merge", "diagram-2", ""),
    ),
    "closed": (
        ("reopen", "Open again", "arrow-counterclockwise", "e"),
        ("comment", "Comment", "chat-left-text", "c"),
    ),
}


@require_GET
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """Investigations in one view, filtered and sorted as the URL says; without any, the view the person begins with."""
    person = actor_of(request)
    saved = load_views(person)
    first = next((kept.view for kept in saved if kept.is_first), None)
    if first is not None and not request.GET:
        return redirect(f"{resolve_url('queue')}{first.query}")
    asked = asked_of(request.GET)
    page = queries.load_queue(asked, person=person)
    counts, mark = queries.load_counts(person=person)
    filters = filters_of(asked)
    here = {"view": asked.view, "sort": asked.sort, **filters}
    now = timezone.now()
    last = load_last(person, since=now - _UNDO_SHOWN)
    may_work = may(person, Permission.INVESTIGATE)
    return render(
        request,
        "investigations/queue.html",
        {
            "fitting": queries.count_fitting(asked, page, counts, person=person) if may_work else 0,
            "saved": [(kept.view, kept.view.query == query_of(asked)) for kept in saved[:MOST_SHOWN]],
            "saved_left_out": max(0, len(saved) - MOST_SHOWN),
            "here_query": query_of(asked),
            "actions": _ACTIONS.get(asked.view, _ACTIONS["open"]),
            "now": now,
            "due_url": _url({**here, "sort": "due"}),
            "last": last,
            "last_tally": load_tally(last) if last else None,
            "page": page,
            "asked": asked,
            "counts": counts,
            "views": [(name, word, getattr(counts, name, None), _url({"view": name})) for name, word in VIEWS],
            "chips": [
                (name, _word(name, value), _url({key: other for key, other in here.items() if key != name}))
                for name, value in filters.items()
            ],
            "never_any": not mark.highest,
            "sorts": SORT_WORDS,
            "severities": SEVERITIES,
            "statuses": STATUSES,
            "assignees": queries.load_assignees(),
            "may_work": may_work,
            "here_url": _url(here),
            "next_url": _url({**here, "after": "~".join(page.next_key)}) if page.next_key else "",
            **_news(asked, mark, new=0),
        },
    )


@require_GET
@never_cache
def queue_news(request: HttpRequest) -> HttpResponse:
    """The line that says how many rows came in since the page was made; it asks again by itself."""
    asked = asked_of(request.GET)
    mark = _mark(request)
    new = queries.count_news(asked, mark, person=actor_of(request))
    return render(request, "investigations/_news.html", _news(asked, mark, new=new))


def _news(asked: Asked, mark: Mark, *, new: int) -> dict[str, object]:
    here = {"view": asked.view, "sort": asked.sort, **filters_of(asked)}
    newest = mark.newest.isoformat() if mark.newest else ""
    return {
        "new": new,
        "most_new": queries.MOST_NEWS,
        "news_query": _url({**here, "highest": str(mark.highest), "newest": newest}),
        "fresh_url": _url(here),
    }


def _mark(request: HttpRequest) -> Mark:
    highest = request.GET.get("highest", "")
    try:
        newest = parse_datetime(request.GET.get("newest", ""))
    except ValueError:
        newest = None
    return Mark(
        highest=int(highest) if highest.isascii() and highest.isdecimal() and len(highest) < 19 else 0,
        newest=newest if newest and newest.tzinfo else None,
    )


def _word(name: str, value: str) -> str:
    if name == "severity":
        word = SEVERITY_WORDS[int(value)][1].lower()
        return word if int(value) == max(SEVERITY_WORDS) else f"{word} and up"
    return value


def _url(parameters: dict[str, str]) -> str:
    # the view is always said: an address without one opens with the person's own
    usual = {"sort": usual_sort(parameters["view"])}
    return "?" + urlencode({name: value for name, value in parameters.items() if value and usual.get(name) != value})
