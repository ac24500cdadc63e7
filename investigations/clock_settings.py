"""The settings of the clocks: read by whoever sets a clock, changed by a lead, audited."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from django.contrib.auth.models import User
from django.db import transaction

from investigations.models import ClockSettings, Investigation
from investigations.working_hours import Hours
from policies import audit
from policies.access import Permission, require

# severity -> minutes to acknowledge, minutes to resolve
DEFAULT_TARGETS = {4: (15, 240), 3: (60, 480), 2: (240, 1_440), 1: (1_440, 7_200)}
DEFAULT_UNTOUCHED = 240
LONGEST_MINUTES = 60 * 24 * 60


class ClockError(ValueError):
    """Settings that are refused; the message says what was found and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clocks:
    """How long people may take. `targets` as in `ClockSettings`; `untouched` zero = nothing goes back."""

    targets: Mapping[int, tuple[int, int]]
    hours: Hours
    untouched: timedelta

    def minutes(self, severity: int) -> tuple[int, int]:
        """To acknowledge and to resolve; 0 = no clock."""
        return self.targets.get(severity, (0, 0))


def load_clocks() -> Clocks:
    """What is in force. One query."""
    row = ClockSettings.objects.order_by("pk").first()
    if row is None:
        return Clocks(targets=DEFAULT_TARGETS, hours=Hours(always=True), untouched=timedelta(minutes=DEFAULT_UNTOUCHED))
    return Clocks(
        targets={int(severity): (int(ack), int(fix)) for severity, (ack, fix) in row.targets.items()},
        hours=Hours(
            always=not row.working_hours,
            zone=row.zone,
            days=frozenset(row.days),
            opens=row.opens,
            closes=row.closes,
        ),
        untouched=timedelta(minutes=row.untouched_minutes),
    )


@transaction.atomic
def change(clocks: Clocks, *, now: datetime, actor: User) -> None:
    """Put other settings in force; every open clock is set anew. Raises ClockError."""
    require(actor, Permission.LEAD)
    _check(clocks)
    hours = clocks.hours
    ClockSettings.objects.update_or_create(
        pk=1,
        defaults={
            "targets": {str(severity): list(pair) for severity, pair in clocks.targets.items()},
            "working_hours": not hours.always,
            "zone": hours.zone,
            "days": sorted(hours.days),
            "opens": hours.opens,
            "closes": hours.closes,
            "untouched_minutes": int(clocks.untouched.total_seconds() // 60),
            "changed_at": now,
            "changed_by": actor,
        },
    )
    Investigation.objects.exclude(status=Investigation.Status.CLOSED).update(clocked=0)
    audit.record(
        actor=actor,
        action="clocks.changed",
        targets={str(severity): list(pair) for severity, pair in clocks.targets.items()},
        hours=_said(hours),
        untouched_minutes=int(clocks.untouched.total_seconds() // 60),
    )


def _check(clocks: Clocks) -> None:
    for severity, (acknowledge, resolve) in clocks.targets.items():
        if not (0 <= acknowledge <= LONGEST_MINUTES and 0 <= resolve <= LONGEST_MINUTES):
            raise ClockError(
                f"severity {severity} has {acknowledge} and {resolve} minutes, expected 0 to {LONGEST_MINUTES}"
            )
        if acknowledge and resolve and acknowledge > resolve:
            raise ClockError(
                f"severity {severity} is to be acknowledged in {acknowledge} minutes and resolved in {resolve}, "
                "expected no less to resolve"
            )
    if clocks.hours.zone not in available_timezones():
        raise ClockError(f"the time zone is `{clocks.hours.zone}`, expected a name such as `Europe/Berlin`")
    if not clocks.hours.always and not clocks.hours.days:
        raise ClockError("no day is a working day, expected at least one")


def _said(hours: Hours) -> str:
    if hours.always:
        return "always"
    return f"{hours.opens:%H:%M}-{hours.closes:%H:%M} {hours.zone} {sorted(hours.days)}"
