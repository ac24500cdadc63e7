"""What waits for each receiver, counted up to a bound: the outbox may hold millions, and its pages are read often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection

from investigations.models import Receiver

log = structlog.get_logger(__name__)

# What waits longer than this is said: in the list, in the header of every page, and in the log.
LATE = timedelta(minutes=5)
MOST_COUNTED = 10_000
# For the header of every page: events that are to be tried again are behind those that were never tried
_MOST_LOOKED_AT = 1_000
# `next_at` of what was never tried is when it was written, so the first by the index that claims use is the oldest, but
# for what was just tried
_COUNT = """
    SELECT receiver.id, waits.count, waits.oldest, letters.count
    FROM unnest(%s::bigint[]) AS receiver (id)
    CROSS JOIN LATERAL (
        SELECT count(*), min(created_at) AS oldest FROM (
            SELECT created_at FROM investigations_delivery
            WHERE receiver_id = receiver.id AND state < 2 ORDER BY next_at, id LIMIT %s
        ) AS bounded
    ) AS waits
    CROSS JOIN LATERAL (
        SELECT count(*) FROM (
            SELECT FROM investigations_delivery WHERE receiver_id = receiver.id AND state = 3 LIMIT %s
        ) AS bounded
    ) AS letters
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """`waiting` and `dead` are counted up to 10,001, which stands for more, too. `oldest` None = nothing waits."""

    waiting: int = 0
    dead: int = 0
    oldest: datetime | None = None

    def is_late(self, now: datetime) -> bool:
        """Whether something waits for too long."""
        return self.oldest is not None and now - self.oldest > LATE


def load_backlogs(receivers: Sequence[int], *, most: int = MOST_COUNTED) -> Mapping[int, Backlog]:
    """The backlog of each. One query, which reads at most `most` rows of each twice."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [list(receivers), most + 1, most + 1])
        return {
            pk: Backlog(waiting=waiting, dead=dead, oldest=oldest) for pk, waiting, oldest, dead in cursor.fetchall()
        }


def load_late(now: datetime, *, most: int = _MOST_LOOKED_AT) -> list[tuple[Receiver, Backlog]]:
    """Those that something waits for too long, but for what a person paused, and for what goes together later.

    Their backlog is counted to `most` + 1.
    """
    # one that is left alone though it did not fail gets its next digest later
    rows = Receiver.objects.filter(paused=False).exclude(failures=0, rest_until__gt=now)
    awake = {receiver.pk: receiver for receiver in rows.only("name", "failures")}
    found = load_backlogs(tuple(awake), most=most) if awake else {}
    return [(awake[pk], backlog) for pk, backlog in found.items() if backlog.is_late(now)]


def tell_of_lag(now: datetime) -> None:
    """Write a line of the log for each that is late."""
    for receiver, backlog in load_late(now, most=MOST_COUNTED):
        seconds = round((now - (backlog.oldest or now)).total_seconds())
        log.warning(
            "delivery.late",
            receiver=receiver.pk,
            seconds=seconds,
            waiting=backlog.waiting,
            failures=receiver.failures,
        )
