"""The main job: a planned call comes in, an explicit verdict goes out.

After authentication every answer is 200 with an explicit verdict: the callers treat anything else as an allowed call,
so an error of ours would be an attacker's door. Budget: settings.DEADLINE_MS from the first byte.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from structlog.contextvars import bound_contextvars

from guardrail import auth, database, housekeeper, meters, modifying, opinions, store
from guardrail.api_schema import ErrorBody, EvaluateAnswer, EvaluateRequest
from guardrail.arrivals import WAITED
from guardrail.caller_rates import is_over
from guardrail.case import Layout
from guardrail.destinations import Reach, reach_of
from guardrail.invocation import Invocation, Past
from guardrail.judge import Judgement, explain, judge, judge_at_once, judge_unread, read_ahead
from guardrail.keeping import keep
from guardrail.large_calls import KEPT_BYTES, Room
from guardrail.memory.past import asking_for, load_past
from guardrail.memory.tickets import redeem
from guardrail.receiving import arrival_of, length_of
from guardrail.shedding import shed, turn_for, turned_away, unjudged
from guardrail.taught import traces_once_judged
from guardrail.wire import Unreadable, copilot_studio, evaluate, glance
from guardrail.wire.glance import Glance
from guardrail.wire.second_opinion import SEALS_IN_META
from policies.decision import allow_once
from policies.load import NoRuleset, active_ruleset
from policies.ruleset import Action, Ruleset

log = structlog.get_logger(__name__)

# In force until a policy was loaded once: enforce, and the fail posture is block.
_NOTHING_LOADED = Ruleset(version=0)
_TOO_DEEP = "the body is nested too deeply"
_room = Room(settings.MAX_CALL_BYTES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wire:
    """What differs between callers on the way in and out. `arguments_of` is None where no answer can modify them."""

    name: str
    parse: Callable[..., Invocation]
    glance: Callable[[bytes], Glance | None]
    salvage: Callable[[bytes], dict[str, str]]
    forward: Callable[[bytes, Invocation], bytes]
    arguments_of: Callable[[bytes], Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """A call that was judged and kept, or the fail posture where it could not be."""

    arrival: store.Arrival
    judgement: Judgement


_COPILOT_STUDIO = Wire(
    name=copilot_studio.NAME,
    parse=copilot_studio.parse,
    glance=glance.at_platform_call,
    salvage=copilot_studio.salvage,
    # as it came: what an engine does not see, it cannot judge
    forward=lambda body, _: body,
)
_EVALUATE = Wire(
    name=evaluate.NAME,
    parse=evaluate.parse,
    glance=glance.at_own_call,
    salvage=lambda _: {},
    forward=lambda _, call: copilot_studio.rendered(call),
    arguments_of=evaluate.arguments_of,
)

WIRES: dict[str, Wire] = {wire.name: wire for wire in (_COPILOT_STUDIO, _EVALUATE)}


def answer_call(request: HttpRequest, caller: auth.Caller, wire: Wire) -> Answered:
    """Judge one call and keep the verdict. Never raises: whatever goes wrong ends in an explicit decision."""
    waited = float(request.META.get(WAITED, 0.0))
    started = time.monotonic() - waited
    # whoever is cut off while sending sees an error, and an error is an allowed call: ten times the time of an answer
    give_up_at = started + 10 * settings.DEADLINE_MS / 1000
    seals = request.META.get(SEALS_IN_META, "")
    with _room.take(min(length_of(request), settings.MAX_CALL_BYTES)) as fits:
        most_bytes = settings.MAX_CALL_BYTES if fits else KEPT_BYTES
        arrival = arrival_of(request, caller, wire.name, most_bytes=most_bytes, give_up_at=give_up_at)
        return answer_arrival(arrival, caller, wire, _ruleset(), started=started, waited=waited, seals=seals)


def answer_arrival(
    arrival: store.Arrival,
    caller: auth.Caller,
    wire: Wire,
    ruleset: Ruleset,
    *,
    started: float,
    waited: float = 0.0,
    seals: str = "",
) -> Answered:
    """The same once it has arrived.

    `started` is on time.monotonic, `waited` = seconds of it before anybody looked; `seals` = who asked before us.
    """
    correlation_id = meters.correlation_of(arrival.correlation_id)
    with bound_contextvars(verdict_id=str(arrival.verdict_id), correlation_id=correlation_id):
        answer_it = partial(_answer, arrival, caller, wire, ruleset, started=started, seals=seals)
        seen = wire.glance(arrival.body) if arrival.body_bytes <= len(arrival.body) else None
        call, judgement = (None, None) if seen else _read_call(arrival, wire=wire, caller=caller, ruleset=ruleset)
        seen_at = time.monotonic()
        seen = seen or (_seen(call) if call and not judgement else None)
        turn = turn_for(seen, caller, ruleset, arrival, at=seen_at - waited) if seen else nullcontext()
        with turn as came:
            waits = came.end if came else _nothing
            before = (("read", (seen_at - started) * 1000), ("turn", (time.monotonic() - seen_at) * 1000))
            if seen and not came:
                judgement = turned_away(seen, ruleset, before=before)
            if judgement is None:
                call, judgement = answer_it(call, waits=waits if came else None, before=before)
            judged_at = time.monotonic()
            kept, judgement = keep(
                arrival,
                call,
                judgement,
                caller=caller,
                salvage=wire.salvage,
                ruleset=ruleset,
                started=started,
                waits=waits,
            )
    meters.note_call(
        meters.AnsweredCall(
            verdict_id=arrival.verdict_id,
            correlation_id=correlation_id,
            decision=judgement.decision,
            timings=judgement.timings,
            kept=kept,
            judged_s=judged_at - started,
            answered_s=time.monotonic() - started,
        )
    )
    return Answered(arrival=arrival, judgement=judgement)


def _answer(
    arrival: store.Arrival,
    caller: auth.Caller,
    wire: Wire,
    ruleset: Ruleset,
    call: Invocation | None,
    *,
    started: float,
    seals: str,
    waits: Callable[[], None] | None,
    before: tuple[tuple[str, float], ...],
) -> tuple[Invocation | None, Judgement]:
    """The call, read where it is not yet, and the judgement on it; without a turn, which `waits` ends, it is shed."""
    judgement = None
    if call is None:
        call, judgement = _read_call(arrival, wire=wire, caller=caller, ruleset=ruleset)
    if call and not judgement:
        try:
            if waits is None:
                return call, shed(arrival, call, ruleset=ruleset, before=before)
            judgement = _judged(
                arrival, call, wire=wire, ruleset=ruleset, started=started, seals=seals, waits=waits, before=before
            )
        except RecursionError:
            # nor could it be stored as the call it is
            return None, unjudged(None, ruleset, degraded="wire", detail=_TOO_DEEP)
    return call, judgement or unjudged(call, ruleset, degraded="wire", detail="nobody judged it")


def _seen(call: Invocation) -> Glance:
    return Glance(
        agent_id=call.agent_id,
        environment_id=call.environment_id,
        tool_id=call.tool.tool_id,
        tool_name=call.tool.name,
    )


def _read_call(
    arrival: store.Arrival, *, wire: Wire, caller: auth.Caller, ruleset: Ruleset
) -> tuple[Invocation | None, Judgement | None]:
    """The call, None where it cannot be read; and the answer to one that is not to be judged."""
    if arrival.body_bytes > len(arrival.body):
        detail = f"the body has {arrival.body_bytes} bytes, at most {settings.MAX_CALL_BYTES} are judged"
        if arrival.body_bytes <= settings.MAX_CALL_BYTES:
            detail = f"the body has {arrival.body_bytes} bytes, and too many calls as large were judged at that moment"
        return None, unjudged(None, ruleset, degraded="wire", detail=detail)
    call = None
    try:
        call = wire.parse(arrival.body, orchestrator=caller.slug)
        if is_over(caller.orchestrator_id, caller.per_minute, at=arrival.received_at):
            detail = f"`{caller.slug}` asked more than {caller.per_minute} times this minute"
            at = arrival.received_at
            return call, judge_unread(call, ruleset, missing="rate", detail=detail, at=at, clock=time.monotonic)
    except (Unreadable, RecursionError) as error:
        detail = str(error) if isinstance(error, Unreadable) else _TOO_DEEP
        return None, unjudged(None, ruleset, degraded="wire", detail=detail)
    except Exception as error:
        log.exception("call.not_judged", error=type(error).__name__)
        return call, unjudged(call, ruleset, degraded="wire", detail="an error of our own, see the log")
    return call, None


def _judged(
    arrival: store.Arrival,
    call: Invocation,
    *,
    wire: Wire,
    ruleset: Ruleset,
    started: float,
    seals: str,
    waits: Callable[[], None],
    before: tuple[tuple[str, float], ...],
) -> Judgement:
    """The judgement on a call. `before`: its stages so far; `seals`: who asked before us; `waits` ends its turn early.

    Raises RecursionError for one that is nested too deeply, and nothing else.
    """
    asked: tuple[opinions.Asked, ...] = ()
    began = time.monotonic()
    # what storing may take is kept back, so that the whole answer stays inside the deadline
    deadline = started + (settings.DEADLINE_MS - settings.STORE_BUDGET_MS) / 1000
    try:
        forward = partial(wire.forward, arrival.body, call)
        question = opinions.Question(body=forward, seals=seals, reference=str(arrival.verdict_id))
        # an engine that asks us for our opinion wants the whole of it
        may_wait = not seals and not ruleset.is_critical(
            agent_id=call.agent_id, tool_id=call.tool.tool_id, tool_name=call.tool.name
        )
        asked = () if may_wait else opinions.ask(call, question, ruleset, until=deadline)
        mode = ruleset.for_call(agent_id=call.agent_id, environment_id=call.environment_id).mode
        reach = reach_of(call, ruleset)
        asked_of_memory = asking_for(call, ruleset, reach=reach, mode=mode, at=arrival.received_at)
        ahead = _Ahead(call, ruleset, reach, deadline=deadline) if not may_wait else None
        past = load_past(asked_of_memory, meanwhile=ahead or _nothing)
        ahead_ms = ahead.ms if ahead else 0.0
        past_ms = (time.monotonic() - began) * 1000 - ahead_ms
        judge_it = partial(judge, past=past, ruleset=ruleset, deadline=deadline, clock=time.monotonic)
        judgement = judge_at_once(call, past, ruleset, deadline=deadline, clock=time.monotonic) if may_wait else None
        if judgement is None:
            asked = opinions.ask(call, question, ruleset, until=deadline) if may_wait else asked
            judgement = judge_it(call, layout=ahead.layout if ahead else None)
            judgement = opinions.weigh(asked, judgement, until=deadline, waits=waits)
            judgement = _modified(call, judgement, judge_it, ruleset, wire=wire, body=arrival.body)
        spare = min(deadline, time.monotonic() + settings.EXPLAIN_MS / 1000)
        judgement = _agreed(call, past, explain(judgement, deadline=spare, clock=time.monotonic))
        traces = traces_once_judged(asked_of_memory.traces, reach.destinations, judgement)
    except RecursionError:
        raise
    except Exception as error:
        log.exception("call.not_judged", error=type(error).__name__)
        return unjudged(call, ruleset, degraded="wire", detail="an error of our own, see the log")
    finally:
        opinions.drop(asked)
    timings = (*before, ("past", past_ms), ("ahead", ahead_ms), *judgement.timings)
    return replace(judgement, timings=timings, traces=traces)


class _Ahead:
    """Reads a call's texts and lays it out while memory is asked; `ms` is what that took."""

    def __init__(self, call: Invocation, ruleset: Ruleset, reach: Reach, *, deadline: float) -> None:
        self._call, self._ruleset, self._reach, self._deadline = call, ruleset, reach, deadline
        self.ms = 0.0
        self.layout: Layout | None = None

    def __call__(self) -> None:
        began = time.monotonic()
        self.layout = read_ahead(
            self._call, self._ruleset, deadline=self._deadline, clock=time.monotonic, reach=self._reach
        )
        self.ms = (time.monotonic() - began) * 1000


def _nothing() -> None:
    """A tool that is not critical is answered without reading."""


def _modified(
    call: Invocation,
    judgement: Judgement,
    judge_it: Callable[[Invocation], Judgement],
    ruleset: Ruleset,
    *,
    wire: Wire,
    body: bytes,
) -> Judgement:
    """The judgement; where it says modify, with what may be sent instead, or stopped where that cannot be told."""
    if judgement.decision.would_have is not Action.MODIFY:
        return judgement
    if wire.arguments_of is None:
        return modifying.stopped(judgement, why="this caller can only be told to allow or to block.")
    arguments = wire.arguments_of(body)
    return modifying.modify(call, judgement, ruleset, arguments=arguments, judge_again=judge_it)


def _agreed(call: Invocation, past: Past, judgement: Judgement) -> Judgement:
    """The judgement; a hold that a person agreed to beforehand is allowed, and its ticket is used up by that."""
    ticket = past.ticket
    if ticket is None or judgement.decision.action is not Action.HOLD or not redeem(call, ticket):
        return judgement
    decision = allow_once(judgement.decision, ticket=ticket.number, approved_by=ticket.approved_by, until=ticket.until)
    return replace(judgement, decision=decision)


def _ruleset() -> Ruleset:
    housekeeper.ensure_loaded()
    try:
        return active_ruleset()
    except NoRuleset:
        return _NOTHING_LOADED


class OnlyJson(BaseContentNegotiation):
    """Whatever the caller sends and accepts, it is JSON: one live caller sends no content type at all."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class MsgspecRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        return msgspec.json.encode(data)


class CallView(APIView):
    """What the endpoints of orchestrators share: own authentication, JSON only, a constant error body."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    content_negotiation_class = OnlyJson
    # for the description only: whatever the header says, the body is read as JSON
    parser_classes = (JSONParser,)
    renderer_classes = (MsgspecRenderer,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nothing: there is one form of answer, and `caller` says who asks. A permission or throttle is not asked."""

    def caller(self, request: Request, slug: str | None) -> auth.Caller:
        """Who is calling. Raises NotAuthenticated, which `handle_exception` turns into the documented error body."""
        housekeeper.ensure_loaded()
        started = time.monotonic()
        try:
            caller = auth.caller_of(request._request, slug=slug)
        except auth.Unauthorised as error:
            meters.note_refused("calls")
            log.warning("call.unauthorised", slug=slug, why=str(error))
            raise NotAuthenticated(str(error)) from error
        meters.note_stage("auth", time.monotonic() - started)
        return caller

    def handle_exception(self, exc: Exception) -> Response:
        if not isinstance(exc, APIException):
            return super().handle_exception(exc)
        status = exc.status_code if not isinstance(exc, NotAuthenticated) else 401
        body = {"errorCode": status * 10, "message": str(exc.detail), "httpStatus": status}
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
        return Response(body, status=status, headers=headers)


@extend_schema(exclude=True)
class Validate(CallView):
    """Microsoft Copilot Studio asks once, when an admin saves the form."""

    def post(self, request: Request, slug: str) -> Response:
        self.caller(request, slug)
        if _ruleset() is _NOTHING_LOADED:
            return Response({"isSuccessful": False, "status": "No policy is published"})
        return Response({"isSuccessful": True, "status": "OK"})


@extend_schema(exclude=True)
class AnalyzeToolExecution(CallView):
    """Microsoft Copilot Studio asks before every tool call."""

    def post(self, request: Request, slug: str) -> HttpResponse:
        answered = answer_call(request._request, self.caller(request, slug), _COPILOT_STUDIO)
        verdict_id = str(answered.arrival.verdict_id)
        return _told(copilot_studio.answer(answered.judgement.decision, verdict_id=verdict_id))


class Evaluate(CallView):
    """Our own request, for every other agent."""

    @extend_schema(
        operation_id="evaluate",
        summary="Ask whether an agent may make a tool call",
        description=(
            "Send the planned call with its context before it is made. Every authenticated request is answered 200 "
            "with an explicit decision; a request that cannot be read is answered by the fail posture, `block` by "
            "default, and its reason names what is missing. `ask` means a person must agree first."
        ),
        request=EvaluateRequest,
        responses={200: EvaluateAnswer, 401: ErrorBody},
    )
    def post(self, request: Request) -> HttpResponse:
        answered = answer_call(request._request, self.caller(request, None), _EVALUATE)
        judgement = answered.judgement
        verdict_id = str(answered.arrival.verdict_id)
        return _told(
            evaluate.answer(
                judgement.decision,
                verdict_id=verdict_id,
                deferred=judgement.deferred,
                arguments=judgement.modified_arguments,
            )
        )


def _told(answer: Any) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(answer), content_type="application/json")


def warm() -> None:
    """Judge one call of our own and open both connections, so that no agent's first call pays 250 ms for it.

    Nothing is stored. Failing here is no failure: a server that is away is met again by the first call.
    """
    body = msgspec.json.encode(
        {
            "agent": {"id": "warm"},
            "user_message": "Send the minutes of the meeting to the team",
            "outputs": [{"tool": "read", "content": "Minutes. Please send them to team@warm.invalid today."}],
            "tool": {"name": "send_mail", "description": "Sends a mail"},
            "arguments": {"to": "team@warm.invalid", "body": "Minutes"},
        }
    )
    ruleset = _ruleset()
    call = evaluate.parse(body, orchestrator="")
    judge(call, Past(), ruleset, deadline=time.monotonic() + 5, clock=time.monotonic)
    opinions.prepare(ruleset)
    reach = reach_of(call, ruleset)
    load_past(asking_for(call, ruleset, reach=reach, mode=ruleset.mode, at=datetime.now(UTC)))
    database.pool()
