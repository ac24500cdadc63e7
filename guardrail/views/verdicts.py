"""Calls: the list with its search, one call told step by step, and the raw body it came as."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from guardrail import badges, queries, words
from guardrail.document_queries import load_quote
from guardrail.kept import Person, load_verdict
from guardrail.masking import masking_of
from guardrail.models import LateFinding, Verdict
from guardrail.opened import note_opened
from guardrail.packing import NotOpened
from guardrail.revealing import of_verdict, revealed_until
from guardrail.story import EarlierCall, Story, tell
from guardrail.story.lede import lede_of
from guardrail.story.picture import Picture, Plan, draw
from guardrail.transcripts import load_body, load_call, why_closed
from policies.access import Permission, actor_of, may
from policies.decision import ALLOWED_ONCE
from policies.exceptions import EXCEPTION
from policies.models import DocumentQuote
from policies.regime import Regime, regime_of
from policies.rules import LIFTED_BY
from policies.taxonomy import Tag, tags_of

PERIODS = (
    ("", "any time"),
    ("1h", "last hour"),
    ("24h", "last 24 hours"),
    ("7d", "last 7 days"),
    ("30d", "last 30 days"),
)
OUTCOMES = (
    ("", "any outcome"),
    ("stopped", "stopped, or would be"),
    ("blocked", "blocked, or would be"),
    ("held", "held, or would be"),
    ("flagged", "flagged or changed"),
    ("allowed", "allowed"),
    ("degraded", "judged degraded"),
)
FILTERS = ("q", "in", "outcome", "agent", "period")
LONGEST_WORDS = 500
SHORTEST_STAGE_MS = 0.1
_NAMED = (Regime.RULE, Regime.HARD_RULE, Regime.SECOND_OPINION)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One verdict with its story and its conversation, for the page of the call and for the page of its cause."""

    verdict: Verdict
    lede: str
    decided_by: str
    tags: tuple[Tag, ...]
    story: Story
    conversation: list[Verdict]
    caller: str
    badge: badges.Badge
    tool_does: str
    missing: tuple[str, ...]
    late: queries.Late | None
    executed_in: uuid.UUID | None
    edit: DocumentQuote | None
    timings: tuple[tuple[str, float], ...]
    let_pass_by: tuple[int, ...] = ()
    picture: Picture | None = None
    closed: str = ""
    masked: int = 0
    revealed_until: datetime | None = None
    reveal_minutes: int = 0


@require_GET
@never_cache
def verdict_list(request: HttpRequest) -> HttpResponse:
    """Calls, newest first. An id of a verdict in the search box goes straight to it."""
    asked = {name: request.GET.get(name, "").strip()[:LONGEST_WORDS].replace("\x00", "") for name in FILTERS}
    verdict_id = queries.as_verdict_id(asked["q"])
    person = actor_of(request)
    if verdict_id and queries.verdict_exists(verdict_id, person=person):
        return redirect("verdict", verdict_id)
    page = queries.load_page(
        queries.Search(
            words=asked["q"],
            as_text=asked["in"] == "text",
            outcome=_outcome(asked["outcome"]),
            agent=asked["agent"],
            since=queries.period_start(asked["period"], now=timezone.now()),
            before=queries.as_verdict_id(request.GET.get("before", "")),
        ),
        person=person,
    )
    return render(
        request,
        "guardrail/verdicts.html",
        {
            "page": page,
            "found": page.found.value,
            "asked": asked,
            "query": asked["q"],
            "filtered": any(asked.values()),
            "paged": "before" in request.GET,
            "outcomes": OUTCOMES,
            "periods": PERIODS,
            "older_url": _url(asked, before=page.older) if page.older else "",
            "newest_url": _url(asked),
            "stopped_url": _url({**asked, "outcome": "stopped"}) if not asked["outcome"] else "",
            "as_text_url": _url({**asked, "in": "text"}),
        },
    )


@require_GET
@never_cache
def verdict_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One call: why, where each value came from, the transcript, and everything that was found."""
    person = actor_of(request)
    told = load_told(load_verdict(pk, person), person=person, revealed_until=revealed_until(request, of_verdict(pk)))
    note_opened(pk, actor=person, how="call")
    shown = {
        "told": told,
        "verdict": told.verdict,
        "story": told.story,
        "may_change_policy": may(request.user, Permission.CHANGE_POLICY),
        "may_investigate": may(request.user, Permission.INVESTIGATE),
        "may_export": may(request.user, Permission.EXPORT_EVIDENCE),
        "may_reveal": may(request.user, Permission.REVEAL),
    }
    return render(request, "guardrail/verdict.html", shown)


@require_GET
@never_cache
def verdict_body(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The body as a file of plain text: byte for byte as it came, or masked.

    Not as a page: characters that hide or turn round what one reads are in it as they came.
    """
    verdict = load_verdict(pk, request.user)
    try:
        body = load_body(pk)
    except NotOpened as error:
        return HttpResponse(f"{error}\n", status=409, content_type="text/plain; charset=utf-8")
    if body is None:
        raise Http404(f"no transcript `{pk}`")
    note_opened(pk, actor=actor_of(request), how="raw body")
    until = revealed_until(request, of_verdict(pk))
    shown = masking_of(verdict, revealed=until is not None).body(body)
    response = HttpResponse(shown, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{pk}{".masked" if shown != body else ""}.txt"'
    return response


def load_told(verdict: Verdict, *, person: Person, revealed_until: datetime | None = None) -> Told:
    """A verdict with everything its page says to the person, masked unless it is revealed to them.

    Five queries, two more for one that was judged later. The verdict in it is a masked copy, too: never save it.
    """
    late = queries.load_late(verdict)
    finding = late.finding if late else None
    masking = masking_of(verdict, revealed=revealed_until is not None, late=finding)
    # what was found afterwards is told in the place of what the quick checks said
    judged = finding or verdict
    conversation = queries.load_conversation(verdict, person=person)
    earlier = [earlier_call(other) for other in conversation if other.pk < verdict.pk]
    deciding = finding.deciding_signal if finding else worth_telling(verdict)
    whole = load_call(verdict)
    call = masking.call(whole) if whole else None
    signals, origins = masking.signals(judged.signals), masking.origins(judged.origins)
    for shown in (verdict, finding):
        if shown is not None:
            shown.reason = masking.text(shown.reason)
    story = tell(
        signals=signals,
        origins=origins,
        deciding=deciding,
        call=call,
        planned=earlier_call(verdict),
        earlier=earlier,
    )
    return Told(
        verdict=verdict,
        lede=_lede(verdict, signals, deciding),
        decided_by=_decided_by(judged),
        tags=tags_of(finding.name for finding in story.findings if finding.stopping or not _stopped(judged)),
        story=story,
        conversation=conversation,
        caller=queries.load_caller_name(verdict.orchestrator_id),
        late=late,
        executed_in=queries.load_executed(verdict),
        edit=load_quote(verdict) if late or _stopped(verdict) else None,
        badge=_badge(verdict, finding),
        tool_does=words.TOOL_KINDS.get(verdict.tool_kind, verdict.tool_kind),
        timings=_telling(verdict.timings),
        let_pass_by=_exceptions_of(judged),
        picture=draw(
            call,
            _plan(verdict),
            signals=signals,
            origins=origins,
            documents=verdict.documents,
            deciding=deciding,
        ),
        masked=masking.count,
        revealed_until=revealed_until,
        reveal_minutes=settings.REVEAL_MINUTES,
        closed="" if call else why_closed(verdict.pk),
        missing=tuple(words.degraded_words(str(part)) for part in verdict.degraded),
    )


def _lede(verdict: Verdict, signals: Sequence[Mapping[str, Any]], deciding: str) -> str:
    return lede_of(
        signals=signals,
        deciding=deciding,
        agent=verdict.agent_name or verdict.agent_id,
        tool=verdict.tool_name or verdict.tool_id,
        tool_kind=verdict.tool_kind,
        destination=verdict.destination,
        signed_in=bool(verdict.user_id),
    )


def _badge(verdict: Verdict, finding: LateFinding | None) -> badges.Badge:
    if finding and not finding.failed and verdict.mode != "monitor" and verdict.action not in ("block", "hold"):
        return badges.FOUND_LATE
    return badges.of_call(
        action=verdict.action,
        would_have=verdict.would_have,
        failed=verdict.failed,
        agreed=verdict.deciding_signal == ALLOWED_ONCE,
        deferred=verdict.deferred,
    )


def _plan(verdict: Verdict) -> Plan:
    shown = badges.of_call(
        action=verdict.action, would_have=verdict.would_have, failed=verdict.failed, deferred=verdict.deferred
    )
    return Plan(
        tool=verdict.tool_name or verdict.tool_id,
        destination=verdict.destination,
        answer=shown.word,
        stopped=verdict.action in ("block", "hold"),
        at=verdict.received_at,
    )


def _exceptions_of(judged: Verdict | LateFinding) -> tuple[int, ...]:
    """The numbers of the exceptions that let it pass, or some of it."""
    said = {str(value) for signal in judged.signals for name, value in signal.get("facts", ()) if name == LIFTED_BY}
    numbers = (one.removeprefix(EXCEPTION) for one in said if one.startswith(EXCEPTION))
    return tuple(sorted(int(number) for number in numbers if number.isdecimal()))


def _stopped(judged: Verdict | LateFinding) -> bool:
    return judged.would_have not in ("allow", "notice")


def _decided_by(judged: Verdict | LateFinding) -> str:
    """Which kind of reasoning decided, in words; empty where nothing spoke against the call."""
    deciding = (signal for signal in judged.signals if signal.get("name") == judged.deciding_signal)
    facts = next((signal.get("facts", ()) for signal in deciding), ())
    regime = regime_of(
        signal=judged.deciding_signal,
        signatures=[str(value) for name, value in facts if name == "signature"],
        would_have=judged.would_have,
        failed=judged.failed,
    )
    # the rule's name says more than that it is one
    named = f": {words.signal_words(judged.deciding_signal).lower()}" if regime in _NAMED else ""
    return f"{words.REGIMES[regime]}{named}"


def worth_telling(verdict: Verdict) -> str:
    """The name of the signal that led to the answer; where a person allowed it, the one that had held the call."""
    if verdict.deciding_signal != ALLOWED_ONCE:
        return verdict.deciding_signal
    return next((signal["name"] for signal in verdict.signals if signal.get("name") != ALLOWED_ONCE), ALLOWED_ONCE)


def earlier_call(verdict: Verdict) -> EarlierCall:
    """As far as a step of another call names it."""
    return EarlierCall(
        verdict_id=str(verdict.pk),
        tool_id=verdict.tool_id,
        tool_name=verdict.tool_name,
        action=verdict.action,
        would_have=verdict.would_have,
        failed=verdict.failed,
    )


def _telling(timings: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """The stages that took time worth reading, longest first."""
    took = ((stage, ms) for stage, ms in timings.items() if ms >= SHORTEST_STAGE_MS)
    return tuple(sorted(took, key=lambda pair: -pair[1]))


def _outcome(word: str) -> queries.Outcome:
    try:
        return queries.Outcome(word)
    except ValueError:
        return queries.Outcome.ANY


def _url(asked: dict[str, str], **more: Any) -> str:
    return "?" + urlencode({name: value for name, value in {**asked, **more}.items() if value})
