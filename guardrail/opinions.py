"""Second opinions: other engines are asked about a call while we judge it, and heard when we have.

`ask` costs nothing where no engine is set up. `weigh` waits for what is still out, within each engine's budget and our
own deadline. An engine can make an answer stricter, never milder; one that gives no answer is named in `degraded`.
See docs/decisions/0022-second-opinions.md.
"""

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

from django.utils.crypto import constant_time_compare, salted_hmac

from guardrail.engine import Came, Engine
from guardrail.invocation import Invocation
from guardrail.judge import Judgement, with_opinions
from guardrail.tool_kind import infer_kind
from guardrail.wire.second_opinion import (
    MOST_SEALS,
    SEALS_HEADER,
    Heard,
    Missing,
    degraded_of,
    read_seals,
    signal_of,
)
from policies.ruleset import Action, Opinion, Ruleset, ToolKind
from policies.sealing import NotOpened
from policies.services.opinions import unseal_token

# Waited beyond an engine's time, so that its own word for being late arrives.
_GRACE_SECONDS = 0.003

# A person asks for an appointment of their own.
_SAMPLE = json.dumps(
    {
        "plannerContext": {"userMessage": "Put a reminder in my calendar for Friday at ten.", "chatHistory": []},
        "toolDefinition": {
            "id": "guardrail.action.Create-event",
            "name": "Create-event",
            "description": "Creates an event in the user's own calendar.",
            "inputParameters": [{"name": "title"}, {"name": "start"}],
        },
        "inputValues": {"title": "Reminder", "start": "2026-01-02T10:00:00Z"},
        "conversationMetadata": {
            "agent": {"id": "guardrail-second-opinion-test", "name": "Guardrail, trying a second opinion"},
            "user": {"id": "guardrail-test-user"},
            "conversationId": "guardrail-second-opinion-test",
        },
    }
).encode()

_lock = threading.Lock()
_engines: dict[str, Engine] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What engines are sent about one call. `seals` is the header it came with; `reference` our verdict's id."""

    body: Callable[[], bytes]
    seals: str
    reference: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One engine that was asked, or why it was not. `until` is when it is given up, on time.monotonic."""

    opinion: Opinion
    coming: Future[Came]
    started: float
    until: float


def ask(call: Invocation, question: Question, ruleset: Ruleset, *, until: float) -> tuple[Asked, ...]:
    """Start asking every engine that wants to know of this call; returns at once."""
    if not ruleset.opinions:
        return ()
    sink = infer_kind(call.tool, ruleset, agent_id=call.agent_id) is not ToolKind.READ
    wanted = [opinion for opinion in ruleset.opinions if opinion.is_asked(agent_id=call.agent_id, sink=sink)]
    if not wanted:
        return ()
    try:
        body = question.body()
    except (RecursionError, ValueError):
        return tuple(_not_asked(opinion, Missing.UNSENT) for opinion in wanted)
    own, seals = seal_of(body), read_seals(question.seals)
    if any(constant_time_compare(own, seal) for seal in seals):
        # another engine asks us about the very call we asked it about: who asked first weighs all the opinions
        return ()
    if len(seals) >= MOST_SEALS:
        return tuple(_not_asked(opinion, Missing.CIRCLING) for opinion in wanted)
    headers = {SEALS_HEADER: ",".join((*seals, own)), "x-ms-correlation-id": question.reference}
    return tuple(_ask_one(opinion, body, headers, until=until) for opinion in wanted)


def weigh(
    asked: Sequence[Asked], judgement: Judgement, *, until: float, waits: Callable[[], None] = lambda: None
) -> Judgement:
    """The judgement with every opinion that came; waits at most until `until` (time.monotonic), having called `waits`.

    What we block ourselves nobody is waited for: only what has arrived is noted.
    """
    if not asked:
        return judgement
    started = time.monotonic()
    if judgement.decision.would_have is Action.BLOCK:
        heard = [_hear(one, until=started) for one in asked if one.coming.done()]
    else:
        waits()
        heard = [_hear(one, until=until) for one in asked]
    waited_ms = (time.monotonic() - started) * 1000
    return with_opinions(
        judgement,
        signals=[signal for one in heard if (signal := signal_of(one))],
        degraded=[name for one in heard if (name := degraded_of(one))],
        timings=[(one.opinion.signal, round(one.ms, 3)) for one in heard] + [("opinions", round(waited_ms, 3))],
        detail="; ".join(lack for one in heard if (lack := one.lacks)),
    )


def drop(asked: Sequence[Asked]) -> None:
    """Give up what is still out; after `weigh`, or instead of it."""
    for one in asked:
        one.coming.cancel()


def seal_of(body: bytes) -> str:
    """What only this installation can say about exactly these bytes: it asked about them."""
    return salted_hmac("guardrail.opinions", hashlib.sha256(body).digest(), algorithm="sha256").hexdigest()


def prepare(ruleset: Ruleset) -> None:
    """Make ready to ask, without asking: the first call would pay some 20 ms for reading certificates."""
    for opinion in ruleset.opinions:
        with contextlib.suppress(NotOpened):
            engine_of(opinion)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """How an engine took a form's question and one harmless call. `greeted` is empty where it said yes."""

    greeted: str
    greeted_ms: float
    heard: Heard


def try_out(opinion: Opinion, *, seconds: float = 3.0) -> Tried:
    """Ask an engine as it is set up, on connections of its own: /validate, then a call that nobody would stop.

    Takes `seconds` for each at most, whatever its budget. Raises NotOpened when its token cannot be read.
    """
    engine = Engine(opinion, token=unseal_token(opinion.sealed_token, slug=opinion.slug, base_url=opinion.base_url))
    try:
        started = time.monotonic()
        greeted = engine.validate(seconds=seconds).result()
        greeted_ms = (time.monotonic() - started) * 1000
        headers = {SEALS_HEADER: seal_of(_SAMPLE), "x-ms-correlation-id": "try"}
        started = time.monotonic()
        coming = engine.ask(_SAMPLE, headers=headers, until=started + seconds)
        asked = Asked(opinion=opinion, coming=coming, started=started, until=started + seconds)
        heard = _hear(asked, until=started + seconds + 1)
    finally:
        engine.close()
    return Tried(greeted=greeted, greeted_ms=greeted_ms, heard=heard)


def engine_of(opinion: Opinion) -> Engine:
    """The engine as it is set up now, with its kept connections. Raises NotOpened when its token cannot be read."""
    engine = _engines.get(opinion.slug)
    if engine is not None and engine.opinion == opinion:
        return engine
    with _lock:
        engine = _engines.get(opinion.slug)
        if engine is None or engine.opinion != opinion:
            token = unseal_token(opinion.sealed_token, slug=opinion.slug, base_url=opinion.base_url)
            if engine is not None:
                engine.close()
            engine = _engines[opinion.slug] = Engine(opinion, token=token)
    return engine


def forget_engines() -> None:
    """Drop every engine with its connections and what it failed at, as in a process that has just started."""
    with _lock:
        for engine in _engines.values():
            engine.close()
        _engines.clear()


def _ask_one(opinion: Opinion, body: bytes, headers: dict[str, str], *, until: float) -> Asked:
    try:
        engine = engine_of(opinion)
    except NotOpened:
        return _not_asked(opinion, Missing.LOCKED)
    if engine.is_resting:
        return _not_asked(opinion, Missing.RESTING)
    started = time.monotonic()
    until = min(until, started + opinion.budget_ms / 1000)
    coming = engine.ask(body, headers=headers, until=until)
    return Asked(opinion=opinion, coming=coming, started=started, until=until)


def _not_asked(opinion: Opinion, why: Missing) -> Asked:
    coming: Future[Came] = Future()
    now = time.monotonic()
    coming.set_result((why, now))
    return Asked(opinion=opinion, coming=coming, started=now, until=now)


def _hear(asked: Asked, *, until: float) -> Heard:
    """Wait for one engine; whatever happens, the time is kept and the outcome has a name."""
    patience = min(until, asked.until + _GRACE_SECONDS) - time.monotonic()
    try:
        came, known_at = asked.coming.result(timeout=max(0.0, patience))
    except (TimeoutError, CancelledError):
        came, known_at = Missing.LATE, time.monotonic()
    return Heard(opinion=asked.opinion, came=came, ms=(known_at - asked.started) * 1000)
