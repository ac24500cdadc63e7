"""What people write on an investigation. Lengths are checked again by the services, which other doors use too."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.dateparse import parse_datetime

from investigations.models import Investigation
from investigations.queries import SORTS, Asked
from investigations.services import LONGEST_TEXT

VIEWS = (
    ("mine", "Mine and unassigned"),
    ("late", "Past the clock"),
    ("would", "Would have blocked"),
    ("open", "All open"),
    ("closed", "Closed"),
)
SORT_WORDS = (
    ("due", "what runs out first"),
    ("severity", "severity, then newest"),
    ("last_seen", "newest call"),
    ("first_seen", "newest cause"),
    ("calls", "most calls"),
)
SEVERITIES = (("", "any severity"), ("4", "critical"), ("3", "high and up"), ("2", "medium and up"))
STATUSES = (("", "any status"), ("new", "new"), ("active", "active"))
_LONGEST_FILTER = 1000


class PageForm(forms.Form):
    """A form that stands beside others on one page: the ids of its fields begin with its own name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{type(self).__name__.removesuffix('Form').lower()}-%s")
        super().__init__(*args, **kwargs)


class CommentForm(PageForm):
    """A note to colleagues."""

    text = forms.CharField(
        label="Comment",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What you did, or what somebody should know"}),
    )


class CloseForm(PageForm):
    """What it was, and how one knows."""

    disposition = forms.ChoiceField(
        label="Disposition",
        choices=Investigation.Disposition.choices,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What you checked and what it showed"}),
    )


class SeenUpToForm(forms.Form):
    """The newest line of the history a person saw; nothing where a form does not say."""

    as_of = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False)


class PauseForm(PageForm):
    """What it waits for."""

    reason = forms.CharField(
        label="What it waits for",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "Whom you asked, and for what"}),
    )


class CampaignForm(forms.Form):
    """Why a campaign is an attack, or none."""

    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What you checked and what it showed"}),
    )


class AllowOnceForm(PageForm):
    """Which held call may pass once, and why."""

    call = forms.UUIDField(widget=forms.HiddenInput)
    why = forms.CharField(
        label="Why it may pass",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "Whom you asked, and what they said"}),
    )


class TakeBackForm(PageForm):
    """Which permission, for which held call."""

    call = forms.UUIDField(widget=forms.HiddenInput)
    ticket = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)


class ReopenForm(PageForm):
    """Why it is taken up again."""

    reason = forms.CharField(
        label="Why it is taken up again",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What has come to light"}),
    )


def asked_of(query: Any) -> Asked:
    """The queue's question from a URL's parameters. What is unknown there falls back, so an old link still opens."""

    def word(name: str) -> str:
        return str(query.get(name, "")).strip()[:_LONGEST_FILTER].replace("\x00", "")

    view = word("view") if word("view") in dict(VIEWS) else "mine"
    sort = word("sort") if word("sort") in SORTS else usual_sort(view)
    severity = word("severity")
    return Asked(
        view=view,
        sort=sort,
        status=word("status") if word("status") in dict(STATUSES) else "",
        assignee=word("assignee"),
        severity=int(severity) if severity in ("2", "3", "4") else 0,
        agent=word("agent"),
        destination=word("destination"),
        document=word("document"),
        author=word("author"),
        user=word("user"),
        kin=word("kin"),
        words=word("q"),
        after=_key(word("after"), sort=sort),
    )


def usual_sort(view: str) -> str:
    """How a view is sorted that is asked for without a sort: what is closed has no clock that runs."""
    return "severity" if view == "closed" else "due"


def filters_of(asked: Asked) -> dict[str, str]:
    """The filters that are set, by their name in the URL."""
    every = {
        "status": asked.status,
        "assignee": asked.assignee,
        "severity": str(asked.severity or ""),
        "agent": asked.agent,
        "destination": asked.destination,
        "document": asked.document,
        "author": asked.author,
        "user": asked.user,
        "kin": asked.kin,
        "q": asked.words,
    }
    return {name: value for name, value in every.items() if value}


def query_of(asked: Asked) -> str:
    """The same question as a URL's query, without a page's key; `asked_of` reads it back."""
    return "?" + urlencode({"view": asked.view, "sort": asked.sort, **filters_of(asked)})


def _key(text: str, *, sort: str) -> tuple[str, ...] | None:
    """The key of a page's last row as written in a URL; None when it is not one, which is the first page."""
    parts = tuple(text.split("~"))
    columns = SORTS[sort]
    if len(parts) != len(columns):
        return None
    for name, part in zip(columns, parts, strict=True):
        if name.endswith(("_seen", "_at")):
            if not _is_moment(part):
                return None
        elif not (part.isascii() and part.isdecimal() and len(part) < 19):
            return None
    return parts


def _is_moment(text: str) -> bool:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return False
    return moment is not None and moment.tzinfo is not None
