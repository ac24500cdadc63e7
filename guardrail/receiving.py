"""Reads a request into an arrival, as far as a call may be long and as long as a caller may take to send it."""

import time
from datetime import UTC, datetime
from functools import lru_cache

from django.http import HttpRequest, QueryDict

from guardrail import auth, store
from guardrail.verdict_id import new_verdict_id

# Of an address: of more than a thousand fields Django makes an error, and an error is an allowed call.
_MOST_OF_QUERY = 900


def arrival_of(
    sent: HttpRequest, caller: auth.Caller, wire: str, *, most_bytes: int, give_up_at: float
) -> store.Arrival:
    """What came, read to its end. `give_up_at` is on time.monotonic: what came until then is all there is."""
    received_at = datetime.now(UTC)
    body, body_bytes = _read(sent, most_bytes=most_bytes, give_up_at=give_up_at)
    return store.Arrival(
        verdict_id=new_verdict_id(received_at),
        received_at=received_at,
        orchestrator_id=caller.orchestrator_id,
        wire=wire,
        correlation_id=sent.META.get("HTTP_X_MS_CORRELATION_ID", ""),
        api_version=_api_version(sent.META.get("QUERY_STRING", "")[:_MOST_OF_QUERY]),
        body=body,
        body_bytes=body_bytes,
    )


@lru_cache(maxsize=64)
def _api_version(query: str) -> str:
    """What the address says of it; each caller says the same with every call."""
    return QueryDict(query.encode("iso-8859-1", "replace")).get("api-version", "")


def length_of(request: HttpRequest) -> int:
    """How long the body says it is."""
    said = request.META.get("CONTENT_LENGTH") or ""
    return int(said) if said.isdecimal() else 0


def _read(request: HttpRequest, *, most_bytes: int, give_up_at: float) -> tuple[bytes, int]:
    """The body up to a limit, and how many bytes came in all. The rest is read too: a caller cut off mid-body sees
    an error, and an error is an allowed call."""
    try:
        body = request.read(most_bytes)
        body_bytes = len(body)
        while time.monotonic() < give_up_at and (more := request.read(1 << 20)):
            body_bytes += len(more)
    except OSError:
        return b"", 0
    return body, body_bytes
