"""Takes what a search found out as CSV or JSON: audited before the first line leaves."""

import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from guardrail.masking import mask_text
from guardrail.models import Verdict
from guardrail.search.asked import masked
from guardrail.search.finding import find_ids
from guardrail.search.query import read_query
from policies import audit
from policies.access import Permission, require
from policies.csv_lines import MARK, csv_line

MOST = 10_000
FORMATS = ("csv", "json")
_COLUMNS = (
    "id", "received_at", "action", "would_have", "severity", "deciding_signal", "reason", "agent_id", "agent_name",
    "user_id", "conversation_id", "tool_id", "tool_name", "destination", "policy_version", "mode", "environment_id",
)  # fmt: skip
_AT_ONCE = 500


def export(question: str, *, kind: str, now: datetime, actor: AbstractBaseUser) -> Iterator[str]:
    """The newest MOST calls of a question, without transcripts, as lines of `kind` (one of FORMATS).

    Raises PermissionDenied, QueryError, TooBroad before anything leaves.
    """
    require(actor, Permission.EXPORT_EVIDENCE)
    ids = find_ids(read_query(question, now=now), person=actor, before=None, most=MOST)
    with transaction.atomic():
        audit.record(actor=actor, action="search.exported", question=masked(question), format=kind, calls=len(ids))
    return _csv(ids) if kind == "csv" else _json(ids)


def _csv(ids: Sequence[uuid.UUID]) -> Iterator[str]:
    yield MARK + csv_line(_COLUMNS)
    for row in _rows(ids):
        yield csv_line(_told(row[name]) for name in _COLUMNS)


def _json(ids: Sequence[uuid.UUID]) -> Iterator[str]:
    yield "["
    for number, row in enumerate(_rows(ids)):
        yield ("," if number else "") + "\n" + json.dumps(row, default=_told)
    yield "\n]\n"


def _rows(ids: Sequence[uuid.UUID]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        found = {row["id"]: row for row in Verdict.objects.filter(pk__in=some).values(*_COLUMNS)}
        yield from ({**found[pk], "reason": mask_text(found[pk]["reason"])} for pk in some if pk in found)


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, uuid.UUID) else value
