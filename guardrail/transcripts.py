"""Reads stored transcripts back: the raw body of a verdict, and the call parsed from it again."""

import uuid

import zstandard

from guardrail.invocation import Invocation
from guardrail.models import Transcript, Verdict
from guardrail.wire import Unreadable, copilot_studio, evaluate

_PARSERS = {copilot_studio.NAME: copilot_studio.parse, evaluate.NAME: evaluate.parse}
# What a page decompresses at most; the largest body that is kept is smaller.
_MAX_BYTES = 64_000_000


def load_body(verdict_id: uuid.UUID) -> bytes | None:
    """The raw body as it came, None when there is no such transcript. One query."""
    kept = Transcript.objects.filter(pk=verdict_id).values_list("body_zstd", flat=True).first()
    return None if kept is None else zstandard.decompress(bytes(kept), max_output_size=_MAX_BYTES)


def load_call(verdict: Verdict, *, orchestrator: str = "") -> Invocation | None:
    """The call of a verdict, parsed again from its transcript; None when it was unreadable. One query."""
    body = load_body(verdict.pk)
    if body is None:
        return None
    try:
        return _PARSERS[verdict.wire](body, orchestrator=orchestrator)
    except (Unreadable, RecursionError):
        return None
