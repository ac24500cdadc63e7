"""Tickets: each lets one held call pass once.

Looked at with the rest of memory, used by `redeem` only after the call was judged and is held
(docs/decisions/0021-a-ticket-is-used-after-judging.md).
"""

import enum
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.core import signing

from guardrail.invocation import Invocation, Ticket
from guardrail.memory.connection import run
from guardrail.memory.shelf import Ask, Asking, Shelf

log = structlog.get_logger(__name__)

# How long the step that used a ticket gets the same answer when it is delivered again.
REPEAT_SECONDS = 60
# Answers the ticket, empty when there is none or another step than args[1] used it.
_LOOK = """
local ticket = redis.call('HMGET', keys[1], 'ticket', 'used')
if not ticket[1] or (ticket[2] and ticket[2] ~= args[1]) then return '' end
return ticket[1]
"""
# KEYS ticket; ARGV ticket, holder, seconds a used ticket is kept. Answers 1 to the first holder, always, 0 to others.
_REDEEM = """
local found = redis.call('HMGET', KEYS[1], 'ticket', 'used')
if found[1] ~= ARGV[1] then return {0} end
if found[2] then return {found[2] == ARGV[2] and 1 or 0} end
redis.call('HSET', KEYS[1], 'used', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {1}
"""
# KEYS ticket; ARGV ticket, seconds.
_PLACE = """
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'ticket', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return {1}
"""
# KEYS ticket. Answers 0 when it was used before it could be taken back.
_WITHDRAW = """
if redis.call('HEXISTS', KEYS[1], 'used') == 1 then return {0} end
redis.call('DEL', KEYS[1])
return {1}
"""
# KEYS ticket.
_FIND = "return redis.call('HMGET', KEYS[1], 'ticket', 'used')"


def redeem(call: Invocation, ticket: Ticket) -> bool:
    """Use the ticket for this call; False when another step was faster, it was taken back, or Redis is away."""
    found = run(_REDEEM, [_key(call.call_key)], [ticket.sealed, ticket.holder, REPEAT_SECONDS])
    return found == [1]


class Lying(enum.Enum):
    """Whether a ticket lies in memory, as a page says it."""

    WAITING = "waiting"
    USED = "used"
    LOST = "lost"
    AWAY = "away"


def place_ticket(call_key: str, *, number: int, approved_by: str, until: datetime, now: datetime) -> bool:
    """Let the call with this key pass once until `until`; False when Redis did not take it."""
    # sealed: whoever can write to Redis can confuse our memory, but can approve nothing
    sealed = signing.dumps([number, approved_by, int(until.timestamp())], salt=f"guardrail.ticket.{call_key}")
    seconds = max(1, int((until - now).total_seconds()))
    return run(_PLACE, [_key(call_key)], [sealed, seconds]) == [1]


def withdraw_ticket(call_key: str) -> bool | None:
    """Take it back; False when it was used already, None when Redis is away. True where there was none."""
    found = run(_WITHDRAW, [_key(call_key)], [])
    return None if found is None else found == [1]


def find_ticket(call_key: str) -> Lying:
    """Where the ticket for a call is, for people."""
    found = run(_FIND, [_key(call_key)], [])
    if found is None:
        return Lying.AWAY
    sealed, used = found
    return Lying.LOST if sealed is None else Lying.USED if used else Lying.WAITING


def _key(call_key: str) -> str:
    return f"gr:t:{call_key}"


def _asks(asking: Asking) -> Ask:
    return [_key(asking.call_key)], [asking.holder]


def _read(answer: Any, asking: Asking) -> Mapping[str, Any]:
    sealed = answer.decode("ascii", "replace")
    return {"ticket": _unsealed(sealed, key=asking.call_key, holder=asking.holder) if sealed else None}


def _unsealed(sealed: str, *, key: str, holder: str) -> Ticket | None:
    """The ticket, None when we did not seal it for this call, or Redis kept it longer than it should."""
    try:
        number, approved_by, until = signing.loads(sealed, salt=f"guardrail.ticket.{key}")
    except signing.BadSignature:
        log.error("memory.ticket_forged", call_key=key)
        return None
    ends = datetime.fromtimestamp(until, tz=UTC)
    if datetime.now(UTC) > ends + timedelta(seconds=REPEAT_SECONDS):
        return None
    return Ticket(number=number, approved_by=approved_by, until=ends, sealed=sealed, holder=holder)


SHELF = Shelf(name="tickets", seconds=24 * 3600, look=_LOOK, asks=_asks, read=_read, from_traces=False)
