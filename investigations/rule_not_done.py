"""What rules of the policy would have restricted and did not: written down where people look, once an hour each.

Read beside the rule, and on the investigation of the call where it has one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from investigations.models import Activity
from investigations.response import not_done_text
from policies.models import NotDone
from policies.response_rules import BY_POLICY
from policies.restrictions import key_of
from policies.services.restrictions import Wanted

# How far back the pages count.
SHOWN_DAYS = 7
_MOST = 100
_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Undone:
    """One restriction a rule wanted; `why` is a NotDone.Why, `told` what refused it said."""

    rule: str
    wanted: Wanted
    why: str
    told: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """How often a rule restricted nothing although it wanted to, for one cause; `last_at` is the last time."""

    why: str
    times: int
    last_at: datetime

    @property
    def words(self) -> str:
        """The cause."""
        return str(NotDone.Why(self.why).label)


def note_undone(undone: Sequence[Undone], *, now: datetime) -> None:
    """Write these down, at most 100; one subject of a rule once an hour for each cause. Three queries at most.

    Needs a transaction that called `policies.services.restrictions.serialise`: nobody else writes them meanwhile.
    """
    rows = [_row(one, now=now) for one in undone[:_MOST]]
    if not rows:
        return
    # an investigation keeps one of each for good
    lately = Q(at__gt=now - _AGAIN) | Q(investigation__in={row.investigation for row in rows if row.investigation})
    there = NotDone.objects.filter(lately, rule__in={row.rule for row in rows})
    known = set(there.values_list("rule", "key", "effect", "why", "investigation"))
    fresh = [row for row in rows if (row.rule, row.key, row.effect, row.why, row.investigation) not in known]
    NotDone.objects.bulk_create(fresh)
    Activity.objects.bulk_create(
        Activity(investigation_id=row.investigation, kind="would_restrict", text=not_done_text(row))
        for row in fresh
        if row.investigation
    )


def load_missed(names: Iterable[str], *, now: datetime) -> Mapping[str, tuple[Missed, ...]]:
    """What rules of the policy missed in the last days, by their names, the most frequent cause first. One query."""
    rules = [f"{BY_POLICY}{name}" for name in names]
    if not rules:
        return {}
    rows = NotDone.objects.filter(rule__in=rules, at__gt=now - timedelta(days=SHOWN_DAYS)).order_by()
    counted = rows.values("rule", "why").annotate(times=Count("pk"), last_at=Max("at")).order_by("-times", "why")
    found: dict[str, tuple[Missed, ...]] = {}
    for row in counted:
        name = row["rule"].removeprefix(BY_POLICY)
        missed = Missed(why=row["why"], times=row["times"], last_at=row["last_at"])
        found[name] = (*found.get(name, ()), missed)
    return found


def _row(one: Undone, *, now: datetime) -> NotDone:
    wanted = one.wanted
    reason = wanted.reason.rstrip(".")
    return NotDone(
        rule=one.rule,
        kind=wanted.kind.value,
        effect=wanted.effect.value,
        subject=list(wanted.subject),
        key=key_of(wanted.kind, wanted.subject),
        reason=f"{reason} ({one.told})" if one.told else reason,
        why=one.why,
        investigation=wanted.investigation,
        at=now,
    )
