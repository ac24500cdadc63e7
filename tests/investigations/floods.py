"""Writes one stopped call again and again, each in a conversation of its own, as a flood of one story does."""

import uuid
from collections.abc import Mapping, Sequence

from django.db import connection
from django.utils import timezone

from guardrail.models import Verdict
from guardrail.verdict_id import new_verdict_id

# Every call under another text: its digests, and nothing else.
OTHER_TEXTS = (
    """regexp_replace(signals::text, '("(?:record|directive|recalled)", ")[0-9a-f]{8}',"""
    """ '\\1' || lpad(n::text, 8, '0'), 'g')::jsonb"""
)


def flood(
    source: uuid.UUID, *, calls: int, begin: int = 0, other: Mapping[str, str] | None = None
) -> Sequence[uuid.UUID]:
    """Write `calls` more like the verdict `source`, which wait for the intake; returns their ids.

    They are numbered from `begin` on; `other` maps a column to SQL over that number `n`.
    """
    ids = [new_verdict_id(timezone.now()) for _ in range(calls)]
    columns = [field.column for field in Verdict._meta.concrete_fields]
    made = {
        **{
            "id": "made.id",
            "conversation_id": "'flood-' || n",
            "step_key": "md5(made.id::text)",
            "received_at": "now()",
        },
        **(other or {}),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO guardrail_verdict ({', '.join(columns)})"  # noqa: S608 columns of ours
            f" SELECT {', '.join(made.get(column, column) for column in columns)} FROM guardrail_verdict verdict,"
            " (SELECT id, place + %s AS n FROM unnest(%s::uuid[]) WITH ORDINALITY numbered (id, place)) made"
            " WHERE verdict.id = %s",
            [begin, ids, source],
        )
        cursor.execute(
            "INSERT INTO guardrail_transcript SELECT made, body_zstd, body_bytes, key_id"
            " FROM guardrail_transcript, unnest(%s::uuid[]) made WHERE id = %s",
            [ids, source],
        )
        cursor.execute("INSERT INTO guardrail_pendingintake (id) SELECT unnest(%s::uuid[])", [ids])
    return ids
