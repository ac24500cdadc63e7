"""What an investigation has in common with others: how many share what, and the newest of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count, Q, QuerySet

from investigations.models import Investigation
from investigations.visibility import visible_to

MOST = 6
# What is shared -> the column, and the filter of the queue that shows them all.
_SHARED = (
    ("the same destination", "destination", "destination"),
    ("the same document", "document", "document"),
    ("the same author", "author", "author"),
    ("the same user", "user_id", "user"),
    ("the same cause elsewhere", "kin", "kin"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """One thing in common. `open_url` shows the open ones, `closed_url` the closed."""

    word: str
    open: int
    closed: int
    open_url: str
    closed_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Other:
    """One related investigation and what it shares."""

    investigation: Investigation
    shares: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    shared: Sequence[Shared]
    newest: Sequence[Other]


def load_related(investigation: Investigation, *, person: AbstractBaseUser) -> Related:
    """What it shares with others the person may see. Two queries, none where it has nothing to share."""
    named = [(word, column, name) for word, column, name in _SHARED if getattr(investigation, column)]
    conditions = [Q(**{column: getattr(investigation, column)}) for _, column, _ in named]
    membership = getattr(investigation, "membership", None)
    if membership is not None:
        conditions.append(Q(membership__campaign_id=membership.campaign_id))
    if not conditions:
        return Related(shared=(), newest=())
    any_of = conditions[0]
    for one in conditions[1:]:
        any_of |= one
    rows = Investigation.objects.filter(visible_to(person), merged_into=None).exclude(pk=investigation.pk)
    rows = rows.filter(any_of)
    newest = rows.select_related("membership").order_by("-last_seen", "-pk")[:MOST]
    return Related(
        shared=_counted(rows, named, investigation),
        newest=[Other(investigation=row, shares=_in_common(investigation, row, named)) for row in newest],
    )


def _counted(
    rows: QuerySet[Investigation], named: Sequence[tuple[str, str, str]], investigation: Investigation
) -> list[Shared]:
    shut = Q(status=Investigation.Status.CLOSED)
    asked = {}
    for _, column, _ in named:
        same = Q(**{column: getattr(investigation, column)})
        asked[f"{column}_open"] = Count("pk", filter=same & ~shut)
        asked[f"{column}_closed"] = Count("pk", filter=same & shut)
    found = rows.order_by().aggregate(**asked) if asked else {}
    return [
        Shared(
            word=word,
            open=found[f"{column}_open"],
            closed=found[f"{column}_closed"],
            open_url=_url(name, getattr(investigation, column), view="open"),
            closed_url=_url(name, getattr(investigation, column), view="closed"),
        )
        for word, column, name in named
        if found[f"{column}_open"] or found[f"{column}_closed"]
    ]


def _in_common(one: Investigation, other: Investigation, named: Sequence[tuple[str, str, str]]) -> str:
    words = [word for word, column, _ in named if getattr(one, column) == getattr(other, column)]
    mine, theirs = getattr(one, "membership", None), getattr(other, "membership", None)
    if mine and theirs and mine.campaign_id == theirs.campaign_id:
        words.append("the same campaign")
    return ", ".join(words)


def _url(name: str, value: str, *, view: str) -> str:
    return "?" + urlencode({"view": view, name: value})
