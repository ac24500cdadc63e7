"""Reads stored transcripts back: the raw body of a verdict, and the call parsed from it again."""

import uuid

import structlog

from guardrail.invocation import Invocation
from guardrail.models import Transcript, Verdict
from guardrail.packing import NotOpened, unpack
from guardrail.wire import Unreadable, copilot_studio, evaluate

log = structlog.get_logger(__name__)

_PARSERS = {copilot_studio.NAME: copilot_studio.parse, evaluate.NAME: evaluate.parse}


def load_body(verdict_id: uuid.UUID) -> bytes | None:
    """The raw body as it came, None when there is no such transcript. One query. Raises NotOpened."""
    kept = Transcript.objects.filter(pk=verdict_id).values_list("body_zstd", flat=True).first()
    return None if kept is None else unpack(bytes(kept), verdict_id=verdict_id)


def why_closed(verdict_id: uuid.UUID) -> str:
    """Why nobody can read what is kept of a call, for people; empty where it opens. One query."""
    try:
        return "" if load_body(verdict_id) is not None else "its transcript is gone"
    except NotOpened as error:
        return str(error)


def load_call(verdict: Verdict, *, orchestrator: str = "") -> Invocation | None:
    """The call of a verdict, parsed again from its transcript; None when it is or was unreadable. One query."""
    try:
        return open_call(verdict, orchestrator=orchestrator)
    except NotOpened as error:
        log.warning("transcript.not_opened", verdict_id=str(verdict.pk), key_id=error.key_id)
        return None


def open_call(verdict: Verdict, *, orchestrator: str = "") -> Invocation | None:
    """As `load_call`, but raises NotOpened where only its key is missing."""
    body = load_body(verdict.pk)
    if body is None:
        return None
    try:
        return _PARSERS[verdict.wire](body, orchestrator=orchestrator)
    except (Unreadable, RecursionError):
        return None
