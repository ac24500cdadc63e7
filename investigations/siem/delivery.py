"""Sends what is due: claims rows, makes their events, hands them to the sink, and settles what became of each.

Any number may run at once, on any machine. Nothing is settled before the receiver has said so: a worker that is killed
leaves its rows to whoever comes when their lease ends, so an event may come twice, with the same id, and is never lost.
"""

import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone

from investigations.models import Delivery, Receiver
from investigations.receiver_setup import load_setup
from investigations.siem import claims
from investigations.siem.backlog import tell_of_lag
from investigations.siem.content import FULL, METADATA, fitting, seen_by
from investigations.siem.event import Event
from investigations.siem.loading import load_events, test_event
from investigations.siem.sinks import SINKS
from investigations.siem.sinks.sink import (
    Fate,
    Frame,
    NotNow,
    Rejected,
    Result,
    Sink,
    TooLarge,
)
from investigations.siem.waits import forget_waits
from policies.engine_address import is_inside
from policies.outbound import Answer, Outbound, OutboundError
from policies.sealing import NotOpened

log = structlog.get_logger(__name__)

# One request; what takes longer is cut off.
REQUEST_SECONDS = 15.0
# A run and its last batch end long before their task would be killed.
_RUN_SECONDS = 25.0
_BATCH_SECONDS = 60.0
# What must be left of a lease after a request: clocks of workers differ by less.
_SPARE_SECONDS = 2.0
_SLOTS = 7_221_200
_SMALLEST_FRAME = 2_000
# Events one line of the log names.
_MOST_TOLD = 20


def deliver_due(*, seconds: float = _RUN_SECONDS) -> int:
    """Send what is due for a while, a batch to each receiver in turn; returns how many events were taken.

    At most as many processes as the setting says are at it: a receiver that hangs must not hold up the intake.
    """
    if not claims.load_due(timezone.now()):
        return 0
    slot = _take_slot()
    if slot is None:
        return 0
    senders: dict[int, _Sender] = {}
    try:
        return _deliver(senders, until=time.monotonic() + seconds)
    finally:
        for sender in senders.values():
            sender.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [slot])


def send_test(receiver: Receiver, *, actor: str) -> str:
    """Send one made-up event now, beside the queue; returns what was wrong, empty where it was taken."""
    sink = SINKS[receiver.kind]
    try:
        sender = _Sender(receiver, sink)
    except (NotOpened, ssl.SSLError) as error:
        return str(error)
    event = seen_by(test_event(now=timezone.now(), name=actor), receiver.content)
    try:
        frame = sender.frame(event)
        (result,) = sender.send([frame])
    except (NotNow, Rejected) as error:
        return str(error)
    except TooLarge:
        return f"it does not even take {len(frame.body)} bytes"
    except OutboundError as error:
        return f"it {error}"
    finally:
        sender.close()
    # taken, but not by everybody it was for
    return result.error


def _take_slot() -> int | None:
    with connection.cursor() as cursor:
        for slot in range(_SLOTS, _SLOTS + settings.DELIVERY_PROCESSES):
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [slot])
            row = cursor.fetchone()
            if row and row[0]:
                return slot
    return None


def _deliver(senders: "dict[int, _Sender]", *, until: float) -> int:
    total = 0
    while time.monotonic() < until:
        claimed = 0
        for receiver_id, kind in claims.load_due(timezone.now()):
            if time.monotonic() >= until or kind not in SINKS:
                continue
            claim = claims.claim(receiver_id, SINKS[kind], now=timezone.now())
            if claim is not None:
                claimed += 1
                total += _send_claim(claim, senders)
        if not claimed:
            break
    return total


def _send_claim(claim: claims.Claim, senders: "dict[int, _Sender]") -> int:
    """Send what was claimed and settle it; returns how many events were taken."""
    receiver = claim.receiver
    results: dict[int, Result] = {}
    failed: NotNow | None = None
    try:
        sender = senders.get(receiver.pk)
        if sender is None or not sender.is_for(receiver):
            sender = senders[receiver.pk] = _Sender(receiver, SINKS[receiver.kind])
        sender.lease = _Lease(claim)
        _send_rows(claim.rows, sender, results)
    except NotOpened:
        failed = NotNow("its secret cannot be read: the secret key changed. Enter the secret again", seconds=60.0)
    except ssl.SSLError:
        failed = NotNow("the certificates it is to be known by cannot be read. Enter them again", seconds=60.0)
    except NotNow as error:
        failed = error
    except OutboundError as error:
        failed = NotNow(f"it {error}")
    except LeaseLost:
        log.warning("delivery.lease_lost", receiver=receiver.pk, claimed=len(claim.rows))
    now = timezone.now()
    claims.settle(claim, results, now=now, gap_seconds=SINKS[receiver.kind].gap_seconds(receiver.settings))
    claims.put_back(claim, now=now, but=list(results))
    taken = sum(result.fate is Fate.TAKEN for result in results.values())
    # an event of a call has its verdict's id
    events = [str(row.event_id) for row in claim.rows[:_MOST_TOLD]]
    log.info("delivery.sent", receiver=receiver.pk, claimed=len(claim.rows), taken=taken, events=events)
    if failed is not None:
        # after what was taken is written down: that says the receiver is well
        pause = claims.rest(receiver.pk, str(failed), seconds=failed.seconds, gone=failed.gone, now=now)
        log.warning("delivery.resting", receiver=receiver.pk, seconds=round(pause.total_seconds(), 1))
    return taken


class LeaseLost(Exception):
    """Rows that were claimed may be another worker's by now: nothing more of them is sent."""


class _Lease:
    """The lease of claimed rows, renewed where a request might outlast it."""

    def __init__(self, claim: claims.Claim) -> None:
        self._claim = claim
        self._ends = claim.ends

    def keep(self) -> None:
        """Make sure that it holds for one more request. Raises LeaseLost."""
        began = time.monotonic()
        if self._ends - began > REQUEST_SECONDS + _SPARE_SECONDS:
            return
        if not claims.renew(self._claim, now=timezone.now()):
            raise LeaseLost
        self._ends = began + claims.LEASE.total_seconds()


class _Sender:
    """One receiver as it is set up now, with its kept connection. Raises NotOpened and ssl.SSLError.

    `lease` is of the rows that are sent by it, None where it is a test.
    """

    def __init__(self, receiver: Receiver, sink: Sink) -> None:
        self._receiver = receiver
        self.lease: _Lease | None = None
        self.sink = sink
        self.content = receiver.content
        self.setup = load_setup(receiver, sink, elsewhere=self._post_elsewhere)
        self._line = Outbound(receiver.address, inside=receiver.inside, trust=self.setup.trust)

    def is_for(self, receiver: Receiver) -> bool:
        """Whether it is set up as it was when this one was made."""
        same = ("address", "settings", "sealed_secret", "authority", "inside", "content")
        return all(getattr(self._receiver, name) == getattr(receiver, name) for name in same)

    def keep(self) -> None:
        """Keep what is claimed for one more request. Raises LeaseLost."""
        if self.lease is not None:
            self.lease.keep()

    def send(self, frames: Sequence[Frame]) -> Sequence[Result]:
        """Send frames as this receiver's sink does; each of its requests keeps the lease."""
        self.keep()
        return self.sink.send(frames, self.setup, self.post)

    def post(self, suffix: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One request."""
        self.keep()
        return self._line.post(suffix, body, headers, seconds=REQUEST_SECONDS)

    def frame(self, event: Event, *, most_bytes: int = 0) -> Frame:
        """The event as this receiver is sent it."""
        most = most_bytes or self.sink.frame_bytes
        body = fitting(event, lambda smaller: self.sink.encode(smaller, self.setup), most_bytes=most)
        return Frame(event=event, body=body)

    def close(self) -> None:
        """Close what is open."""
        self._line.close()

    def _post_elsewhere(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One request to whom the settings of the product name, not an admin's form."""
        self.keep()
        line = Outbound(url, inside=is_inside(urlsplit(url).hostname or ""))
        try:
            return line.post("", body, headers, seconds=REQUEST_SECONDS)
        finally:
            line.close()


def _send_rows(rows: Sequence[Delivery], sender: _Sender, results: dict[int, Result]) -> None:
    """Send rows in requests that fit; fills `results` as it goes, so that an error leaves what was settled."""
    content = sender.content
    events = load_events(rows, with_transcripts=content == FULL)
    batch: list[tuple[int, Frame]] = []
    size, until = 0, time.monotonic() + _BATCH_SECONDS
    for row in rows:
        event = events[row.pk]
        if isinstance(event, str):
            results[row.pk] = Result(fate=Fate.NEVER, error=event)
            continue
        sender.keep()
        frame = sender.frame(seen_by(event, content))
        if batch and size + len(frame.body) > sender.sink.most_bytes:
            _send_batch(batch, sender, results, until=until)
            batch, size = [], 0
        if time.monotonic() >= until:
            return
        batch.append((row.pk, frame))
        size += len(frame.body) + 1
    if batch:
        _send_batch(batch, sender, results, until=until)


def _send_batch(
    batch: Sequence[tuple[int, Frame]], sender: _Sender, results: dict[int, Result], *, until: float
) -> None:
    """Send frames in one request, or in halves where the receiver takes less, or not all of them."""
    if time.monotonic() >= until:
        return
    try:
        told = sender.send([frame for _, frame in batch])
    except (TooLarge, Rejected) as error:
        if len(batch) == 1:
            results[batch[0][0]] = _alone(batch[0][1], sender, error)
            return
        middle = len(batch) // 2
        _send_batch(batch[:middle], sender, results, until=until)
        _send_batch(batch[middle:], sender, results, until=until)
        return
    # what nothing was said of is put back
    results.update((row, result) for (row, _), result in zip(batch, told, strict=False))


def _alone(frame: Frame, sender: _Sender, error: TooLarge | Rejected) -> Result:
    """What becomes of a frame that was refused by itself; one that is too large is tried smaller, then bare."""
    if isinstance(error, Rejected):
        return Result(fate=Fate.NEVER, error=str(error))
    bare = replace(seen_by(frame.event, METADATA), cut=("quotes", "transcript"))
    smaller = sender.frame(bare, most_bytes=_SMALLEST_FRAME)
    if len(smaller.body) >= len(frame.body):
        return Result(fate=Fate.NEVER, error=f"it does not even take {len(frame.body)} bytes (status 413)")
    try:
        (result,) = sender.send([smaller])
    except TooLarge:
        return Result(fate=Fate.NEVER, error=f"it does not even take {len(smaller.body)} bytes (status 413)")
    except Rejected as refused:
        return Result(fate=Fate.NEVER, error=str(refused))
    return result


def prune(now: datetime) -> None:
    """Make dead letters of what is past its time, forget what was settled long ago, and tell of what waits for long.

    Safe to run twice.
    """
    claims.expire(now)
    claims.forget(now, days=settings.DELIVERY_KEEP_DAYS)
    forget_waits(now)
    tell_of_lag(now)
