"""What the pages of policy versions show, read in a fixed number of queries and without the documents."""

from dataclasses import dataclass
from datetime import datetime

from policies.models import PolicyVersion

PAGE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionRow:
    """One published version."""

    number: int
    published_at: datetime
    published_by: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionPage:
    """One page, newest first; `in_force` is the newest number of all, `older` where the next page begins, 0 = end."""

    rows: tuple[VersionRow, ...]
    in_force: int
    older: int


def load_versions(*, before: int) -> VersionPage:
    """The versions below number `before`, 0 = from the newest. Two queries."""
    found = PolicyVersion.objects.filter(number__lt=before) if before else PolicyVersion.objects.all()
    columns = ("number", "published_at", "published_by__username", "reason")
    read = list(found.values_list(*columns)[: PAGE + 1])
    rows = tuple(
        VersionRow(number=number, published_at=at, published_by=username or "system", reason=reason)
        for number, at, username, reason in read[:PAGE]
    )
    return VersionPage(
        rows=rows,
        in_force=PolicyVersion.objects.values_list("number", flat=True).first() or 0,
        older=rows[-1].number if len(read) > PAGE else 0,
    )
