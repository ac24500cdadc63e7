"""Tells one call as a story: why it was stopped, where each value came from, and the transcript step by step.

Reads nothing: a verdict's stored findings and the parsed call in, values with finished HTML out. A page may be asked
for a call of 8 MB in ten thousand fields, so everything here is bounded.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from guardrail.invocation import Invocation
from guardrail.story import transcript, why
from guardrail.story.spans import spans_of
from guardrail.story.values import EarlierCall, Story

MOST_STEPS = 200
MOST_ARGUMENTS = 200

__all__ = ["EarlierCall", "Story", "tell"]


def tell(
    *,
    signals: Sequence[Mapping[str, Any]],
    origins: Sequence[Mapping[str, Any]],
    deciding: str,
    call: Invocation | None,
    planned: EarlierCall,
    earlier: Sequence[EarlierCall] = (),
) -> Story:
    """The story of the verdict `planned`. `signals` and `origins` as the verdict keeps them, `call` its parsed body.

    `earlier` are the conversation's calls before this one, oldest first; each output is told with the call it answers.
    """
    findings = tuple(sorted(map(why.finding_of, signals), key=lambda f: (f.name == deciding, f.stopping), reverse=True))
    spans = spans_of(signals, origins, deciding=deciding)
    quotes = tuple(why.quotes_of(signals, spans, deciding=deciding, call=call))
    arguments = tuple(why.arguments_of(call, origins, spans)) if call else ()
    steps = tuple(transcript.steps_of(call, spans, planned=planned, earlier=earlier)) if call else ()
    return Story(
        readable=call is not None,
        findings=findings,
        quotes=quotes,
        marks=why.marks_used(quotes, signals),
        arguments=arguments[:MOST_ARGUMENTS],
        arguments_left_out=max(0, len(arguments) - MOST_ARGUMENTS),
        steps=steps[-MOST_STEPS:],
        steps_left_out=max(0, len(steps) - MOST_STEPS),
        facts=why.facts_of(findings),
        started_by=transcript.started_by(call),
        asked_for="" if any(quote.source.key == "user" for quote in quotes) else transcript.asked_for(call),
        thought=call.thought if call else "",
    )
