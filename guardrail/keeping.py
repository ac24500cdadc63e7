"""Keeps what was answered before it is answered, and tells memory of it."""

import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings

from guardrail import store
from guardrail.auth import Caller
from guardrail.invocation import Invocation
from guardrail.judge import Judgement
from guardrail.memory.past import remember
from guardrail.shedding import unjudged
from policies.decision import SHED
from policies.ruleset import Ruleset

log = structlog.get_logger(__name__)


def keep(
    arrival: store.Arrival,
    call: Invocation | None,
    judgement: Judgement,
    *,
    caller: Caller,
    salvage: Callable[[bytes], dict[str, str]],
    ruleset: Ruleset,
    started: float,
    waits: Callable[[], None],
) -> tuple[str, Judgement]:
    """Where the verdict was kept, and the judgement: the fail posture where it could not be kept anywhere.

    `call` is None where it was not read, or cannot be: `salvage` then makes out what it can. `started` is on
    time.monotonic; `waits`, which may be called again, ends its turn: while Postgres writes, others may work.
    """
    remembering = _Remembering(judgement, ruleset, verdict_id=arrival.verdict_id)

    def while_written() -> None:
        waits()
        remembering()

    now = time.monotonic()
    deadline, answer_ms = now + settings.STORE_BUDGET_MS / 1000, (now - started) * 1000
    try:
        if SHED in judgement.decision.degraded:
            kept = store.record_later(
                arrival,
                call=call,
                orchestrator=caller.slug,
                judgement=judgement,
                ruleset=ruleset,
                answer_ms=answer_ms,
                deadline=deadline,
            )
        else:
            kept = store.record(
                arrival,
                call=call,
                salvaged={} if call else salvage(arrival.body),
                judgement=judgement,
                ruleset=ruleset,
                answer_ms=answer_ms,
                deadline=deadline,
                meanwhile=while_written,
            )
        remembering()
    except store.NotKept as error:
        log.error("verdict.not_kept", error=str(error))
        return "nowhere", unjudged(call, ruleset, degraded="store", detail="the verdict could not be stored anywhere")
    except Exception as error:
        # an error of ours here would be an answer that is not explicit, and so an allowed call
        log.exception("verdict.not_kept", error=type(error).__name__)
        return "nowhere", unjudged(call, ruleset, degraded="store", detail="an error of our own, see the log")
    return kept.value, judgement


class _Remembering:
    """Tells memory what the call leaves, once: while Postgres writes its verdict, or after where it is in the journal.

    INVARIANT: before the answer. The conversation's next call may reach another process as soon as this one is
    answered. A stop that no disk takes after all is known all the same: it is answered by the fail posture.
    """

    def __init__(self, judgement: Judgement, ruleset: Ruleset, *, verdict_id: uuid.UUID) -> None:
        self._judgement, self._ruleset, self._verdict_id = judgement, ruleset, verdict_id
        self._done = False

    def __call__(self) -> None:
        # a call that was shed is told of once it is judged: its answer says nothing of it
        if self._done or (self._judgement.deferred and self._judgement.decision.failed):
            return
        self._done = True
        try:
            remember(self._judgement.traces, self._judgement.decision, self._ruleset, verdict_id=self._verdict_id)
        except Exception as error:
            # what memory lost can be rebuilt from what is kept
            log.exception("verdict.not_remembered", error=type(error).__name__)
