"""How much working time lies between two moments, and when so much of it is over. Reads no clock and no database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# A schedule of an hour a week reaches a fortnight of work after this.
_MOST_DAYS = 2_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """When people work, on ISO weekdays (Monday is 1) in a zone. `closes` at or before `opens` is on the next day.

    `always` = round the clock, the rest counts for nothing.
    """

    always: bool
    zone: str = "UTC"
    days: frozenset[int] = frozenset()
    opens: time = time(9)
    closes: time = time(17)


def after(start: datetime, worked: timedelta, hours: Hours) -> datetime:
    """When so much working time is over, counted from `start`; None of it in `_MOST_DAYS` days = the end of those."""
    if hours.always:
        return start + worked
    left = worked
    end = start
    for opens, closes in _stretches(start, hours):
        begin = max(opens, start)
        if closes <= begin:
            continue
        end = closes
        if closes - begin >= left:
            return begin + left
        left -= closes - begin
    return end


def between(start: datetime, end: datetime, hours: Hours) -> timedelta:
    """The working time from `start` to `end`, nothing where that is no later."""
    if hours.always:
        return max(end - start, timedelta())
    total = timedelta()
    for opens, closes in _stretches(start, hours):
        if opens >= end:
            break
        total += max(min(closes, end) - max(opens, start), timedelta())
    return total


def _stretches(start: datetime, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    """The hours of work from the day before `start` on, in UTC: a change to summer time moves them."""
    zone = ZoneInfo(hours.zone)
    day = start.astimezone(zone).date() - timedelta(days=1)
    for _ in range(_MOST_DAYS):
        if day.isoweekday() in hours.days:
            last = day + timedelta(days=1) if hours.closes <= hours.opens else day
            yield _moment(day, hours.opens, zone), _moment(last, hours.closes, zone)
        day += timedelta(days=1)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
