"""What every page says of deliveries that wait for too long. Two queries, kept for five seconds in this process."""

from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from guardrail.views.shell import KEEP_SECONDS
from investigations.siem.backlog import load_late

_KEY = "deliveries.late"


def deliveries_late(request: HttpRequest) -> dict[str, Any]:
    """The context of the header: the names of receivers that are behind; read only where a template asks for it."""
    return {"deliveries_late": SimpleLazyObject(_load)}


def _load() -> tuple[str, ...]:
    late = cache.get(_KEY)
    if not isinstance(late, tuple):
        late = tuple(receiver.name for receiver, _ in load_late(timezone.now()))
        cache.set(_KEY, late, KEEP_SECONDS)
    return late
