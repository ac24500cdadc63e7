"""What earlier calls tell of a planned one, read and updated by one script; and what this one leaves once it is judged.

Redis away = judged without memory.
"""

import struct
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from guardrail.attribution.recall import proven
from guardrail.chains import Key, chain_of
from guardrail.destinations import Reach
from guardrail.entered import DEEDS, things_of
from guardrail.invocation import Invocation, Past
from guardrail.memory import (
    carried,
    connection,
    destinations,
    disobedience,
    document_lines,
    habits,
    leaving,
    people,
    poisoned,
    probing,
    rates,
    said,
    session,
    stops,
    stored_text,
    tickets,
)
from guardrail.memory.pepper import pepper
from guardrail.memory.shelf import NOTHING, Asking, Composed, Shelf, asking
from guardrail.stored_text import texts_carried_by
from guardrail.traces import Outcome, Traces, organisation_of, outcome_of, traces_of
from policies.decision import ALLOWED_ONCE, Decision
from policies.restrictions import Effect, Restricted
from policies.ruleset import Action, Mode, Ruleset

# The session first: it tells the others whether this step was delivered before.
SHELVES: tuple[Shelf, ...] = (
    session.SHELF,
    destinations.SHELF,
    tickets.SHELF,
    poisoned.SHELF,
    disobedience.SHELF,
    habits.SHELF,
    rates.SHELF,
    leaving.SHELF,
    carried.SHELF,
    document_lines.SHELF,
    stored_text.SHELF,
    said.SHELF,
    probing.SHELF,
    people.SHELF,
    stops.SHELF,
)

log = structlog.get_logger(__name__)

_UNREADABLE = (struct.error, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_LOOKED_AT = tuple(shelf for shelf in SHELVES if shelf.look)
_KEPT_BY = tuple(shelf for shelf in SHELVES if shelf.keep)
_LOOK = Composed(tuple((shelf.name, shelf.look) for shelf in _LOOKED_AT))
_KEEP = Composed(tuple((shelf.name, shelf.keep) for shelf in _KEPT_BY))
# learning the same of one verdict twice is as once
_OF_STOPS = (poisoned.SHELF, stops.SHELF)
_KEEP_STOPS = Composed(tuple((shelf.name, shelf.keep) for shelf in _OF_STOPS))


def asking_for(call: Invocation, ruleset: Ruleset, *, reach: Reach, mode: Mode, at: datetime) -> Asking:
    """A call that came `at`, as memory is asked for it. Pure but for a random holder where the caller names no step."""
    kind, standings = reach.kind, reach.standings
    key = Key(key=pepper(), organisation=organisation_of(call))
    chain = chain_of(call, ruleset, kind=kind, standings=standings, key=key)
    traces = traces_of(call, kind=kind, standings=standings, at=at, chain=chain)
    # without a step id two calls of one plan are no repeated delivery of each other
    holder = call.step_key if call.plan_step_id and call.step_key else uuid.uuid4().hex
    limits = _limits(call, ruleset) if call.anonymous else ()
    texts = texts_carried_by(call) if traces.outward else ()
    things = things_of(call) if kind in DEEDS else ()
    reached = tuple(standings)
    return asking(
        call, traces, destinations=reached, holder=holder, mode=mode, limits=limits, texts=texts, things=things
    )


def _limits(call: Invocation, ruleset: Ruleset) -> tuple[tuple[int, int], ...]:
    """The rate limits on the agent and on its channel."""
    now = ruleset.restrictions
    found = (
        *now.on(Restricted.AGENT, call.agent_id),
        *now.on(Restricted.CHANNEL, call.agent_id, call.channel_id),
        *now.on(Restricted.CHANNEL, "", call.channel_id),
    )
    return tuple((one.number, one.per_minute) for one in found if one.effect is Effect.RATE_LIMIT)


def load_past(asked: Asking, *, meanwhile: Callable[[], None] = lambda: None) -> Past:
    """Read this call's past and count it in. One round trip; `Past(available=False)` when Redis does not answer.

    `meanwhile` is done while Redis works.
    """
    asks = [shelf.asks(asked) for shelf in _LOOKED_AT]
    found = _LOOK.run(asks, traces=asked.traces, step=asked.holder, meanwhile=meanwhile)
    at = datetime.fromtimestamp(asked.traces.at / 1000, UTC)
    if found is None:
        return Past(available=False, at=at)
    fields: dict[str, Any] = {}
    unreadable = []
    for shelf, answer in zip(_LOOKED_AT, found.in_order, strict=True):
        if answer is not None:
            try:
                fields.update(shelf.read(answer, asked))
            except _UNREADABLE as error:
                # what another version wrote must not answer every call of a conversation by the fail posture
                unreadable.append(shelf.name)
                log.error("memory.unreadable", shelf=shelf.name, error=type(error).__name__)
    return Past(available=not found.failed and not unreadable, at=at, **fields)


def remember(traces: Traces | None, decision: Decision, ruleset: Ruleset, *, verdict_id: uuid.UUID) -> None:
    """What a judged call leaves; not waited for, lost when Redis is away, until it is rebuilt from the verdicts.

    `traces` None = memory was never asked for it.
    """
    if traces is not None and may_teach(traces, decision):
        keep(traces, outcome_of(decision, verdict_id=verdict_id, proven=proven(decision, ruleset)))


def may_teach(traces: Traces, decision: Decision) -> bool:
    """Whether any shelf may keep something of the judged call: of most none does, and need not be asked."""
    chain, deciding = traces.chain, decision.deciding
    return (
        decision.would_have >= Action.HOLD
        or (deciding is not None and deciding.name == ALLOWED_ONCE)
        or (chain is not None and bool(chain.parts or chain.pieces or chain.entered or chain.lines or chain.stored))
    )


def keep(traces: Traces, outcome: Outcome) -> bool:
    """What a call leaves on the shelves, told and not waited for; most leave nothing. False when Redis is away."""
    lessons = [shelf.learn(traces, outcome) for shelf in _KEPT_BY]
    if not any(keys for keys, _ in lessons):
        return True
    return _KEEP.tell(lessons, traces=traces)


def keep_surely(traces: Traces, outcome: Outcome, *, age_seconds: float = 0.0) -> bool:
    """The same, waited for: nobody looks again at what was found late. False when Redis is away, or a shelf failed.

    What is older than a shelf remembers is not kept there.
    """
    lessons = [shelf.learn(traces, outcome) if age_seconds < shelf.seconds else NOTHING for shelf in _KEPT_BY]
    if not any(keys for keys, _ in lessons):
        return True
    found = _KEEP.run(lessons, traces=traces, step="")
    return found is not None and not found.failed


def relearn(traces: Traces, outcome: Outcome, *, age_seconds: float) -> bool:
    """What a stop teaches of texts and destinations, once more and waited for. False when Redis is away.

    Shelves that count calls have it already.
    """
    lessons = [shelf.learn(traces, outcome) if age_seconds < shelf.seconds else NOTHING for shelf in _OF_STOPS]
    if not any(keys for keys, _ in lessons):
        return True
    found = _KEEP_STOPS.run(lessons, traces=traces, step="")
    return found is not None and not found.failed


def forget_connection() -> None:
    """Begin anew: a new process, or a test with another server."""
    connection.forget_connection()
    poisoned.forget()
    stored_text.forget()
