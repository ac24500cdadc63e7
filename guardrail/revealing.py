"""Who sees calls unmasked: somebody with the right, with a reason in the audit trail, for minutes of one session."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from policies import audit
from policies.access import Permission, actor_of, may, require

LONGEST_REASON = 300
SHORTEST_REASON = 5
_KEPT = "revealed"


class RevealError(ValueError):
    """A reason that is none; the message says what is wanted."""


def of_verdict(pk: UUID) -> str:
    """What a reveal of one call is about."""
    return f"verdict:{pk}"


def reveal(request: HttpRequest, subject: str, *, reason: str, about: dict[str, str | int]) -> None:
    """Show `subject` whole to the person of this session for some minutes. `about` names it in the audit trail.

    Raises PermissionDenied and RevealError.
    """
    actor = actor_of(request)
    require(actor, Permission.REVEAL)
    reason = " ".join(reason.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise RevealError(f"Say why in {SHORTEST_REASON} to {LONGEST_REASON} characters.")
    with transaction.atomic():
        audit.record(actor=actor, action="transcript.revealed", reason=reason, minutes=settings.REVEAL_MINUTES, **about)
    until = timezone.now() + timedelta(minutes=settings.REVEAL_MINUTES)
    request.session[_KEPT] = {**_running(request), subject: until.isoformat()}


def mask_again(request: HttpRequest, subject: str) -> None:
    """End it before its time; safe to run twice."""
    request.session[_KEPT] = {name: until for name, until in _running(request).items() if name != subject}


def revealed_until(request: HttpRequest, *subjects: str) -> datetime | None:
    """Until when one of these is shown whole in this session; None = it is masked. No query but that of the roles."""
    running = _running(request)
    ends = [datetime.fromisoformat(running[subject]) for subject in subjects if subject in running]
    return max(ends) if ends and may(request.user, Permission.REVEAL) else None


def _running(request: HttpRequest) -> dict[str, str]:
    now = timezone.now()
    kept = request.session.get(_KEPT, {})
    return {subject: until for subject, until in kept.items() if datetime.fromisoformat(until) > now}
