"""Reads a call that was answered unread, when it is put into Postgres: for what its row says, and what memory needs."""

import time
import uuid
from dataclasses import dataclass
from datetime import datetime

import structlog

from guardrail.destinations import reach_of
from guardrail.invocation import Invocation
from guardrail.judge import judge_unread
from guardrail.memory.past import asking_for
from guardrail.packing import NotOpened, unpack
from guardrail.traces import Traces
from guardrail.wire import Unreadable, copilot_studio, evaluate
from policies.decision import SHED
from policies.load import NoRuleset, active_ruleset
from policies.ruleset import Mode, ToolKind

log = structlog.get_logger(__name__)

_PARSERS = {copilot_studio.NAME: copilot_studio.parse, evaluate.NAME: evaluate.parse}


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """The call, None where it cannot be read; what it does, where to, and what memory would have been asked."""

    call: Invocation | None = None
    tool_kind: ToolKind = ToolKind.EXECUTE
    destinations: tuple[str, ...] = ()
    traces: Traces | None = None


def read(
    content: bytes, *, verdict_id: uuid.UUID, wire: str, orchestrator: str, mode: Mode, received_at: datetime
) -> Read:
    """Of the packed body. Never raises: what cannot be read is stored as that, and a worker looks at it again."""
    try:
        call = _PARSERS[wire](unpack(content, verdict_id=verdict_id), orchestrator=orchestrator)
        ruleset = active_ruleset()
        said = judge_unread(call, ruleset, missing=SHED, detail="", at=received_at, clock=time.monotonic)
        asked = asking_for(call, ruleset, reach=reach_of(call, ruleset), mode=mode, at=received_at)
    except (Unreadable, RecursionError, NotOpened, NoRuleset) as error:
        log.warning("call.not_read", verdict_id=str(verdict_id), error=type(error).__name__)
        return Read()
    except Exception as error:
        # what was answered must not stay out of Postgres for an error of ours
        log.exception("call.not_read", verdict_id=str(verdict_id), error=type(error).__name__)
        return Read()
    return Read(call=call, tool_kind=said.tool_kind, destinations=said.destinations, traces=asked.traces)
