"""Appends to the audit trail; call it inside the transaction of the change it records."""

import hashlib
import json
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection
from django.utils import timezone

from policies.models import AuditEntry

# One lock for all writers: two entries with the same predecessor would fork the chain.
_CHAIN_LOCK = 7_221_001


def record(*, actor: AbstractBaseUser | None, action: str, **detail: Any) -> AuditEntry:
    """Append one entry. Needs an open transaction; `detail` must be JSON and free of secrets and transcript text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CHAIN_LOCK])
    previous = AuditEntry.objects.order_by("-id").values_list("digest", flat=True).first() or ""
    at = timezone.now()
    actor_name = actor.get_username() if actor else "system"
    return AuditEntry.objects.create(
        at=at,
        actor_id=actor.pk if actor else None,
        actor_name=actor_name,
        action=action,
        detail=detail,
        previous_digest=previous,
        digest=digest_of(previous=previous, at=at.isoformat(), actor=actor_name, action=action, detail=detail),
    )


def digest_of(*, previous: str, at: str, actor: str, action: str, detail: dict[str, Any]) -> str:
    """The sha256 hex that seals one entry to its predecessor."""
    sealed = json.dumps([previous, at, actor, action, detail], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(sealed.encode()).hexdigest()
