"""Reads stored calls for replaying: a verdict's findings as values, and the call parsed again from its transcript.

Two queries for some calls at a time; one transcript is unpacked at a time, since each may hold megabytes.
"""

import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from guardrail.insiders import NAME as INSIDER_EDIT
from guardrail.invocation import Invocation
from guardrail.models import Orchestrator, Transcript, Verdict
from guardrail.packing import NotOpened, unpack
from guardrail.verdict_id import floor_id
from guardrail.webhook import WIRES
from guardrail.wire import Unreadable
from policies.decision import ALLOWED_ONCE, FATAL, missing_name
from policies.ruleset import SECOND_OPINION, Action
from policies.signal import Evidence, Severity, Signal

# The columns of a verdict that replaying reads.
NEEDED = (
    "id", "received_at", "orchestrator_id", "wire", "environment_id", "agent_id", "agent_name", "user_id",
    "conversation_id", "tool_name", "tool_kind", "destination", "action", "would_have", "deciding_signal", "failed",
    "degraded", "signals", "deferred", "policy_version", "ruleset_state",
)  # fmt: skip
# Compressed bodies read at once: a few megabytes as a rule, 200 where every call has the largest body.
_AT_ONCE = 25
# Hours of agents that are remembered; a busy one has some thousand calls.
_MOST_HOURS = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """One stored call. `call` is None where it was not asked for or cannot be read, `unreadable` then says why.

    `signals` are the findings that stand for themselves: without what policy made of them (rules, a lifting) and
    without what deciding adds again. `opinions` are those of other engines; `allowed_once` is the word of the person
    who let the call pass. `arguments` gives them as they came, None where the wire cannot take modified ones.
    """

    verdict: Verdict
    action: Action
    would_have: Action
    signals: tuple[Signal, ...]
    opinions: tuple[Signal, ...]
    allowed_once: Signal | None
    call: Invocation | None = None
    arguments: Callable[[], Any] | None = None
    unreadable: str = ""
    calls_this_hour: int | None = None

    @property
    def incomplete(self) -> bool:
        """Judged without something that cannot be supplied now: what it was answered by stands for what was known."""
        missing = set(map(missing_name, self.verdict.degraded))
        mere = {name for name in missing if name == "memory" or name.startswith(f"{SECOND_OPINION}.")}
        return bool(missing - mere)

    @property
    def never_read(self) -> bool:
        """No call could be made of it when it came: too large, or not readable."""
        return not FATAL.isdisjoint(map(missing_name, self.verdict.degraded))


def load_stored(verdicts: Iterable[Verdict], *, with_calls: bool, with_volume: bool = False) -> Iterator[Stored]:
    """The calls of these verdicts (with the columns in NEEDED), in their order.

    `with_volume` counts the calls of the agent that hour, a query for each hour of each agent. Raises nothing for what
    a verdict or a transcript holds.
    """
    slugs = dict(Orchestrator.objects.values_list("pk", "slug")) if with_calls else {}
    counting = _Hours() if with_volume else None
    remaining = iter(verdicts)
    while some := list(islice(remaining, _AT_ONCE)):
        bodies = _load_bodies([verdict.pk for verdict in some]) if with_calls else {}
        for verdict in some:
            stored = _stored(verdict, bodies, slugs, with_calls=with_calls)
            yield replace(stored, calls_this_hour=counting.calls_until(verdict)) if counting else stored


def _load_bodies(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    return {pk: bytes(body) for pk, body in Transcript.objects.filter(pk__in=ids).values_list("pk", "body_zstd")}


def _stored(
    verdict: Verdict, bodies: Mapping[uuid.UUID, bytes], slugs: Mapping[int, str], *, with_calls: bool
) -> Stored:
    try:
        found, unreadable = tuple(map(_signal_of, verdict.signals)), ""
    except (KeyError, TypeError, ValueError, AttributeError):
        found, unreadable = (), "its findings cannot be read"
    stored = partial(
        Stored,
        verdict=verdict,
        action=Action[verdict.action.upper()],
        would_have=Action[verdict.would_have.upper()],
        signals=tuple(signal for signal in found if not _is_added(signal.name)),
        opinions=tuple(signal for signal in found if signal.name.startswith(f"{SECOND_OPINION}.")),
        allowed_once=next((signal for signal in found if signal.name == ALLOWED_ONCE), None),
    )
    if unreadable or not with_calls:
        return stored(unreadable=unreadable)
    try:
        return stored(**_call_of(verdict, bodies, slugs))
    except _NoCall as error:
        return stored(unreadable=str(error))


def stored_of(
    verdict: Verdict, *, packed: bytes | None, orchestrator: str, calls_this_hour: int | None = None
) -> Stored:
    """The call of one verdict from its compressed body alone, without asking anybody; None = the body is gone."""
    bodies = {} if packed is None else {verdict.pk: packed}
    stored = _stored(verdict, bodies, {verdict.orchestrator_id: orchestrator}, with_calls=True)
    return replace(stored, calls_this_hour=calls_this_hour)


class _Hours:
    """How many calls an agent had made in an hour by the time of one of them, that one included."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, datetime], list[uuid.UUID]] = {}

    def calls_until(self, verdict: Verdict) -> int:
        hour = verdict.received_at.replace(minute=0, second=0, microsecond=0)
        ids = self._read.get((verdict.agent_id, hour))
        if ids is None:
            if len(self._read) >= _MOST_HOURS:
                self._read.clear()
            until = floor_id(hour + timedelta(hours=1))
            rows = Verdict.objects.filter(agent_id=verdict.agent_id, id__gte=floor_id(hour), id__lt=until)
            ids = self._read[verdict.agent_id, hour] = list(rows.order_by("id").values_list("pk", flat=True))
        return bisect_right(ids, verdict.pk)


class _NoCall(ValueError):
    """Why no call can be made of what was kept; the message is for people."""


def _call_of(verdict: Verdict, bodies: Mapping[uuid.UUID, bytes], slugs: Mapping[int, str]) -> dict[str, Any]:
    packed, wire = bodies.get(verdict.pk), WIRES.get(verdict.wire)
    if packed is None:
        raise _NoCall("its transcript is gone")
    if wire is None:
        raise _NoCall("it came over a wire this version does not read")
    try:
        body = unpack(packed, verdict_id=verdict.pk)
        call = wire.parse(body, orchestrator=slugs.get(verdict.orchestrator_id, ""))
    except (Unreadable, RecursionError):
        raise _NoCall("its body cannot be read") from None
    except NotOpened as error:
        raise _NoCall(str(error)) from None
    return {"call": call, "arguments": partial(wire.arguments_of, body) if wire.arguments_of else None}


def _is_added(name: str) -> bool:
    """Made by policy or by deciding, and made again by it."""
    if name in (ALLOWED_ONCE, INSIDER_EDIT):
        return True
    return name.startswith((f"{SECOND_OPINION}.", "rule.", "rule_watched."))


def _signal_of(kept: Mapping[str, Any]) -> Signal:
    """A finding, with the places but without the quotes of its evidence, which only people read."""
    return Signal(
        name=str(kept["name"]),
        severity=Severity(kept["severity"]),
        reason=str(kept.get("reason", "")),
        evidence=tuple(Evidence(source=one["source"], path=one.get("path", "")) for one in kept.get("evidence", ())),
        facts=tuple((str(name), str(value)) for name, value in kept.get("facts", ()) if name != "lifted_by"),
    )
