"""The audit trail: who did what, who opened which transcript, and whether the trail is whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from investigations.audit_queries import (
    Asked,
    Page,
    export,
    export_anchors,
    load_actions,
    load_page,
    load_standing,
)
from investigations.audit_words import KIND_WORDS, Told, about_of, action_in_words, brief_of, pairs_of
from policies.access import Permission, actor_of, require
from policies.trail.chain import Line
from policies.trail.files import FORMATS
from policies.trail.reading import moment
from policies.trail.sealing import read_detail

_LONGEST = 300
_FILTERS = ("who", "action", "about", "since", "until")
# A worker looks every 30 seconds.
_LATE = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """What is wrong with one field, and what was typed there."""

    typed: str
    why: str


@require_GET
@never_cache
def audit_page(request: HttpRequest) -> HttpResponse:
    """Lines that fit the filter of the address, newest first."""
    require(request.user, Permission.READ_AUDIT)
    return _page(request, *_asked(request.GET))


@require_POST
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """What the filter shows as a file; audited."""
    kind = request.POST.get("format", "csv")
    kind = kind if kind in FORMATS else "csv"
    require(request.user, Permission.READ_AUDIT)
    asked, refused = _asked(request.POST)
    if refused:
        # without that day it would be another file than the one asked for
        return _page(request, asked, refused)
    return _file(export(asked, kind=kind, actor=actor_of(request)), name="audit", kind=kind)


@require_POST
def audit_anchors(request: HttpRequest) -> HttpResponseBase:
    """Every anchor as a file, to be kept where nobody of here can change it; audited."""
    return _file(export_anchors(actor=actor_of(request)), name="audit-anchors", kind="jsonl")


def _page(request: HttpRequest, asked: Asked, refused: Mapping[str, Refused]) -> HttpResponse:
    """The lines asked for; with what is wrong at its field, and then none."""
    page = Page(lines=(), older=None) if refused else load_page(asked, person=actor_of(request))
    standing, now = load_standing(), timezone.now()
    said = {name: str(getattr(asked, name) or "") for name in _FILTERS}
    typed = {name: one.typed for name, one in refused.items()}
    filtered = {name: value for name, value in said.items() if value}
    shown = {
        "lines": [told_of(line) for line in page.lines],
        "asked": {**said, **typed},
        "filtered": filtered,
        "refused": refused,
        "actions": [(action, action_in_words(action)) for action in load_actions()],
        "action_words": action_in_words(asked.action),
        "standing": standing,
        "late": bool(standing.check and standing.check.at and now - standing.check.at > _LATE),
        "older_url": f"?{urlencode({**filtered, 'before': page.older})}" if page.older is not None else "",
        "newest_url": f"?{urlencode(filtered)}",
        "paged": asked.before is not None,
        "formats": FORMATS,
        "longest": _LONGEST,
    }
    return render(request, "investigations/audit.html", shown, status=422 if refused else 200)


def told_of(line: Line) -> Told:
    """A line in words."""
    detail = read_detail(line.detail)
    kind, about = about_of(detail)
    pairs = pairs_of(detail)
    return Told(
        number=line.id,
        at=moment(line.at),
        who=line.actor,
        is_person=line.actor_id is not None,
        action=line.action,
        words=action_in_words(line.action),
        kind=KIND_WORDS.get(kind, kind.replace("_", " ")),
        about=about,
        link=_link(kind, about),
        brief=brief_of(pairs, about=about),
        pairs=pairs,
        readable=detail is not None,
        digest=line.digest,
        signed=bool(line.signature),
    )


def _link(kind: str, about: str) -> str:
    """The page of an investigation or a call; empty where there is none, or somebody forged what it is called by."""
    try:
        if kind == "investigation":
            return reverse("investigation", args=(int(about),))
        return reverse("verdict", args=(UUID(about),)) if kind == "verdict" else ""
    except (ValueError, NoReverseMatch):
        return ""


def _asked(given: Mapping[str, str]) -> tuple[Asked, dict[str, Refused]]:
    """The question, and what is wrong with it by field; what cannot be read does not count."""
    texts = {name: given.get(name, "").strip()[:_LONGEST].replace("\x00", "") for name in (*_FILTERS, "before")}
    days: dict[str, date | None] = {"since": None, "until": None}
    refused = {}
    for name in days:
        try:
            days[name] = date.fromisoformat(texts[name]) if texts[name] else None
        except ValueError:
            why = f"`{texts[name]}` is no day, expected e.g. `2026-11-22`"
            refused[name] = Refused(typed=texts[name], why=why)
    before = int(texts["before"]) if texts["before"].isascii() and texts["before"].isdecimal() else None
    asked = Asked(
        who=_storable(texts["who"]),
        action=_storable(texts["action"]),
        about=_storable(texts["about"]),
        since=_within(days["since"]),
        until=_within(days["until"]),
        before=before,
    )
    return asked, refused


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _within(day: date | None) -> date | None:
    """The last day there is has no day after it."""
    return min(day, date(9000, 1, 1)) if day else None


def _file(lines: Iterator[str], *, name: str, kind: str) -> StreamingHttpResponse:
    media = {"csv": "text/csv; charset=utf-8", "json": "application/x-ndjson", "jsonl": "application/x-ndjson"}[kind]
    answer = StreamingHttpResponse(lines, content_type=media)
    answer["Content-Disposition"] = f'attachment; filename="{name}-{timezone.now():%Y%m%d-%H%M}.{kind}"'
    return answer
