"""What earlier calls of this conversation and agent tell, read and updated by one Redis script per call.

Keys hold hashes, counters, ids and tickets, no text of a call, and expire by themselves. Redis away = judged without
memory.

A ticket lets one held call pass once (docs/decisions/0021-a-ticket-is-used-after-judging.md): looked at here with the
rest, used by `redeem` only after the call was judged and is held.
"""

import enum
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from django.core import signing

from guardrail import memory, poisoned
from guardrail.invocation import Invocation, Past, Ticket
from guardrail.memory import hashed, run
from policies.ruleset import Mode

log = structlog.get_logger(__name__)

_SESSION_SECONDS = 24 * 3600
_AGENT_SECONDS = 90 * 24 * 3600
_MAX_DESTINATIONS = 20_000
# How long the step that used a ticket gets the same answer when it is delivered again.
REPEAT_SECONDS = 60
# KEYS session, agent destinations, ticket, poisoned texts; ARGV session seconds, agent seconds, maximum, holder,
# version of the poisoned texts this process knows, destination hashes.
# Answers calls and stops of the session before this call, the ticket (empty when there is none, or when another step
# used it), the late finding of the session, the poisoned texts' version and, where it is another, the texts' digests;
# then one flag per destination: 1 = never seen.
_LOOK = """
local calls = redis.call('HINCRBY', KEYS[1], 'calls', 1) - 1
redis.call('EXPIRE', KEYS[1], ARGV[1])
local ticket = redis.call('HMGET', KEYS[3], 'ticket', 'used')
if not ticket[1] or (ticket[2] and ticket[2] ~= ARGV[4]) then ticket[1] = '' end
local session = redis.call('HMGET', KEYS[1], 'stopped', 'late')
local version, texts = redis.call('HGET', KEYS[4], 'version') or '', ''
if version ~= '' and version ~= ARGV[5] then texts = table.concat(redis.call('HGETALL', KEYS[4]), ' ') end
local seen = {calls, tonumber(session[1] or 0), ticket[1], session[2] or '', version, texts}
local room = redis.call('SCARD', KEYS[2]) < tonumber(ARGV[3])
for i = 6, #ARGV do
    local known = redis.call('SISMEMBER', KEYS[2], ARGV[i])
    seen[#seen + 1] = 1 - known
    if known == 0 and room then redis.call('SADD', KEYS[2], ARGV[i]) end
end
if #ARGV > 5 then redis.call('EXPIRE', KEYS[2], ARGV[2]) end
return seen
"""
# KEYS session; ARGV session seconds.
_STOPPED = "redis.call('HINCRBY', KEYS[1], 'stopped', 1) redis.call('EXPIRE', KEYS[1], ARGV[1])"
# KEYS session; ARGV verdict id, session seconds.
_FOUND_LATE = """
redis.call('HSET', KEYS[1], 'late', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return {1}
"""
# KEYS session. What is known of a late finding goes, its counters stay.
_LOOKED_INTO = "return {redis.call('HDEL', KEYS[1], 'late')}"
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


def load_past(call: Invocation, destinations: Sequence[str], *, mode: Mode) -> Past:
    """Read this call's past and count it in. One round trip; `Past(available=False)` when Redis does not answer.

    In monitor mode also those texts count that only monitored calls were found to follow.
    """
    # without a step id two calls of one plan are no repeated delivery of each other
    key, holder = call.call_key, call.step_key if call.plan_step_id and call.step_key else uuid.uuid4().hex
    texts = poisoned.key_of(call.orchestrator, call.tenant_id)
    keys = [_session_key(call), f"gr:a:{hashed(call.agent_id)}:d", _ticket_key(key), texts]
    bounds = (_SESSION_SECONDS, _AGENT_SECONDS, _MAX_DESTINATIONS)
    seen = run(_LOOK, keys, [*bounds, holder, poisoned.version_of(texts), *map(hashed, destinations)])
    if seen is None:
        return Past(available=False)
    calls, stopped, sealed, late, version, listed, *flags = seen
    return Past(
        available=True,
        session_calls=calls,
        session_stopped=stopped,
        new_destinations=tuple(name for name, new in zip(destinations, flags, strict=True) if new),
        ticket=_unsealed(sealed.decode("ascii", "replace"), key=key, holder=holder) if sealed else None,
        poisoned=poisoned.digests(texts, version=version, listed=listed, mode=mode),
        late_finding=late.decode("ascii", "replace"),
    )


def remember_stop(call: Invocation) -> None:
    """Count a stopped call into its conversation; lost without harm when Redis is away."""
    run(_STOPPED, [_session_key(call)], [_SESSION_SECONDS])


def remember_late_finding(call: Invocation, verdict_id: uuid.UUID) -> bool:
    """Let the conversation's next calls know that this one should have been stopped; False when Redis is away."""
    return run(_FOUND_LATE, [_session_key(call)], [str(verdict_id), _SESSION_SECONDS]) is not None


def forget_late_finding(*, orchestrator: str, agent_id: str, conversation_id: str) -> bool:
    """A person has looked into it: the conversation goes on as any other. False when Redis is away."""
    return run(_LOOKED_INTO, [_session_key_of(orchestrator, agent_id, conversation_id)], []) is not None


def redeem(call: Invocation, ticket: Ticket) -> bool:
    """Use the ticket for this call; False when another step was faster, it was taken back, or Redis is away."""
    found = run(_REDEEM, [_ticket_key(call.call_key)], [ticket.sealed, ticket.holder, REPEAT_SECONDS])
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
    return run(_PLACE, [_ticket_key(call_key)], [sealed, seconds]) == [1]


def withdraw_ticket(call_key: str) -> bool | None:
    """Take it back; False when it was used already, None when Redis is away. True where there was none."""
    found = run(_WITHDRAW, [_ticket_key(call_key)], [])
    return None if found is None else found == [1]


def find_ticket(call_key: str) -> Lying:
    """Where the ticket for a call is, for people."""
    found = run(_FIND, [_ticket_key(call_key)], [])
    if found is None:
        return Lying.AWAY
    sealed, used = found
    return Lying.LOST if sealed is None else Lying.USED if used else Lying.WAITING


def forget_connection() -> None:
    """Begin anew: a new process, or a test with another server."""
    memory.forget_connection()
    poisoned.forget()


def _session_key(call: Invocation) -> str:
    return _session_key_of(call.orchestrator, call.agent_id, call.conversation_id or call.step_key)


def _session_key_of(orchestrator: str, agent_id: str, conversation_id: str) -> str:
    return f"gr:s:{hashed(orchestrator, agent_id, conversation_id)}"


def _ticket_key(call_key: str) -> str:
    return f"gr:t:{call_key}"


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
