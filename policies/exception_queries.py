"""What the page of exceptions shows, read in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.choices import Standing
from policies.destinations import NO_DESTINATIONS, Destinations
from policies.exceptions import Scope, overlap
from policies.load import load_destinations
from policies.models import Agent, PolicyException
from policies.services.exceptions import MOST_IN_FORCE

PAGE = 50
SOON_DAYS = 7
_MOST_SOON = 100
_MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class ExceptionRow:
    """One exception. `overlaps` are numbers of others that some call may meet too; `unknown_agent`: no call can be its.

    `denied` are those of its destinations the list denies since: it lets nothing pass there.
    `scope` is what it is for, as (name, value) in words.
    """

    exception: PolicyException
    scope: tuple[tuple[str, str], ...]
    agent_name: str
    overlaps: tuple[int, ...] = ()
    unknown_agent: bool = False
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ExceptionPage:
    """Those that end soon, and a page of the others; `older` is where the next page begins, 0 on the last."""

    soon: tuple[ExceptionRow, ...]
    rows: tuple[ExceptionRow, ...]
    older: int
    in_force: int


def load_exceptions(*, ended: bool, before: int, now: datetime) -> ExceptionPage:
    """A page of those in force, or of those that are over. Six queries at most."""
    found = PolicyException.objects.select_related("created_by", "ended_by").order_by("-pk")
    in_force = list(PolicyException.objects.filter(ended_at=None).order_by("pk")[:MOST_IN_FORCE])
    soon: list[PolicyException] = []
    if ended:
        found = found.exclude(ended_at=None)
    else:
        end = now + timedelta(days=SOON_DAYS)
        soon = list(found.filter(ended_at=None, expires_at__lte=end).order_by("expires_at", "pk")[:_MOST_SOON])
        found = found.filter(ended_at=None).exclude(pk__in=[one.pk for one in soon])
    page = list((found.filter(pk__lt=before) if before else found)[: PAGE + 1])
    names = _load_names([*soon, *page])
    ours = load_destinations() if any(one.destinations for one in (*soon, *page)) else NO_DESTINATIONS
    return ExceptionPage(
        soon=tuple(_row(one, in_force, names, ours) for one in soon),
        rows=tuple(_row(one, in_force, names, ours) for one in page[:PAGE]),
        older=page[PAGE - 1].pk if len(page) > PAGE else 0,
        in_force=len(in_force),
    )


def words_of(scope: Scope) -> tuple[tuple[str, str], ...]:
    """A scope as (name, value), what it says nothing about left out."""
    named = (
        ("Agent", scope.agent_id),
        ("Tool", scope.tool),
        ("Argument", scope.argument),
        ("Destinations", ", ".join(scope.destinations)),
        ("Data classes", ", ".join(scope.data_classes)),
        ("Trigger", scope.trigger_id),
        ("Findings", ", ".join(scope.signals)),
    )
    return tuple((name, value) for name, value in named if value)


def _load_names(rows: Sequence[PolicyException]) -> dict[str, str]:
    ids = {one.agent_id for one in rows} - {""}
    return dict(Agent.objects.filter(agent_id__in=ids).values_list("agent_id", "name"))


def _row(
    one: PolicyException, in_force: Sequence[PolicyException], names: dict[str, str], ours: Destinations
) -> ExceptionRow:
    scope = one.scope
    others = (other for other in in_force if other.pk != one.pk and _may_meet(one, other))
    overlaps = [other.pk for other in others if overlap(scope, other.scope)] if one.ended_at is None else []
    return ExceptionRow(
        exception=one,
        scope=words_of(scope),
        agent_name=names.get(one.agent_id, ""),
        overlaps=tuple(overlaps[:_MOST_NAMED]),
        unknown_agent=bool(one.agent_id) and one.agent_id not in names,
        denied=tuple(value for value in scope.destinations if ours.standing_of(value) is Standing.DENIED)[:_MOST_NAMED],
    )


def _may_meet(one: PolicyException, other: PolicyException) -> bool:
    """What rules most pairs out, before their scopes are made."""
    agents = not one.agent_id or not other.agent_id or one.agent_id == other.agent_id
    return agents and (not one.tool or not other.tool or one.tool == other.tool)
