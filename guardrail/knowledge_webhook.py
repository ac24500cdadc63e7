"""Takes edits to documents from change feeds: one durable insert a request, everything else later (knowledge_intake).

No call waits here, so what is wrong is answered as an error. Two requests a process at most: a feed that catches up
must leave the threads to calls.
"""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from django.db import DataError, connection, transaction
from django.db.utils import DatabaseError
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from guardrail import auth, housekeeper
from guardrail.api_schema import ErrorBody, KnowledgeEventsAnswer, KnowledgeEventsRequest
from guardrail.meters import note_refused
from guardrail.packing import seal_text
from guardrail.webhook import CallView
from guardrail.wire import Unreadable
from guardrail.wire.knowledge_events import Edit, parse

log = structlog.get_logger(__name__)

MOST_BYTES = 4_000_000
_AT_ONCE = 2
_TIMEOUT_MS = 5_000
# What may wait to be taken in, while no worker does: beyond, the feed keeps it. Texts are counted as they are written.
MOST_WAITING, _MOST_WAITING_BYTES = 20_000, 1_000_000_000
_IS_FULL = "SELECT count(*) >= %s OR COALESCE(sum(octet_length(text)), 0) >= %s FROM policies_knowledgeevent"
_free = threading.BoundedSemaphore(_AT_ONCE)

_INSERT = """
WITH added AS (
    INSERT INTO policies_knowledgeevent (
        key, caller_id, tenant_id, document_id, name, place, revision, editor, editor_id, label, label_told,
        data_class, at, text, text_told
    )
    SELECT event.key, %s, event.tenant_id, event.document_id, event.name, event.place, event.revision, event.editor,
        event.editor_id, event.label, event.label_told, event.data_class, event.at, event.text, event.text_told
    FROM unnest(
        %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::boolean[], %s::text[], %s::timestamptz[], %s::text[], %s::boolean[]
    ) AS event (
        key, tenant_id, document_id, name, place, revision, editor, editor_id, label, label_told, data_class, at, text,
        text_told
    )
    WHERE NOT EXISTS (SELECT 1 FROM policies_documentrevision kept WHERE kept.key = event.key)
    ORDER BY event.key
    ON CONFLICT (key) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM added
"""


class _BadBatch(APIException):
    status_code = status.HTTP_400_BAD_REQUEST


class _TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class _Busy(APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_detail = "other events are being taken, expected to be sent again in a second"


class _Full(APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_detail = "more events wait to be taken in than are kept, expected to be sent again when a worker runs"


class _Away(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "the events could not be kept, expected to be sent again in a few seconds"


class KnowledgeEvents(CallView):
    """A change feed tells of edits."""

    @extend_schema(
        operation_id="knowledge_events",
        summary="Tell of edits to documents that agents read",
        description=(
            "202 when every event is kept, 422 when some are refused (the others are kept), 400 when the body is no "
            "batch, 413 when it is too large, 429 and 503 when it should be sent again. A resend of an event is "
            "recognised by its document, revision, editor and time."
        ),
        request=KnowledgeEventsRequest,
        responses={
            202: KnowledgeEventsAnswer,
            422: KnowledgeEventsAnswer,
            **dict.fromkeys((400, 401, 413, 429, 503), ErrorBody),
        },
    )
    def post(self, request: Request) -> Response:
        caller = self._teller(request)
        if not _free.acquire(blocking=False):
            raise _Busy
        try:
            edits, refused = parse(_read(request), now=datetime.now(UTC))
            accepted = _keep(edits, caller_id=caller.orchestrator_id) if edits else 0
        except Unreadable as error:
            raise _BadBatch(str(error)) from error
        finally:
            _free.release()
        if refused:
            log.warning("knowledge.refused", caller=caller.slug, events=len(refused))
        body = {
            "accepted": accepted,
            "known": len(edits) - accepted,
            "refused": [{"index": one.index, "field": one.field, "error": one.error} for one in refused],
        }
        return Response(body, status=422 if refused else 202)

    def _teller(self, request: Request) -> auth.Caller:
        housekeeper.ensure_loaded()
        try:
            return auth.teller_of(request._request)
        except auth.Unauthorised as error:
            note_refused("knowledge")
            log.warning("knowledge.unauthorised", why=str(error))
            raise NotAuthenticated(str(error)) from error

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, _Busy | _Full | _Away):
            response["Retry-After"] = "1" if isinstance(exc, _Busy) else "5" if isinstance(exc, _Away) else "30"
        return response


def _read(request: Request) -> bytes:
    try:
        body = request.read(MOST_BYTES + 1)
    except OSError as error:
        raise Unreadable("the body broke off") from error
    if len(body) > MOST_BYTES:
        raise _TooLarge(f"the body has more than {MOST_BYTES} bytes, expected several smaller batches")
    return bytes(body)


def _keep(edits: Sequence[Edit], *, caller_id: int) -> int:
    """Write what is new and return how many. Durable when it returns; safe to run twice. Raises _Away and _Full."""
    once = {edit.key(caller_id): edit for edit in edits}
    rows = [
        (
            *(key, edit.tenant_id, edit.document_id, edit.name, edit.place, edit.revision, edit.editor),
            *(edit.editor_id, edit.label or "", edit.label is not None, edit.data_class, edit.at),
            *(seal_text(edit.text or "", purpose=key), edit.text is not None),
        )
        for key, edit in once.items()
    ]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {_TIMEOUT_MS:d}")
            cursor.execute(_IS_FULL, [MOST_WAITING, _MOST_WAITING_BYTES])
            if cursor.fetchone()[0]:
                log.error("knowledge.full", caller_id=caller_id)
                raise _Full
            cursor.execute(_INSERT, [caller_id, *(list(column) for column in zip(*rows, strict=True))])
            return int(cursor.fetchone()[0])
    except DataError as error:
        raise _BadBatch("the batch holds characters that cannot be kept") from error
    except DatabaseError as error:
        log.error("knowledge.not_kept", error=type(error).__name__)
        raise _Away from error
