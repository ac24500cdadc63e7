"""The queue: what to work on next, with its views and filters in the URL, and the count of what came in meanwhile."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from guardrail.badges import SEVERITIES as SEVERITY_WORDS
from investigations import queries
from investigations.forms import SEVERITIES, SORT_WORDS, STATUSES, VIEWS, asked_of
from investigations.queries import Asked, Mark
from policies.access import Permission, actor_of, may


@require_GET
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """Investigations in one view, filtered and sorted as the URL says."""
    person = actor_of(request)
    asked = asked_of(request.GET)
    page = queries.load_queue(asked, person=person)
    counts, mark = queries.load_counts(person=person)
    filters = _filters(asked)
    here = {"view": asked.view, "sort": asked.sort, **filters}
    return render(
        request,
        "investigations/queue.html",
        {
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
            "may_work": may(person, Permission.INVESTIGATE),
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
    here = {"view": asked.view, "sort": asked.sort, **_filters(asked)}
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


def _filters(asked: Asked) -> dict[str, str]:
    """The filters that are set, by their name in the URL."""
    every = {
        "status": asked.status,
        "assignee": asked.assignee,
        "severity": str(asked.severity or ""),
        "agent": asked.agent,
        "destination": asked.destination,
        "q": asked.words,
    }
    return {name: value for name, value in every.items() if value}


def _word(name: str, value: str) -> str:
    if name == "severity":
        word = SEVERITY_WORDS[int(value)][1].lower()
        return word if int(value) == max(SEVERITY_WORDS) else f"{word} and up"
    return value


def _url(parameters: dict[str, str]) -> str:
    defaults = {"view": "mine", "sort": "severity"}
    return "?" + urlencode({name: value for name, value in parameters.items() if value and defaults.get(name) != value})
