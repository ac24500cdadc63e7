"""A call replayed step by step: what was said and read, in its order, and what each of it led to."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from guardrail import badges, queries
from guardrail.kept import load_verdict
from guardrail.masking import masking_of
from guardrail.opened import note_opened
from guardrail.revealing import of_verdict, revealed_until
from guardrail.story.walking import walk
from guardrail.transcripts import load_call
from guardrail.views.verdicts import earlier_call, worth_telling
from policies.access import actor_of


@require_GET
@never_cache
def verdict_replay(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Step `?step=` of a call, the first without. One that cannot be read any more has its page only."""
    person = actor_of(request)
    verdict = load_verdict(pk, person)
    call = load_call(verdict)
    if call is None:
        return redirect("verdict", pk)
    note_opened(pk, actor=person, how="replay")
    late = queries.load_late(verdict)
    finding = late.finding if late else None
    judged = finding or verdict
    masking = masking_of(verdict, revealed=revealed_until(request, of_verdict(pk)) is not None, late=finding)
    call = masking.call(call)
    verdict.reason = masking.text(verdict.reason)
    conversation = queries.load_conversation(verdict, person=person)
    shown = {
        "verdict": verdict,
        "walk": walk(
            call,
            number=_number(request),
            signals=masking.signals(judged.signals),
            origins=masking.origins(judged.origins),
            documents=verdict.documents,
            deciding=finding.deciding_signal if finding else worth_telling(verdict),
            planned=earlier_call(verdict),
            earlier=[earlier_call(other) for other in conversation if other.pk < verdict.pk],
        ),
        "badge": badges.of_call(action=verdict.action, would_have=verdict.would_have, failed=verdict.failed),
        "thought": call.thought,
        "masked": masking.count,
    }
    return render(request, "guardrail/replay.html", shown)


def _number(request: HttpRequest) -> int:
    asked = request.GET.get("step", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 7 else 1
