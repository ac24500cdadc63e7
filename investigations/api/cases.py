"""Reads investigations for programs: those that changed, in the order in which it could be seen, and one.

INVARIANT: only what everybody may see, of the environments the token is for. One that is restricted is not there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from guardrail.feed import moment_of, number_at
from investigations.api.calls import Page
from investigations.changes import number_changes
from investigations.models import Investigation, InvestigationCall, LastChange
from investigations.siem.content import masked
from investigations.siem.event import severity_word
from investigations.visibility import open_to
from policies.scope import Person

LETTER = "i"
_CHUNK, _LOOKED_THROUGH = 1_000, 10_000
# Calls of one investigation that are named.
MOST_CALLS = 500
_SAME = (
    "status", "severity", "outcome", "disposition", "agent_id", "agent_name", "user_id", "conversation_id",
    "destination", "author", "document", "calls", "first_seen", "last_seen", "opened_at", "acknowledged_at",
    "closed_at",
)  # fmt: skip


def load_page(*, after: int, most: int, updated_since: datetime | None, fits: Mapping[str, Any], eyes: Person) -> Page:
    """The next that changed and fit, each once with its last change. Four queries, a few more with `fits`."""
    number_changes()
    at = max(after, number_at(updated_since)) if updated_since else after
    found: list[int] = []
    numbers: dict[int, int] = {}
    looked = 0
    while len(found) < most and looked < _LOOKED_THROUGH:
        changed = LastChange.objects.filter(number__gt=at).order_by("number")
        entries = list(changed.values_list("number", "investigation_id")[:_CHUNK])
        shown = _shown(eyes).filter(pk__in=[pk for _, pk in entries], **fits)
        kept = set(shown.values_list("pk", flat=True))
        for number, pk in entries:
            at, numbers[pk] = number, number
            if pk in kept:
                found.append(pk)
                if len(found) == most:
                    break
        looked += len(entries)
        if len(entries) < _CHUNK:
            break
    more = LastChange.objects.filter(number__gt=at).exists()
    return Page(rows=_load_rows(found, numbers, eyes=eyes), last=at, more=more)


def load_one(pk: int, *, eyes: Person) -> dict[str, Any] | None:
    """One with the newest of its calls; None where there is none for everybody's eyes. Four queries."""
    number_changes()
    numbers = dict(LastChange.objects.filter(pk=pk).values_list("investigation_id", "number"))
    rows = _load_rows([pk], numbers, eyes=eyes)
    if not rows:
        return None
    calls = InvestigationCall.objects.filter(investigation=pk).order_by("-verdict_id")
    return {**rows[0], "verdicts": [str(one) for one in calls.values_list("verdict_id", flat=True)[:MOST_CALLS]]}


def _shown(eyes: Person) -> QuerySet[Investigation]:
    return Investigation.objects.filter(open_to(eyes))


def _load_rows(ids: Sequence[int], numbers: Mapping[int, int], *, eyes: Person) -> list[dict[str, Any]]:
    # asked again: it may have been restricted since
    rows = _shown(eyes).select_related("assignee").in_bulk(ids)
    into = {row.merged_into_id for row in rows.values() if row.merged_into_id}
    seen = set(_shown(eyes).filter(pk__in=into).values_list("pk", flat=True)) if into else set()
    return [_row(rows[pk], numbers.get(pk, 0), seen=seen) for pk in ids if pk in rows]


def _row(case: Investigation, number: int, *, seen: set[int]) -> dict[str, Any]:
    return {
        "id": case.pk,
        "title": masked(case.title),
        "rule": case.kind,
        **{name: getattr(case, name) for name in _SAME},
        "severity_name": severity_word(case.severity),
        "assignee": case.assignee.get_username() if case.assignee else "",
        "merged_into": case.merged_into_id if case.merged_into_id in seen else None,
        "updated_at": moment_of(number) if number else case.opened_at,
        "link": settings.PUBLIC_URL + reverse("investigation", args=(case.pk,)),
    }
